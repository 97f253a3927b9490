"""DINOv3's vision transformer (Siméoni et al. 2025), out of its published tensors, for one size of picture: DINOv2's blocks with rotary positions of the patches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bundle.sizes import Shapes
from dino_wm.dinov2 import Mlp, PatchEmbed, Scale

EPSILON = 1e-5
# Norms of class and storage tokens, which are no patches.
LEFT_OUT = ("cls_norm.", "local_cls_norm.")


@dataclass(frozen=True)
class Config:
    """Sizes in pixels and numbers; `grid` patches a side, `storage` tokens beside the class token, `periods` of the rotation for each of row and column."""

    width: int
    depth: int
    hidden: int
    gated: bool
    key_mask: bool
    patch: int
    grid: int
    storage: int
    periods: int

    @property
    def heads(self) -> int:
        return self.width // (4 * self.periods)


def derive(tensors: Mapping[str, Tensor], image_size: int) -> Config:
    """The sizes that the tensors show; heads show in the periods. Raises ValueError for tensors that are not DINOv3's."""
    shapes = Shapes(tensors, "encoder", "give DINOv3's weights, such as dinov3_vits16_pretrain_lvd1689m.pth")
    width, _, patch, _ = shapes.of("patch_embed.proj.weight", 4)
    (periods,) = shapes.of("rope_embed.periods", 1)
    if periods == 0 or width % (4 * periods):
        raise ValueError(f"encoder: mis-shaped: rope_embed.periods has {periods} numbers, and 4 times as many must divide the width, {width}")
    gated = "blocks.0.mlp.w3.weight" in tensors
    hidden = shapes.of(f"blocks.0.mlp.{'w1' if gated else 'fc1'}.weight", 2)[0]
    storage = shapes.of("storage_tokens", 3)[1] if "storage_tokens" in tensors else 0
    return Config(width=width, depth=shapes.count("blocks."), hidden=hidden, gated=gated, key_mask="blocks.0.attn.qkv.bias_mask" in tensors, patch=patch,
                  grid=image_size // patch, storage=storage, periods=periods)


class MaskedLinear(nn.Linear):
    """Queries, keys and values in one; the mask, which is saved with the weights, takes the keys' biases away."""

    def __init__(self, width: int) -> None:
        super().__init__(width, 3 * width)
        self.register_buffer("bias_mask", torch.ones(3 * width))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias * self.bias_mask)


class Attention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.qkv = MaskedLinear(config.width) if config.key_mask else nn.Linear(config.width, 3 * config.width)
        self.proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        tokens, width, heads = int(x.shape[1]), self.config.width, self.config.heads
        head = width // heads
        query, key, value = (part.reshape(-1, tokens, heads, head).transpose(1, 2) for part in self.qkv(x).split(width, -1))
        query, key = (turned(part, cos, sin) for part in (query, key))
        mixed = ((query * head**-0.5) @ key.transpose(2, 3)).softmax(-1) @ value
        return self.proj(mixed.transpose(1, 2).reshape(-1, tokens, width))


def turned(values: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotates number i of a head with number i + half, [batch, heads, tokens, head]."""
    first, second = values.chunk(2, -1)
    return values * cos + torch.cat([-second, first], -1) * sin


class GatedMlp(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.w1, self.w2, self.w3 = nn.Linear(config.width, config.hidden), nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.w3(F.silu(self.w1(x)) * self.w2(x))


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(config.width, eps=EPSILON) for _ in range(2))
        self.attn, self.mlp = Attention(config), (GatedMlp if config.gated else Mlp)(config)
        self.ls1, self.ls2 = (Scale(config.width) for _ in range(2))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x), cos, sin))
        return x + self.ls2(self.mlp(self.norm2(x)))


class Rotation(nn.Module):
    def __init__(self, periods: int) -> None:
        super().__init__()
        self.register_buffer("periods", torch.zeros(periods))


class DinoV3(nn.Module):
    """Normalised pictures [batch, side, side, 3], where side = grid * patch, to normalised patch tokens [batch, grid * grid, width]."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.cls_token, self.mask_token = nn.Parameter(torch.zeros(1, 1, config.width)), nn.Parameter(torch.zeros(1, config.width))
        if config.storage:
            self.storage_tokens = nn.Parameter(torch.zeros(1, config.storage, config.width))
        self.patch_embed, self.rope_embed = PatchEmbed(config), Rotation(config.periods)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=EPSILON)

    def rotation(self) -> tuple[Tensor, Tensor]:
        """Cosines and sines [1 + storage + patches, head]: patches turn with their centres, from -1 to 1 over the picture; the tokens in front of them do not."""
        config = self.config
        centres = 2 * (torch.arange(config.grid) + 0.5) / config.grid - 1
        places = torch.stack(torch.meshgrid(centres, centres, indexing="ij"), -1).reshape(-1, 2, 1)
        angles = (2 * math.pi * places / self.rope_embed.periods).flatten(1).repeat(1, 2)
        still = torch.zeros(1 + config.storage, angles.shape[1])
        angles = torch.cat([still, angles])
        return angles.cos(), angles.sin()

    def forward(self, colours: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        config = self.config
        tokens = self.patch_embed(colours)
        front = [self.cls_token] + ([self.storage_tokens] if config.storage else [])
        x = torch.cat([*(token + torch.zeros_like(tokens[:, :1, :]) for token in front), tokens], 1)
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.norm(x)[:, 1 + config.storage:]
