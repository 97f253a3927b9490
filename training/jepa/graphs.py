"""The graphs of a bundle as modules: pictures to latents, a whole roll-out to energies, and the policy's proposals."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .familiarity import Familiarity
from .model import WorldModel, normalised

# Noise on a proposal's steps, as a share of the longest, and on its gripper's logit.
STEP_NOISE, GRIPPER_NOISE = 0.25, 0.5


class EncoderGraph(nn.Module):
    """`pixels` uint8 [batch, H, W, 3] to `latent` [batch, D] and `features` [batch, F], white over the training's pictures; normalisation inside."""

    def __init__(self, model: WorldModel, familiarity: Familiarity) -> None:
        super().__init__()
        self.encoder = model.encoder
        self.familiarity = familiarity

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features = self.encoder.features(normalised(pixels))
        return self.encoder.read(features), self.familiarity(features)


class RolloutGraph(nn.Module):
    """A population in one call: only energies need to come back.

    `latent` [1, D], `state` [1, S], `actions` [N, H, A], `goal` [1, D] to `energy` [N, H], `start_energy` [1],
    `final_latent` [N, D], `final_state` [N, S], `states` [N, H, S], `next_latent` [N, D], the one after the first action.
    """

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        count = actions.shape[0]
        bounded = torch.minimum(torch.maximum(actions, self.model.action_low), self.model.action_high)
        latents, states = self.model.rollout(latent.expand(count, -1), state.expand(count, -1), bounded)
        return self.model.energy(latents, goal[:, None, :]), self.model.energy(latent, goal), latents[:, -1], states[:, -1], states, latents[:, 0]


class ProposalGraph(nn.Module):
    """What the policy would do, rolled out in the world model, as candidates for the search.

    `latent` [1, D], `state` [1, S], `goal` [1, D], `committed` [H, A] actions of which the first ones, where `fixed` [H] is 1, are decided, `noise` [N, H, A]
    of unit variance (0 is the policy itself) to `actions` [N, H, A]. The gripper changes over at most once.
    """

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor, state: Tensor, goal: Tensor, committed: Tensor, fixed: Tensor, noise: Tensor) -> Tensor:
        model, count = self.model, noise.shape[0]
        longest = model.action_high[:3]
        goal = goal.expand(count, -1)
        latent, state = latent.expand(count, -1), state.expand(count, -1)
        offset = model.offset(latent, state)
        actions: list[Tensor] = []
        switched = noise[:, 0, 0] * 0
        for step in range(model.config.rollout):
            chosen = model.policy(latent, goal)
            steps = (chosen[:, :3] + STEP_NOISE * noise[:, step, :3]).clamp(-1, 1) * longest
            grip = (chosen[:, 3] + GRIPPER_NOISE * noise[:, step, 3] > 0).float()
            if actions:
                before = actions[-1][:, 3].round()
                grip = torch.where(switched > 0, before, grip)
                # The last decided action is history: the first free one may change over and still have a switch left.
                switched = torch.maximum(switched, (grip - before).abs() * (1 - fixed[step - 1]))
            free = torch.cat([steps, grip[:, None]], -1)
            action = torch.where(fixed[step] > 0, committed[step].expand(count, -1), free)
            actions.append(action)
            latent, state = model.step(latent, state, action, offset)
        return torch.stack(actions, 1)
