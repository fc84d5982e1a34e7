"""How far careful pooling may be from the exact one, and how far its known divergences may go.

k is the number of cells of the largest window, or of windows that a cell lies in, whichever is more.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from conformance.judge.bounds import Facts, Row, Rows, exact

SINGLE = 2.0**-24
"""The unit roundoff of float32."""

LOWEST = float(np.finfo(np.float32).min)


def window(f: Facts) -> int:
    """k."""
    if "output_size" in f.arguments:
        return prod(_adaptive(*lengths) for lengths in _lengths(f))
    kernel = f.arguments["kernel_size"]
    return prod(kernel) if isinstance(kernel, (list, tuple)) else int(kernel) ** (f.arguments["x"].ndim - 2)


def _lengths(f: Facts) -> Iterator[tuple[int, int]]:
    """The cells and the windows along each axis, the larger number first."""
    x, size = f.arguments["x"], f.arguments["output_size"]
    lengths = x.shape[1:-1] if _last(f) else x.shape[2:]
    counts = size if isinstance(size, (list, tuple)) else [size] * len(lengths)
    for length, count in zip(lengths, counts, strict=True):
        yield (length, length) if count is None else (max(length, count), min(length, count))


def _adaptive(more: int, fewer: int) -> int:
    """How many of the more lie in one of the fewer: cells in a window or, the same formula, windows over a cell."""
    return max(-(-(i + 1) * more // fewer) - i * more // fewer for i in range(fewer))


def _last(f: Facts) -> bool:
    """Whether the channels come last."""
    return bool(f.arguments.get("data_format", "NC")[1] != "C")


def _override(f: Facts) -> Any:
    return f.arguments.get("divisor_override")


def _sizes(f: Facts) -> dict[str, Any]:
    """The magnitudes of what is averaged."""
    return {"x": np.abs(f.arguments["x"])} if f.cotangent is None else {"cotangent": np.abs(f.cotangent)}


def _fewest(f: Facts, **changes: Any) -> Any:
    """The average over the cells alone, or its gradient."""
    divisors = {"exclusive": True, "divisor_override": None}
    return f.reference(**{name: value for name, value in divisors.items() if name in f.arguments}, **changes)


def _average(f: Facts) -> Any:
    """k-1 additions and a reciprocal; two factors more where its divisor is replaced."""
    return f.rounding(window(f) + (1 if _override(f) is None else 3), f.reference(**_sizes(f)))


def _maximum_slope(f: Facts) -> Any:
    return f.rounding(window(f) - 1, f.reference(**_sizes(f)))


AVERAGE = Rows(
    {"out": Row(_average,
                "k-1 additions in any order and a division, or a reciprocal: (k+1) u of the average of |x|; or the "
                "average times k over divisor_override: (k+3) u")},
    {"x": Row(_average,
              "a cell is in at most k windows: k-1 additions of divided terms, and as many roundings as above")},
)  # fmt: skip
MAXIMUM = Rows(
    {"out": exact("a maximum is one of its arguments"), "mask": exact("positions are whole numbers")},
    {"x": Row(_maximum_slope, "a cell is the maximum of at most k windows: k-1 additions")},
)
COPY = exact("a value, written or read at its position; 0 elsewhere", signed_zero=True)
ROWS: dict[str, Rows] = {
    **{f"max_unpool{axes}d": Rows({"out": COPY}, {"x": COPY}) for axes in (1, 2, 3)},
    **{f"{name}_pool{axes}d": AVERAGE for name in ("avg", "adaptive_avg") for axes in (1, 2, 3)},
    **{f"{name}_pool{axes}d": MAXIMUM for name in ("max", "adaptive_max") for axes in (1, 2, 3)},
}


def _free(where: Any) -> Any:
    """Nothing is claimed of these elements."""
    return np.where(where, np.inf, 0.0)


def _average_overflow(f: Facts) -> Any:
    sizes = np.where(np.isfinite(f.arguments["x"]), np.abs(f.arguments["x"]), 0)
    if "kernel_size" in f.arguments and _override(f) is None:
        return _free(f.reference(x=sizes, divisor_override=1.0) >= f.largest)
    return _free(_fewest(f, x=sizes) * window(f) >= f.largest)


def _average_divisor(f: Facts) -> Any:
    factor = window(f) / _override(f)
    rounded = f.rounding(window(f) + 3, f.reference(divisor_override=None, **_sizes(f)))
    return np.abs(f.reference(divisor_override=None) * factor - f.expected) + factor * rounded


def _average_static(f: Facts) -> Any:
    return SINGLE * _fewest(f, **_sizes(f)) * window(f) / _override(f)


def _average_behind(f: Facts) -> Any:
    fewest = _fewest(f, **_sizes(f))
    apart = fewest - f.reference(divisor_override=window(f), **_sizes(f))
    factor = window(f) / (_override(f) or window(f))
    return factor * (np.abs(apart) + f.rounding(window(f) + 3, fewest))


def _average_gradient_single(f: Facts) -> Any:
    fewest = _fewest(f, **_sizes(f))
    return 2 * SINGLE * fewest * window(f) / (_override(f) or window(f))


def planes(f: Facts, where: Any) -> Any:
    """Every element of the planes in which this holds anywhere."""
    first = 1 if _last(f) else 2
    return where.any(tuple(range(first, first + where.ndim - 2)), keepdims=True)


def _maximum_nan(f: Facts) -> Any:
    return _free(np.isnan(f.expected) if f.name == "out" else planes(f, np.isnan(f.arguments["x"])))


def _maximum_lowest(f: Facts) -> Any:
    if f.name != "out":
        return _free(planes(f, f.arguments["x"] < LOWEST))
    return np.where(f.expected < LOWEST, np.abs(f.expected - LOWEST), 0.0)


def _unpool_overwritten(f: Facts) -> Any:
    x = f.arguments["x"]
    planes, positions = prod(x.shape[:2]), f.arguments["indices"]
    given = np.take_along_axis(f.cotangent.reshape(planes, -1), positions.reshape(planes, -1), 1).reshape(x.shape)
    same = (given == f.expected) & (np.signbit(given) == np.signbit(f.expected))
    lost = np.where(np.isfinite(given) & (given != 0), np.abs(given), np.inf)
    return np.where(same | (np.isnan(given) & np.isnan(f.expected)), 0, lost)


LOSSES: dict[str, Row] = {
    "unpool-overwritten": Row(
        _unpool_overwritten, "what lies at the position of a value, also where another value was written over it"
    ),
    "avg-pool-overflow": Row(
        _average_overflow,
        "the sum of a window, or its average times the kernel's size, before the division: it may be infinite where "
        "the magnitudes add up to more than the largest number",
    ),
    "avg-pool-divisor": Row(
        _average_divisor,
        "the average times the kernel's size over divisor_override, where the average has fewer cells: as far as that "
        "is from the sum over divisor_override, with two more roundings",
    ),
    "avg-pool-static-divisor": Row(
        _average_static, "the factor of the average kept in float32: 2**-24 of their product"
    ),
    "avg-pool-behind": Row(
        _average_behind,
        "a divisor between the number of real cells and the kernel's size: between the two averages, of magnitudes",
    ),
    "avg-pool-gradient-single": Row(
        _average_gradient_single, "the reciprocal of the divisor in float32: 2**-24 of every share, and of the divisor"
    ),
    "max-pool-nan": Row(
        _maximum_nan,
        "comparisons, which NaN fails: nothing is claimed of windows with NaN, nor of mask and gradient in their plane",
    ),
    "max-pool-lowest": Row(
        _maximum_lowest,
        "the search starts from float32's lowest number: what is below comes out as that; nothing is claimed of mask "
        "and gradient in its plane",
    ),
}
