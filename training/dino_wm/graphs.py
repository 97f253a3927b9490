"""The graphs of a bundle: one picture to the latent, and a population's whole roll-out to energies."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bundle.blocked import Blocked
from bundle.robot import Robot

from .model import DinoWM


def resizing(sources: int, outputs: int) -> Tensor:
    """Weights [outputs, sources] that bring a row of pixels to another length: bilinear without aliasing, as the authors' pictures are shrunk."""
    return F.interpolate(torch.eye(sources)[None, None], size=(outputs, sources), mode="bilinear", antialias=True, align_corners=False)[0, 0]


class EncoderGraph(nn.Module):
    """`pixels` uint8 [batch, H, W, 3] to `latent` [batch, patches * width]: brought to -1 .. 1, shrunk to whole patches, DINOv2's normalised patch tokens."""

    def __init__(self, model: DinoWM) -> None:
        super().__init__()
        self.encoder = model.encoder
        config = model.config.encoder
        self.register_buffer("positions", model.encoder.positions().detach().clone())
        self.register_buffer("shrink", resizing(model.config.image_size, config.grid * config.patch))

    def forward(self, pixels: Tensor) -> Tensor:
        colours = (pixels.float() / 255 - 0.5) / 0.5
        # Columns, then rows.
        narrow = (self.shrink @ colours.permute(0, 3, 1, 2)).transpose(2, 3)
        small = (self.shrink @ narrow).transpose(2, 3).permute(0, 2, 3, 1)
        return self.encoder(small, self.positions).flatten(1)


class RolloutGraph(Blocked):
    """A population in one call: only energies need to come back.

    `latent` [1, D], `state` [1, S], `actions` [N, H, A] of the robot, `goal` [1, D] to `energy` [N, H], `start_energy` [1], `final_latent` [N, D], `final_state` [N, S].
    Each patch carries the frame's encoded proprioception and action; the predictor sees the last frames and gives patches and proprioception of the next, which its action
    is put beside. The energy is the mean squared difference of the patches; the authors add that of the proprioception's encoding, which a goal picture does not show.
    Where the model takes several actions of the robot at once, their energy stands at each. The state goes out as it came.
    """

    def __init__(self, model: DinoWM, robot: Robot, blocks: int) -> None:
        super().__init__(robot, model.config.action, blocks)
        self.model = model

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        model, config = self.model, self.model.config
        encoded = model.action_encoder(self.scaled_actions(actions))
        # [N, blocks, patches, width of the actions]: the same beside each patch.
        beside = encoded.repeat(1, 1, config.action_repeat)[:, :, None].expand(-1, -1, config.patches, -1)
        proprio = model.proprio_encoder(self.scaled_state(state)[:, None]).repeat(1, 1, config.proprio_repeat).expand(-1, config.patches, -1)
        seen = torch.cat([latent.reshape(-1, config.patches, config.encoder.width), proprio], -1) + torch.zeros_like(beside[:, 0, :, :1])
        frames, energies = [torch.cat([seen, beside[:, 0]], -1)], []
        for step in range(self.blocks):
            after = model.predictor(torch.cat(frames[-config.frames:], 1))[:, -config.patches:]
            patches = after[..., : config.encoder.width].flatten(1)
            energies += [distance(patches, goal)] * self.block
            if step + 1 < self.blocks:
                frames.append(torch.cat([after[..., : -config.action_width * config.action_repeat], beside[:, step + 1]], -1))
        return torch.stack(energies, 1), distance(latent, goal), patches, state + torch.zeros_like(actions[:, 0, :1])


def distance(latents: Tensor, goal: Tensor) -> Tensor:
    """Mean squared difference [N] of latents [N, D] and a goal [1, D]."""
    return (latents - goal).square().mean(-1)
