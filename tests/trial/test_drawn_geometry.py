"""What the declarations draw: always calls that have a meaning and, over many tapes, every form that they can take."""

from collections import Counter
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache

import numpy as np
import pytest

from conformance import case as cases
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.draw.pooling import windows
from conformance.draw.shapes import any_shape, images
from conformance.draw.tape import HEAD, SIZE, Tape
from conformance.draw.values import REGIONS
from conformance.ops import OPERATORS

TAPES, MANY = 400, 1500
PLACES = [(name, layout) for name, operator in OPERATORS.items() for layout in operator.layouts]
REFUSING = [place for place in PLACES if not OPERATORS[place[0]].function]  # another's function is tried there
FLAGS = {"training", "ceil_mode", "exclusive", "return_mask", "hard", "use_global_stats"}  # anything is true or false
SMALLEST = {"glu": 2, "maxout": 2}  # two halves, two members of a group
POOLING = [place for place in PLACES if any(fnmatch(place[0], f"{kind}_pool?d") for kind in ("avg", "max", "lp"))]

every_place = pytest.mark.parametrize(("name", "layout"), PLACES, ids=map("-".join, PLACES))
every_pooling = pytest.mark.parametrize(("name", "layout"), POOLING, ids=map("-".join, POOLING))


def _tapes(count=TAPES):
    rng = np.random.default_rng(7)
    return (Tape.cut(rng.bytes(SIZE)) for _ in range(count))


@cache
def _drawn(name, layout):
    cell = Cell(name, "forward", "float32", "eager", layout, "cpu")
    return [cases.draw(cell, OPERATORS[name], tape) for tape in _tapes()]


def _main(case):
    """The array that a call is about: its first, however it is called."""
    return next(iter(case.call.arrays.values()))


def _counted(name, layout, labels):
    """How many of the drawn cases have each label."""
    return Counter(label for case in _drawn(name, layout) for label in labels(case.call.arguments))


@pytest.mark.parametrize("name", dict(REFUSING))
def test_every_argument_but_the_first_is_changed_so_that_it_has_no_meaning(name):
    operator = OPERATORS[name]
    cases = [case for layout in operator.layouts for case in _drawn(name, layout)[:50]]
    changed = {name for case in cases for change in operator.meaningless(case.call.arguments) for name in change}
    _, *further = operator.signature.parameters
    assert set(further) - FLAGS <= changed


@pytest.mark.parametrize(("name", "layout"), REFUSING, ids=map("-".join, REFUSING))
def test_the_reference_refuses_what_has_no_meaning(name, layout):
    """Where it takes a change, Paddle would be asked to refuse what has a meaning."""
    operator = OPERATORS[name]
    for case in _drawn(name, layout)[::4]:
        for changes in operator.meaningless(case.call.arguments):
            call = replace(case.call, arguments={**case.call.arguments, **changes})
            with pytest.raises((TypeError, ValueError)):
                operator.reference(call, call.arguments)


@every_place
def test_the_reference_accepts_every_call(name, layout):
    """A ValueError here is a case without a meaning: Paddle would be asked for what nobody promises."""
    operator = OPERATORS[name]
    for case in _drawn(name, layout):
        outputs = operator.reference(case.call, case.call.arguments)
        assert len(outputs) >= 1
        for output in outputs.values():
            assert output.size or not _main(case).size, f"{case.call} gives nothing"


@every_place
def test_a_gradient_can_be_asked_of_every_call(name, layout):
    cell = Cell(name, "gradient", "float64", "eager", layout, "cpu")
    for tape in _tapes(100):
        case = cases.draw(cell, OPERATORS[name], tape)
        PROPERTIES["gradient"].prepare(case)
        with np.errstate(all="ignore"):
            gradients = case.operator.reference_gradients(case.call, case.extras["cotangent"], case.call.arguments)
        assert tuple(gradients) == case.call.wanted_gradients
        assert all(gradients[n].shape == case.call.arguments[n].shape for n in gradients)


@every_place
@pytest.mark.parametrize("prop", PROPERTIES)
def test_no_choice_lies_beyond_the_head(name, layout, prop):
    """Such a choice would always be the simplest, and a part of the declaration would never be tried."""
    operator, check = OPERATORS[name], PROPERTIES[prop]
    if not check.applies(operator):
        return
    for tape in _tapes(60):
        check.prepare(cases.draw(Cell(name, prop, "float32", "eager", layout, "cpu"), operator, tape))
        assert tape._at <= HEAD


@every_place
def test_the_simplest_case_has_one_element(name, layout):
    cell = Cell(name, "forward", "float32", "eager", layout, "cpu")
    case = cases.draw(cell, OPERATORS[name], Tape(b""))
    assert (case.call.layer is None) == (not OPERATORS[name].function)
    assert _main(case).size == SMALLEST.get(name, 1)
    assert not np.any(_main(case))


