"""The planners of DINO-WM and V-JEPA 2-AC, written anew from their public code (planning/cem.py; notebooks/utils/mpc_utils.py) for a model that is there as a cost.

Both sample a Gaussian for each step and number of an action and return its last mean. What is left out is what they do beside it: logging, and encoding the same start and
goal pictures for every candidate.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# Costs [candidates] of sequences [candidates, horizon, width of an action].
Cost = Callable[[Tensor], Tensor]


@torch.no_grad()
def dino_wm(cost: Cost, mean: Tensor, std: Tensor, candidates: int, elites: int, iterations: int, generator: torch.Generator) -> Tensor:
    """From `mean` and `std` [horizon, width]; the mean is a candidate; mean and deviation of the elites are the next ones."""
    for _ in range(iterations):
        actions = torch.randn(candidates, *mean.shape, generator=generator) * std + mean
        actions[0] = mean
        best = actions[torch.argsort(cost(actions))[:elites]]
        mean, std = best.mean(0), best.std(0)
    return mean


@torch.no_grad()
def vjepa2_ac(cost: Cost, mean: Tensor, std: Tensor, candidates: int, elites: int, iterations: int, generator: torch.Generator, low: Tensor, high: Tensor, momentum: float = 0.15) -> Tensor:
    """Samples are cut off at the box [width]; mean and deviation keep a share of what they were."""
    for _ in range(iterations):
        actions = (torch.randn(candidates, *mean.shape, generator=generator) * std + mean).clamp(low, high)
        best = actions[torch.topk(cost(actions), elites, largest=False).indices]
        mean = best.mean(0) * (1 - momentum) + mean * momentum
        std = best.std(0) * (1 - momentum) + std * momentum
    return mean
