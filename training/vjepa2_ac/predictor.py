"""The action-conditioned predictor: a transformer over frames, each an action token, a state token, where wanted one for the camera's place, and the patches.

A frame sees itself and those before it, whole (block-causal). So what a frame has made of itself never changes once it is there, and its keys and values can be
kept: `step` gives for the newest frame what `forward` gives for it over the whole sequence, in the time of one frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bundle.transformer import frame_causal

from .blocks import EPSILON, Block, Past
from .config import Config
from .rotary import Turn, grid_positions, turn


class Predictor(nn.Module):
    """Latents of frames [batch, T * patches, encoder's width], actions and states [batch, T, 7], extrinsics [batch, T, 6] to latents of the frames after, shaped alike."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.predictor_width
        self.predictor_embed = nn.Linear(config.width, width)
        self.action_encoder = nn.Linear(config.action, width)
        self.state_encoder = nn.Linear(config.action, width)
        # In the checkpoint whether it is used or not.
        self.extrinsics_encoder = nn.Linear(config.action - 1, width)
        self.predictor_blocks = nn.ModuleList(
            Block(width, config.predictor_heads, config.predictor_hidden, config.predictor_gated) for _ in range(config.predictor_depth))
        self.predictor_norm = nn.LayerNorm(width, eps=EPSILON)
        self.predictor_proj = nn.Linear(width, config.width)

    def forward(self, latents: Tensor, actions: Tensor, states: Tensor, extrinsics: Tensor | None = None) -> Tensor:
        config, frames = self.config, actions.shape[1]
        patches = self.predictor_embed(latents).reshape(-1, frames, config.patches, config.predictor_width)
        tokens = torch.cat([self._conditions(actions, states, extrinsics), patches], 2).flatten(1, 2)
        by = self._turn(range(frames))
        allowed = frame_causal(frames, config.conditions + config.patches)
        for block in self.predictor_blocks:
            tokens, _ = block(tokens, by, allowed)
        kept = tokens.reshape(-1, frames, config.conditions + config.patches, config.predictor_width)[:, :, config.conditions:].flatten(1, 2)
        return self.predictor_proj(self.predictor_norm(kept))

    def step(self, latent: Tensor, action: Tensor, state: Tensor, extrinsics: Tensor | None, frame: int, past: list[Past]) -> tuple[Tensor, list[Past]]:
        """The frame after `frame`, from its `latent` [batch or 1, patches, width], `action` [batch, 7] and `state` [batch or 1, 7].

        `past` has the blocks' keys and values of the frames before (empty for frame 0).
        """
        config, batch = self.config, action.shape[0]
        patches = self.predictor_embed(latent).expand(batch, -1, -1)
        camera = None if extrinsics is None else extrinsics[:, None]
        conditions = self._conditions(action[:, None], state[:, None].expand(batch, -1, -1), camera)[:, 0]
        tokens = torch.cat([conditions, patches], 1)
        by = self._turn(range(frame, frame + 1))
        grown: list[Past] = []
        for i, block in enumerate(self.predictor_blocks):
            tokens, kept = block(tokens, by, None, past[i] if past else None)
            grown.append(kept)
        return self.predictor_proj(self.predictor_norm(tokens[:, config.conditions:])), grown

    def _conditions(self, actions: Tensor, states: Tensor, extrinsics: Tensor | None) -> Tensor:
        """The tokens [batch, T, 2 or 3, width] that stand before a frame's patches."""
        tokens = [self.action_encoder(actions), self.state_encoder(states)]
        if self.config.use_extrinsics:
            if extrinsics is None:
                raise ValueError("this predictor takes the camera's extrinsics with every frame")
            camera = self.extrinsics_encoder(extrinsics)
            tokens.append(camera.expand(tokens[0].shape[0], -1, -1))
        return torch.stack(tokens, 2)

    def _turn(self, frames: range) -> Turn:
        """Conditions turn with the frame alone; rows and columns are stretched to a square grid as tall as the picture."""
        config = self.config
        positions = []
        for frame in frames:
            grid = grid_positions(config.rows, config.columns, frame)
            grid[:, 2] *= config.rows / config.columns
            positions += [torch.tensor([[frame, 0.0, 0.0]], dtype=torch.float64).expand(config.conditions, -1), grid]
        return turn(torch.cat(positions), config.predictor_width // config.predictor_heads)
