"""Whether two sets of energies choose the same candidates, which is all that a planner asks of them."""

from __future__ import annotations

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value [N], from 0; equal values share their mean rank."""
    values = np.asarray(values, dtype=np.float64)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[inverse]


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two [N]; 0 where one of them does not rank at all, or is not finite."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return 0.0
    a, b = ranks(first), ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / scale) if scale > 0 else 0.0


def overlap(first: np.ndarray, second: np.ndarray, count: int) -> float:
    """Share of the `count` lowest of one [N] that are among the `count` lowest of the other."""
    return len(set(np.argsort(first, kind="stable")[:count]) & set(np.argsort(second, kind="stable")[:count])) / count
