"""Random windows of episodes, for pictures and for numbers alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from jepa.data import Episodes


class JointWindows:
    """The same sequence for the same seed."""

    def __init__(self, parts: list[Episodes], horizon: int, seed: int) -> None:
        shortest = min(part.actions.shape[1] for part in parts)
        if horizon > shortest:
            raise ValueError(f"horizon is {horizon}: the episodes have only {shortest} actions; record longer ones, or give a smaller --horizon")
        self._parts, self._horizon = parts, horizon
        self._generator = np.random.default_rng(seed)
        self._starts = np.concatenate([
            np.stack(np.meshgrid([i], np.arange(len(part)), np.arange(part.actions.shape[1] - horizon + 1), indexing="ij"), -1).reshape(-1, 3)
            for i, part in enumerate(parts)])

    def draw(self, count: int, *, pictures: bool) -> tuple[Tensor | None, Tensor, Tensor]:
        """Pictures uint8 [count, 2, H, W, 3] of first and last moment (None without), states [count, horizon + 1, J], actions [count, horizon, J]."""
        chosen = self._starts[self._generator.integers(len(self._starts), size=count)]
        images, states, actions = [], [], []
        for part, episode, start in chosen:
            of, end = self._parts[part], start + self._horizon
            if pictures:
                images.append(of.images[episode, [start, end]])
            states.append(of.states[episode, start : end + 1])
            actions.append(of.actions[episode, start:end])
        return (torch.from_numpy(np.stack(images)) if pictures else None, torch.from_numpy(np.stack(states)), torch.from_numpy(np.stack(actions)))
