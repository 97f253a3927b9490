"""The transformer block of V-JEPA 2; encoder and predictor are made of the same one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .rotary import Turn, rotate

EPSILON = 1e-6
# Keys and values [batch, heads, tokens, head] of the tokens before.
Past = tuple[Tensor, Tensor]


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, by: Turn, allowed: Tensor | None = None, past: Past | None = None) -> tuple[Tensor, Past]:
        """`x` [batch, tokens, width] looks at itself and at `past`; `allowed` [tokens, tokens] says who sees whom (default: all)."""
        # Only the batch is left to -1, so that the traced graph takes any and has no other arithmetic on shapes.
        tokens, width, head = int(x.shape[1]), self.width, self.width // self.heads
        query, key, value = (part.reshape(-1, tokens, self.heads, head).transpose(1, 2) for part in self.qkv(x).split(width, -1))
        query, key = rotate(query, by) * head**-0.5, rotate(key, by)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        scores = query @ key.transpose(2, 3)
        if allowed is not None:
            scores = scores.masked_fill(~allowed, float("-inf"))
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(-1, tokens, width)
        return self.proj(mixed), (key, value)


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class GatedMlp(nn.Module):
    """SwiGLU (Shazeer 2020); the published models do without, their code has it."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(width, hidden)
        self.fc3 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc3(F.silu(self.fc1(x)) * self.fc2(x))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, gated: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = (GatedMlp if gated else Mlp)(width, hidden)

    def forward(self, x: Tensor, by: Turn, allowed: Tensor | None = None, past: Past | None = None) -> tuple[Tensor, Past]:
        seen, past = self.attn(self.norm1(x), by, allowed, past)
        x = x + seen
        return x + self.mlp(self.norm2(x)), past
