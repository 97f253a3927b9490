"""The three predictors of JEPA-WMs. Each takes the last frames, T of them, and gives the frame after the last:

`visual` [batch, T, patches, width], `action` [batch, T, 1, action's width] and `proprio` [batch, T, tokens or patches, proprioception's width] or None, both encoded, to visual
[batch, patches, width] and proprioception [batch, tokens or patches, width of it] or None. A frame sees itself and those before it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bundle.transformer import frame_causal
from dino_wm.model import Transformer
from vjepa2_ac.blocks import EPSILON, Attention, Block, Mlp
from vjepa2_ac.rotary import Turn, grid_positions, turn

from .config import Config

Predicted = tuple[Tensor, Tensor | None]


class AdaLnBlock(nn.Module):
    """A block whose two norms are scaled and shifted, and whose two branches are weighted, by what the frame's action says (Peebles and Xie 2023)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.total_width
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=EPSILON) for _ in range(2))
        self.attn, self.mlp = Attention(width, config.heads), Mlp(width, config.hidden)
        # The gap is where the activation is.
        self.adaLN_modulation = nn.ModuleDict({"1": nn.Linear(width, 6 * width)})

    def forward(self, x: Tensor, condition: Tensor, tokens: int, by: Turn, allowed: Tensor | None) -> Tensor:
        """`x` [batch, T * tokens, width], `condition` [batch, T, width]."""
        frames, width = int(condition.shape[1]), int(condition.shape[2])
        values = self.adaLN_modulation["1"](F.silu(condition))[:, :, None].expand(-1, -1, tokens, -1).reshape(-1, frames * tokens, 6 * width)
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = values.split(width, -1)
        seen, _ = self.attn(self.norm1(x) * (1 + scale) + shift, by, allowed)
        x = x + gate * seen
        return x + gate_mlp * self.mlp(self.norm2(x) * (1 + scale_mlp) + shift_mlp)


class Rotary(nn.Module):
    """What the two predictors with rotary positions share: patches brought to the predictor's width and back, positions, and who sees whom."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.predictor_embed = nn.Linear(config.width, config.predictor_width)
        if config.action_inside:
            self.action_encoder = nn.Linear(config.action, config.action_width)
        if config.proprio_inside:
            self.proprio_encoder = nn.Linear(config.proprio, config.proprio_width)
        self.predictor_norm = nn.LayerNorm(config.total_width, eps=EPSILON)
        self.predictor_proj = nn.Linear(config.predictor_width, config.width)

    def positions(self, frames: int) -> Turn:
        """Tokens before a frame's patches turn with the frame alone. Without rotary positions nothing turns."""
        config = self.config
        side = round(config.patches**0.5)
        places = [torch.cat([torch.tensor([[frame, 0.0, 0.0]], dtype=torch.float64).expand(config.conditions, -1), grid_positions(side, side, frame)]) for frame in range(frames)]
        return turn(torch.cat(places) * (1.0 if config.rope else 0.0), config.total_width // config.heads)

    def allowed(self, frames: int) -> Tensor | None:
        return frame_causal(frames, self.config.conditions + self.config.patches) if self.config.causal else None

    def last(self, x: Tensor, frames: int) -> Tensor:
        """The tokens [batch, conditions + patches, total width] of the last frame, normalised."""
        tokens = self.config.conditions + self.config.patches
        return self.predictor_norm(x.reshape(-1, frames, tokens, self.config.total_width)[:, -1])


class AdaLnPredictor(Rotary):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.predictor_blocks = nn.ModuleList(AdaLnBlock(config) for _ in range(config.depth))

    def forward(self, visual: Tensor, action: Tensor, proprio: Tensor | None) -> Predicted:
        config, frames = self.config, int(visual.shape[1])
        x = self.predictor_embed(visual)
        if config.proprio_as == "token":
            x = torch.cat([proprio, x], 2)
        elif config.proprio_as == "feature":
            x = torch.cat([x, proprio], 3)
        tokens = config.conditions + config.patches
        x = x.reshape(-1, frames * tokens, config.total_width)
        by, allowed = self.positions(frames), self.allowed(frames)
        for block in self.predictor_blocks:
            x = block(x, action[:, :, 0], tokens, by, allowed)
        x = self.last(x, frames)
        if config.proprio_as == "token":
            return self.predictor_proj(x[:, config.proprio_tokens:]), x[:, : config.proprio_tokens]
        return self.predictor_proj(x[..., : config.predictor_width]), x[..., config.predictor_width:] if config.proprio_as == "feature" else None


class JointPredictor(Rotary):
    """Actions and proprioception as tokens of their frame (V-JEPA 2-AC's way), or beside each patch."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.predictor_blocks = nn.ModuleList(Block(config.total_width, config.heads, config.hidden, config.gated) for _ in range(config.depth))

    def forward(self, visual: Tensor, action: Tensor, proprio: Tensor | None) -> Predicted:
        config, frames = self.config, int(visual.shape[1])
        x = self.predictor_embed(visual)
        beside = [] if proprio is None else [proprio]
        if config.conditioning == "token":
            x = torch.cat([action, *beside, x], 2)
        else:
            x = torch.cat([x, *beside, action.expand(-1, -1, config.patches, -1)], 3)
        x = x.reshape(-1, frames * (config.conditions + config.patches), config.total_width)
        by, allowed = self.positions(frames), self.allowed(frames)
        for block in self.predictor_blocks:
            x, _ = block(x, by, allowed)
        x = self.last(x, frames)
        if config.conditioning == "token":
            return self.predictor_proj(x[:, config.conditions:]), None if proprio is None else x[:, 1 : config.conditions]
        seen = config.predictor_width
        return self.predictor_proj(x[..., :seen]), None if proprio is None else x[..., seen : seen + config.proprio_width]


class FramePredictor(nn.Module):
    """DINO-WM's: patches as they are, proprioception and action beside each, learned positions."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.pos_embedding = nn.Parameter(torch.zeros(1, config.trained_frames * config.patches, config.total_width))
        self.transformer = Transformer(_Sizes(config))

    def forward(self, visual: Tensor, action: Tensor, proprio: Tensor | None) -> Predicted:
        config, frames = self.config, int(visual.shape[1])
        beside = [] if proprio is None else [proprio]
        x = torch.cat([visual, *beside, action.expand(-1, -1, config.patches, -1)], 3)
        tokens = frames * config.patches
        x = x.reshape(-1, tokens, config.total_width) + self.pos_embedding[:, :tokens]
        x = self.transformer(x, frame_causal(frames, config.patches))[:, -config.patches:]
        return x[..., : config.width], None if proprio is None else x[..., config.width : config.width + config.proprio_width]


class _Sizes:
    """A predictor's sizes under the names that DINO-WM's layers ask for."""

    def __init__(self, config: Config) -> None:
        self.width, self.depth, self.heads, self.head, self.hidden = config.total_width, config.depth, config.heads, config.head, config.hidden


PREDICTORS: dict[str, type[nn.Module]] = {"AdaLN": AdaLnPredictor, "vjepa2_ac": JointPredictor, "dino_wm": FramePredictor}
