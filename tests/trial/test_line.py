"""The parser of calls: it reads the grammar and nothing else, executes nothing, and reads back what is printed."""

import math
import sys
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance import case as cases
from conformance import line, spelling
from conformance.cell import Cell
from conformance.draw.tape import SIZE, Tape
from conformance.line import Applied, Line, Named, TensorSpec, Unreadable, parse
from conformance.ops import OPERATORS

X = TensorSpec((2, 3), "float32")


def _value(text):
    return parse(f"f({text})").args[0]


def _refusal(text):
    with pytest.raises(Unreadable) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("-7", -7),
        ("+7", 7),
        ("3.", 3.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e-05", 1e-5),
        ("2.5E+3", 2500.0),
        ("None", None),
        ("True", True),
        ("False", False),
        ("Ellipsis", ...),
        ("math.inf", math.inf),
        ("-math.inf", -math.inf),
        ("inf", math.inf),
        ("-np.inf", -math.inf),
        ('float("-inf")', -math.inf),
        ("float(2)", 2.0),
        ('"SAME"', "SAME"),
        ("'SAME'", "SAME"),
        ('""', ""),
        (r'"a\n(b),[c"', r"a\n(b),[c"),
        ('"it\'s"', "it's"),
        ("list[4,2,]", [4, 2]),
        ("list[]", []),
        ("list[list[0,0,],list[1,2,],]", [[0, 0], [1, 2]]),
        ("tuple(2,3,)", (2, 3)),
        ("tuple()", ()),
        ("tuple(list[1,],)", ([1],)),
        ("[2, 3]", [2, 3]),
        ("[2, 3,]", [2, 3]),
        ("(2, 3)", (2, 3)),
        ("(2,)", (2,)),
        ("(2)", 2),
        ("()", ()),
        ("paddle.Size([2, 3])", [2, 3]),
        ("slice(0,None,2)", slice(0, None, 2)),
        ("slice(5,)", slice(5)),
        ("complex(1.0,-2.0)", 1 - 2j),
        ("Dtype(float32)", Named("Dtype", "float32")),
        ("VarType(FP32)", Named("VarType", "FP32")),
        ("type(numpy.float32)", Named("type", "numpy.float32")),
        ("Place(cpu)", Named("Place", "cpu")),
        ("Place(gpu:0)", Named("Place", "gpu:0")),
        ('Tensor([2, 3],"float32")', X),
        ('Tensor(paddle.Size([2, 3]),"float32")', X),
        ('Tensor((2, 3), "float32", )', X),
        ('Tensor([],"float64")', TensorSpec((), "float64")),
        ('Tensor([0, 4],"int64")', TensorSpec((0, 4), "int64")),
        ('list[Tensor([2, 3],"float32"),None,]', [X, None]),
    ],
)
def test_a_value_is_read_as_its_kind(text, value):
    found = _value(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["nan", "-nan", "math.nan", "-math.nan", 'float("nan")'])
def test_nan_is_read(text):
    assert math.isnan(_value(text))


def test_nan_may_be_part_of_a_complex_number():
    assert math.isnan(_value("complex(nan,1.0)").real)


def test_the_sign_of_a_zero_is_kept():
    assert math.copysign(1, _value("-0.0")) == -1


def test_a_recorded_line_is_read():
    text = 'paddle.nn.functional.avg_pool2d(Tensor([2, 3],"float32"), list[4,2,], ceil_mode=True, )'
    assert parse(text) == Line("paddle.nn.functional.avg_pool2d", (X, [4, 2]), {"ceil_mode": True})


@pytest.mark.parametrize(("mode", "training"), [("", True), (".train()", True), (".eval()", False)])
def test_a_layer_is_read_with_its_mode(mode, training):
    text = f'paddle.nn.Dropout(0.5, axis=None){mode}(Tensor([2, 3],"float32"))'
    assert parse(text) == Line("paddle.nn.Dropout", (0.5,), {"axis": None}, Applied((X,), {}, training))


def test_a_layer_without_options_is_told_from_a_function():
    assert parse("paddle.nn.ReLU()()").applied == Applied()
    assert parse("paddle.nn.ReLU()").applied is None


def test_blanks_do_not_matter():
    assert parse(" f ( \n x = [ 1 ,2 ] , ) ") == parse("f(x=[1,2])")


