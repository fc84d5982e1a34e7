"""Activations: each operator beside its vjp. The elementwise ones share one blocked loop, the softmaxes another."""

from refimpl.activation.elu import celu, celu_vjp, elu, elu_vjp, selu, selu_vjp
from refimpl.activation.gated import glu, glu_vjp, swiglu, swiglu_vjp
from refimpl.activation.gelu import gelu, gelu_vjp
from refimpl.activation.gumbel_softmax import gumbel_softmax, gumbel_softmax_vjp
from refimpl.activation.hard import (
    hardsigmoid,
    hardsigmoid_vjp,
    hardswish,
    hardswish_vjp,
    hardtanh,
    hardtanh_vjp,
)
from refimpl.activation.leaky import leaky_relu, leaky_relu_vjp, rrelu, rrelu_vjp
from refimpl.activation.maxout import maxout, maxout_vjp
from refimpl.activation.mish import mish, mish_vjp
from refimpl.activation.prelu import prelu, prelu_vjp
from refimpl.activation.relu import relu, relu6, relu6_vjp, relu_vjp, thresholded_relu, thresholded_relu_vjp
from refimpl.activation.shrink import hardshrink, hardshrink_vjp, softshrink, softshrink_vjp
from refimpl.activation.sigmoid import log_sigmoid, log_sigmoid_vjp, sigmoid, sigmoid_vjp
from refimpl.activation.silu import silu, silu_vjp, swish, swish_vjp
from refimpl.activation.softmax import log_softmax, log_softmax_vjp, softmax, softmax_vjp
from refimpl.activation.softplus import softplus, softplus_vjp
from refimpl.activation.softsign import softsign, softsign_vjp
from refimpl.activation.tanh import stanh, stanh_vjp, tanh, tanh_vjp, tanhshrink, tanhshrink_vjp

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "maxout",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "stanh",
    "swiglu",
    "swish",
    "tanh",
    "tanhshrink",
    "thresholded_relu",
]
__all__ += [f"{name}_vjp" for name in __all__]
