"""The graphs of a bundle: one picture to the latent, and a population's whole roll-out to energies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bundle.blocked import Blocked
from bundle.robot import Robot

from .model import LeWorldModel

# Of the ImageNet pictures, red, green, blue in 0 .. 1.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class EncoderGraph(nn.Module):
    """`pixels` uint8 [batch, H, W, 3] to `latent` [batch, D]; normalisation inside."""

    def __init__(self, model: LeWorldModel) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", 255 * torch.tensor(MEAN))
        self.register_buffer("std", 255 * torch.tensor(STD))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model.encode((pixels.float() - self.mean) / self.std)


class RolloutGraph(Blocked):
    """A population in one call: only energies need to come back.

    `latent` [1, D], `state` [1, S], `actions` [N, H, A] of the robot, `goal` [1, D] to `energy` [N, H], `start_energy` [1], `final_latent` [N, D], `final_state` [N, S].
    The model takes `block` actions at once and gives one latent after them: its energy, the sum of squared differences (the authors' objective), stands at each of the
    block's actions. It sees the last `window` latents. It has no proprioception: the state goes out as it came.
    """

    def __init__(self, model: LeWorldModel, robot: Robot, blocks: int) -> None:
        super().__init__(robot, model.config.action, blocks)
        self.model = model

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        model, window = self.model, self.model.config.window
        encoded = model.action_encoder(self.scaled_actions(actions))
        latents, energies = [latent + torch.zeros_like(encoded[:, 0, :1])], []
        for step in range(self.blocks):
            first = max(0, step + 1 - window)
            latents.append(model.predict(torch.stack(latents[first:], 1), encoded[:, first : step + 1]))
            energies += [distance(latents[-1], goal)] * self.block
        return torch.stack(energies, 1), distance(latent, goal), latents[-1], state + torch.zeros_like(actions[:, 0, :1])


def distance(latents: Tensor, goal: Tensor) -> Tensor:
    """Sum of squared differences [N] of latents [N, D] and a goal [1, D]."""
    return (latents - goal).square().sum(-1)
