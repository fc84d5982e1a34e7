"""Random operators that answer as Paddle does, with its generator or one that nobody knows, and one fault planted."""

from __future__ import annotations

import numpy as np

from conformance.call import Answer
from refimpl.random import Generator
from tests.trial.planted import operator_of


class Unknown:
    """A generator that is none of Paddle's."""

    def __init__(self, seed):
        self._numbers = np.random.default_rng(seed)

    @property
    def state(self):
        return self._numbers.bit_generator.state

    @state.setter
    def state(self, state):
        self._numbers.bit_generator.state = state

    def uniform(self, shape, dtype=np.float32):
        return self._numbers.random(shape, dtype)

    def reaching(self, shape, threshold):
        return self.uniform(shape) >= threshold


class Random:
    """No fault at all. A fault overrides `noise`, `behind` or `result`, which are those of dropouts."""

    def __init__(self, generator=Generator):
        self.generator = generator
        self.kept = None  # the mask of the last call after a seed

    def has(self, api, layer):
        return True

    def noise(self, stream, call):
        """What a call draws."""
        return operator_of(call).noise(stream, call.arguments)

    def behind(self, noise):
        """What the backward pass of a call with this noise takes."""
        return noise

    def result(self, call, noise):
        """The outputs by name."""
        return operator_of(call).reference(call, call.arguments, noise)

    def forward(self, call):
        return Answer(self._called(call, None, self.generator(call.seed)))

    def gradient(self, call, cotangent):
        found = self._called(call, cotangent, self.generator(call.seed))
        return Answer({n.removeprefix("gradient of "): v for n, v in found.items() if n.startswith("gradient of ")})

    def script(self, steps):
        stream, saved, answers = self.generator(0), None, []
        for step in steps:
            if step.kind == "seed":
                stream, self.kept = self.generator(step.seed), None
            elif step.kind == "save":
                saved = stream.state
            elif step.kind == "restore":
                stream.state = saved
            answers.append(Answer(self._taken(step, stream)))
        return answers

    def _taken(self, step, stream):
        if step.kind == "peek":
            here, number = stream.state, stream.uniform((1,))
            stream.state = here
            return {"next": number}
        return self._called(step.call, step.cotangent, stream) if step.kind == "call" else {}

    def _called(self, call, cotangent, stream):
        if "p" not in call.arguments and type(self) is not Random:  # no dropout: without a fault
            return Random(self.generator)._called(call, cotangent, stream)
        with np.errstate(all="ignore"):
            noise = self.noise(stream, call)
            found = {str(n): value for n, value in enumerate(self.result(call, noise).values())}
            if cotangent is not None:
                gradients = operator_of(call).reference_gradients(call, cotangent, call.arguments, self.behind(noise))
                found |= {f"gradient of {name}": value for name, value in gradients.items()}
        return found


def _p(call):
    return call.arguments["p"]


def _draws(call):
    return call.arguments["training"] and 0 < _p(call) < 1


def _x(call):
    return next(iter(call.arrays.values()))


class OffByTwoPercent(Random):
    """p off by 2 %."""

    def noise(self, stream, call):
        return operator_of(call).noise(stream, {**call.arguments, "p": min(1.02 * _p(call), 1.0)})


class OneMaskForTheBatch(Random):
    """The first sample's mask for all."""

    def noise(self, stream, call):
        mask = super().noise(stream, call)["mask"]
        return {"mask": mask if mask is None or not mask.ndim else np.repeat(mask[:1], len(mask), axis=0)}


class MaskReused(Random):
    """Every call after the seed draws anew, and then takes the mask that the call before had, if it fits."""

    def noise(self, stream, call):
        fresh = super().noise(stream, call)
        if self.kept is not None and fresh["mask"] is not None and fresh["mask"].shape == self.kept.shape:
            return {"mask": self.kept}
        self.kept = fresh["mask"]
        return fresh


class AnotherMaskBehind(Random):
    """The backward pass draws its own."""

    def behind(self, noise):
        mask = noise["mask"]
        return noise if mask is None else {"mask": self.generator(77).uniform(mask.shape) >= 0.5}


class ScaledByP(Random):
    """x / p where it is x / (1 - p)."""

    def result(self, call, noise):
        out, upscale = super().result(call, noise)["out"], call.arguments.get("mode") != "downscale_in_infer"
        return {"out": out * out.dtype.type((1 - _p(call)) / _p(call)) if _draws(call) and upscale else out}


class ModesSwapped(Random):
    """Each mode as the other."""

    def result(self, call, noise):
        other = {"upscale_in_train": "downscale_in_infer", "downscale_in_infer": "upscale_in_train"}
        arguments = call.arguments
        if "mode" in arguments:
            arguments = {**arguments, "mode": other[arguments["mode"]]}
        return operator_of(call).reference(call, arguments, noise)


class EvaluationScaled(Random):
    """x (1 - p) in evaluation, though training has scaled."""

    def result(self, call, noise):
        out = super().result(call, noise)["out"]
        return {"out": out if call.arguments["training"] else out * out.dtype.type(1 - _p(call))}


class ElementsInPlaceOfChannels(Random):
    """Every element dropped by itself."""

    def noise(self, stream, call):
        return {"mask": stream.uniform(_x(call).shape) >= np.float32(_p(call)) if _draws(call) else None}

    def result(self, call, noise):
        x, mask = _x(call), noise["mask"]
        if mask is None:
            return super().result(call, noise)
        return {"out": np.where(mask, x / x.dtype.type(1 - _p(call)), 0).astype(x.dtype)}

    def behind(self, noise):
        return {"mask": noise["mask"] if noise["mask"] is None else noise["mask"][..., :1, :1]}


class DrawsInEvaluation(Random):
    """Numbers drawn for a mask that nobody needs."""

    def noise(self, stream, call):
        if not call.arguments["training"]:
            stream.uniform(_x(call).shape)
        return super().noise(stream, call)
