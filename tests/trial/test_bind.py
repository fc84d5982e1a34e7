"""From a written call to cases: its operator, its arguments, and the values of its arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import bind, spelling
from conformance import case as cases
from conformance.bind import Values
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.draw.tape import SIZE, Tape
from conformance.draw.values import REGIONS
from conformance.errors import UserError
from conformance.line import parse
from conformance.ops import OPERATORS
from tests.trial import stand_ins

RELU = 'F.relu(Tensor([2, 3],"float32"))'
POOL = 'paddle.nn.functional.avg_pool2d(Tensor([2, 3, 8, 8],"float32"), 2, ceil_mode=True)'
NORM = 'F.batch_norm(Tensor([4, 3],"float32"), Tensor([3],"float32"), Tensor([3],"float32"), training=True)'
DRAWN = Values()


def _cases(text, values=DRAWN):
    return bind.cases(parse(text), values, "eager", "cpu")


def _call(text, values=DRAWN):
    return _cases(text, values)[0].call


def _refusal(text, values=DRAWN):
    with pytest.raises(UserError) as caught:
        _cases(text, values)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# From a line to cases


@pytest.mark.parametrize("name", ["paddle.nn.functional.relu", "nn.functional.relu", "F.relu"])
def test_a_function_is_known_by_each_of_its_names(name):
    assert [str(c.cell) for c in _cases(f'{name}(Tensor([2],"float64"))')] == [
        "relu-forward-float64-eager-any-cpu",
        "relu-gradient-float64-eager-any-cpu",
    ]


def test_a_name_counts_where_paddle_has_the_same_function_under_it():
    assert _cases('paddle.sigmoid(Tensor([2],"float32"))')[0].cell.operator == "sigmoid"
    assert "paddle.relu is no function on trial" in _refusal('paddle.relu(Tensor([2],"float32"))')


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('F.relu_(Tensor([2],"float32"))', "relu-in_place-float32-eager-any-cpu"),
        ('paddle.tanh_(Tensor([2],"float32"))', "tanh-in_place-float32-eager-any-cpu"),
        ('F.silu(Tensor([2],"float32"), inplace=True)', "silu-in_place-float32-eager-any-cpu"),
    ],
)
def test_a_call_in_place_is_judged_in_place(text, cell):
    (case,) = _cases(text)
    assert str(case.cell) == cell
    PROPERTIES["in_place"].prepare(case)
    assert spelling.call(case.operator, case.call).replace("paddle.nn.functional.", "") == text.replace(
        "paddle.", ""
    ).removeprefix("F.")


def test_an_option_that_asks_for_nothing_in_place_changes_nothing():
    text = 'F.silu(Tensor([2],"float32"), inplace=False)'
    assert [case.cell.property for case in _cases(text)] == ["forward", "gradient"]


def test_a_call_in_place_takes_a_cotangent_and_no_other_mode():
    (case,) = _cases('F.relu_(Tensor([2],"float32"))', Values(given={"cotangent": [3, 4]}))
    assert case.extras["cotangent"].tolist() == [3, 4]
    with pytest.raises(UserError, match=r"F\.relu_ is not on trial in mode 'static'"):
        bind.cases(parse('F.relu_(Tensor([2],"float32"))'), DRAWN, "static", "cpu")


def test_defaults_come_from_the_signature():
    assert {n: v for n, v in _call(POOL).arguments.items() if n != "x"} == {
        "kernel_size": 2,
        "stride": None,
        "padding": 0,
        "ceil_mode": True,
        "exclusive": True,
        "divisor_override": None,
        "data_format": "NCHW",
    }


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (POOL, "NCHW"),
        (POOL.replace("ceil_mode=True", "data_format='NHWC'"), "NHWC"),
        (NORM, "NC"),
        (NORM.replace("[4, 3]", "[4, 3, 2, 2]"), "NCHW"),
        (NORM.replace("training=True", 'data_format="NC"'), "NC"),
    ],
)
def test_the_layout_follows_from_the_format_and_the_rank(text, layout):
    assert _cases(text)[0].cell.layout == layout


def test_name_is_only_a_label():
    assert set(_call('F.relu(Tensor([2],"float32"), name="mine")').arguments) == {"x"}


def test_a_layer_takes_its_state_from_paddle():
    call = _call('paddle.nn.BatchNorm1D(3, weight_attr=False).eval()(Tensor([4, 3],"float64"))')
    assert call.layer is not None
    assert call.layer.name == "BatchNorm1D"
    assert call.layer.state == {"bias": "bias", "_mean": "running_mean", "_variance": "running_var"}
    assert {n: (a.shape, str(a.dtype)) for n, a in call.arrays.items()} == {
        "x": ((4, 3), "float64"),
        "running_mean": ((3,), "float64"),
        "running_var": ((3,), "float64"),
        "bias": ((3,), "float64"),
    }
    assert call.arguments["weight"] is None
    assert call.arguments["training"] is False


@pytest.mark.parametrize(("mode", "training"), [("", True), (".train()", True), (".eval()", False)])
@pytest.mark.parametrize("layer", ["Dropout()", "BatchNorm2D(3)"])
def test_a_layer_is_in_training_until_it_is_told_otherwise(layer, mode, training):
    assert _call(f'paddle.nn.{layer}{mode}(Tensor([2, 3, 1, 1],"float32"))').arguments["training"] is training


def test_random_operators_are_seeded():
    assert _call('F.dropout(Tensor([2],"float32"))', Values(seed=7)).seed == 7
    assert _call(RELU, Values(seed=7)).seed is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('F.abs(Tensor([2],"float32"))', ["F.abs is no function on trial", "relu"]),
        ('relu(Tensor([2],"float32"))', ["relu is no function on trial"]),
        ("paddle.nn.ReLU()", ["paddle.nn.ReLU is a layer", "apply it to a tensor"]),
        ('paddle.nn.Linear(2, 3)(Tensor([2],"float32"))', ["paddle.nn.Linear is no layer on trial", "ReLU"]),
        ('F.relu(2)(Tensor([2],"float32"))', ["F.relu is no layer on trial"]),
        ("F.relu()", ["F.relu: missing a required argument: 'x'", "(x)"]),
        ("F.relu(3)", ["x is 3", "a Tensor"]),
        ('F.relu(list[Tensor([2],"float32"),])', ["x is [", "a Tensor"]),
        ('F.relu(Tensor([2],"float32"), 3)', ["too many positional arguments"]),
        ('F.relu(Tensor([2],"float32"), y=3)', ["unexpected keyword argument 'y'", "(x)"]),
        ('F.avg_pool2d(Tensor([1, 1, 2, 2],"float32"))', ["'kernel_size'", "kernel_size, stride=None"]),
        ('F.dropout(Tensor([2],"float32"), mask=1)', ["unexpected keyword argument 'mask'"]),
        ('F.dropout(Tensor([2],"float32"), Tensor([1],"float32"))', ["p is a Tensor", "plain value"]),
        ('F.dropout(Tensor([2],"float32"), Place(cpu))', ["p is Named", "nothing on trial takes one"]),
        ('F.relu(Tensor([2],"int32"))', ["'int32'", "F.relu is on trial in float32, float64, float16, bfloat16"]),
        ('F.relu(Tensor([2],"foo"))', ["'foo'", "float32, float64"]),
        (NORM.replace('[3],"float32"', '[3],"float64"', 1), ["running_mean has dtype 'float64'", "float32"]),
        (NORM.replace("training=True", "weight=2.0"), ["weight is 2.0", "a Tensor"]),
        ('F.relu(Tensor([99999, 99999],"float32"))', ["x has 9999800001 elements", "at most"]),
        (NORM.replace("training", 'data_format="NLCH", training'), ["'NLCH'", "NC, NCL, NLC, NCHW"]),
        ('paddle.nn.Dropout(0.5, True)(Tensor([2],"float32"))', ["not on trial with inplace=True"]),
        ('paddle.nn.AvgPool2D(2, ceil_mode=0, exclusive=2)(Tensor([1, 1, 2],"float32"))', ["NCHW, NHWC", "rank 3"]),
        ('paddle.nn.AvgPool2D(2, 3, foo=1)(Tensor([1, 1, 2, 2],"float32"))', ["'foo'", "(kernel_size, stride=None"]),
        ('paddle.nn.ReLU()(Tensor([2],"float32"), 3)', ["applied to x, a Tensor each, not to 2 arguments"]),
        ('paddle.nn.ReLU()(z=Tensor([2],"float32"))', ["applied to x, a Tensor each"]),
        ('paddle.nn.BatchNorm2D(-3)(Tensor([1, 3, 2, 2],"float32"))', ["cannot be made with these options"]),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_sentence(text, expected):
    message = _refusal(text)
    assert all(words in message for words in expected), message


@pytest.mark.parametrize("name", OPERATORS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_printed_call_becomes_the_same_call_again(name, data):
    operator = OPERATORS[name]
    layout = data.draw(st.sampled_from(operator.layouts))
    cell = Cell(name, "forward", "float64", "eager", layout, "cpu")
    drawn = cases.draw(cell, operator, data.draw(st.binary(max_size=SIZE).map(Tape.cut))).call
    case = _cases(spelling.call(operator, drawn), Values(given=dict(drawn.arrays), seed=drawn.seed or 0))[0]
    assert case.cell == cell
    assert case.call.arguments.keys() >= drawn.arguments.keys()
    assert all(stand_ins.equal(case.call.arguments[n], v) for n, v in drawn.arguments.items())
    assert case.call.layer == drawn.layer
    assert case.call.seed == drawn.seed


# Values


def test_the_same_seed_draws_the_same_values_and_another_one_others():
    one, again, other = (_call(NORM, Values(seed=seed)).arrays for seed in (3, 3, 4))
    assert all(stand_ins.equal(one[name], again[name]) for name in one)
    assert not any(np.array_equal(one[name], other[name]) for name in one)


def test_every_array_has_values_of_its_own():
    arrays = _call('F.batch_norm(Tensor([3, 1],"float32"), Tensor([1],"float32"), Tensor([1],"float32"))').arrays
    assert len({abs(float(a.flat[0])) for a in arrays.values()}) == 3


@pytest.mark.parametrize("region", REGIONS)
def test_values_are_of_the_region(region):
    values = Values(region, 5)
    drawn = _call('F.relu(Tensor([500],"float32"))', values).arrays["x"]
    assert stand_ins.equal(drawn, REGIONS[region](values.codes(0, 500), np.dtype("float32"), (0.0,)))


def test_an_array_keeps_to_what_its_declaration_says():
    arrays = _call(NORM.replace("[3]", "[1000]").replace("[4, 3]", "[4, 1000]"), Values("special", 1)).arrays
    assert not np.isfinite(arrays["x"]).all()
    assert (arrays["running_var"] >= 0).all()
    assert np.isfinite(arrays["running_mean"]).all()


def test_given_values_take_the_place_of_drawn_ones():
    drawn, some = _call(NORM).arrays, _call(NORM, Values(given={"running_mean": [1, 2.5, "-inf"]})).arrays
    assert some["running_mean"].tolist() == [1, 2.5, -np.inf]
    assert stand_ins.equal(some["x"], drawn["x"])


def test_a_given_cotangent_has_the_shape_of_the_output():
    text = 'F.avg_pool2d(Tensor([1, 1, 4, 4],"float32"), 2)'
    forward, gradient = _cases(text, Values(given={"cotangent": [[[[1, 2], [3, 4]]]]}))
    assert gradient.extras["cotangent"].tolist() == [[[[1, 2], [3, 4]]]]
    assert not forward.extras
    assert "[1, 1, 2, 2]" in _refusal(text, Values(given={"cotangent": [1]}))


def test_an_empty_array_may_be_given_in_any_empty_shape():
    assert _call('F.relu(Tensor([2, 0],"float32"))', Values(given={"x": []})).arrays["x"].shape == (2, 0)


@pytest.mark.parametrize(
    ("given_values", "expected"),
    [
        ({"y": [1]}, ["'y'", "allowed: x, cotangent"]),
        ({"x": [1, 2]}, ["of x have shape [2]", "[2, 3]"]),
        ({"x": 1.0}, ["of x have shape []", "[2, 3]"]),
        ({"x": [[1, 2, 3], [4, 5]]}, ["of x", "[2, 3]"]),
        ({"x": [[1, 2, 3], [4, 5, [6]]]}, ["of x"]),
        ({"x": [[1, 2, 3], [4, 5, "six"]]}, ["of x hold 'six'", '"nan"']),
        ({"x": [[1, 2, 3], [4, 5, None]]}, ["of x hold None"]),
        ({"x": [[1, 2, 3], [4, 5, True]]}, ["of x hold True"]),
        ({"x": [[1, 2, 3], [4, 5, 1e39]]}, ["of x hold 1e+39", "float32 cannot hold"]),
        ({"x": [[1, 2, 3], [4, 5, 10**400]]}, ["of x hold 1000", "float32 cannot hold"]),
        ({"x": np.zeros((2, 3))}, ["of x have dtype float64", "float32"]),
        ({"x": np.zeros((3, 2), "float32")}, ["of x have shape [3, 2]", "[2, 3]"]),
    ],
)
def test_given_values_that_do_not_fit_are_named(given_values, expected):
    message = _refusal(RELU, Values(given=given_values))
    assert all(words in message for words in expected), message
