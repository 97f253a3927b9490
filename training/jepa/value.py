"""Learns how many periods lie between two latents, and what to do about it, from episodes that had no goal: each is taken as one that went for what came later.

Implicit value learning (IQL, Kostrikov et al. 2022; goal-conditioned and without actions as in HIQL, Park et al. 2023): the upper expectile of what happened
stands for the best that could be done. The policy imitates what was done, the more the better it was than expected (AWR, Peng et al. 2019).
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .latents import LatentEpisodes, changing_windows
from .model import WorldModel

# Share of goals that are the picture itself; of the rest, but for the random ones, half are near and half anywhere later.
SELF_GOALS = 0.1
NEAR_GOALS_DECAY = 0.1
# Share of starts from before an object moves (its entries change by more than they do in three quarters of all windows of so many periods).
MOVING_STARTS, MOVING_PERIODS = 0.6, 10
# Two latents are one when tool and things are nearer than these (in units of 10 cm) and the openings' difference less than this share of the widest.
SAME_TOOL, SAME_THING, SAME_OPENING = 0.15, 0.15, 0.12
FOLLOW = 0.01
LARGEST_ADVANTAGE_WEIGHT = 20.0
# A gripper that is right matters less than a direction: it is a coin with two sides.
GRIPPER_WEIGHT = 0.3


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
        """Of value and policy together: they share nothing but the batch."""
        config, model = self._model.config, self._model
        now, then, action, goal, at_goal, elsewhere = self._draw(config.value_batch)
        with torch.no_grad():
            tool, things, opening = model.distances(then, goal)
            arrived = (tool < SAME_TOOL) & (things.amax(-1) < SAME_THING) & (opening < SAME_OPENING)
            ahead = self._slow(then, goal).clamp(max=1 / (1 - config.discount))
            target = torch.where(at_goal, 0.0, 1 + config.discount * torch.where(arrived, 0.0, ahead))
        difference = model.value(now, goal) - target
        # Fewer periods are better: what took longer than expected counts less.
        weight = torch.where(difference > 0, config.expectile, 1 - config.expectile)
        value = (weight * difference.square()).mean()
        with torch.no_grad():
            advantage = (config.advantage_scale * difference).exp().clamp(max=LARGEST_ADVANTAGE_WEIGHT)
            # Nobody went for a goal of another episode, or for where he was.
            advantage = advantage * ~(at_goal | elsewhere)
        chosen = model.policy(now, goal)
        step = (action[:, :3] / model.action_high[:3]).clamp(-1, 1)
        wrong = (chosen[:, :3] - step).square().mean(-1)
        grip = functional.binary_cross_entropy_with_logits(chosen[:, 3], action[:, 3].clamp(0, 1), reduction="none")
        return value + (advantage * (wrong + GRIPPER_WEIGHT * grip)).mean()

    def _draw(self, count: int) -> tuple[Tensor, ...]:
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
        flags = torch.from_numpy(at_goal), torch.from_numpy(other & ~at_goal)
        return latents[e, t], latents[e, t + 1], self._episodes.actions[e, t], latents[goal_e, goal_t], *flags
