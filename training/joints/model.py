"""The world model of an arm that is moved by its joints."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jepa.model import ResidualBlock, SpatialSoftmax, normalised

from .config import JointsConfig


class JointsEncoder(nn.Module):
    """uint8 pictures [B, H, W, 3] to latents [B, J]: the arm's joints as the picture shows them, in standard deviations of proprioception."""

    def __init__(self, config: JointsConfig, image_size: int, joints: int) -> None:
        super().__init__()
        c, w = config.channels, config.head_width
        self.stem = nn.Sequential(nn.Conv2d(3, c, 8, stride=4, padding=2, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.blocks = nn.Sequential(ResidualBlock(c), ResidualBlock(c))
        self.maps = nn.Conv2d(c, config.keypoints, 1)
        self.keypoints = SpatialSoftmax(image_size // 4)
        self.keypoint_norm = nn.BatchNorm1d(3 * config.keypoints)
        self.head = nn.Sequential(nn.Linear(3 * config.keypoints, w), nn.LayerNorm(w), nn.GELU(), nn.Linear(w, w), nn.LayerNorm(w), nn.GELU(), nn.Linear(w, joints))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.read(self.features(normalised(pixels)))

    def features(self, x: Tensor) -> Tensor:
        """Normalised pictures [B, 3, H, W] to keypoint features [B, 3 * keypoints]."""
        return self.keypoint_norm(self.keypoints(self.maps(self.blocks(self.stem(x)))))

    def read(self, features: Tensor) -> Tensor:
        return self.head(features)


class JointDynamics(nn.Module):
    """Joint positions one period later: the delta that was sent, and a learned rest of what the arm makes of it (lag, sag, limits)."""

    def __init__(self, config: JointsConfig, mean: Tensor, std: Tensor, low: Tensor, high: Tensor) -> None:
        super().__init__()
        joints, w = len(mean), config.dynamics_width
        self.register_buffer("state_mean", mean)
        self.register_buffer("state_std", std)
        self.register_buffer("action_low", low)
        self.register_buffer("action_high", high)
        self.rest = nn.Sequential(nn.Linear(2 * joints, w), nn.ReLU(), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, joints))
        nn.init.zeros_(self.rest[-1].weight)
        nn.init.zeros_(self.rest[-1].bias)

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        longest = torch.maximum(self.action_high, -self.action_low)
        rest = self.rest(torch.cat([(state - self.state_mean) / self.state_std, action / longest], -1))
        # The rest is a share of the longest step: what an arm that does not move adds to a command is small.
        return state + action + longest * torch.tanh(rest)


class JointsModel(nn.Module):
    """Encoder and dynamics; in a roll-out the latent goes where the joints go, from where the picture shows them."""

    def __init__(self, config: JointsConfig, image_size: int, period_s: float, mean: Tensor, std: Tensor, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.config, self.image_size, self.period_s = config, image_size, period_s
        self.encoder = JointsEncoder(config, image_size, len(mean))
        self.dynamics = JointDynamics(config, mean, std, low, high)
        # What a picture tells of each joint, rad (m), and how much each counts; measured after the training (export_joints.py).
        self.register_buffer("told", torch.full_like(mean, 0.02))
        self.register_buffer("weight", torch.ones_like(mean) / len(mean))

    @property
    def latent_size(self) -> int:
        return len(self.dynamics.state_mean)

    def standardised(self, states: Tensor) -> Tensor:
        return (states - self.dynamics.state_mean) / self.dynamics.state_std

    def rollout(self, latent: Tensor, state: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """[N, J], [N, J], [N, H, J] to latents and states [N, H, J]."""
        latents, states, now = [], [], state
        for step in range(actions.shape[1]):
            now = self.dynamics(now, actions[:, step])
            states.append(now)
            # A camera that has moved, or a picture that errs, shifts start and goal alike.
            latents.append(latent + (now - state) / self.dynamics.state_std)
        return torch.stack(latents, 1), torch.stack(states, 1)

    def energy(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Weighted distance of the joints, rad: a parabola below what a picture tells of a joint, straight beyond."""
        apart = (latent - goal) * self.dynamics.state_std
        return (self.weight * ((apart.square() + self.told.square()).sqrt() - self.told)).sum(-1)

    def losses(self, pixels: Tensor, states: Tensor, actions: Tensor) -> dict[str, Tensor]:
        """Pictures [B, 2, 3, H, W] in [-1, 1] of the first and the last moment of windows, their states [B, H+1, J] and actions [B, H, J]."""
        b = len(pixels)
        with torch.autocast(pixels.device.type, torch.bfloat16):
            features = self.encoder.features(pixels.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        latents = self.encoder.read(features.float()).unflatten(0, (b, 2))
        ends = self.standardised(states[:, [0, -1]])
        rolled, _ = self.rollout(latents[:, 0], states[:, 0], actions)
        return {"proprioception": F.smooth_l1_loss(latents, ends, beta=0.1), "prediction": F.smooth_l1_loss(rolled[:, -1], latents[:, 1], beta=0.1)}

    def dynamics_loss(self, states: Tensor, actions: Tensor) -> Tensor:
        """[B, H+1, J], [B, H, J]: error of the rolled-out joints as a share of the longest step."""
        _, rolled = self.rollout(self.standardised(states[:, 0]), states[:, 0], actions)
        return F.smooth_l1_loss((rolled - states[:, 1:]) / self.dynamics.action_high, torch.zeros_like(rolled), beta=0.1)
