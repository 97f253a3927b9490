"""The roll-out of V-JEPA 2-AC the long way, which the graph's kept keys and values must not differ from."""

from __future__ import annotations

import torch
from torch import Tensor

from vjepa2_ac.graphs import normalised
from vjepa2_ac.pose import moved
from vjepa2_ac.predictor import Predictor


def reference_rollout(predictor: Predictor, latent: Tensor, state: Tensor, actions: Tensor, extrinsics: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Latents [N, H, D] and poses [N, H, 7] the long way: the whole sequence through the predictor for every step."""
    config, count = predictor.config, actions.shape[0]
    frames = latent.reshape(1, config.patches, config.width).expand(count, -1, -1)
    poses = state.reshape(1, 1, -1).expand(count, -1, -1)
    for step in range(actions.shape[1]):
        camera = None if extrinsics is None else extrinsics.reshape(1, 1, -1).expand(count, step + 1, -1)
        after = predictor(frames, actions[:, : step + 1], poses, camera)[:, -config.patches:]
        frames = torch.cat([frames, normalised(after, config)], 1)
        poses = torch.cat([poses, moved(poses[:, -1:], actions[:, step : step + 1])], 1)
    return frames.reshape(count, -1, config.latent)[:, 1:], poses[:, 1:]
