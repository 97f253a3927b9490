"""The predictor, what encodes actions, and the heads that bring both ends into the latent space."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from bundle.transformer import Attention, FeedForward, frame_causal

from .config import Config
from .encoder import Encoder


class Block(nn.Module):
    """Modulated by the action through shift, scale and gate (AdaLN-zero, Peebles and Xie 2023)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.predictor_width
        self.attn = Attention(width, config.predictor_heads, config.predictor_head)
        self.mlp = FeedForward(width, config.predictor_hidden)
        self.norm1, self.norm2 = (nn.LayerNorm(width, elementwise_affine=False, eps=1e-6) for _ in range(2))
        self.adaLN_modulation = nn.ModuleDict({"1": nn.Linear(width, 6 * width)})

    def forward(self, x: Tensor, condition: Tensor, allowed: Tensor) -> Tensor:
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation["1"](F.silu(condition)).chunk(6, -1)
        x = x + gate * self.attn(self.norm1(x) * (1 + scale) + shift, allowed)
        return x + gate_mlp * self.mlp(self.norm2(x) * (1 + scale_mlp) + shift_mlp)


class Transformer(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.predictor_width
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.predictor_depth))
        same = config.embed == width
        self.input_proj, self.cond_proj = (nn.Identity() if same else nn.Linear(config.embed, width) for _ in range(2))
        self.output_proj = nn.Identity() if config.predictor_output == width else nn.Linear(width, config.predictor_output)

    def forward(self, x: Tensor, condition: Tensor, allowed: Tensor) -> Tensor:
        x, condition = self.input_proj(x), self.cond_proj(condition)
        for layer in self.layers:
            x = layer(x, condition, allowed)
        return self.output_proj(self.norm(x))


class Predictor(nn.Module):
    """Latents and encoded actions [batch, up to window, embed] to the latents after, before their head."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(Tensor(1, config.window, config.embed))
        self.transformer = Transformer(config)

    def forward(self, latents: Tensor, actions: Tensor) -> Tensor:
        frames = int(latents.shape[1])
        return self.transformer(latents + self.pos_embedding[:, :frames], actions, frame_causal(frames, 1))


class ActionEncoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.patch_embed = nn.Conv1d(config.action, config.smoothed, 1)
        self.embed = nn.ModuleDict({"0": nn.Linear(config.smoothed, config.action_hidden), "2": nn.Linear(config.action_hidden, config.action_embed)})

    def forward(self, actions: Tensor) -> Tensor:
        """[batch, steps, action] to [batch, steps, embed]. The convolution has a kernel of 1: a matrix product."""
        smooth = F.linear(actions, self.patch_embed.weight[:, :, 0], self.patch_embed.bias)
        return self.embed["2"](F.silu(self.embed["0"](smooth)))


class Head(nn.Module):
    """Linear, normalisation (BatchNorm as published, or LayerNorm), GELU, linear."""

    def __init__(self, enter: int, hidden: int, leave: int, norm: str) -> None:
        super().__init__()
        kinds = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": lambda _: nn.Identity()}
        self.net = nn.ModuleDict({"0": nn.Linear(enter, hidden), "1": kinds[norm](hidden), "3": nn.Linear(hidden, leave)})

    def forward(self, x: Tensor) -> Tensor:
        return self.net["3"](F.gelu(self.net["1"](self.net["0"](x))))


class LeWorldModel(nn.Module):
    """`projector` and `pred_proj` are (enter, hidden, leave, norm), or None for a model that has none."""

    def __init__(self, config: Config, projector: tuple[int, int, int, str] | None, pred_proj: tuple[int, int, int, str] | None) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.predictor, self.action_encoder = Encoder(config), Predictor(config), ActionEncoder(config)
        self.projector, self.pred_proj = (nn.Identity() if head is None else Head(*head) for head in (projector, pred_proj))

    def encode(self, colours: Tensor) -> Tensor:
        return self.projector(self.encoder(colours))

    def predict(self, latents: Tensor, actions: Tensor) -> Tensor:
        """The latent [batch, embed] after the last of `latents` and encoded `actions` [batch, frames, embed]."""
        return self.pred_proj(self.predictor(latents, actions)[:, -1])
