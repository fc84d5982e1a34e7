"""How far a careful batch normalisation may be from the exact one.

Notation, per channel: n values x with mean m and biased variance v; s = v + epsilon, r = 1/sqrt(s), h = (x - m) r, a
= r * weight, y = h * weight + bias. Everything to first order in u, except where a first-order term can be large.

- mean: n-1 additions and a division: |dm| <= n u mean|x|.
- variance, two passes around the computed mean: it is off by dm**2 (the mean square is smallest around the true
  mean), and every term has a subtraction, a square, n-1 additions and a division: |dv| <= dm**2 + (n+3) u (v + dm**2).
- r: with q = |dv| / s it is off by q/2 relatively, by q/2 / (1-q) beyond first order, and by the addition of
  epsilon, the root and the division: dr/r <= q/2/(1-q) + 3u. Where q nears 1 no digit of s is left; but a mean of
  squares is never negative, so that r comes out as 1/sqrt(epsilon) at most, and dr/r <= sqrt(s/epsilon).
- y as (x - m) * a + bias, or as x * a + (bias - m * a), which many kernels prefer because it is one multiplication
  and one addition an element: the second rounds products of the size of |x a| and |m a|. This is the factor
  |mean|/sigma: |dy| <= |a| dm + |h w| (dr/r + 2u) + u (2|x a| + 3|m a| + 2|bias| + |y|), where a is the computed one,
  up to (1 + dr/r) times the exact one. Where a itself is subnormal its rounding, t, counts t (|x| + |m|).
- gradients in training, with g the cotangent, G = mean(g), P = mean(g h): dx = a (g - G - h P), dweight = sum(g h),
  dbias = sum(g); each sum has its (n+1) u, and h carries its own error dh = |r| dm + |h| (dr/r + 2u) + 2 u r (|x| +
  |m|), again with the computed r, and a product of two errors where dh can be large.
- in the subnormal range every rounding is off by up to t, half of the smallest number; what is multiplied by r or a
  afterwards, as the sum of g (x - m) by r, carries that many times t. That sum may also come from means, n times
  mean(g x) - mean(g) mean(x): then n products, a division and another product, 3 n t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge.bounds import Facts, Row, Rows

Array = NDArray[Any]


@dataclass(frozen=True)
class Moments:
    """The exact quantities of a channel, shaped to broadcast against x, and the errors of the computed ones."""

    axes: tuple[int, ...]
    count: int
    x: Array
    weight: Any
    bias: Any
    mean: Array
    variance: Array
    scale: Array  # r
    mean_error: Array  # dm
    variance_error: Array  # dv
    scale_error: Array  # dr/r

    @property
    def normalised(self) -> Array:
        return (self.x - self.mean) * self.scale

    @property
    def largest_scale(self) -> Array:
        """The largest r that may be computed."""
        return self.scale * (1 + self.scale_error)

    @property
    def magnitude(self) -> Array:
        return np.abs(self.x) + np.abs(self.mean)

    def normalised_error(self, f: Facts) -> Array:
        shift = self.mean_error + 2 * f.unit * self.magnitude
        return self.largest_scale * shift + np.abs(self.normalised) * (self.scale_error + 2 * f.unit) + f.tiny


def batch_statistics(f: Facts) -> bool:
    """Whether a call normalises by the statistics of the batch (and not by the running ones)."""
    use_global = f.arguments.get("use_global_stats")
    return bool(f.arguments["training"]) if use_global is None else not use_global


def moments(f: Facts) -> Moments:
    x = f.arguments["x"]
    channel = x.ndim - 1 if f.arguments["data_format"] in ("NLC", "NHWC", "NDHWC") and x.ndim > 2 else 1
    axes = tuple(i for i in range(x.ndim) if i != channel)
    shape = tuple(n if i == channel else 1 for i, n in enumerate(x.shape))

    def along_channel(name: str, default: float) -> Any:
        value = f.arguments.get(name)
        return default if value is None else value.reshape(shape)

    count, u = x.size // max(x.shape[channel], 1), f.unit
    if batch_statistics(f):
        mean = x.mean(axes, keepdims=True)
        variance = np.square(x - mean).mean(axes, keepdims=True)
        mean_error = count * (u * np.abs(x).mean(axes, keepdims=True) + f.tiny)
        variance_error = mean_error**2 + (count + 3) * (u * (variance + mean_error**2) + f.tiny)
    else:
        mean, variance = along_channel("running_mean", 0.0), along_channel("running_var", 1.0)
        mean_error = variance_error = np.zeros(shape)
    total = variance + f.arguments["epsilon"]
    lost = variance_error / total
    near = np.where(lost < 1, lost / 2 / (1 - lost), np.inf)
    scale_error = np.minimum(near, np.sqrt(total / f.arguments["epsilon"])) + 3 * u
    return Moments(
        axes, count, x, along_channel("weight", 1.0), along_channel("bias", 0.0), mean, variance,
        1 / np.sqrt(total), mean_error, variance_error, scale_error,
    )  # fmt: skip


def _out(f: Facts) -> Array:
    m, u = moments(f), f.unit
    a = np.abs(m.largest_scale * m.weight)
    products = 2 * np.abs(m.x) * a + 3 * np.abs(m.mean) * a + 2 * np.abs(m.bias) + np.abs(f.expected)
    scaled = a * m.mean_error + np.abs(m.normalised * m.weight) * (m.scale_error + 2 * u)
    return scaled + u * products + f.tiny * (8 + m.magnitude)


def _running(f: Facts, name: str, batch: Any, batch_error: Any) -> Any:
    momentum = f.arguments["momentum"]
    kept = np.abs(momentum * f.arguments[name])
    batch, batch_error = (np.broadcast_to(v.ravel(), f.expected.shape) for v in (np.abs(batch), batch_error))
    fresh = abs(1 - momentum) * (batch_error + 3 * f.unit * batch) + f.unit * momentum * batch
    return 3 * f.unit * kept + fresh + f.rounding(1, f.expected) + 4 * f.tiny


def _running_mean(f: Facts) -> Any:
    if not batch_statistics(f):
        return 0.0
    m = moments(f)
    return _running(f, "running_mean", m.mean, m.mean_error)


def _running_var(f: Facts) -> Any:
    if not batch_statistics(f):
        return 0.0
    m = moments(f)
    return _running(f, "running_var", m.variance, m.variance_error)


def _bias_gradient(f: Facts) -> Array:
    m = moments(f)
    return (m.count + 1) * (f.unit * np.abs(f.cotangent).sum(m.axes) + f.tiny)


def _weight_gradient(f: Facts) -> Array:
    m, u = moments(f), f.unit
    g = np.abs(f.cotangent)
    carried = (g * m.normalised_error(f)).sum(m.axes)
    smallest = (3 * m.count + 2) * f.tiny * np.maximum(m.largest_scale, 1).ravel()
    return carried + (m.count + 2) * u * (g * np.abs(m.normalised)).sum(m.axes) + smallest


def _x_gradient(f: Facts) -> Array:
    m, u = moments(f), f.unit
    g, h = f.cotangent, m.normalised
    a = np.abs(m.largest_scale * m.weight)
    if not batch_statistics(f):
        return np.abs(f.expected) * (m.scale_error + 3 * u) + f.tiny * (4 + np.abs(g))
    sums = (m.count + 2) * u
    dh = m.normalised_error(f)
    mean_g, mean_abs = g.mean(m.axes, keepdims=True), np.abs(g).mean(m.axes, keepdims=True)
    product = (g * h).mean(m.axes, keepdims=True)
    product_error = (np.abs(g) * (dh + sums * np.abs(h))).mean(m.axes, keepdims=True)
    product_error = product_error + 4 * f.tiny * np.maximum(m.largest_scale, 1)
    inner = sums * mean_abs + dh * np.abs(product) + (np.abs(h) + dh) * product_error
    terms = np.abs(g) + np.abs(mean_g) + np.abs(h * product)
    within = a * (inner + 4 * u * terms + 8 * f.tiny)
    return within + np.abs(f.expected) * (m.scale_error + 2 * u) + f.tiny * (8 + terms)


def single_attributes(f: Facts) -> Any:
    """What float32 copies change: of epsilon, dr/r = 2**-24 epsilon / (2s); of momentum, 2**-24 (|old| + |new|)."""
    m, single = moments(f), 2.0**-24
    q = single * f.arguments["epsilon"] * m.scale**2 / 2
    if f.cotangent is not None:
        g, h = f.cotangent, m.normalised
        if f.name == "x" and not batch_statistics(f):
            return q * np.abs(f.expected)
        if f.name == "x":
            product = (np.abs(g) * np.abs(h)).mean(m.axes, keepdims=True)
            return q * (np.abs(f.expected) + 2 * np.abs(m.scale * m.weight * h) * product)
        return (q * np.abs(g * h)).sum(m.axes) if f.name == "weight" else 0.0
    if f.name == "out":
        return np.abs(m.normalised * m.weight) * q
    batch = m.mean if f.name == "running_mean" else m.variance
    return single * f.arguments["momentum"] * (np.abs(f.arguments[f.name]) + np.abs(batch).ravel())


def single_complement(f: Facts) -> Any:
    """What 1 - momentum in float32 changes: 2**-24 of its product with the new statistic."""
    if not f.name.startswith("running_"):
        return 0.0
    m = moments(f)
    batch = m.mean if f.name == "running_mean" else m.variance
    return 2.0**-24 * np.abs(1 - f.arguments["momentum"]) * np.abs(batch).ravel()


def updated(f: Facts) -> Any:
    """The running statistics of a call in evaluation, updated with those of the batch as if it trained."""
    if not f.name.startswith("running_") or f.arguments["training"] or not batch_statistics(f):
        return 0.0
    m = moments(f)
    batch, error = (m.mean, m.mean_error) if f.name == "running_mean" else (m.variance, m.variance_error)
    apart = np.abs(1 - f.arguments["momentum"]) * np.abs(batch.ravel() - f.arguments[f.name])
    reach = apart + _running(f, f.name, batch, error)
    return np.where(np.isfinite(reach), reach, np.inf)


def overflow(f: Facts) -> Any:
    """Nothing is claimed of channels in which a sum overflows, or a product of the formula that saves a subtraction."""
    m = moments(f)
    scale, apart = m.largest_scale * np.maximum(np.abs(m.weight), 1), np.abs(m.x - m.mean)
    terms = [(np.abs(m.x) + np.abs(m.mean)) * scale]
    if batch_statistics(f):
        terms += [m.count * np.abs(m.x), m.count * np.square(apart)]
    if f.cotangent is not None:
        terms += [np.abs(f.cotangent).sum(m.axes, keepdims=True) * apart * np.maximum(m.largest_scale, 1)]
    reached = np.max([np.broadcast_to(t, m.x.shape).max(m.axes, keepdims=True) for t in terms], axis=0)
    lost = np.where(reached >= f.largest * (1 - (m.count + 3) * f.unit), np.inf, 0.0)
    return lost if f.name in ("out", "x") else lost.ravel()


def other_statistics(f: Facts) -> Any:
    """Nothing is claimed of the gradients that depend on the statistics, in evaluation by those of the batch."""
    evaluated = batch_statistics(f) and not f.arguments["training"]
    return np.inf if evaluated and f.name != "bias" else 0.0


def infinite_cotangent(f: Facts) -> Any:
    """Nothing is claimed of channels whose cotangent is not finite."""
    m = moments(f)
    lost = np.where(np.isfinite(f.cotangent).all(m.axes, keepdims=True), 0.0, np.inf)
    return lost if f.name == "x" else lost.ravel()


def lone_parameter(f: Facts) -> Any:
    """Nothing is claimed of the gradient of a weight without bias, or of a bias without weight."""
    lone = (f.arguments["weight"] is None) != (f.arguments["bias"] is None)
    return np.inf if lone and f.name in ("weight", "bias") else 0.0


ROWS = Rows(
    {
        "out": Row(_out, "mean and two-pass variance, then x*a + (bias - mean*a): grows with n and with |mean|/sigma"),
        "running_mean": Row(
            _running_mean, "the batch mean's error times 1-momentum, and momentum rounded to the dtype"
        ),
        "running_var": Row(
            _running_var, "the batch variance's error times 1-momentum, and momentum rounded to the dtype"
        ),
    },
    {
        "x": Row(_x_gradient, "a (g - G - h P): three sums of n terms, and h with the error of the forward pass"),
        "weight": Row(_weight_gradient, "a sum of n products g h, and h with the error of the forward pass"),
        "bias": Row(_bias_gradient, "a sum of n terms"),
    },
)
