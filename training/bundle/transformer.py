"""Transformer layers with the tensors' names of vit-pytorch, which LeWorldModel and DINO-WM are built from."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Normalises its input, then lets each token look where `allowed` [tokens, tokens] says."""

    def __init__(self, width: int, heads: int, head: int) -> None:
        super().__init__()
        self.heads, self.head = heads, head
        self.norm = nn.LayerNorm(width)
        self.to_qkv = nn.Linear(width, 3 * heads * head, bias=False)
        # One head as wide as the tokens is passed on as it is.
        self.to_out = nn.Identity() if heads == 1 and head == width else nn.Sequential(nn.Linear(heads * head, width))

    def forward(self, x: Tensor, allowed: Tensor) -> Tensor:
        tokens, inner = int(x.shape[1]), self.heads * self.head
        query, key, value = (part.reshape(-1, tokens, self.heads, self.head).transpose(1, 2) for part in self.to_qkv(self.norm(x)).split(inner, -1))
        scores = (query * self.head**-0.5) @ key.transpose(2, 3)
        scores = scores.masked_fill(~allowed, float("-inf"))
        return self.to_out((scores.softmax(-1) @ value).transpose(1, 2).reshape(-1, tokens, inner))


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        # The gaps are where dropout was in training.
        self.net = nn.ModuleDict({"0": nn.LayerNorm(width), "1": nn.Linear(width, hidden), "4": nn.Linear(hidden, width)})

    def forward(self, x: Tensor) -> Tensor:
        net = self.net
        return net["4"](torch.nn.functional.gelu(net["1"](net["0"](x))))


def frame_causal(frames: int, tokens: int) -> Tensor:
    """Who sees whom, [frames * tokens, frames * tokens]: each token its own frame and those before."""
    frame = torch.arange(frames * tokens) // tokens
    return frame[:, None] >= frame[None, :]
