"""Subjects that answer as Paddle does, computed by the references in the dtype under test, with one fault planted."""

from __future__ import annotations

import os
import signal
import time
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from conformance.call import Answer
from conformance.floats import BFLOAT16, of_numpy
from conformance.ops import OPERATORS
from refimpl.random import Generator


def operator_of(call):
    """The declaration behind a call."""
    return OPERATORS[call.api.rpartition(".")[2]]


class Careful:
    """No fault at all. A fault overrides `outputs` or `gradients`, which are the reference in the call's own dtype."""

    def has(self, api, layer):
        return True

    def outputs(self, call, arguments):
        """The outputs by name, and the new values of the arguments that the call updates."""
        return operator_of(call).reference(call, arguments)

    def gradients(self, call, cotangent, arguments):
        """The gradients by the name of the argument."""
        return operator_of(call).reference_gradients(call, cotangent, arguments)

    def forward(self, call):
        try:
            with np.errstate(all="ignore"):
                outputs = _in_dtype(call, self.outputs(call, _copied(call.arguments)))
        except Exception as error:
            return Answer({}, error)
        names = operator_of(call).outputs
        return Answer({str(names.index(n)) if n in names else n: value for n, value in outputs.items()})

    def gradient(self, call, cotangent):
        try:
            with np.errstate(all="ignore"):
                gradients = self.gradients(call, of_numpy(cotangent).copy(), _copied(call.arguments))
                return Answer(_in_dtype(call, gradients))
        except Exception as error:
            return Answer({}, error)

    def script(self, steps):
        """Only what shows that the random generator is the known one: seed it, and peek at its next number."""
        return [Answer({"next": Generator(seeding.seed).uniform((1,))}) for seeding in steps if seeding.kind == "seed"]

    def steps(self, call, inputs, training):
        state, answers = _copied(call.arguments), []
        for x, trains in zip(inputs, training, strict=True):
            outputs = self.outputs(call, state | {"x": x.copy(), "training": trains})
            state |= {name: outputs[name] for name in call.updates}
            kept = {key: state[argument] for key, argument in call.layer.state.items()}
            answers.append(Answer({"0": outputs["out"]} | kept))
        return answers


def _copied(arguments):
    return {n: of_numpy(v).copy() if isinstance(v, np.ndarray) else v for n, v in arguments.items()}


def _in_dtype(call, arrays):
    """bfloat16 is computed in float32 and rounded."""
    if next(iter(call.arrays.values())).dtype != BFLOAT16:
        return arrays
    return {n: a.astype(BFLOAT16) if a.dtype == np.float32 else a for n, a in arrays.items()}


# --- dropout


class ScaledByTheWrongProbability(Careful):
    """x / p where it is x / (1 - p)."""

    def outputs(self, call, arguments):
        out, p = super().outputs(call, arguments)["out"], arguments["p"]
        if arguments["training"] and arguments["mode"] == "upscale_in_train" and 0 < p < 1:
            out = out * out.dtype.type((1 - p) / p)
        return {"out": out}


class BackwardWithoutItsMask(Careful):
    """The gradient reaches what was dropped."""

    def gradients(self, call, cotangent, arguments):
        return super().gradients(call, cotangent, arguments | {"training": False})


class DropsAFewMore(Careful):
    """A probability off by 2 %."""

    def outputs(self, call, arguments):
        return operator_of(call).reference(_with(call, p=min(1.0, arguments["p"] * 1.02)), arguments)


def _with(call, **changes):
    """The call with other arguments, from which a random operator takes its noise."""
    return type(call)(call.api, {**call.arguments, **changes}, call.differentiable, call.updates, call.layer, call.seed)


# --- batch_norm


def _axes(arguments):
    """The axes of x that are no channels, the shape of an array of channels, and the values of a channel."""
    x = arguments["x"]
    channel = x.ndim - 1 if arguments["data_format"][-1] == "C" and x.ndim > 2 else 1
    shape = [n if axis == channel else 1 for axis, n in enumerate(x.shape)]
    return tuple(a for a in range(x.ndim) if a != channel), shape, x.size // x.shape[channel]


