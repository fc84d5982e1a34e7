"""The table: for every operator, how far each output and each gradient may be from the exact value, and why."""

from __future__ import annotations

from math import prod

from conformance.judge import activation, batch_norm, randomness
from conformance.judge.bounds import Facts, Row, Rows, exact


def window(f: Facts) -> int:
    """The number of cells of a pooling window, at most."""
    kernel = f.arguments["kernel_size"]
    return prod(kernel) if isinstance(kernel, (list, tuple)) else int(kernel) ** (f.arguments["x"].ndim - 2)


def _average(f: Facts) -> int:
    """The roundings of an average: k-1 additions and a reciprocal; two factors more where its divisor is replaced."""
    return window(f) + (1 if f.arguments["divisor_override"] is None else 3)


TABLE: dict[str, Rows] = {
    "avg_pool2d": Rows(
        {"out": Row(lambda f: f.rounding(_average(f), f.reference(x=abs(f.arguments["x"]))),
                    "k-1 additions in any order and a division, or a reciprocal: (k+1) u of the average of |x|; or the "
                    "average times k over divisor_override: (k+3) u")},
        {"x": Row(lambda f: f.rounding(_average(f), f.reference(cotangent=abs(f.cotangent))),
                  "a cell is in at most k windows: k-1 additions of divided terms, and as many roundings as above")},
    ),
    "max_pool2d": Rows(
        {"out": exact("a maximum is one of its arguments"), "mask": exact("positions are whole numbers")},
        {"x": Row(lambda f: f.rounding(window(f) - 1, f.reference(cotangent=abs(f.cotangent))),
                  "a cell is the maximum of at most k windows: k-1 additions")},
    ),
    **activation.ROWS,
    "batch_norm": batch_norm.ROWS,
    **randomness.ROWS,
}  # fmt: skip
