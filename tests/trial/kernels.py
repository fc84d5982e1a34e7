"""Careful kernels that round every operation to the dtype of their input, as a framework's do.

They are written down here once more, plainly, so that the bounds are tried by something other than the references.
Where a kernel may choose the order of a sum, or a product over a division, there is one of each.
"""

from __future__ import annotations

import numpy as np

from tests.trial.planted import Careful, operator_of, pooled


def _sum(values, axis):
    """One addition after the other."""
    return np.add.accumulate(values, axis=axis, dtype=values.dtype).take(-1, axis=axis)


def _pairwise(values, axis):
    """By halves."""
    values = np.moveaxis(values, axis, 0)
    while len(values) > 1:
        half = len(values) // 2
        values = np.concatenate([values[:half] + values[half : 2 * half], values[2 * half :]])
    return values[0]


class Plain(Careful):
    """Sums from the front, divisions where the formula has them."""

    total = staticmethod(_sum)

    def divided(self, values, by):
        return values / by

    def outputs(self, call, arguments):
        return getattr(self, operator_of(call).name)(call, **arguments)

    def gradients(self, call, cotangent, arguments):
        gradients = getattr(self, operator_of(call).name + "_vjp")(call, cotangent, **arguments)
        return {name: gradients[name] for name in call.wanted_gradients}

    # --- activation

    def relu(self, call, x):
        return {"out": np.maximum(x, 0)}

    def relu_vjp(self, call, g, x):
        return {"x": np.where(np.isnan(x), x, g * (x > 0))}

    def sigmoid(self, call, x):
        return {
            "out": np.where(
                x < 0, self.divided(np.exp(x), 1 + np.exp(x)), self.divided(x.dtype.type(1), 1 + np.exp(-x))
            )
        }

    def sigmoid_vjp(self, call, g, x):
        t = np.exp(-np.abs(x))
        return {"x": g * self.divided(t, (1 + t) * (1 + t))}

    # --- dropout

    def dropout(self, call, x, p, axis, training, mode):
        upscale, kept = mode == "upscale_in_train", operator_of(call).noise_of(call).get("mask", True)
        if not training:
            return {"out": x if upscale else x * (1 - x.dtype.type(p))}
        if p in (0, 1):
            return {"out": np.zeros_like(x) if p else x}
        return {"out": np.where(kept, self.divided(x, 1 - x.dtype.type(p)) if upscale else x, x.dtype.type(0))}

    def dropout_vjp(self, call, g, x, **options):
        return {"x": self.dropout(call, g, **options)["out"]}

    # --- pooling

    def _windows(self, x, arguments, shape):
        for window in pooled({"x": x, **arguments}, shape):
            divisor = arguments["divisor_override"] or (window.real if arguments["exclusive"] else window.size)
            yield window, x.dtype.type(divisor)

    def avg_pool2d(self, call, x, **arguments):
        out = np.empty_like(operator_of(call).reference(call, {"x": x, **arguments})["out"])
        for window, divisor in self._windows(x, arguments, out.shape):
            cells = _by_window(x[window.cells], arguments)
            out[window.place] = self.divided(self.total(cells, -1), divisor)
        return {"out": out}

    def avg_pool2d_vjp(self, call, g, x, **arguments):
        gradient = np.zeros_like(x)
        for window, divisor in self._windows(x, arguments, g.shape):
            gradient[window.cells] += np.expand_dims(self.divided(g[window.place], divisor), _plane(arguments))
        return {"x": gradient}

    def max_pool2d(self, call, x, **arguments):
        right = operator_of(call).reference(call, {"x": x, **arguments})
        for window in pooled({"x": x, **arguments}, right["out"].shape):
            right["out"][window.place] = _by_window(x[window.cells], arguments).max(-1)
        return right

    def max_pool2d_vjp(self, call, g, x, **arguments):
        gradient = np.zeros_like(x)
        for window in pooled({"x": x, **arguments}, g.shape):
            cells = _by_window(x[window.cells], arguments)
            first = np.arange(cells.shape[-1]) == cells.argmax(-1)[..., None]
            share = np.where(first, g[window.place][..., None], 0)
            gradient[window.cells] += _by_image(share, x[window.cells].shape, arguments)
        return {"x": gradient}

    # --- batch_norm

    def batch_norm(self, call, **arguments):
        x, mean, variance, by_channel = self._statistics(arguments)
        out = self.affine(x, mean, self._inverse(variance, arguments), by_channel)
        state = {name: arguments[name] for name in call.updates}
        if arguments["training"] and _of_batch(arguments):
            kept = x.dtype.type(arguments["momentum"])
            fresh = {"running_mean": mean.ravel(), "running_var": variance.ravel()}
            state = {name: state[name] * kept + fresh[name] * (1 - kept) for name in state}
        return {"out": out, **state}

    def batch_norm_vjp(self, call, g, **arguments):
        x, mean, variance, by_channel = self._statistics(arguments)
        axes, inverse = _others(arguments), self._inverse(variance, arguments)
        hat = (x - mean) * inverse
        by_bias, by_weight = self._over(g, axes), self._over(g * hat, axes)
        factor = inverse * by_channel("weight", 1)
        by_x = g * factor
        if _of_batch(arguments):
            count = x.dtype.type(x.size // mean.size)
            by_x = factor * (g - self.divided(by_bias, count) - hat * self.divided(by_weight, count))
        return {"x": by_x, "weight": by_weight.ravel(), "bias": by_bias.ravel()}

    def affine(self, x, mean, inverse, by_channel):
        return (x - mean) * (inverse * by_channel("weight", 1)) + by_channel("bias", 0)

    def _statistics(self, arguments):
        x, axes = arguments["x"], _others(arguments)
        shape = [1 if axis in axes else n for axis, n in enumerate(x.shape)]

        def by_channel(name, default):
            value = arguments[name]
            return x.dtype.type(default) if value is None else value.reshape(shape)

        if not _of_batch(arguments):
            return x, by_channel("running_mean", 0), by_channel("running_var", 1), by_channel
        count = x.dtype.type(x.size // np.prod(shape))
        mean = self.divided(self._over(x, axes), count)
        deviations = x - mean
        return x, mean, self.divided(self._over(deviations * deviations, axes), count), by_channel

    def _inverse(self, variance, arguments):
        one = variance.dtype.type(1)
        return one / np.sqrt(variance + variance.dtype.type(arguments["epsilon"]))

    def _over(self, values, axes):
        """The sum over axes, which stay with length 1."""
        moved = np.moveaxis(values, axes, range(-len(axes), 0))
        channels = moved.shape[0]
        total = self.total(moved.reshape(channels, -1), -1)
        return total.reshape([1 if axis in axes else n for axis, n in enumerate(values.shape)])


class Hasty(Plain):
    """Sums by halves, reciprocals in the place of divisions, and x * a + (bias - mean * a)."""

    total = staticmethod(_pairwise)

    def divided(self, values, by):
        return values * (values.dtype.type(1) / by)

    def affine(self, x, mean, inverse, by_channel):
        factor = inverse * by_channel("weight", 1)
        return x * factor + (by_channel("bias", 0) - mean * factor)


def _others(arguments):
    """The axes that are no channels."""
    x = arguments["x"]
    channel = x.ndim - 1 if arguments["data_format"][-1] == "C" and x.ndim > 2 else 1
    return tuple(axis for axis in range(x.ndim) if axis != channel)


def _of_batch(arguments):
    chosen = arguments["use_global_stats"]
    return arguments["training"] if chosen is None else not chosen


def _plane(arguments):
    return (1, 2) if arguments["data_format"][-1] == "C" else (2, 3)


def _by_window(cells, arguments):
    """The cells of a window in one last axis, in row-major order."""
    moved = np.moveaxis(cells, _plane(arguments), (2, 3))
    return moved.reshape(*moved.shape[:2], -1)


def _by_image(cells, shape, arguments):
    """The inverse of `_by_window`."""
    plane = [shape[axis] for axis in _plane(arguments)]
    return np.moveaxis(cells.reshape(*cells.shape[:2], *plane), (2, 3), _plane(arguments))