def _of_batch(arguments):
    chosen = arguments["use_global_stats"]
    return arguments["training"] if chosen is None else not chosen


def _normalised(arguments):
    """(x - mean) / sqrt(var + epsilon), and weight / sqrt(var + epsilon)."""
    axes, shape, _ = _axes(arguments)
    x = arguments["x"].astype(np.float64)
    weight = 1 if arguments["weight"] is None else arguments["weight"].reshape(shape)
    inverse = 1 / np.sqrt(x.var(axes, keepdims=True) + arguments["epsilon"])
    return (x - x.mean(axes, keepdims=True)) * inverse, weight * inverse


class UnbiasedVariance(Careful):
    """Normalised by the sum of squares over n - 1."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments)
        _, shape, count = _axes(arguments)
        if not _of_batch(arguments) or count == 1:
            return right
        share = (count - 1) / count
        weight = arguments["weight"]
        weight = np.ones(max(shape), arguments["x"].dtype) if weight is None else weight
        changed = {"epsilon": arguments["epsilon"] * share, "weight": (weight * np.sqrt(share)).astype(weight.dtype)}
        return right | {"out": super().outputs(call, arguments | changed)["out"]}


class UnbiasedRunningVariance(Careful):
    """Right in the output, the sum of squares over n - 1 in the running variance."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments)
        count = _axes(arguments)[2]
        if not (_of_batch(arguments) and arguments["training"]) or count == 1:
            return right
        kept = arguments["momentum"] * arguments["running_var"]
        fresh = right["running_var"] - kept
        return right | {"running_var": (kept + fresh * count / (count - 1)).astype(kept.dtype)}


class MomentumReversed(Careful):
    """The convention of others: momentum weighs what is new."""

    def outputs(self, call, arguments):
        return super().outputs(call, arguments | {"momentum": 1 - arguments["momentum"]})


class GradientWithoutATerm(Careful):
    """dx without - xhat * mean(g * xhat)."""

    def gradients(self, call, cotangent, arguments):
        right = super().gradients(call, cotangent, arguments)
        if not _of_batch(arguments):
            return right
        normalised, factor = _normalised(arguments)
        lost = factor * normalised * (cotangent * normalised).mean(_axes(arguments)[0], keepdims=True)
        return right | {"x": (right["x"] + lost).astype(right["x"].dtype)}


class GradientOfWeightMissing(Careful):
    """None in the place of a gradient."""

    def gradients(self, call, cotangent, arguments):
        return {n: g for n, g in super().gradients(call, cotangent, arguments).items() if n != "weight"}


class UpdatesInEvaluation(Careful):
    """The running statistics move although nothing is trained."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments)
        trained = super().outputs(call, arguments | {"training": True, "use_global_stats": None})
        return right | {name: trained[name] for name in call.updates}


class StateOfAnotherShape(Careful):
    """The running mean grows an axis."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments | {"running_mean": arguments["running_mean"].reshape(-1)})
        return right | {"running_mean": right["running_mean"][None]}


# --- pooling


