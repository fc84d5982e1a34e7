"""The register's language: it says what Python says, refuses everything else, and executes nothing."""

import ast
import os

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.known.predicate import Predicate

NAMES = {
    "x": np.array([[-90.0, 0.0], [np.nan, 3.0]], np.float32),
    "flat": np.array([1.0, 2.0]),
    "p": 0.5,
    "n": 3,
    "axis": [0, 2],
    "padding": "SAME",
    "nothing": None,
    "training": True,
    "dtype": "float32",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("True", True),
        ("n == 3", True),
        ("n != 3", False),
        ("2 < n <= 3", True),
        ("2 < n < 3", False),
        ("any(x < -88)", True),
        ("all(x < -88)", False),
        ("any(isnan(x)) and not any(isinf(x))", True),
        ("any((x > 0) & (x < 4))", True),
        ("any((x > 0) & (x > 4))", False),
        ("any((x < 0) | (x > 4))", True),
        ("any(0 < x < 4)", True),
        ("any(-1 < x < -0.5)", False),
        ("any(~isfinite(x))", True),
        ("~training", False),
        ("~(p > 1)", True),
        ("abs(p - 1) <= 0.5", True),
        ("p * 2 + n / 3 - 1 == 1", True),
        ("n % 2 == 1 and n ** 2 == 9", True),
        ("-n == -3", True),
        ("max(flat) - min(flat) == 1", True),
        ("sum(flat) == 3", True),
        ("size(x) == 4 and ndim(x) == 2", True),
        ("shape(x)[0] == 2", True),
        ("len(axis) == 2 and axis[1] == 2 and axis[-1] == 2", True),
        ("1 in axis or 1 not in axis", True),
        ("padding in ['SAME', 'VALID']", True),
        ("n in (1, 2)", False),
        ("isstr(padding) and not isint(padding)", True),
        ("isint(n) and not isint(training)", True),
        ("nothing is None and axis is not None", True),
        ("nothing is not None and len(nothing) > 1", False),
        ("any(signbit(x))", True),
        ('dtype == "float32"', True),
        ("  n == 3  ", True),
        ("n == 3 or unheard_of > 1", True),
    ],
)
def test_what_it_says(text, expected):
    assert Predicate(text)(NAMES) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n ==",
        "n = 3",
        "x; y",
        "import os",
        "__import__('os')",
        "().__class__",
        "x.shape",
        "x.tofile('here')",
        "eval('1')",
        "open('here')",
        "exec('1')",
        "getattr(x, 'shape')",
        "(any)(x) if n else 0",
        "lambda: 1",
        "[n for n in axis]",
        "{1: 2}",
        "{1, 2}",
        "f'{n}'",
        "any(*axis)",
        "any(x, axis=0)",
        "n := 3",
        "(n := 3)",
        "x[0:1]",
        "await n",
        "yield",
        "any(x)(n)",
        "[any][0](x)",
        "x @ x",
        "n // 2",
        "n << 70",
        "n ^ 1",
        "...",
        "b'bytes'",
        "3j",
        "n == 3\nn == 4",
        "n\0",
    ],
)
def test_what_it_refuses(text):
    with pytest.raises(ValueError, match="predicate"):
        Predicate(text)


@pytest.mark.parametrize("text", ["(" * 5000, "-" * 200_000 + "1", "[" * 300 + "]" * 300, "not " * 50_000 + "n"])
def test_what_is_nested_too_deep_is_refused(text):
    with pytest.raises(ValueError, match="predicate"):
        Predicate(text)


def test_it_knows_the_names_it_asks_for():
    assert Predicate("any(x < p) and dtype == 'any'").names == {"x", "p", "dtype"}
    assert Predicate("True").names == frozenset()


def test_warnings_do_not_leak(recwarn):
    assert Predicate("any(x / 0 > 1) or True")(NAMES)
    assert not recwarn


def _expressions():
    numbers = st.sampled_from(["0", "1", "2.5", "-3", "n", "p", "len(axis)", "axis[0]", "max(flat)", "abs(-2)"])
    numbers = st.recursive(
        numbers,
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "%"]), inner),
        max_leaves=4,
    )
    comparisons = st.builds("{} {} {}".format, numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers)
    chains = st.builds("{} < {} <= {}".format, numbers, numbers, numbers)
    truths = st.sampled_from(["training", "any(x > 1)", "nothing is None", "n in axis", "'a' == dtype", "True"])
    return st.recursive(
        comparisons | chains | truths,
        lambda inner: (
            st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner)
            | st.builds("not ({})".format, inner)
        ),
        max_leaves=5,
    )


@given(_expressions())
def test_it_says_what_python_says(text):
    """Python's own evaluation of the same text is the second truth."""
    functions = {"abs": np.abs, "max": np.max, "any": np.any, "len": len}
    try:
        with np.errstate(all="ignore"):
            expected = bool(eval(text, {"__builtins__": {}}, functions | NAMES))
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            Predicate(text)(NAMES)
    else:
        assert Predicate(text)(NAMES) is expected


_WORDS = st.sampled_from(
    [
        *NAMES, *"+-*/%&|~<>()[],.:=;{}@\\#'\"", "**", "<=", "==", "!=", "in", "is", "not", "and", "or",
        "any", "len", "eval", "__import__", "lambda", "for", "if", "else", "None", "1", "0.5", "'os'", "\n",
    ]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=12).map(" ".join) | st.text(max_size=30))
@example("any(__import__('os').abort())")
@example("[].append(1)")
@example("\ud800")
def test_any_other_text_is_a_predicate_or_a_value_error(text):
    """What is accepted has no call of anything but the functions of the language."""
    try:
        Predicate(text)
    except ValueError:
        return
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        assert not isinstance(node, (ast.Attribute, ast.Lambda, ast.NamedExpr, ast.comprehension, ast.Starred))
        assert not isinstance(node, ast.Call) or isinstance(node.func, ast.Name)


def test_nothing_is_executed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for text in ("open('here', 'w')", "__import__('os').system('touch here')", "[open('here', 'w')][0]"):
        with pytest.raises(ValueError, match="predicate"):
            Predicate(text)
    assert not os.listdir(tmp_path)
