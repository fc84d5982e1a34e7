"""Batch normalization in every layout, and its gradients."""

from refimpl.normalization.batch_norm import batch_norm, batch_norm_vjp

__all__ = ["batch_norm", "batch_norm_vjp"]
