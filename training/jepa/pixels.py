"""What a JEPA does without: a decoder. With it the encoder becomes the twin whose features have to give the picture back, for comparison."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .model import normalised

# Pictures are given back smaller than they are: from keypoints nothing finer can be.
SIDE = 48
SMALLEST, WIDTH = 6, 64


class PixelDecoder(nn.Module):
    """Keypoint features [N, K] to pictures [N, 3, SIDE, SIDE] in [-1, 1], as the decoders of world models that reconstruct (Hafner et al. 2020)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.enter = nn.Linear(features, WIDTH * SMALLEST * SMALLEST)
        self.blocks = nn.Sequential(*(
            nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU()) for _ in range(3)
        ))
        self.leave = nn.Conv2d(WIDTH, 3, 1)

    def forward(self, features: Tensor) -> Tensor:
        return torch.tanh(self.leave(self.blocks(F.relu(self.enter(features)).unflatten(-1, (WIDTH, SMALLEST, SMALLEST)))))

    def error(self, features: Tensor, images: Tensor) -> Tensor:
        """Mean square of the difference from pictures uint8 [N, H, W, 3] as the camera took them, not as they were changed for the encoder."""
        return F.mse_loss(self(features).float(), F.adaptive_avg_pool2d(normalised(images), SIDE))