@every_place
def test_arrays_are_small_and_vary(name, layout):
    shapes = Counter(_main(case).shape for case in _drawn(name, layout))
    assert max(np.prod(shape) for shape in shapes) <= 4096
    assert len(shapes) >= (24 if layout == "NC" else 60)
    assert shapes.most_common(1)[0][1] < TAPES / 4  # one in five has no dimensions


@every_place
def test_both_forms_and_every_region_occur(name, layout):
    drawn, operator = _drawn(name, layout), OPERATORS[name]
    layers = Counter(case.call.layer.name if case.call.layer else "" for case in drawn)
    made = [layer for layer in (operator.layer.all if operator.layer else ()) if {layout, "any"} & set(layer.names)]
    assert len(layers) == (not operator.function) + len(made)
    assert not made or layers[made[0].names.get(layout, made[0].names.get("any"))] > TAPES / 8 / len(made)
    regions = Counter(case.region for case in drawn)
    assert set(regions) == set(operator.regions) <= set(REGIONS)
    assert min(regions.values()) > TAPES / len(regions) / 3


@every_place
def test_arrays_have_the_dtype_under_test(name, layout):
    for dtype in OPERATORS[name].dtypes:
        cell = Cell(name, "forward", dtype, "eager", layout, "cpu")
        for tape in _tapes(20):
            arrays = cases.draw(cell, OPERATORS[name], tape).call.arrays.values()
            assert {a.dtype.name for a in arrays if a.dtype.kind != "i"} == {dtype}


def _spatial(arguments):
    """Extents, kernels and strides, an entry an axis."""
    layout, shape = arguments.get("data_format", "NCL"), arguments["x"].shape
    lengths = shape[1:-1] if layout.endswith("C") else shape[2:]

    def sizes(value):
        return [value] * len(lengths) if isinstance(value, int) else value

    kernel = sizes(arguments["kernel_size"])
    return lengths, kernel, kernel if arguments["stride"] is None else sizes(arguments["stride"])


def _padding_forms(arguments):
    padding = arguments["padding"]
    if isinstance(padding, (int, str)):
        yield padding if isinstance(padding, str) else "int"
        return
    if len(padding) == len(_spatial(arguments)[0]):
        yield "an integer an axis"
        return
    nested = isinstance(padding[0], list)
    yield "nested" if nested else "an integer a side"
    flat = [side for pair in padding for side in pair] if nested else padding
    if any(a != b for a, b in zip(flat[::2], flat[1::2], strict=True)):
        yield "asymmetric"


def _pooling_labels(arguments):
    lengths, kernels, strides = _spatial(arguments)
    yield from _padding_forms(arguments)
    for name in ("kernel_size", "stride"):
        yield f"{name}: {type(arguments[name]).__name__}"
    for name in ("ceil_mode", "return_mask", "exclusive", "divisor_override", "norm_type"):
        if name in arguments:
            yield f"{name}={arguments[name]}"
    for label, holds in {
        "stride beyond kernel": [s > k for k, s in zip(kernels, strides, strict=True)],
        "overlapping windows": [s < k for k, s in zip(kernels, strides, strict=True)],
        "kernel beyond input": [k > n for n, k in zip(lengths, kernels, strict=True)],
        "extent 1": [n == 1 for n in lengths],
        "uneven extents": [n != lengths[0] for n in lengths],
        "cells that no window reads": [
            n > k and (n - k) % s for n, k, s in zip(lengths, kernels, strides, strict=True)
        ],
    }.items():
        if any(holds):
            yield label
    yield from _image_labels(arguments)


def _image_labels(arguments):
    shape, layout = arguments["x"].shape, arguments.get("data_format", "NCL")
    channels = shape[-1] if layout.endswith("C") and layout != "NC" else shape[1]
    yield "batch 1" if shape[0] == 1 else "batch"
    yield "channel 1" if channels == 1 else "channels"


@every_pooling
def test_pooling_takes_every_form(name, layout):
    counted = _counted(name, layout, _pooling_labels)
    wanted = [
        "int", "an integer an axis", "an integer a side", "nested", "asymmetric", "SAME", "VALID",
        "kernel_size: int", "kernel_size: list", "stride: int", "stride: list", "stride: NoneType",
        "ceil_mode=True", "ceil_mode=False", "stride beyond kernel", "overlapping windows", "kernel beyond input",
        "extent 1", "cells that no window reads", "batch 1", "batch", "channel 1", "channels",
    ]  # fmt: skip
    if len(layout) > 3:
        wanted += ["uneven extents"]
        wanted += ["divisor_override=None", "divisor_override=3"] if name.startswith("avg") else []
    if name.startswith("avg"):
        wanted += ["exclusive=True", "exclusive=False"]
    elif name.startswith("lp"):
        wanted += ["norm_type=2.0", "norm_type=inf", "norm_type=1.1", "norm_type=-1.0"]
    elif layout[1] == "C":
        wanted += ["return_mask=True", "return_mask=False"]
    rare = {label: counted[label] for label in wanted if counted[label] < TAPES / 50}
    assert not rare, f"of {TAPES} cases"


