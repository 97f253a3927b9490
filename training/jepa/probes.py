"""What the latent knows, measured on episodes that training never saw. Nothing here reaches a loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .data import Episodes
from .model import WorldModel


@torch.no_grad()
def encode_all(model: WorldModel, images: np.ndarray, batch: int = 512) -> Tensor:
    """[E, T, H, W, 3] uint8 to [E, T, D] with the encoder in evaluation mode."""
    flat = images.reshape(-1, *images.shape[2:])
    parts = [model.encoder(torch.from_numpy(flat[i : i + batch])) for i in range(0, len(flat), batch)]
    return torch.cat(parts).unflatten(0, images.shape[:2])


def linear_probe(latents: Tensor, targets: Tensor) -> float:
    """Median distance (units of the targets) of a least-squares fit on the first half of the episodes, tested on the second."""
    half = len(latents) // 2
    ones = lambda z: torch.cat([z, torch.ones_like(z[..., :1])], -1).flatten(0, 1).double()
    fit = torch.linalg.lstsq(ones(latents[:half]), targets[:half].flatten(0, 1).double()).solution
    error = ones(latents[half:]) @ fit - targets[half:].flatten(0, 1).double()
    return float(error.norm(dim=-1).median())


def nearest_neighbour_probe(latents: Tensor, targets: Tensor) -> float:
    """Median distance between a frame and the frame of another episode whose latent is nearest: what the energy sees."""
    half = len(latents) // 2
    bank, asked = latents[:half].flatten(0, 1), latents[half:, ::4].flatten(0, 1)
    nearest = torch.cdist(asked, bank).argmin(1)
    error = targets[:half].flatten(0, 1)[nearest] - targets[half:, ::4].flatten(0, 1)
    return float(error.norm(dim=-1).median())


@torch.no_grad()
def evaluate(model: WorldModel, episodes: Episodes) -> dict:
    """Probe errors (m), multi-step error against "nothing moves" per horizon step, and the latent's spectrum."""
    model.eval()
    z = encode_all(model, episodes.images)
    states, actions, truths = (torch.from_numpy(a) for a in (episodes.states, episodes.actions, episodes.truths))
    horizon = model.config.horizon
    steps = actions.shape[1]
    starts = range(0, steps - horizon + 1, 3)
    error, baseline, moving_error, moving_baseline = (torch.zeros(horizon) for _ in range(4))
    for start in starts:
        rolled, _ = model.rollout(z[:, start], states[:, start], actions[:, start : start + horizon])
        target = z[:, start + 1 : start + 1 + horizon]
        wrong = (rolled - target).square().mean(-1)
        still = (z[:, start : start + 1] - target).square().mean(-1)
        error += wrong.mean(0)
        baseline += still.mean(0)
        cube = truths[:, start : start + horizon + 1, 3:6]
        moving = (cube[:, -1] - cube[:, 0]).norm(dim=-1) > 0.03
        if moving.any():
            moving_error += wrong[moving].mean(0)
            moving_baseline += still[moving].mean(0)
    spectrum = torch.linalg.eigvalsh(torch.cov(z.flatten(0, 1).T)).flip(0)
    share = spectrum / spectrum.sum()
    opening = states[..., 3:4]
    probes = {
        "end_effector": (truths[..., 0:3]), "gripper_opening": opening, "cube": truths[..., 3:6], "cup": truths[..., 6:9],
    }
    return {
        "linear_probe_m": {name: linear_probe(z, target) for name, target in probes.items()},
        "nearest_neighbour_m": {name: nearest_neighbour_probe(z, target) for name, target in probes.items()},
        "multi_step_error": (error / len(starts)).tolist(),
        "nothing_moves_error": (baseline / len(starts)).tolist(),
        "multi_step_ratio": (error / baseline).tolist(),
        "multi_step_ratio_cube_moves": (moving_error / moving_baseline).tolist(),
        "latent_spectrum": spectrum.tolist(),
        "effective_rank": float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum())),
    }
