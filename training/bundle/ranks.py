"""Whether two sets of energies choose the same candidates, which is all that a planner asks of them."""

from __future__ import annotations

import numpy as np

CANDIDATES, TOP = 256, 26
# What counts as choosing alike: rank correlation, and the share of the best TOP that are the same.
SMALLEST = {"fp32": (0.999, 0.9), "fp16": (0.99, 0.9), "int8": (0.98, 0.8)}


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


def rank_faults(correlation: float, same: float, precision: str) -> list[str]:
    """What speaks against energies that rank CANDIDATES so, and of whose best TOP a share of `same` is right; empty when nothing does."""
    rank, share = SMALLEST[precision]
    found = []
    if not correlation >= rank:
        found.append(f"ranks agree by {correlation:.4f} (Spearman), less than {rank}")
    if not same >= share:
        found.append(f"{100 * same:.0f} % of the best {TOP} candidates are the same, less than {100 * share:.0f} %")
    return found
