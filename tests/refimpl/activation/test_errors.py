"""Arguments without meaning: the error names the argument, what was given and what is allowed."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

import refimpl
from refimpl import activation

NAMES = [name for name in activation.__all__ if not name.endswith("_vjp")]
X = np.linspace(-2, 2, 8).reshape(1, 2, 2, 2)
REQUIRED = {
    "gumbel_softmax": {"noise": X * 0 + 0.5},
    "maxout": {"groups": 2},
    "prelu": {"weight": np.ones(1)},
    "rrelu": {"noise": X * 0 + 0.25},
}
NAN, INF = float("nan"), float("inf")

# operator, arguments, the argument named, the error
MEANINGLESS: list[tuple[str, dict[str, Any], str, type[Exception]]] = [
    ("ACT-CELU-3 celu", {"alpha": 0}, "alpha is 0; allowed: a finite number other than 0", ValueError),
    ("celu", {"alpha": NAN}, "alpha is nan", ValueError),
    ("celu", {"alpha": "1"}, "alpha is a str ('1')", TypeError),
    ("elu", {"alpha": INF}, "alpha is inf; allowed: a finite number", ValueError),
    ("elu", {"alpha": True}, "alpha is a bool (True)", TypeError),
    (
        "ACT-GELU-1 gelu",
        {"approximate": "erf"},
        "approximate is 'erf'; allowed: False, True, 'none', 'tanh'",
        ValueError,
    ),
    ("gelu", {"approximate": None}, "approximate is None", ValueError),
    ("glu", {"axis": 4}, "axis is 4; allowed: an integer in [-4, 3]", ValueError),
    ("glu", {"axis": 1.0}, "axis is a float (1.0)", TypeError),
    ("ACT-GLU-3 glu", {"axis": 0}, "the length of axis 0 of x is 1; allowed: an even number", ValueError),
    ("gumbel_softmax", {"temperature": -1}, "temperature is -1; allowed: a finite number of at least 0", ValueError),
    ("gumbel_softmax", {"temperature": NAN}, "temperature is nan", ValueError),
    (
        "ACT-GUMBEL-5 gumbel_softmax",
        {"noise": X * 0 + 1.5},
        "noise is np.float64(1.5); allowed: draws in [0, 1]",
        ValueError,
    ),
    ("gumbel_softmax", {"noise": X * NAN}, "noise is np.float64(nan)", ValueError),
    ("gumbel_softmax", {"noise": X[0]}, "the shape of noise is (2, 2, 2); allowed: (1, 2, 2, 2)", ValueError),
    ("gumbel_softmax", {"axis": -5}, "axis is -5", ValueError),
    ("hardshrink", {"threshold": NAN}, "threshold is nan", ValueError),
    ("hardsigmoid", {"slope": NAN}, "slope is nan", ValueError),
    ("hardsigmoid", {"offset": INF}, "offset is inf", ValueError),
    (
        "ACT-HTANH-3 hardtanh",
        {"min": 2.0, "max": 1.0},
        "max is 1.0; allowed: a number of at least min = 2.0",
        ValueError,
    ),
    ("hardtanh", {"min": NAN}, "min is nan", ValueError),
    ("leaky_relu", {"negative_slope": NAN}, "negative_slope is nan", ValueError),
    ("log_softmax", {"axis": 4}, "axis is 4", ValueError),
    ("log_softmax", {"dtype": "int32"}, "dtype is a str ('int32'); allowed: a floating dtype", TypeError),
    ("ACT-MAXOUT-3 maxout", {"groups": 3}, "groups is 3; allowed: a divisor of the 2 channels", ValueError),
    ("maxout", {"groups": 0}, "groups is 0; allowed: an integer of at least 1", ValueError),
    ("maxout", {"groups": 2.0}, "groups is a float (2.0)", TypeError),
    ("maxout", {"groups": 1, "axis": 2}, "axis is 2; allowed: 1, 3, -1", ValueError),
    ("maxout", {"x": X[0], "groups": 1}, "the rank of x is 3; allowed: 4 (its shape is (2, 2, 2))", ValueError),
    ("prelu", {"weight": np.ones(3)}, "the shape of weight is (3,)", ValueError),
    ("prelu", {"weight": np.ones((1, 1))}, "the shape of weight is (1, 1)", ValueError),
    ("prelu", {"x": X[0, 0, 0], "weight": np.ones(2)}, "the shape of weight is (2,)", ValueError),
    ("prelu", {"weight": np.ones(1, int)}, "weight has dtype int64; allowed: a floating dtype", TypeError),
    ("prelu", {"data_format": "NWC"}, "data_format is 'NWC'; allowed: 'NC', 'NCL'", ValueError),
    ("rrelu", {"lower": -0.1}, "lower is -0.1; allowed: a number in [0, 1]", ValueError),
    ("rrelu", {"lower": 0.5, "upper": 0.4}, "upper is 0.4; allowed: a number in [lower, 1] = [0.5, 1]", ValueError),
    ("rrelu", {"upper": 1.1}, "upper is 1.1", ValueError),
    ("rrelu", {"noise": None}, "noise is None; allowed: slopes of shape (1, 2, 2, 2) in training", ValueError),
    ("rrelu", {"training": False}, "allowed: None outside training", ValueError),
    (
        "ACT-RRELU-4 rrelu",
        {"noise": X * 0 + 0.9},
        "noise is np.float64(0.9); allowed: slopes in [lower, upper]",
        ValueError,
    ),
    ("ACT-SELU-3 selu", {"scale": 1.0}, "scale is 1.0; allowed: a finite number greater than 1", ValueError),
    ("selu", {"alpha": -1}, "alpha is -1; allowed: a finite number of at least 0", ValueError),
    ("softmax", {"axis": 4}, "axis is 4; allowed: an integer in [-4, 3]", ValueError),
    ("softmax", {"dtype": np.complex128}, "dtype is a type", TypeError),
    ("ACT-SOFTPLUS-3 softplus", {"beta": 0}, "beta is 0; allowed: a finite number other than 0", ValueError),
    ("softplus", {"threshold": NAN}, "threshold is nan", ValueError),
    (
        "ACT-SSHRINK-3 softshrink",
        {"threshold": -0.5},
        "threshold is -0.5; allowed: a finite number of at least 0",
        ValueError,
    ),
    ("stanh", {"scale_a": NAN}, "scale_a is nan", ValueError),
    ("stanh", {"scale_b": [1.0]}, "scale_b is a list ([1.0])", TypeError),
    ("ACT-SWIGLU-3 swiglu", {"y": X[0]}, "the shape of y is (2, 2, 2); allowed: (1, 2, 2, 2)", ValueError),
    ("swiglu", {"x": np.ones(3)}, "the length of axis 0 of x is 3; allowed: an even number", ValueError),
    ("thresholded_relu", {"threshold": None}, "threshold is a NoneType (None)", TypeError),
    ("thresholded_relu", {"value": NAN}, "value is nan", ValueError),
]


def call(name: str, arguments: dict[str, Any], vjp: bool) -> Any:
    """The operator or its vjp, with what it needs."""
    merged = {"x": X, **REQUIRED.get(name, {}), **arguments}
    if vjp:
        merged["grad_out"] = np.ones_like(merged["x"])
    return getattr(refimpl, name + "_vjp" * vjp)(**merged)


@pytest.mark.parametrize("vjp", [False, True], ids=["forward", "vjp"])
@pytest.mark.parametrize(
    ("name", "arguments", "message", "kind"), MEANINGLESS, ids=[f"{c[0]}-{c[1].keys()}" for c in MEANINGLESS]
)
def test_arguments_without_meaning(
    name: str, arguments: dict[str, Any], message: str, kind: type[Exception], vjp: bool
) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        call(name.split()[-1], arguments, vjp)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_are_not_floating(name: str) -> None:
    """ACT-G1."""
    for x in (X.astype(int), X > 0, X + 1j):
        with pytest.raises(TypeError, match=f"x has dtype {x.dtype}; allowed: a floating dtype"):
            call(name, {"x": x}, vjp=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_cotangent_of_another_shape(name: str) -> None:
    with pytest.raises(ValueError, match=r"the shape of grad_out is \(5,\); allowed: \("):
        getattr(refimpl, f"{name}_vjp")(np.ones(5), X, **REQUIRED.get(name, {}))


@pytest.mark.parametrize("name", NAMES)
def test_the_vjp_takes_the_same_arguments(name: str) -> None:
    forward, backward = (inspect.signature(getattr(refimpl, name + suffix)).parameters for suffix in ("", "_vjp"))
    assert list(backward) == ["grad_out", *forward]
    assert all(backward[key] == forward[key] for key in forward)


@pytest.mark.parametrize("name", NAMES)
def test_inputs_stay_as_they_were(name: str) -> None:
    x, g = X.copy(), np.ones_like(X)
    extra = {key: np.copy(v) if isinstance(v, np.ndarray) else v for key, v in REQUIRED.get(name, {}).items()}
    for array in (x, g, *(v for v in extra.values() if isinstance(v, np.ndarray))):
        array.flags.writeable = False
    value = getattr(refimpl, name)(x, **extra)
    getattr(refimpl, f"{name}_vjp")(np.ones_like(value), x, **extra)
    assert not np.shares_memory(value, x)
    assert np.array_equal(x, X)
