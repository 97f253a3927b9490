"""The two graphs of a bundle as modules: pictures to latents, and a whole roll-out to energies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .model import WorldModel


class EncoderGraph(nn.Module):
    """`pixels` uint8 [batch, H, W, 3] to `latent` [batch, D]; normalisation inside."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encoder(pixels)


class RolloutGraph(nn.Module):
    """A population in one call: only energies need to come back.

    `latent` [1, D], `state` [1, S], `actions` [N, H, A], `goal` [1, D] to `energy` [N, H], `start_energy` [1],
    `final_latent` [N, D], `final_state` [N, S].
    """

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        count = actions.shape[0]
        bounded = torch.minimum(torch.maximum(actions, self.model.action_low), self.model.action_high)
        latents, final_state = self.model.rollout(latent.expand(count, -1), state.expand(count, -1), bounded)
        return self.model.energy(latents, goal[:, None, :]), self.model.energy(latent, goal), latents[:, -1], final_state
