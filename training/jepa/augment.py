"""Pictures as they might have been: other light, another sensor, a camera that hangs a little differently. Every picture is changed on its own; what all pictures of a
window shared would be a feature that predicts itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import Config


def augment(pixels: Tensor, config: Config, generator: torch.Generator) -> Tensor:
    """Pictures [B, F, 3, H, W] in [-1, 1], changed as much as the configuration says."""
    flat = pixels.flatten(0, 1)
    if config.camera_jitter > 0:
        flat = _moved(flat, config.camera_jitter, generator)
    if config.colour_jitter > 0:
        flat = _tinted(flat, config.colour_jitter, generator)
    if config.light_jitter > 0:
        flat = _lit(flat, config.light_jitter, generator)
    gain = 1 + config.gain * (2 * torch.rand(len(flat), 1, 1, 1, generator=generator, device=flat.device) - 1)
    flat = (flat + 1) * gain - 1 + 2 * config.pixel_noise * torch.randn(flat.shape, generator=generator, device=flat.device)
    # A sensor saturates.
    return flat.clamp(-1, 1).unflatten(0, pixels.shape[:2])


def _moved(pixels: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Shifted, turned (rad) and zoomed by up to a share of half the picture: pan, tilt, roll and lens of the camera."""
    shift_x, shift_y, turn, zoom = share * (2 * torch.rand(4, len(pixels), generator=generator, device=pixels.device) - 1)
    cos, sin = (1 + zoom) * torch.cos(turn), (1 + zoom) * torch.sin(turn)
    matrix = torch.stack([torch.stack([cos, -sin, shift_x], -1), torch.stack([sin, cos, shift_y], -1)], 1)
    return F.grid_sample(pixels, F.affine_grid(matrix, list(pixels.shape), align_corners=False), padding_mode="reflection", align_corners=False)


def _tinted(pixels: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Colours mixed by a random matrix near the identity: white balance, saturation and hue."""
    mix = torch.eye(3, device=pixels.device) + deviation * torch.randn(len(pixels), 3, 3, generator=generator, device=pixels.device)
    light = (pixels + 1).flatten(2)
    return (mix @ light).unflatten(2, pixels.shape[2:]) - 1


# Patches of light along each side of the field that a picture sees a piece of.
PATCHES = 8


def _lit(pixels: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Patches of shadow and light fall on the picture, of one to eight a side, turned anyhow, with sharp borders or soft ones: lamps elsewhere, what stands before them, and what surfaces look like."""
    count, device = len(pixels), pixels.device
    patches = torch.randn(count, 1, PATCHES, PATCHES, generator=generator, device=device)
    size, turn, sharp = torch.rand(3, count, generator=generator, device=device)
    size, turn = PATCHES ** (size - 1), 2 * math.pi * turn
    cos, sin, centre = size * torch.cos(turn), size * torch.sin(turn), torch.zeros(count, device=device)
    grid = F.affine_grid(torch.stack([torch.stack([cos, -sin, centre], -1), torch.stack([sin, cos, centre], -1)], 1), [count, 1, *pixels.shape[2:]], align_corners=False)
    soft, hard = (F.grid_sample(patches, grid, mode=mode, padding_mode="reflection", align_corners=False) for mode in ("bilinear", "nearest"))
    light = torch.where((sharp < 0.5)[:, None, None, None], hard, soft)
    return (pixels + 1) * torch.exp(deviation * light) - 1
