"""Subjects that break one law each, and are right in all else."""

import numpy as np

from tests.trial.planted import Careful, operator_of


def _like(out, value):
    return {"out": value.astype(out.dtype)}


class Changed(Careful):
    """The right output, changed by `spoil`."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments)
        return right | _like(right["out"], self.spoil(right["out"], **arguments))


class FirstCellOff(Changed):
    """Wrong by place, not by value."""

    def spoil(self, out, **arguments):
        out = out.copy()
        out.reshape(-1)[:1] *= 1 + 2.0**-10
        return out


class NegativesOff(Changed):
    """A table for one half of the line, another for the other."""

    def spoil(self, out, x, **arguments):
        return np.where(x < 0, out * (1 + 2.0**-10) - 2.0**-10, out)


class AddsALittle(Changed):
    """A guard against division by zero where none is needed."""

    def spoil(self, out, **arguments):
        return out + 2.0**-10


class TurnsBack(Changed):
    """Falls where it has come near 0."""

    def spoil(self, out, **arguments):
        return np.where(out > -0.25, -0.5 - out, out)


class WrongByAnotherName(Changed):
    """One of two operators that should give the same, or the higher of two dimensions."""

    def __init__(self, name):
        self.name = name

    def outputs(self, call, arguments):
        return super().outputs(call, arguments) if operator_of(call).name == self.name else self._right(call, arguments)

    def _right(self, call, arguments):
        return Careful.outputs(self, call, arguments)

    def spoil(self, out, **arguments):
        return out * (1 + 2.0**-10)


class PlainExponentials(Changed):
    """e^x / sum(e^x) without subtracting the maximum."""

    def spoil(self, out, x, axis):
        power = np.exp(x.astype(np.float32))
        return power / power.sum(axis if x.ndim else None, keepdims=True)


class LeavesRoom(Changed):
    """Shares of a little more than there is."""

    def spoil(self, out, **arguments):
        return out / (1 + 2.0**-10)


class AlwaysTheLastAxis(Careful):
    """Along the last axis, whichever is wanted."""

    def outputs(self, call, arguments):
        return super().outputs(call, arguments | {"axis": -1})


class FirstChannelForAll(Changed):
    """The images of the first of the batch, in every place."""

    def spoil(self, out, **arguments):
        return np.broadcast_to(out[:1], out.shape)


class LastAsIfFirst(Changed):
    """Wrong where the channels come last."""

    def spoil(self, out, data_format, **arguments):
        return out * (1.5 if data_format[1] != "C" else 1)


class FadesAlongTheAxis(Changed):
    """Windows weigh the less the later they come."""

    def spoil(self, out, **arguments):
        axis = 1 if arguments.get("data_format", "NC")[1] != "C" else 2
        ramp = 1 - np.arange(out.shape[axis]) / 64
        return out * ramp.reshape([-1 if n == axis else 1 for n in range(out.ndim)])


class Squares(Changed):
    """What is added is no longer what it was."""

    def spoil(self, out, **arguments):
        return out * np.abs(out)


class NaiveVariance(Changed):
    """mean(x^2) - mean(x)^2, which cancels where the mean is large."""

    def spoil(self, out, x, running_mean, running_var, weight, bias, epsilon, **arguments):
        mean = x.mean(0, keepdims=True, dtype=x.dtype)
        variance = np.maximum((x * x).mean(0, keepdims=True, dtype=x.dtype) - mean * mean, 0)
        return (x - mean) / np.sqrt(variance + x.dtype.type(epsilon)) if arguments["training"] else out


class EpsilonOfItsOwn(Careful):
    """The default, whatever is asked for."""

    def outputs(self, call, arguments):
        return super().outputs(call, arguments | {"epsilon": 1e-5})


class WeightsOfOneAtMost(Careful):
    """A weight that was meant to be a share."""

    def outputs(self, call, arguments):
        weight = arguments["weight"]
        return super().outputs(call, arguments | {"weight": weight if weight is None else np.minimum(weight, 1)})
