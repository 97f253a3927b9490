"""The graphs of a bundle: one picture to the latent, and a population's whole roll-out to energies."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Config
from .encoder import MEAN, STD, Encoder
from .pose import moved
from .predictor import Predictor


class EncoderGraph(nn.Module):
    """`pixels` uint8 [batch, H, W, 3] to `latent` [batch, patches * width]; normalisation inside.

    A picture is repeated to fill its tubelet, so the patches' convolution over time is one matrix product with its weights summed over time.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        weight = encoder.patch_embed.proj.weight
        self.register_buffer("patch_weight", weight.sum(2).permute(2, 3, 1, 0).reshape(-1, weight.shape[0]).contiguous())
        self.register_buffer("mean", 255 * torch.tensor(MEAN))
        self.register_buffer("std", 255 * torch.tensor(STD))

    def forward(self, pixels: Tensor) -> Tensor:
        config = self.encoder.config
        side = config.patch
        colours = (pixels.float() - self.mean) / self.std
        patches = colours.reshape(-1, config.rows, side, config.columns, side, 3).transpose(2, 3).reshape(-1, config.patches, side * side * 3)
        tokens = self.encoder.attend(patches @ self.patch_weight + self.encoder.patch_embed.proj.bias, 1)
        return normalised(tokens, config).reshape(-1, config.latent)


class RolloutGraph(nn.Module):
    """A population in one call: only energies need to come back.

    `latent` [1, D], `state` [1, 7], `actions` [N, H, 7], `goal` [1, D] to `energy` [N, H], `start_energy` [1], `final_latent` [N, D], `final_state` [N, 7]. Each step is
    predicted from all frames before it, as the authors' planner does; the energy is the mean absolute difference of two latents (section 4.2 of the paper).
    """

    def __init__(self, predictor: Predictor, horizon: int, extrinsics: tuple[float, ...] | None = None) -> None:
        super().__init__()
        config = predictor.config
        if not 1 <= horizon <= config.frames:
            raise ValueError(f"horizon is {horizon}: must be from 1 to {config.frames}, the tubelets the predictor was made for")
        if config.use_extrinsics and extrinsics is None:
            raise ValueError("this predictor takes the camera's place with every frame: give --extrinsics x,y,z,roll,pitch,yaw (m, rad, base frame)")
        if not config.use_extrinsics and extrinsics is not None:
            raise ValueError("extrinsics are given, and this predictor takes none (use_extrinsics is false)")
        self.predictor = predictor
        self.horizon = horizon
        self.register_buffer("extrinsics", None if extrinsics is None else torch.tensor([extrinsics], dtype=torch.float32))

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        config = self.predictor.config
        frame = latent.reshape(-1, config.patches, config.width)
        # Every candidate has its own pose from the first step on; one batch dimension from the start keeps the graph simple.
        pose = state + torch.zeros_like(actions[:, 0])
        past, energies = [], []
        for step in range(self.horizon):
            action = actions[:, step]
            frame, past = self.predictor.step(frame, action, pose, self.extrinsics, step, past)
            frame = normalised(frame, config)
            pose = moved(pose, action)
            energies.append(distance(frame.reshape(-1, config.latent), goal))
        return torch.stack(energies, 1), distance(latent, goal), frame.reshape(-1, config.latent), pose


def normalised(tokens: Tensor, config: Config) -> Tensor:
    """Layer norm without weights, after the encoder and after every step."""
    return F.layer_norm(tokens, (config.width,)) if config.normalize_reps else tokens


def distance(latents: Tensor, goal: Tensor) -> Tensor:
    """Mean absolute difference [N] of latents [N, D] and a goal [1, D]."""
    return (latents - goal).abs().mean(-1)
