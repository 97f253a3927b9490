"""The encoder: a vision transformer over tubelets, patches of a few frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import EPSILON, Block
from .config import Config
from .rotary import grid_positions, turn

# Of the ImageNet pictures, red, green, blue in 0 .. 1.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PatchEmbed(nn.Module):
    def __init__(self, width: int, tubelet: int, patch: int) -> None:
        super().__init__()
        size = (tubelet, patch, patch)
        self.proj = nn.Conv3d(3, width, size, size)

    def forward(self, clip: Tensor) -> Tensor:
        return self.proj(clip).flatten(2).transpose(1, 2)


class Encoder(nn.Module):
    """Clips [batch, 3, frames, H, W], normalised, to tokens [batch, frames / tubelet * patches, width]: tubelet by tubelet, row by row."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config.width, config.tubelet, config.patch)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.hidden, config.gated) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=EPSILON)

    def forward(self, clip: Tensor) -> Tensor:
        return self.attend(self.patch_embed(clip), clip.shape[2] // self.config.tubelet)

    def attend(self, tokens: Tensor, tubelets: int) -> Tensor:
        """What follows the patches' embedding, [batch, tubelets * patches, width]."""
        config = self.config
        positions = torch.cat([grid_positions(config.rows, config.columns, frame) for frame in range(tubelets)])
        by = turn(positions, config.width // config.heads)
        for block in self.blocks:
            tokens, _ = block(tokens, by)
        return self.norm(tokens)

