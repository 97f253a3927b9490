"""The encoder: a plain vision transformer (Dosovitskiy et al. 2021) whose class token is the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Config


class Patches(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, config.width, config.patch, config.patch)


class Embeddings(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.position_embeddings = nn.Parameter(torch.zeros(1, config.side**2 + 1, config.width))
        self.patch_embeddings = Patches(config)

    def forward(self, colours: Tensor) -> Tensor:
        """Tokens [batch, 1 + patches, width] of normalised pictures [batch, H, W, 3]."""
        side, patch = self.config.side, self.config.patch
        projection = self.patch_embeddings.projection
        # The convolution does not overlap itself: it is a matrix product, which is faster and can be quantised.
        patches = colours.reshape(-1, side, patch, side, patch, 3).permute(0, 1, 3, 5, 2, 4).reshape(-1, side * side, 3 * patch * patch)
        tokens = F.linear(patches, projection.weight.flatten(1), projection.bias)
        return torch.cat([self.cls_token.expand(tokens.shape[0], -1, -1), tokens], 1) + self.position_embeddings


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        tokens, head = int(x.shape[1]), self.width // self.heads
        query, key, value = (projection(x).reshape(-1, tokens, self.heads, head).transpose(1, 2) for projection in (self.q_proj, self.k_proj, self.v_proj))
        mixed = ((query * head**-0.5) @ key.transpose(2, 3)).softmax(-1) @ value
        return self.o_proj(mixed.transpose(1, 2).reshape(-1, tokens, self.width))


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.layernorm_before = nn.LayerNorm(config.width, eps=config.epsilon)
        self.attention = Attention(config.width, config.heads)
        self.layernorm_after = nn.LayerNorm(config.width, eps=config.epsilon)
        self.mlp = Mlp(config.width, config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.layernorm_before(x))
        return x + self.mlp(self.layernorm_after(x))


class Encoder(nn.Module):
    """Normalised pictures [batch, H, W, 3] to the class token [batch, width]."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.depth))
        self.layernorm = nn.LayerNorm(config.width, eps=config.epsilon)

    def forward(self, colours: Tensor) -> Tensor:
        x = self.embeddings(colours)
        for layer in self.layers:
            x = layer(x)
        return self.layernorm(x[:, 0])
