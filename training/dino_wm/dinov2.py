"""DINOv2's vision transformer (Oquab et al. 2024), out of its published tensors, for one size of picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bundle.sizes import Shapes

EPSILON = 1e-6
# Heads by width: tensors do not show them.
HEADS = {384: 6, 768: 12, 1024: 16, 1536: 24}


@dataclass(frozen=True)
class Config:
    """Sizes in pixels and numbers; `grid` patches a side, `registers` tokens beside the class token."""

    width: int
    depth: int
    heads: int
    hidden: int
    gated: bool
    patch: int
    grid: int
    positions: int
    registers: int


def derive(tensors: Mapping[str, Tensor], grid: int, heads: int | None) -> Config:
    """The sizes that the tensors show. Raises ValueError for tensors that are not DINOv2's."""
    shapes = Shapes(tensors, "encoder", "give DINOv2's weights, such as dinov2_vits14_pretrain.pth")
    width, _, patch, _ = shapes.of("patch_embed.proj.weight", 4)
    positions, depth = shapes.of("pos_embed", 3)[1], shapes.count("blocks.")
    gated = "blocks.0.mlp.w12.weight" in tensors
    hidden = shapes.of(f"blocks.0.mlp.{'w3' if gated else 'fc2'}.weight", 2)[1]
    heads = heads or HEADS.get(width)
    if heads is None or width % heads:
        raise ValueError(f"the tensors do not show how many heads an encoder of width {width} has: give encoder_heads, which divides it, with --config")
    registers = shapes.of("register_tokens", 3)[1] if "register_tokens" in tensors else 0
    return Config(width=width, depth=depth, heads=heads, hidden=hidden, gated=gated, patch=patch, grid=grid, positions=positions, registers=registers)


class Attention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.qkv, self.proj = nn.Linear(config.width, 3 * config.width), nn.Linear(config.width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        tokens, width, heads = int(x.shape[1]), self.config.width, self.config.heads
        query, key, value = (part.reshape(-1, tokens, heads, width // heads).transpose(1, 2) for part in self.qkv(x).split(width, -1))
        mixed = ((query * (width // heads) ** -0.5) @ key.transpose(2, 3)).softmax(-1) @ value
        return self.proj(mixed.transpose(1, 2).reshape(-1, tokens, width))


class Mlp(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class GatedMlp(nn.Module):
    """SwiGLU, of the giant one."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.w12, self.w3 = nn.Linear(config.width, 2 * config.hidden), nn.Linear(config.hidden, config.width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, -1)
        return self.w3(F.silu(gate) * value)


class Scale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(config.width, eps=EPSILON) for _ in range(2))
        self.attn, self.mlp = Attention(config), (GatedMlp if config.gated else Mlp)(config)
        self.ls1, self.ls2 = (Scale(config.width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    """Pictures [batch, side, side, 3] to the tokens [batch, grid * grid, width] of their patches."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.proj = nn.Conv2d(3, config.width, config.patch, config.patch)

    def forward(self, colours: Tensor) -> Tensor:
        grid, patch = self.config.grid, self.config.patch
        patches = colours.reshape(-1, grid, patch, grid, patch, 3).permute(0, 1, 3, 5, 2, 4).reshape(-1, grid * grid, 3 * patch * patch)
        return F.linear(patches, self.proj.weight.flatten(1), self.proj.bias)


class DinoV2(nn.Module):
    """Normalised pictures [batch, side, side, 3], where side = grid * patch, to normalised patch tokens [batch, grid * grid, width]."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.cls_token, self.mask_token = nn.Parameter(torch.zeros(1, 1, config.width)), nn.Parameter(torch.zeros(1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, config.positions, config.width))
        if config.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, config.registers, config.width))
        self.patch_embed = PatchEmbed(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=EPSILON)

    def positions(self) -> Tensor:
        """The trained positions brought to this grid, [1, 1 + grid * grid, width]: bicubic, the ratio off by a tenth of a patch as in the authors' code (without registers)."""
        grid, trained = self.config.grid, round((self.config.positions - 1) ** 0.5)
        if grid == trained:
            return self.pos_embed
        square = self.pos_embed[:, 1:].reshape(1, trained, trained, -1).permute(0, 3, 1, 2)
        if self.config.registers:
            resized = F.interpolate(square, size=(grid, grid), mode="bicubic", antialias=True)
        else:
            ratio = (grid + 0.1) / trained
            resized = F.interpolate(square, scale_factor=(ratio, ratio), mode="bicubic")
        return torch.cat([self.pos_embed[:, :1], resized.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)], 1)

    def forward(self, colours: Tensor, positions: Tensor) -> Tensor:
        config = self.config
        tokens = self.patch_embed(colours) + positions[:, 1:]
        front = [self.cls_token + positions[:, :1]] + ([self.register_tokens] if config.registers else [])
        x = torch.cat([*(token + torch.zeros_like(tokens[:, :1, :]) for token in front), tokens], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 1 + config.registers:]
