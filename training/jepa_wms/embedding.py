"""What encodes actions and proprioception outside the predictor."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class NormedLinear(nn.Linear):
    """A matrix, layer norm, GELU."""

    def __init__(self, enter: int, leave: int) -> None:
        super().__init__(enter, leave)
        self.ln = nn.LayerNorm(leave)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.ln(super().forward(x)))


class Embedding(nn.Module):
    """[batch, steps, enter] to [batch, steps, tokens, width]; saved as a convolution with a kernel of 1 and, where there is one, a network behind it."""

    def __init__(self, enter: int, width: int, tokens: int, mlp: bool) -> None:
        super().__init__()
        self.width, self.tokens = width, tokens
        self.patch_embed = nn.Conv1d(enter, width * tokens, 1)
        if mlp:
            self.mlp = nn.Sequential(NormedLinear(width * tokens, width * tokens))

    def forward(self, x: Tensor) -> Tensor:
        steps = int(x.shape[1])
        encoded = F.linear(x, self.patch_embed.weight[:, :, 0], self.patch_embed.bias)
        if hasattr(self, "mlp"):
            encoded = self.mlp(encoded)
        return encoded.reshape(-1, steps, self.tokens, self.width)


class Inside(nn.Module):
    """The same with a matrix that is saved with the predictor: one token. [batch, steps, enter] to [batch, steps, 1, width]."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)[:, :, None]