@every_pooling
def test_ceil_mode_matters(name, layout):
    """In some cases the rounding of the output's length decides about a window."""
    operator, decided = OPERATORS[name], 0
    for case in _drawn(name, layout):
        if case.call.arguments["ceil_mode"]:
            floor = operator.reference(case.call, {**case.call.arguments, "ceil_mode": False})
            decided += floor["out"].shape != operator.reference(case.call, case.call.arguments)["out"].shape
    assert decided > TAPES / 30


@pytest.mark.parametrize("layout", ["NCL", "NLC", "NCDHW", "NDHWC"])
def test_windows_serve_every_number_of_axes(layout):
    """One and three spatial axes get as many numbers as they have."""
    for tape in _tapes(300):
        shape, arguments = windows(tape, layout)
        lengths = shape[1:-1] if layout.endswith("C") else shape[2:]
        assert len(shape) == len(layout)
        assert isinstance(arguments["kernel_size"], int) or len(arguments["kernel_size"]) == len(lengths)
        assert min(shape) >= 1


def test_paddings_without_strings_where_they_are_not_allowed():
    assert not any(isinstance(windows(t, "NCHW", strings=False)[1]["padding"], str) for t in _tapes())


def test_shapes_of_any_rank_some_empty():
    shapes = [any_shape(tape) for tape in _tapes(MANY)]
    assert {len(shape) for shape in shapes} == {0, 1, 2, 3, 4}
    empty = [shape for shape in shapes if 0 in shape]
    assert MANY / 100 < len(empty) < MANY / 10
    assert {shape.index(0) for shape in empty} == {0, 1, 2, 3}
    assert any(shape and shape[-1] > 16 - 1 for shape in shapes)
    assert any_shape(Tape(b"")) == (1,)


@pytest.mark.parametrize(("layout", "expected"), [("NCHW", (1, 1, 5, 6)), ("NHWC", (1, 5, 6, 1))])
def test_an_image_has_its_channels_where_the_layout_says(layout, expected):
    assert images(Tape(b""), layout, (5, 6)) == expected


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unpooling_takes_every_form(axes):
    """Positions of either dtype, lengths of either form, and values that are written over."""

    def labels(arguments):
        yield arguments["indices"].dtype.name
        for name in ("kernel_size", "stride", "padding"):
            yield f"{name}: {type(arguments[name]).__name__}"
        yield f"output_size: {0 if arguments['output_size'] is None else len(arguments['output_size'])}"
        yield f"overwritten: {OPERATORS[operator].facts(arguments)['overwritten']}"

    operator = f"max_unpool{axes}d"
    counted = _counted(operator, {1: "NCL", 2: "NCHW", 3: "NCDHW"}[axes], labels)
    assert len(counted) == 2 + 2 + 3 + 2 + 3 + 2, counted
    assert min(counted.values()) > TAPES / 40


@pytest.mark.parametrize("layout", OPERATORS["batch_norm"].layouts)
def test_batch_norm_takes_every_form(layout):
    def labels(arguments):
        yield f"weight: {arguments['weight'] is not None}, bias: {arguments['bias'] is not None}"
        yield f"training={arguments['training']}, use_global_stats={arguments['use_global_stats']}"
        yield f"momentum={arguments['momentum']}"
        yield f"epsilon={arguments['epsilon']}"
        yield from _image_labels(arguments)

    counted = _counted("batch_norm", layout, labels)
    assert len(counted) == 4 + 6 + 6 + 4 + 4, counted
    assert min(counted.values()) > TAPES / 50
    for case in _drawn("batch_norm", layout):
        assert (case.call.arguments["running_var"] >= 0).all()


@pytest.mark.parametrize("layout", ["NC", "NCL", "NCHW"])  # the rarer, the more axes there are
def test_batch_norm_gets_channels_of_one_value(layout):
    drawn = (case.call.arguments for case in _drawn("batch_norm", layout))
    assert {a["training"] for a in drawn if a["x"].size == len(a["running_mean"])} == {True, False}


def test_dropout_takes_every_form():
    def labels(arguments):
        yield f"{arguments['mode']}, training={arguments['training']}"
        yield f"p={arguments['p']}"
        yield "axis" if arguments["axis"] else "no axis"

    counted = _counted("dropout", "any", labels)
    assert {"p=0.0", "p=1.0", "axis", "no axis"} <= counted.keys()
    assert len([label for label in counted if "training" in label]) == 4
    assert min(counted.values()) > TAPES / 20


@pytest.mark.parametrize("name", ["relu", "sigmoid", "dropout"])
def test_elementwise_operators_get_scalars_and_empty_arrays(name):
    shapes = Counter("empty" if 0 in s else len(s) for s in (c.call.arguments["x"].shape for c in _drawn(name, "any")))
    assert set(shapes) == {"empty", 0, 1, 2, 3, 4}
    assert min(shapes.values()) > TAPES / 100