def _sides(padding, last, lengths, kernels, strides):
    """The padding before and after each axis."""
    if padding == "VALID":
        return [(0, 0)] * len(lengths)
    if padding == "SAME":
        totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(lengths, kernels, strides, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if isinstance(padding, int):
        return [(padding, padding)] * len(lengths)
    if isinstance(padding[0], list):
        return padding[1:-1] if last else padding[2:]
    return [(p, p) for p in padding] if len(padding) == len(lengths) else zip(padding[::2], padding[1::2], strict=True)


class Window(NamedTuple):
    """A window of a pooling call: its place in the output, its cells of x, how many it has with their padding."""

    place: tuple
    cells: tuple
    size: int
    real: int

    @property
    def padded(self):
        return self.real < self.size


def pooled(arguments, shape):
    """Every window of a pooling call whose output has this shape.

    Written down here once more, so that a fault does not depend on what it is planted in.
    """
    x, last = arguments["x"], arguments["data_format"][-1] == "C"
    lengths, counts = (x.shape[1:-1], shape[1:-1]) if last else (x.shape[2:], shape[2:])

    def by_axis(value):
        return [value] * len(lengths) if isinstance(value, int) else value

    kernels = by_axis(arguments["kernel_size"])
    strides = kernels if arguments["stride"] is None else by_axis(arguments["stride"])
    sides = list(_sides(arguments["padding"], last, lengths, kernels, strides))
    planes = (slice(None),) if last else (slice(None), slice(None))
    axes = list(zip(lengths, kernels, strides, sides, strict=True))
    for place in product(*map(range, counts)):
        spans = [
            (i * s - before, min(i * s - before + k, n + after))
            for i, (n, k, s, (before, after)) in zip(place, axes, strict=True)
        ]
        cells = tuple(slice(max(a, 0), min(b, n)) for (a, b), n in zip(spans, lengths, strict=True))
        size, real = prod(b - a for a, b in spans), prod(c.stop - c.start for c in cells)
        yield Window((*planes, *place), (*planes, *cells), size, real)


class ExclusiveFlipped(Careful):
    """Padding counted where it is not, and not where it is."""

    def outputs(self, call, arguments):
        return super().outputs(call, arguments | {"exclusive": not arguments["exclusive"]})


class PaddingIsZero(Careful):
    """A maximum over padding too."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments)
        for window in pooled(arguments, right["out"].shape):
            if window.padded:
                right["out"][window.place] = np.maximum(right["out"][window.place], 0)
        return right


class GradientToEveryTie(Careful):
    """All cells that equal the maximum get the gradient, not the first alone."""

    def gradients(self, call, cotangent, arguments):
        x, axes = arguments["x"], (1, 2) if arguments["data_format"] == "NHWC" else (2, 3)
        gradient = np.zeros_like(x)
        for window in pooled(arguments, cotangent.shape):
            greatest = x[window.cells] == x[window.cells].max(axes, keepdims=True)
            gradient[window.cells] += greatest * np.expand_dims(cotangent[window.place], axes)
        return {"x": gradient}


class LayoutIgnored(Careful):
    """Channels last, read as if they were first."""

    def outputs(self, call, arguments):
        right, x = super().outputs(call, arguments), arguments["x"]
        n, height, width, channels = x.shape
        first = arguments | {"x": x.reshape(n, channels, height, width), "data_format": "NCHW"}
        if isinstance(arguments["padding"], list) and isinstance(arguments["padding"][0], list):
            first["padding"] = [[0, 0], [0, 0], *arguments["padding"][1:3]]
        return {name: a.reshape(right[name].shape) for name, a in super().outputs(call, first).items()}


class MaskOfTheLastMaximum(Careful):
    """Of equal cells the last one."""

    def outputs(self, call, arguments):
        right, x = super().outputs(call, arguments), arguments["x"]
        for window in pooled(arguments, right["out"].shape) if "mask" in right else ():
            cells, (_, _, rows, columns) = x[window.cells], window.cells
            backwards = cells.reshape(*x.shape[:2], -1)[..., ::-1].argmax(-1)
            row, column = np.divmod(window.real - 1 - backwards, cells.shape[3])
            right["mask"][window.place] = (row + rows.start) * x.shape[3] + column + columns.start
        return right


class MaskMissing(Careful):
    """One output of two."""

    def outputs(self, call, arguments):
        return {"out": super().outputs(call, arguments)["out"]}


class LayerForgetsCeilMode(Careful):
    """Right as a function, wrong as a layer."""

    def outputs(self, call, arguments):
        return super().outputs(call, arguments | {"ceil_mode": False} if call.layer else arguments)


# --- anything


class DerivativeAtTheKink(Careful):
    """relu: 1 at 0."""

    def gradients(self, call, cotangent, arguments):
        return {"x": np.where(arguments["x"] >= 0, cotangent, 0 * cotangent)}


class TailLost(Careful):
    """sigmoid: 1 / (1 + exp(-x)), with exp overflowing."""

    def outputs(self, call, arguments):
        return {"out": 1 / (1 + np.exp(-arguments["x"]))}


class InSinglePrecision(Careful):
    """float64 in, float64 out, and float32 in between."""

    def outputs(self, call, arguments):
        out = super().outputs(call, arguments)
        return {n: a.astype(np.float32).astype(a.dtype) if a.dtype.kind == "f" else a for n, a in out.items()}


class WithoutKernels(Careful):
    """No kernels for a dtype that an operator need not have, or for its gradients alone."""

    def __init__(self, gradients_only=False):
        self.gradients_only = gradients_only

    def forward(self, call):
        return super().forward(call) if self.gradients_only else Answer({}, RuntimeError("no kernel"), "relu")

    def gradient(self, call, cotangent):
        return Answer({}, RuntimeError("no kernel"), "relu_grad")


class InBrainFloat(Careful):
    """float16 in, float16 out, and bfloat16 in between."""

    def outputs(self, call, arguments):
        out = super().outputs(call, arguments)
        return {n: a.astype(BFLOAT16).astype(a.dtype) if a.dtype.kind == "f" else a for n, a in out.items()}


class WrongDtype(Careful):
    """float32 in, float64 out."""

    def outputs(self, call, arguments):
        return {n: a.astype(np.float64) if n == "out" else a for n, a in super().outputs(call, arguments).items()}


class ScalarsGrowAnAxis(Careful):
    """Shape [1] in the place of []."""

    def outputs(self, call, arguments):
        return {"out": np.atleast_1d(super().outputs(call, arguments)["out"])}


class TailOfTheVector(Careful):
    """The elements after the last whole vector register of eight are off by eight units in the last place."""

    def outputs(self, call, arguments):
        right = super().outputs(call, arguments)
        flat = right["out"].reshape(-1)
        if flat.size > 8:
            flat[flat.size // 8 * 8 :] *= 1 + 8 * np.finfo(flat.dtype).eps
        return right | {"out": flat.reshape(right["out"].shape)}


class LosesNaN(Careful):
    """0 where it should be NaN."""

    def outputs(self, call, arguments):
        return {
            n: np.nan_to_num(a, nan=0, posinf=np.inf, neginf=-np.inf) if a.dtype.kind == "f" else a
            for n, a in super().outputs(call, arguments).items()
        }


class RefusesEmptyArrays(Careful):
    """An exception where there should be an empty result."""

    def outputs(self, call, arguments):
        if not arguments["x"].size:
            raise ValueError("(InvalidArgument) the tensor\nis empty")
        return super().outputs(call, arguments)


def _third(arguments, low):
    """Whether the third element is in [low, low + 1): so it is in three cases of a thousand."""
    x = arguments["x"].reshape(-1)
    return x.size > 2 and low <= x[2] < low + 1


class DiesAndIsWrong(Careful):
    """Kills the process on one rare condition, and is wrong on another."""

    def outputs(self, call, arguments):
        if _third(arguments, 4):
            os.kill(os.getpid(), signal.SIGSEGV)
        out = super().outputs(call, arguments)["out"]
        return {"out": out * 2 if _third(arguments, -5) else out}


class Hangs(Careful):
    """Never answers on a rare condition."""

    def outputs(self, call, arguments):
        if _third(arguments, 4):
            time.sleep(600)
        return super().outputs(call, arguments)


class WrongAtTimes(Careful):
    """A kernel that reads memory it does not own: wrong in every third of the calls it could be wrong in."""

    def __init__(self):
        self.calls = 0

    def outputs(self, call, arguments):
        out = super().outputs(call, arguments)["out"]
        self.calls += arguments["x"].size > 2
        return {"out": out * 2 if arguments["x"].size > 2 and self.calls % 3 == 0 else out}


class BrokenTrial(Careful):
    """A mistake of the trial itself."""

    def forward(self, call):
        raise LookupError("a mistake of ours")
