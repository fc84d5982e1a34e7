"""How a case is written for people: a call, arrays as NumPy code, and a stand-alone script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Call
from conformance.declaration import Operator
from conformance.floats import BFLOAT16, of_numpy

Array = NDArray[Any]


def call(operator: Operator, call: Call) -> str:
    """The call with shapes in the place of arrays, as `python -m conformance check` reads it."""
    return written(operator, call, {n: f'Tensor({list(a.shape)},"{a.dtype}")' for n, a in call.arrays.items()})


def written(operator: Operator, call: Call, arrays: Mapping[str, str]) -> str:
    """The call as Python, with these texts in the place of arrays; arguments at their defaults are left out."""
    if call.layer is not None:
        mode = "" if call.arguments.get("training", True) else ".eval()"
        inputs = ", ".join(arrays[name] for name in call.inputs)
        return f"paddle.nn.{call.layer.name}({_options(call.layer.options)}){mode}({inputs})"
    parts = []
    aliased = arrays.keys() - operator.signature.parameters.keys()  # which no array may be before without its name
    for name, value in call.arguments.items():
        parameter = operator.signature.parameters.get(name)
        if parameter is None:
            parts.append(f"{name}={arrays.get(name, repr(value))}")  # an option of a variant, or an alias
        elif name in arrays:
            parts.append(
                f"{name}={arrays[name]}" if aliased or parameter.default is not parameter.empty else arrays[name]
            )
        elif (
            parameter.default is parameter.empty or value != parameter.default or value is True is not parameter.default
        ):
            parts.append(f"{name}={value!r}")
    return f"{call.api}({', '.join(parts)})"


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items() if value is not None)


def tensor(value: Array, *options: str) -> str:
    """An array as code that makes it a tensor."""
    dtype = ['dtype="bfloat16"'] if value.dtype == BFLOAT16 else []
    return f"paddle.to_tensor({', '.join([array(value), *dtype, *options])})"


def array(value: Array) -> str:
    """An array as NumPy code that gives back exactly these values, signs of zero and all; bfloat16 as float32."""
    value = of_numpy(value)
    with np.printoptions(threshold=1 << 30, floatmode="unique", linewidth=1 << 30):
        text = np.array2string(value, separator=", ").replace("\n", "")
    text = " ".join(text.split()).replace("[ ", "[")
    if not value.size:
        return f'np.zeros({value.shape}, "{value.dtype}")'
    return f'np.array({text}, "{value.dtype}")'
