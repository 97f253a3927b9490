"""The scale of a model's energy, which the manifest has to say: noise, a goal that is reached, and what is ordinary."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Frames nearer than this show the arm in the same place.
SAME_PLACE_M = 0.02


def scale(encode: Callable[[np.ndarray], np.ndarray], energy: Callable[[np.ndarray, np.ndarray], np.ndarray], pictures: np.ndarray, again: np.ndarray,
          positions: np.ndarray | None) -> dict[str, float | dict[str, float]]:
    """`noise_floor`, `reached_below` and `training_quantiles` of a manifest.

    `pictures` uint8 [N, H, W, 3], `again` the same with a camera's noise, `positions` [N, 3] of the tool (m) where known. `encode` gives latents [N, D], `energy` the
    energies [N] of latents [N, D] against goals [N, D]. A goal counts as reached below what 90 % of the pairs with the tool in the same place have, at least twice the
    noise; where there are no such pairs or no place is known, below twice the noise: a goal that is never quite reached does less harm than one that is reached at once.
    """
    latents, repeated = encode(pictures), encode(again)
    first, second = np.triu_indices(len(pictures), 1)
    # A pair at a time: a latent may hold a megabyte.
    pairs = np.array([energy(latents[i][None], latents[j][None])[0] for i, j in zip(first, second)], dtype=np.float64)
    noise = float(np.median([energy(a[None], b[None])[0] for a, b in zip(repeated, latents)]))
    p50, p95, p99 = (float(np.quantile(pairs, q)) for q in (0.5, 0.95, 0.99))
    same = pairs[np.linalg.norm(positions[first] - positions[second], axis=-1) < SAME_PLACE_M] if positions is not None else pairs[:0]
    reached = float(np.quantile(same, 0.9)) if len(same) >= 3 else 0.0
    return {"noise_floor": noise, "reached_below": max(reached, 2 * noise, 1e-9), "training_quantiles": {"p50": p50, "p95": max(p50, p95), "p99": max(p50, p95, p99)}}
