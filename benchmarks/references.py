"""What is timed: each operator of the workload in refimpl, against the same call of Paddle's kernel on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import paddle
import paddle.nn.functional as F

import refimpl
from benchmarks.turns import Ratio, Work, in_turns, peak_memory

DTYPES = ("float32", "float64")
FORWARD, BACKWARD, NORM, OTHERS = "pooling forward", "pooling backward", "batch norm", "activation and dropout"
SEED = 2024


class Pair(NamedTuple):
    """The same work twice, and what Paddle's gives as arrays, to see that it is the same."""

    ours: Work
    theirs: Work
    answer: Callable[[], tuple[Any, ...]]


Make = Callable[[str], Pair]  # from a dtype


class Row(NamedTuple):
    """One line of the table; `pair` makes its inputs when its turn comes."""

    name: str
    group: str
    dtype: str
    pair: Callable[[], Pair]


class Result(NamedTuple):
    """What was measured: the ratio of the times, the most memory held, and the size of the results, in bytes."""

    name: str
    group: str
    dtype: str
    ratio: Ratio
    peak: int
    output: int


def measure(row: Row, seconds: float) -> Result:
    """One row, after a look at whether both sides compute the same."""
    paddle.seed(SEED)
    pair = row.pair()
    results, answer = _tuple(pair.ours()), pair.answer()
    for ours, theirs in zip(results, answer, strict=False):  # the running statistics of batch_norm have no answer
        scale = 1e-4 * (1 + abs(theirs).max())
        if ours.shape != theirs.shape or not abs(ours - theirs).max() <= scale:
            raise AssertionError(f"{row.name} in {row.dtype}: refimpl and Paddle do not compute the same")
    output = sum(array.nbytes for array in results)
    del results, answer
    return Result(*row[:3], in_turns(pair.ours, pair.theirs, seconds), peak_memory(pair.ours), output)


def rows() -> Iterator[Row]:
    """The whole workload, float32 and float64 of a row one after the other."""
    for name, group, pair in (*_pooling(), *_batch_norm(), *_others()):
        for dtype in DTYPES:
            yield Row(name, group, dtype, lambda pair=pair, dtype=dtype: pair(dtype))


def _pooling() -> Iterator[tuple[str, str, Make]]:
    flat = [(kind, k, s, (8, 64, 56, 56)) for kind in ("max", "avg") for k, s in ((2, 2), (3, 2), (3, 1), (13, 1))]
    small = [(kind, k, s, (2, 3, 17, 19)) for kind, k, s, _ in flat]
    deep = [(kind, k, s, (2, 16, 16, 32, 32)) for kind in ("max", "avg") for k, s in ((2, 2), (3, 1))]
    calls: list[tuple[str, str, tuple[int, ...], tuple[Any, ...]]] = [
        (f"{kind}_pool{len(shape) - 2}d", f"{k}/{s}", shape, (k, s)) for kind, k, s, shape in flat + small + deep
    ]
    calls += [(f"adaptive_{kind}_pool2d", "to 7x5", (8, 64, 56, 56), ((7, 5),)) for kind in ("max", "avg")]
    for make, suffix, group in ((_forward, "", FORWARD), (_backward, " gradient", BACKWARD)):
        for name, what, shape, arguments in calls:
            title = f"{name}{suffix} {what} on {'x'.join(map(str, shape))}"
            yield title, group, _bound(make, name, shape, arguments)


def _batch_norm() -> Iterator[tuple[str, str, Make]]:
    for make, suffix in ((_forward, ""), (_backward, " gradient")):
        for shape in ((32, 64, 56, 56), (256, 1024)):
            title = f"batch_norm{suffix} on {'x'.join(map(str, shape))}"
            yield title, NORM, _bound(make, "batch_norm", shape, (), training=True)


def _others() -> Iterator[tuple[str, str, Make]]:
    for name in ("gelu", "silu", "softmax", "sigmoid", "tanh"):
        yield f"{name} on 1000x1000", OTHERS, _bound(_forward, name, (1000, 1000), ())
    yield "dropout on 1000x1000", OTHERS, _dropout


def _bound(make: Callable[..., Pair], *arguments: Any, **options: Any) -> Make:
    return lambda dtype: make(dtype, *arguments, **options)


def _forward(dtype: str, name: str, shape: tuple[int, ...], arguments: tuple[Any, ...], **options: Any) -> Pair:
    arrays = _inputs(name, shape, dtype)
    tensors = [paddle.to_tensor(array) for array in arrays]
    ours, theirs = getattr(refimpl, name), getattr(F, name)
    return Pair(
        lambda: ours(*arrays, *arguments, **options),
        lambda: theirs(*tensors, *arguments, **options),
        lambda: (theirs(*tensors, *arguments, **options).numpy(),),
    )


def _backward(dtype: str, name: str, shape: tuple[int, ...], arguments: tuple[Any, ...], **options: Any) -> Pair:
    arrays = _inputs(name, shape, dtype)
    buffers = (1, 2) if name == "batch_norm" else ()
    tensors = [paddle.to_tensor(array, stop_gradient=i in buffers) for i, array in enumerate(arrays)]
    leaves = [tensor for tensor in tensors if not tensor.stop_gradient]
    y = getattr(F, name)(*tensors, *arguments, **options)
    grad = _numbers(tuple(y.shape), dtype)
    cotangent, ours = paddle.to_tensor(grad), getattr(refimpl, f"{name}_vjp")

    def theirs() -> None:
        y.backward(cotangent, retain_graph=True)
        for leaf in leaves:
            leaf.clear_gradient(False)  # so that the next turn does not add to it

    def answer() -> tuple[Any, ...]:
        return tuple(gradient.numpy() for gradient in paddle.grad(y, leaves, cotangent, retain_graph=True))

    return Pair(lambda: ours(grad, *arrays, *arguments, **options), theirs, answer)


def _dropout(dtype: str) -> Pair:
    """Both draw their mask: the references' half of the work is mostly the random stream."""
    x, stream = _numbers((1000, 1000), dtype), refimpl.random.Generator(SEED)
    tensor = paddle.to_tensor(x)
    return Pair(
        lambda: refimpl.dropout(x, mask=refimpl.random.dropout_mask(stream, x.shape)),
        lambda: F.dropout(tensor),
        lambda: (F.dropout(tensor).numpy(),),
    )


def _inputs(name: str, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
    """x, and for batch_norm the running statistics, weight and bias."""
    x = _numbers(shape, dtype)
    return (x, *(abs(_numbers((4, shape[1]), dtype)) + 1).astype(dtype)) if name == "batch_norm" else (x,)


def _numbers(shape: tuple[int, ...], dtype: str) -> Any:
    return np.random.default_rng(SEED).standard_normal(shape).astype(dtype)


def _tuple(results: Any) -> tuple[Any, ...]:
    return tuple(results) if isinstance(results, tuple) else (results,)
