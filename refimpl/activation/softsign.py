"""softsign."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array
from refimpl.activation._blocks import backward, pointwise
from refimpl.activation._exponential import patch


def softsign(x: ArrayLike) -> Array:
    """x / (1 + |x|), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.softsign`.

    >>> softsign([-0.4, 0.0, 3.0])
    array([-0.28571429,  0.        ,  0.75      ])
    """
    return pointwise(lambda x: patch(x / (1 + np.abs(x)), np.isinf(x), np.sign, x), x)  # ACT-SOFTSIGN-1


def softsign_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `softsign`: grad_out / (1 + |x|)^2, in the shape and dtype of x.

    >>> softsign_vjp([1.0, 1.0], [0.0, -1.0])
    (array([1.  , 0.25]),)
    """
    return backward(lambda g, x: g / (1 + np.abs(x)) / (1 + np.abs(x)), grad_out, x)  # ACT-SOFTSIGN-2
