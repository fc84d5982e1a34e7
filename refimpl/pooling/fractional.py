"""Fractional maximum pooling: windows of uneven size whose places depend on a random number.

With alpha = L / O along an axis of L cells, window i of O spans ceil(alpha (i + u) - 1) up to
ceil(alpha (i + 1 + u) - 1). The formula is evaluated exactly, in integers. The number u is an argument, and
`refimpl.random` draws the one that Paddle draws.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, integers, number, rank
from refimpl.pooling.adaptive import OutputSize, output_counts
from refimpl.pooling.geometry import Geometry, Sizes, axis_of
from refimpl.pooling.maximum import maximum_or_both, maximum_vjp


def fractional_max_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    kernel_size: Sizes | None = None,
    random_u: float | None = None,
    return_mask: bool = False,
) -> Array | tuple[Array, Array]:
    """The maximum of each of `output_size` windows of (N, C, H, W) arrays and, if `return_mask`, their positions.

    `output_size` is one number or one an axis, None keeping the axis as it is; without `kernel_size` the windows are
    disjoint, with it they all have that size and overlap. Results and positions are those of `adaptive_max_pool2d`.
    Raises ValueError if `random_u` is not in (0, 1), or if the windows do not fit into the input. Source: documentation
    of paddle.nn.functional.fractional_max_pool2d; clauses F of the specification.

    >>> fractional_max_pool2d([[[[2.0, 4.0, 3.0, 1.0, 5.0, 2.0, 3.0]]]], (1, 5), random_u=0.3)
    array([[[[2., 4., 1., 5., 3.]]]])
    """
    x = rank("x", floating("x", x), 4)
    return maximum_or_both(x, fractional(x.shape, output_size, kernel_size, random_u), return_mask)


def fractional_max_pool2d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    output_size: OutputSize,
    kernel_size: Sizes | None = None,
    random_u: float | None = None,
    return_mask: bool = False,
) -> tuple[Array]:
    """The gradient of `fractional_max_pool2d` with respect to `x`: that of each window goes to its first maximum."""
    x = rank("x", floating("x", x), 4)
    return (maximum_vjp(grad_out, x, fractional(x.shape, output_size, kernel_size, random_u)),)


def fractional_max_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    kernel_size: Sizes | None = None,
    random_u: float | None = None,
    return_mask: bool = False,
) -> Array | tuple[Array, Array]:
    """The maximum of each of `output_size` windows of (N, C, D, H, W) arrays; see `fractional_max_pool2d`."""
    x = rank("x", floating("x", x), 5)
    return maximum_or_both(x, fractional(x.shape, output_size, kernel_size, random_u), return_mask)


def fractional_max_pool3d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    output_size: OutputSize,
    kernel_size: Sizes | None = None,
    random_u: float | None = None,
    return_mask: bool = False,
) -> tuple[Array]:
    """The gradient of `fractional_max_pool3d` with respect to `x`."""
    x = rank("x", floating("x", x), 5)
    return (maximum_vjp(grad_out, x, fractional(x.shape, output_size, kernel_size, random_u)),)


def fractional(shape: tuple[int, ...], output_size: Any, kernel_size: Any, random_u: Any) -> Geometry:
    """The geometry of fractional windows."""
    allowed = "a number between 0 and 1, both excluded; refimpl.random draws the one that Paddle draws without it"
    if random_u is None:
        raise bad("random_u", random_u, allowed)
    u = number("random_u", random_u, allowed, lambda u: 0 < u < 1)  # POOL-F4
    lengths = shape[2:]
    counts = output_counts(output_size, lengths)
    sizes = None if kernel_size is None else integers("kernel_size", kernel_size, len(lengths), 1)
    for length, count, size in zip(lengths, counts, sizes or (1,) * len(lengths), strict=True):
        if count > length - size + 1:  # POOL-F5
            raise bad("output_size", count, f"at most {length - size + 1}, windows of {size} along {length} cells")
    return _fractional(shape, counts, sizes, u.as_integer_ratio())


@lru_cache(maxsize=1024)
def _fractional(
    shape: tuple[int, ...], counts: tuple[int, ...], sizes: tuple[int, ...] | None, u: tuple[int, int]
) -> Geometry:
    axes = []
    for n, (length, count) in enumerate(zip(shape[2:], counts, strict=True)):
        windows = _disjoint(length, count, u) if sizes is None else _overlapping(length, count, sizes[n], u)
        axes.append(axis_of(length, windows))
    return Geometry(shape, tuple(axes), False)


def _disjoint(length: int, count: int, u: tuple[int, int]) -> list[tuple[int, int]]:
    p, q = u
    edges = [-(-(length * (i * q + p)) // (count * q)) - 1 for i in range(count + 1)]  # POOL-F1
    return [(start, min(stop, length)) for start, stop in pairwise(edges)]  # POOL-F2


def _overlapping(length: int, count: int, size: int, u: tuple[int, int]) -> list[tuple[int, int]]:
    """Windows whose steps are (length - size) / (count - 1) on average; the last one ends with the input."""
    p, q = u
    room, steps = length - size, max(count - 1, 1) * q
    starts = [room * (i * q + p) // steps - room * p // steps for i in range(count - 1)] + [room]  # POOL-F3
    return [(start, start + size) for start in starts]
