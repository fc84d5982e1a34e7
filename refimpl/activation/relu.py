"""Rectifiers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array
from refimpl.activation._blocks import pointwise, pointwise_vjp


def relu(x: ArrayLike) -> Array:
    """max(x, 0), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.relu`.

    >>> relu([-2.0, 0.0, 1.0])
    array([0., 0., 1.])
    """
    return pointwise(lambda cells: np.maximum(cells, 0) + 0.0, x)  # ACT-RELU-2: -0 + 0 is +0


def relu_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `relu`: grad_out where x > 0, else 0 times it, in the shape and dtype of x.

    >>> relu_vjp([5.0, 5.0, 5.0], [-2.0, 0.0, 1.0])
    (array([0., 0., 5.]),)
    """
    return pointwise_vjp(lambda cells: np.sign(np.maximum(cells, 0)), grad_out, x)  # ACT-RELU-3: 0 at the kink
