"""The elementwise activations in float32 and float16 against float64 (ACT-G1, ACT-A3), and what becomes of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from refimpl.activation._blocks import BLOCK_BYTES
from tests.refimpl.activation.cases import CASES, GATED, Case
from tests.refimpl.activation.ulp import errors

# The bounds of ACT-A3: float32's functions in NumPy are up to 2.5 ulps off where those of float64 are 1.2.
FLOAT32_VALUE, FLOAT32_SLOPE = 6, 8
# Correctly rounded but for the last digits of the float32 it comes from: 8 of its ulps are 2^-10 of float16's.
FLOAT16 = 0.5 + 2.0**-10


def float32_values() -> np.ndarray:
    """A hundred thousand bit patterns over all magnitudes, and the ordinary numbers."""
    patterns = np.arange(0, 1 << 32, 40961, dtype=np.uint64).astype(np.uint32).view(np.float32)
    patterns[np.isnan(patterns)] = np.nan  # a signalling NaN warns when it is cast
    rng = np.random.default_rng(0)
    return np.concatenate(
        [patterns, rng.uniform(-20, 20, 50_000).astype(np.float32), -np.geomspace(1, 110, 5000, dtype=np.float32)]
    )


VALUES = {
    np.float32: float32_values(),
    np.float16: np.nan_to_num(
        np.arange(1 << 16, dtype=np.uint16).view(np.float16), nan=np.nan, posinf=np.inf, neginf=-np.inf
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_against_float64(case: Case, dtype: Any) -> None:
    case, x = case.rounded(np.float32), VALUES[dtype]
    wide = x.astype(np.float64)
    value, slope = case.value(wide), case.slope(wide)
    size = 0.0
    if case.name in GATED:
        with np.errstate(all="ignore"):
            gate = np.nan_to_num(value / wide)
            size = np.abs(gate) + np.abs(slope - gate)
    value_bound, slope_bound = (FLOAT32_VALUE, FLOAT32_SLOPE) if dtype is np.float32 else (FLOAT16, FLOAT16)
    assert errors(case.value(x), value).max() <= value_bound
    assert errors(case.slope(x), slope, size).max() <= slope_bound


def test_a_last_digit_more_in_float16_is_seen() -> None:
    x = VALUES[np.float16]
    y = Case("sigmoid", {}).value(x)
    assert errors(np.nextafter(y, np.float16(2)), Case("sigmoid", {}).value(x.astype(np.float64))).max() > FLOAT16


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shapes_dtypes_and_memory(case: Case) -> None:
    """ACT-G1, ACT-G8: any shape, none and empty ones too, any dtype and layout in memory; x stays as it was."""
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        for shape in ((), (0,), (2, 0, 3), (1,), (2, 3, 4)):
            x = np.linspace(-4, 4, int(np.prod(shape)), dtype=dtype).reshape(shape)
            for out in (case.value(x), case.slope(x)):
                assert (type(out), out.shape, out.dtype) == (np.ndarray, shape, dtype)
    base = np.linspace(-8, 8, 240).reshape(4, 60)
    kept = base.copy()
    for view in (base.T, base[:, ::-7], base[::2, 1:], np.broadcast_to(base[0], (3, 60)), base.astype(">f8")):
        assert np.array_equal(case.value(view), case.value(view.copy()))
        assert np.array_equal(case.slope(view), case.slope(view.copy()))
    assert np.array_equal(base, kept)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_cell_does_not_depend_on_its_place(case: Case) -> None:
    """A cell alone, in the middle of a block and across blocks, but for the spread of NumPy's own loops."""
    cells = np.linspace(-9, 9, 37)
    count = 2 * BLOCK_BYTES // 8 // 37 + 5
    long = case.value(np.tile(cells, count)).reshape(count, 37)
    alone = np.array([case.value(cell) for cell in cells])
    assert errors(long.ravel(), np.tile(alone, count).astype(np.longdouble)).max() <= 2
