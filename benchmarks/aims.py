"""What the references and the trial aim at, and how far they got."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benchmarks.references import BACKWARD, FORWARD, NORM, Result
from benchmarks.table import MIB, Aim, geometric_mean
from benchmarks.throughput import Speed


def aims(results: Sequence[Result], speeds: Sequence[Speed] = ()) -> Iterator[Aim]:
    """Those aims that the measured rows can tell about."""
    yield from _of_references(results)
    for speed in speeds:
        yield Aim(f"{speed.name}, {speed.dtype}: verified cases a second and core", speed.trial, 10_000, least=True)
        yield Aim(f"{speed.name}, {speed.dtype}: time in a child as a multiple", speed.child, 1.5)


def _of_references(results: Sequence[Result]) -> Iterator[Aim]:
    forward, backward = _of(results, group=FORWARD), _of(results, group=BACKWARD)
    for what, rows, most in (
        ("pooling forward, float32", _of(forward, dtype="float32"), 0.35),
        ("pooling forward, float64", _of(forward, dtype="float64"), 0.7),
        ("pooling backward", backward, 0.7),
        ("the whole table", results, 0.5),
    ):
        if rows:
            yield Aim(f"{what}: geometric mean", geometric_mean(map(_time, rows)), most)
    gelu = [row for row in results if row.name.startswith("gelu")]
    norm = [row for row in _of(results, group=NORM) if "gradient" not in row.name]
    yield from _worst("the slowest pooling forward", forward, _time, 1.5)
    yield from _worst("the slowest gelu", gelu, _time, 2)
    yield from _worst("memory of pooling beyond its results, MiB", forward + backward, _beyond, 1)
    yield from _worst("memory of batch_norm as a multiple of its results", norm, lambda r: r.peak / r.output, 1.1)


def _of(results: Sequence[Result], group: str | None = None, dtype: str | None = None) -> list[Result]:
    return [r for r in results if group in (None, r.group) and dtype in (None, r.dtype)]


def _worst(what: str, rows: list[Result], size: Callable[[Result], float], most: float) -> Iterator[Aim]:
    if rows:
        worst = max(rows, key=size)
        yield Aim(f"{what} ({worst.name}, {worst.dtype})", size(worst), most)


def _time(result: Result) -> float:
    return result.ratio.median


def _beyond(result: Result) -> float:
    return (result.peak - result.output) / MIB
