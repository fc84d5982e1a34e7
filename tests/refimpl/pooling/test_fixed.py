"""Average and maximum pooling and their gradients, against the definition, over every small geometry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import refimpl
from refimpl.pooling import boxes
from tests.refimpl.pooling import definition
from tests.refimpl.pooling.cases import AXES, DIVISIBLE, geometries, neighbours, numbers
from tests.refimpl.pooling.conftest import Choose

Array = np.ndarray[Any, Any]
LAYOUTS = {1: "NLC", 2: "NHWC", 3: "NDHWC"}


def same(name: str, got: Array, expected: list[list[float]], case: object) -> None:
    """Equal to the last bit, NaN to NaN; zeros may differ in sign."""
    wanted = np.array(expected).reshape(got.shape)
    assert np.array_equal(got, wanted, equal_nan=True), f"{name} of {case}:\n{got}\nexpected\n{wanted}"


def close(name: str, got: Array, expected: list[list[float]], sizes: list[list[float]], case: object) -> None:
    """Within the rounding of two sums of at most 400 terms whose absolute values sum to `sizes`."""
    wanted, allowed = (np.array(table).reshape(got.shape) for table in (expected, sizes))
    assert np.all(abs(got - wanted) <= 2 * 400 * np.finfo(float).eps * allowed), f"{name} of {case}:\n{got}\n{wanted}"


def channels_last(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def check(
    axes: tuple[definition.Axis, ...], ceil_mode: bool, rng: np.random.Generator, samples: int, exact: bool = True
) -> None:
    """All that fixed windows do, on planes of ordinary and special numbers."""
    n, case = len(axes), (axes, ceil_mode)
    lengths = tuple(axis.length for axis in axes)
    sides = [(axis.before, axis.after) for axis in axes]
    every = definition.windows(lengths, [definition.fixed(axis, ceil_mode) for axis in axes], sides)
    x = numbers(rng, (samples, 2, *lengths))
    planes = x.reshape(2 * samples, -1).tolist()
    shape = (samples, 2, *(definition.count(axis, ceil_mode) for axis in axes))
    g = DIVISIBLE * rng.integers(-9, 10, shape).astype(np.float64)
    shares = g.reshape(2 * samples, -1).tolist()
    args: Any = ([a.size for a in axes], [a.stride for a in axes], [p for pair in sides for p in pair])

    top, mask = getattr(refimpl, f"max_pool{n}d")(x, *args, return_mask=True, ceil_mode=ceil_mode)
    best = [definition.maximum(plane, every) for plane in planes]
    same("maximum", top, [values for values, _ in best], case)
    same("mask", mask, [places for _, places in best], case)
    alone = getattr(refimpl, f"max_pool{n}d")(x, *args, ceil_mode=ceil_mode)
    assert np.array_equal(alone, top, equal_nan=True), case
    (gx,) = getattr(refimpl, f"max_pool{n}d_vjp")(g, x, *args, ceil_mode=ceil_mode)
    same("gradient", gx, [definition.maximum_gradient(s, p, every) for s, p in zip(shares, planes, strict=True)], case)

    for exclusive, override in ((True, None), (False, None), (True, 3.0)):
        options: dict[str, Any] = {"exclusive": exclusive, "ceil_mode": ceil_mode}
        if override is not None:
            if n == 1:
                continue
            options["divisor_override"] = override
        mean = getattr(refimpl, f"avg_pool{n}d")(x, *args, **options)
        same(
            "average",
            mean,
            [definition.average(plane, every, exclusive, override) for plane in planes],
            (case, options),
        )
        (gx,) = getattr(refimpl, f"avg_pool{n}d_vjp")(g, x, *args, **options)
        gradient = [definition.average_gradient(s, len(planes[0]), every, exclusive, override) for s in shares]
        if exact:
            same("gradient", gx, gradient, (case, options))
        else:
            absolute = [[abs(share) for share in s] for s in shares]
            sizes = [definition.average_gradient(s, len(planes[0]), every, exclusive, override) for s in absolute]
            close("gradient", gx, gradient, sizes, (case, options))

    if n > 1:
        last = {"ceil_mode": ceil_mode, "data_format": LAYOUTS[n]}
        xl, gl = channels_last(x), channels_last(g)
        for name, forward in (
            ("max", alone),
            ("avg", getattr(refimpl, f"avg_pool{n}d")(x, *args, ceil_mode=ceil_mode)),
        ):
            backward = getattr(refimpl, f"{name}_pool{n}d_vjp")(g, x, *args, ceil_mode=ceil_mode)[0]
            got = getattr(refimpl, f"{name}_pool{n}d")(xl, *args, **last)
            assert np.array_equal(got, channels_last(forward), equal_nan=True), (name, case)
            got = getattr(refimpl, f"{name}_pool{n}d_vjp")(gl, xl, *args, **last)[0]
            assert np.array_equal(got, channels_last(backward)), (name, case)


def test_pool_g1_g2_g3_g4_a1_a2_a3_a7_a9_every_axis() -> None:
    rng = np.random.default_rng(1)
    for axes, ceil_mode in geometries(1):
        check(axes, ceil_mode, rng, samples=2)


@pytest.mark.parametrize(
    ("way", "block"),
    [("at once", 1 << 18), ("joined", 1 << 18), ("joined", 1), ("one by one", 1 << 18)],
    ids=["at-once", "joined", "bands", "one-by-one"],
)
def test_pool_m1_m2_m3_m4_m5_m6_a4_l1_planes(
    way: str, block: int, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxes, "BLOCK", block)
    choose(way)
    rng = np.random.default_rng(2)
    for axes, ceil_mode in geometries(2):
        check(axes, ceil_mode, rng, samples=1)


def test_pool_g6_no_window() -> None:
    for axis in AXES:
        for ceil_mode in (False, True):
            if definition.count(axis, ceil_mode) > 0:
                continue
            args: Any = (np.zeros((1, 1, axis.length)), axis.size, axis.stride, [axis.before, axis.after])
            for call in (refimpl.avg_pool1d, refimpl.max_pool1d):
                with pytest.raises(ValueError, match="kernel_size"):
                    call(*args, ceil_mode=ceil_mode)


def test_three_axes() -> None:
    rng = np.random.default_rng(3)
    for i, (axes, ceil_mode) in enumerate(geometries(3)):
        if i % 2:
            check(axes, ceil_mode, rng, samples=1)


@pytest.mark.parametrize(("n", "lengths"), [(2, range(1, 6)), (3, [4])], ids=["planes", "boxes"])
def test_every_axis_beside_every_other(n: int, lengths: Iterable[int], choose: Choose) -> None:
    choose("joined")
    rng = np.random.default_rng(4)
    for axes, ceil_mode in neighbours(n, lengths):
        check(axes, ceil_mode, rng, samples=1)


axes_beyond = st.builds(
    definition.Axis,
    length=st.integers(1, 30),
    size=st.integers(1, 20),
    stride=st.integers(1, 7),
    before=st.integers(0, 9),
    after=st.integers(0, 9),
)


@given(st.lists(axes_beyond, min_size=1, max_size=2), st.booleans(), st.integers(0, 99))
def test_wide_windows(axes: list[definition.Axis], ceil_mode: bool, seed: int) -> None:
    assume(all(definition.count(axis, ceil_mode) > 0 for axis in axes))
    rng = np.random.default_rng(seed)
    check(tuple(axes), ceil_mode, rng, samples=2, exact=False)
