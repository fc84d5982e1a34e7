"""Independent NumPy references of PaddlePaddle's pooling, activation, BatchNorm and dropout operators.

`refimpl.<name>(x, ...)` takes and returns NumPy arrays and has the argument names and defaults of
`paddle.nn.functional.<name>`; `refimpl.<name>_vjp(grad_out, x, ...)` returns one gradient per differentiable array
argument. Nothing here imports Paddle. Every rule has a clause with a label (`POOL-C3`) in docs/spec/.
"""

from refimpl import activation, normalization, pooling, random, regularization
from refimpl.activation import *  # noqa: F403
from refimpl.normalization import *  # noqa: F403
from refimpl.pooling import *  # noqa: F403
from refimpl.regularization import *  # noqa: F403

__all__ = ["random"]
__all__ += activation.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += regularization.__all__
