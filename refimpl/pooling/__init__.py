"""Pooling: windows of a plane, and what becomes of them."""

from refimpl.pooling.average import avg_pool2d, avg_pool2d_vjp
from refimpl.pooling.maximum import max_pool2d, max_pool2d_vjp

__all__ = [
    "avg_pool2d",
    "avg_pool2d_vjp",
    "max_pool2d",
    "max_pool2d_vjp",
]