@pytest.mark.parametrize(
    ("text", "column", "stands", "allowed"),
    [
        ("", 1, "the end of the line", "the name of a function"),
        ("f", 2, "the end of the line", "'('"),
        ("f(1", 4, "the end of the line", "',' or ')'"),
        ("f(1 2)", 5, "'2'", "',' or ')'"),
        ("f(1,,2)", 5, "','", "a number, a string"),
        ("f(,)", 3, "','", "a number, a string"),
        ("f([1,2)", 7, "')'", "',' or ']'"),
        ("f(1))", 5, "')'", "the end of the line"),
        ("f(1)(2)(3)", 8, "'('", "the end of the line"),
        ("f(1).eval", 10, "the end of the line", "'('"),
        ("f(1).train().eval()()", 13, "'.'", "'('"),
        ("f(1).cuda()(2)", 6, "'cuda'", "eval() or train()"),
        ("f(x=1, x=2)", 8, "'x'", "each once"),
        ("f(a.b=1)", 3, "'a.b'", "the name of an argument"),
        ("f(-x=1)", 3, "'-x'", "the name of an argument"),
        ("f(x=1, 2)", 8, "'2'", "name=value"),
        ("f(=1)", 3, "'='", "a number, a string"),
        ("f(@)", 3, "'@'", "names, numbers"),
        ('f("abc)', 3, 'a " that is never closed', "a string between two"),
        ("f(-True)", 3, "'-True'", "a number, a string"),
        ("f(- 5)", 3, "'-'", "names, numbers"),
        ("f(1_000)", 4, "'_000'", "',' or ')'"),
        ("f(list(2))", 7, "'('", "'['"),
        ("f(tuple[2])", 8, "'['", "'('"),
        ('f(slice("a"))', 3, "a slice that makes no sense", "slice(0,None,2)"),
        ("f(slice())", 3, "a slice that makes no sense", "slice(0,None,2)"),
        ("f(complex(None))", 3, "a complex that makes no sense", "complex(1.0,2.0)"),
        ('f(float("x"))', 3, "a float that makes no sense", 'float("inf")'),
        ("f(paddle.Size(3))", 3, "a paddle.Size that makes no sense", "paddle.Size([2, 3])"),
        ('f(Tensor([-1],"float32"))', 10, "no shape", "whole numbers of at least 0"),
        ('f(Tensor([2.0],"float32"))', 10, "no shape", "whole numbers of at least 0"),
        ('f(Tensor([True],"float32"))', 10, "no shape", "whole numbers of at least 0"),
        ('f(Tensor(3,"float32"))', 10, "no shape", "whole numbers of at least 0"),
        ("f(Tensor([2]))", 13, "')'", "','"),
        ("f(Tensor([2],float32))", 14, "'float32'", "a dtype between quotes"),
        ('f(Tensor([2],"float32",place=Place(cpu)))', 24, "'place'", "')'"),
        ('f(Dtype("float32"))', 9, "'\"float32\"'", "such as Dtype(float32)"),
        ("f(Place(gpu:x))", 13, "'x'", "the number of the device"),
        (f"f({'1' * 5000})", 3, "a number of 5000 signs", "at most 64"),
    ],
)
def test_what_is_not_a_call_is_told_with_its_column(text, column, stands, allowed):
    message = _refusal(text)
    assert message.startswith(f"cannot read the call at column {column}: there is {stands}; allowed: ")
    assert allowed in message.partition("allowed: ")[2]
    assert "\n" not in message


@pytest.mark.parametrize("nested", ["[" * 100_000, "f([" + "(" * 200, "f(" + "tuple(" * 100 + ")" * 101])
def test_deep_nesting_is_refused_before_it_fills_the_stack(nested):
    _refusal(nested if nested.startswith("f") else f"f({nested})")


def test_nesting_up_to_the_limit_is_read():
    depth = line.DEPTH
    assert parse(f"f({'[' * depth}{']' * depth})").args
    assert str(depth) in _refusal(f"f({'[' * (depth + 1)}{']' * (depth + 1)})")


@pytest.mark.parametrize(
    "text",
    [
        'f(__import__("os").system("true"))',
        "f((lambda: 1)())",
        "f([x for x in y])",
        "f(1 + 1)",
        "f(1 if True else 2)",
        "f(*args)",
        "f(**kwargs)",
        "f(open('x'))",
        "f(x := 1)",
        "f(f'{1}')",
        "f(b'x')",
        'f("a" "b")',
        "f(1); g(2)",
        "f(2j)",
        "f(0x10)",
        "f({1: 2})",
        "f(os.environ)",
    ],
)
def test_python_beyond_literals_is_refused(text):
    _refusal(text)


