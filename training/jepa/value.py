"""Learns how many periods lie between two latents, from episodes that had no goal: each is taken as one that went for what came later in it.

Implicit value learning (IQL, Kostrikov et al. 2022; goal-conditioned and without actions as in HIQL, Park et al. 2023): the upper expectile of what happened
stands for the best that could be done.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from .latents import LatentEpisodes, changing_windows
from .model import ARM, WorldModel

# Share of goals that are the picture itself; of the rest, but for the random ones, half are near and half anywhere later.
SELF_GOALS = 0.1
NEAR_GOALS_DECAY = 0.1
# Share of starts from before an object moves (its entries change by more than they do in half of all windows of so many periods).
MOVING_STARTS, MOVING_PERIODS = 0.6, 10
# Two latents are one place below these mean squared differences.
SAME_ARM, SAME_OBJECTS = 0.02, 0.02
FOLLOW = 0.01


class ValueLearner:
    def __init__(self, model: WorldModel, episodes: LatentEpisodes) -> None:
        self._model = model
        self._episodes = episodes
        self._slow = copy.deepcopy(model.value).requires_grad_(False)
        self._generator = np.random.default_rng(model.config.seed)
        self._moving = changing_windows(episodes, min(MOVING_PERIODS, episodes.actions.shape[1]))

    def follow(self) -> None:
        """Moves the target network a little towards the learned one."""
        for slow, fast in zip(self._slow.parameters(), self._model.value.parameters()):
            slow.data.lerp_(fast.data, FOLLOW)

    def loss(self) -> Tensor:
        config = self._model.config
        now, then, goal, at_goal = self._draw(config.value_batch)
        with torch.no_grad():
            squared = (then - goal).square()
            arrived = (squared[:, :ARM].mean(-1) < SAME_ARM) & (squared[:, ARM:].mean(-1) < SAME_OBJECTS)
            ahead = self._slow(then, goal).clamp(max=1 / (1 - config.discount))
            target = torch.where(at_goal, 0.0, 1 + config.discount * torch.where(arrived, 0.0, ahead))
        difference = self._model.value(now, goal) - target
        # Fewer periods are better: what took longer than expected counts less.
        weight = torch.where(difference > 0, config.expectile, 1 - config.expectile)
        return (weight * difference.square()).mean()

    def _draw(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        latents, random = self._episodes.latents, self._generator
        episodes, frames = latents.shape[:2]
        e = random.integers(episodes, size=count)
        t = random.integers(frames - 1, size=count)
        curated = round(MOVING_STARTS * count)
        e[:curated], t[:curated] = self._moving[random.integers(len(self._moving), size=curated)].T
        later = t + 1 + (random.random(count) * (frames - 1 - t)).astype(int)
        near = t + random.geometric(NEAR_GOALS_DECAY, count)
        goal_t = np.minimum(np.where(random.random(count) < 0.5, later, near), frames - 1)
        goal_e = e.copy()
        share = random.random(count)
        other = share > 1 - self._model.config.random_goals
        goal_e[other] = random.integers(episodes, size=int(other.sum()))
        goal_t[other] = random.integers(frames, size=int(other.sum()))
        at_goal = share < SELF_GOALS
        goal_t[at_goal] = t[at_goal]
        return latents[e, t], latents[e, t + 1], latents[goal_e, goal_t], torch.from_numpy(at_goal)
