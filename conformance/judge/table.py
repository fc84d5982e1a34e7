"""The table: for every operator, how far each output and each gradient may be from the exact value, and why."""

from __future__ import annotations

from conformance.judge import activation, batch_norm, lp, pooling, randomness
from conformance.judge.bounds import Rows

TABLE: dict[str, Rows] = {
    **pooling.ROWS,
    **lp.ROWS,
    **activation.ROWS,
    "batch_norm": batch_norm.ROWS,
    "sync_batch_norm": batch_norm.ROWS,  # on one device
    **randomness.ROWS,
}
