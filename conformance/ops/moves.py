"""Laws of operators on images: what moves with the batch, the channels, the layout, the windows.

They are about operators with arrays of images, whose layout `data_format` says (or else it is NCL, NCHW or NCDHW), and
about arrays of as many numbers as there are channels.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refimpl
from conformance.law import Arguments, Ball, Law, Seen
from conformance.ops.laws import Calls, gridded, of, power, tamed, then
from refimpl.pooling.geometry import FIRST, LAST, Axis, fixed

Array = NDArray[Any]


def _layout(arguments: Arguments) -> str:
    ndim = arguments["x"].ndim
    return str(arguments.get("data_format") or FIRST[ndim - 2])


def _last(arguments: Arguments) -> bool:
    """Whether channels come last."""
    return _layout(arguments)[1] != "C"


def _spatial(arguments: Arguments) -> range:
    """The axes between batch and channel, or behind both."""
    ndim = arguments["x"].ndim
    return range(1, ndim - 1) if _last(arguments) else range(2, ndim)


def _axes(arguments: Arguments) -> tuple[Axis, ...] | None:
    """The windows along each axis; none where no window fits."""
    kernel, stride, padding, ceil_mode = (arguments[k] for k in ("kernel_size", "stride", "padding", "ceil_mode"))
    try:
        return fixed(arguments["x"].shape, kernel, stride, padding, ceil_mode, _layout(arguments)).axes
    except ValueError:
        return None


def _numbers(value: Any, arguments: Arguments) -> list[Any]:
    """A number for each axis."""
    return list(value) if isinstance(value, (list, tuple)) else [value] * len(_spatial(arguments))


def general(axes: int, most: int) -> tuple[Law, ...]:
    """What holds of all pooling along so many axes; along `most` there are operators."""
    return PERMUTED, MIRRORED, *((HIGHER,) if axes < most else ())


# --- batch and channels


def _rolled(value: Any, arguments: Arguments, number: int) -> Any:
    """Images with the batch and the channels moved on; numbers of channels, these."""
    channel = arguments["x"].ndim - 1 if _last(arguments) else 1
    if value.ndim > 1:
        return np.roll(value, (1 + number % 2, 1 + number // 2), (0, channel))
    return np.roll(value, 1 + number // 2) if value.ndim else value


def _permute(arguments: Arguments, number: int) -> Arguments:
    return {n: _rolled(v, arguments, number) for n, v in arguments.items() if isinstance(v, np.ndarray)}


def _permuted(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    first = seen[0]
    return {n: ball.at(lambda v: _rolled(v, first.arguments, number)) for n, ball in first.outputs.items()}


PERMUTED = Law("f(batch and channels moved on) = f(x), moved on", then(_permute), _permuted)


def _next_batch(value: Array, number: int) -> Array:
    return np.roll(value, 1 + number, 0) if value.ndim > 1 else value


BATCH = Law(
    "f(batch moved on) = f(x), moved on",
    then(lambda a, n: {name: _next_batch(v, n) for name, v in a.items() if isinstance(v, np.ndarray)}),
    of(lambda first, n: first.out.at(lambda out: _next_batch(out, n))),
)

# --- layouts


def _other_layout(arguments: Arguments, number: int) -> Arguments | None:
    """The same images with their channels at the other end."""
    x = arguments["x"]
    if "data_format" not in arguments or x.ndim < 3:
        return None
    last, padding = _last(arguments), arguments.get("padding")
    changed = {"x": _moved_channel(x, last), "data_format": (FIRST if last else LAST)[x.ndim - 2]}
    if isinstance(padding, list) and isinstance(padding[0], list):
        changed["padding"] = [[0, 0], [0, 0], *padding[1:-1]] if last else [[0, 0], *padding[2:], [0, 0]]
    return changed


def _moved_channel(x: Array, last: bool) -> Array:
    if x.ndim < 3:
        return x
    return np.ascontiguousarray(np.moveaxis(x, -1, 1) if last else np.moveaxis(x, 1, -1))


def _laid_out(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    last = _last(seen[0].arguments)
    return {n: ball.at(lambda v: _moved_channel(v, last)) for n, ball in seen[0].outputs.items()}


LAYOUT = Law("f(channels last) = f(channels first)", then(_other_layout), _laid_out)

# --- dimensions

_HIGHER = {"NC": "NCL", "NCL": "NCHW", "NLC": "NHWC", "NCHW": "NCDHW", "NHWC": "NDHWC"}


def _higher(name: str, arguments: Arguments, number: int) -> Calls | None:
    """The same images with one more axis, of length 1, before the others; windows have one cell along it."""
    layout = _layout(arguments) if arguments["x"].ndim > 2 else "NC"
    other = name.replace(f"{arguments['x'].ndim - 2}d", f"{arguments['x'].ndim - 1}d")
    if layout not in _HIGHER or not hasattr(refimpl, other):
        return None
    changed = {**arguments, "x": np.expand_dims(arguments["x"], _first(arguments))}
    for key in ("kernel_size", "stride", "output_size"):
        if arguments.get(key) is not None:
            changed[key] = [1, *_numbers(arguments[key], arguments)]
    if "padding" in arguments and not isinstance(arguments["padding"], str):
        axes = _axes(arguments)
        assert axes is not None
        changed["padding"] = [0, 0, *(side for axis in axes for side in (axis.before, axis.after))]
    if "data_format" in inspect.signature(getattr(refimpl, other)).parameters:
        changed["data_format"] = _HIGHER[layout]
    return [(name, arguments), (other, changed)]


def _first(arguments: Arguments) -> int:
    """The first axis between batch and channel, or where it would be."""
    return 1 if arguments["x"].ndim > 2 and _last(arguments) else 2


def _lifted(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    axis = _first(seen[0].arguments)
    return {n: ball.at(lambda v: np.expand_dims(v, axis) if v.ndim > 1 else v) for n, ball in seen[0].outputs.items()}


HIGHER = Law("f(x with an axis of length 1 more) = f(x), with that axis", _higher, _lifted)

# --- windows


def _stride(arguments: Arguments, number: int) -> tuple[int, int]:
    """One of the axes of windows, and the stride along it."""
    place = number % len(_spatial(arguments))
    stride = arguments["kernel_size"] if arguments["stride"] is None else arguments["stride"]
    return place, _numbers(stride, arguments)[place]


def _behind(x: Array, count: int, axis: int) -> Array:
    """x without its first cells along an axis."""
    return x[(slice(None),) * axis + (slice(count, None),)]


def _cropped(arguments: Arguments, number: int) -> Arguments | None:
    """x without the cells of one stride; none where windows do not lie as before, but for the first."""
    (place, stride), axes = _stride(arguments, number), _axes(arguments)
    axis = _spatial(arguments)[place]
    changed = {"x": _behind(arguments["x"], stride, axis)}
    if axes is None or not changed["x"].size or (fewer := _axes({**arguments, **changed})) is None:
        return None
    one, other = axes[place], fewer[place]
    same = (one.before, one.after) == (other.before, other.after) and len(one) == len(other) + 1
    return changed if same and len(other) > -(-one.before // stride) else None


def _translated(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    """Windows that reach into the padding before x had real cells there."""
    first, axes = seen[0], _axes(seen[0].arguments)
    assert axes is not None
    place, stride = _stride(first.arguments, number)
    axis, reaching = _spatial(first.arguments)[place], -(-axes[place].before // stride)
    out = first.out.at(lambda v: _behind(v, 1, axis))
    known = np.arange(out.value.shape[axis]) >= reaching
    known = known.reshape([-1 if n == axis else 1 for n in range(out.value.ndim)])
    return {"out": replace(out, radius=np.where(known, out.radius, np.inf))}


TRANSLATED = Law("f(x less one stride) = f(x) less one window", then(_cropped), _translated)


def _mirrored_axes(arguments: Arguments) -> tuple[int, ...]:
    """The axes along which windows lie alike from both ends; those of adaptive pooling always do."""
    if "kernel_size" not in arguments:
        return tuple(_spatial(arguments))
    pairs = zip(_spatial(arguments), _axes(arguments) or (), strict=False)
    return tuple(at for at, a in pairs if a.before == a.after and a.span == (-a.before, a.length + a.after))


def _mirror(arguments: Arguments, number: int) -> Arguments | None:
    axes = _mirrored_axes(arguments)
    return {"x": np.flip(arguments["x"], axes).copy()} if axes else None


MIRRORED = Law(
    "f(mirrored x) = mirrored f(x)",
    then(_mirror),
    of(lambda first, n: first.out.at(lambda out: np.flip(out, _mirrored_axes(first.arguments)))),
)


def _single(name: str, arguments: Arguments, number: int) -> Calls:
    """One call, of windows that are cells; or as many windows as there are cells."""
    if "output_size" in arguments:
        size = [arguments["x"].shape[axis] for axis in _spatial(arguments)]
        return [(name, {**arguments, "output_size": size if len(size) > 1 else size[0]})]
    plain = {"kernel_size": 1, "stride": None, "padding": 0, "ceil_mode": False}
    plain |= {"divisor_override": None} if "divisor_override" in arguments else {}
    return [(name, {**arguments, **plain})]


CELLS = Law("f(x) = x if every window is a cell", _single, of(lambda first, n: Ball(first.arguments["x"], 0.0)))


def _summands(name: str, arguments: Arguments, number: int) -> Calls:
    x = tamed(arguments["x"])
    z = np.roll(x.reshape(-1), 1 + number).reshape(x.shape)
    return [(name, {**arguments, "x": value}) for value in (x, z, x + z)]


def _added(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    """x + z is rounded: by at most what the bound of its average allows each of its terms."""
    one, other, total = (call.out for call in seen)
    return {"out": one + other + Ball(np.zeros_like(total.value), total.radius)}


ADDITIVE = Law("f(x + z) = f(x) + f(z)", _summands, _added)

# --- normalised by batch or by running statistics


def _shift(arguments: Arguments, number: int) -> Arguments:
    return {name: arguments[name] + arguments[name].dtype.type(1 + number) for name in ("x", "running_mean")}


def _shifted(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    outputs = seen[0].outputs
    return {**outputs, "running_mean": outputs["running_mean"] + (1.0 + number)}


SHIFTED = Law(
    "f(x + c, mean + c) = f(x, mean)",
    then(_shift, lambda a, n: {name: gridded(a[name]) for name in ("x", "running_mean")}),
    _shifted,
)

_SQUARES = {"running_var": 2, "x": 1, "running_mean": 1}


def _scale(arguments: Arguments, number: int) -> Arguments:
    """epsilon becomes smaller, as it may; it is multiplied as variances are."""
    factor = 0.5 ** (1 + number % 3)
    scaled = {name: arguments[name] * arguments[name].dtype.type(factor**n) for name, n in _SQUARES.items()}
    return scaled | {"epsilon": arguments["epsilon"] * factor**2}


def _scaled(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    factor = 0.5 ** (1 + number % 3)
    return {n: ball * (factor ** _SQUARES.get(n, 0)) for n, ball in seen[0].outputs.items()}


SCALED = Law(
    "f(2^k x, 4^k epsilon) = f(x, epsilon)",
    then(_scale, lambda a, n: {name: tamed(a[name]) for name in _SQUARES}),
    _scaled,
    exact=True,
)


def _weigh(arguments: Arguments, number: int) -> Arguments | None:
    given = [name for name in ("weight", "bias") if arguments[name] is not None]
    return {name: arguments[name] * arguments[name].dtype.type(power(number)) for name in given} if given else None


WEIGHED = Law(
    "f(2^k weight, 2^k bias) = 2^k f(weight, bias)",
    then(
        lambda a, n: _weigh(a, n) if a["weight"] is not None else None,
        lambda a, n: {"x": tamed(a["x"]), **{k: tamed(a[k]) for k in ("weight", "bias") if a[k] is not None}},
    ),
    of(lambda first, n: first.out * power(n)),
    exact=True,
)