def test_parsing_executes_nothing():
    parse("f()")  # what is imported once is imported
    events = []
    _LISTENERS.append(events)
    try:
        parse('f(Tensor([2, 3],"float32"), slice(1), complex(1,2), type(os.system), x="__import__(os)")')
    finally:
        _LISTENERS.remove(events)
    assert events == []


_LISTENERS: list[list[str]] = []
sys.addaudithook(lambda event, arguments: [events.append(event) for events in _LISTENERS])


_WORDS = st.sampled_from(
    [
        "f",
        "paddle.nn.ReLU",
        "Tensor",
        "list",
        "tuple",
        "slice",
        "complex",
        "float",
        "Dtype",
        "Place",
        "paddle.Size",
        "gpu",
    ]
    + [
        "nan",
        "-math.inf",
        "None",
        "True",
        "x",
        "=",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        ":",
        "-",
        "2",
        "3.",
        ".5",
        "1e400",
        "0",
    ]
    + ['"float32"', "'a'", '"', "'", " ", "\n", "eval", "train", "_", "é", "٣", "²", "\0", "#", "\\"]
)
_FRAGMENTS = st.lists(_WORDS, max_size=25).map("".join)


@given(st.one_of(st.text(max_size=60), _FRAGMENTS, _FRAGMENTS.map(lambda t: f"f({t})")))
@example("f(٣)")
@example("f(1e400)")
def test_any_text_is_a_line_or_refused_with_a_column_inside_it(text):
    try:
        assert isinstance(parse(text), Line)
    except Unreadable as error:
        column = int(str(error).removeprefix("cannot read the call at column ").partition(":")[0])
        assert 1 <= column <= len(text) + 1


@given(st.integers(0), st.sampled_from("()[]=,.:\"'@ x1"), st.booleans())
def test_a_damaged_line_is_a_line_or_refused(at, sign, replace):
    text = 'paddle.nn.AvgPool2D(list[4,2,], padding="SAME").eval()(Tensor([2, 3],"float32"), )'
    at %= len(text)
    with suppress(Unreadable):
        parse(text[:at] + sign + text[at + replace :])


_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_characters="\"'\\", min_codepoint=32, max_codepoint=126)),
)
_VALUES = st.recursive(_PLAIN, lambda v: st.lists(v, max_size=3) | st.lists(v, max_size=3).map(tuple), max_leaves=8)


def _recorded(value):
    """A value as Paddle's tracer writes it."""
    if isinstance(value, (list, tuple)):
        inner = "".join(f"{_recorded(v)}," for v in value)
        return f"list[{inner}]" if isinstance(value, list) else f"tuple({inner})"
    if isinstance(value, float) and math.isinf(value):
        return "math.inf" if value > 0 else "-math.inf"
    return f'"{value}"' if isinstance(value, str) else str(value)


@given(_VALUES)
def test_what_python_prints_and_what_the_tracer_prints_are_read_back(value):
    for text in (repr(value), _recorded(value)):
        assert repr(_value(text)) == repr(value)


_TAPES = st.binary(max_size=SIZE).map(Tape.cut)


@pytest.mark.parametrize("layout", ["", "last"])
@pytest.mark.parametrize("name", OPERATORS)
@given(data=st.data())
def test_what_a_message_prints_is_read_back(name, layout, data):
    operator = OPERATORS[name]
    cell = Cell(name, "forward", "float32", "eager", operator.layouts[-1 if layout else 0], "cpu")
    call = cases.draw(cell, operator, data.draw(_TAPES)).call
    found = parse(spelling.call(operator, call))
    specs = {n: TensorSpec(a.shape, str(a.dtype)) for n, a in call.arrays.items()}
    if call.layer is not None:
        options = {n: v for n, v in call.layer.options.items() if v is not None}
        assert found == Line(f"paddle.nn.{call.layer.name}", (), options, found.applied)
        assert found.applied == Applied(tuple(specs[n] for n in call.inputs), {}, call.arguments.get("training", True))
        return
    bound = operator.signature.bind(*found.args, **found.kwargs)
    bound.apply_defaults()
    assert found.api == call.api
    assert {n: bound.arguments[n] for n in call.arguments} == {**call.arguments, **specs}
