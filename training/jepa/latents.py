"""The latents of a whole data set, encoded once: with a frozen encoder the second stage needs no pictures."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .data import Episodes
from .model import ARM, PLACE, WorldModel, normalised


@dataclass(frozen=True)
class LatentEpisodes:
    """latents [E, T+1, D], states [E, T+1, 7], actions [E, T, 4]; truths [E, T+1, 3 + 3 * things] for measuring only."""

    latents: Tensor
    states: Tensor
    actions: Tensor
    truths: Tensor

    def __len__(self) -> int:
        return len(self.latents)


def join(parts: list[LatentEpisodes]) -> LatentEpisodes:
    """Several as one, longer episodes cut to the length of the shortest. Where that does not go into a length the pieces overlap: each frame is in one of them."""
    steps = min(part.actions.shape[1] for part in parts)
    pieces = [(part, first) for part in parts for first in _firsts(part.actions.shape[1], steps)]
    return LatentEpisodes(*(torch.cat([getattr(part, name)[:, first : first + steps + extra] for part, first in pieces])
                            for name, extra in (("latents", 1), ("states", 1), ("actions", 0), ("truths", 1))))


def _firsts(actions: int, steps: int) -> list[int]:
    """First frames of as few pieces of `steps` actions as have all frames in them."""
    return np.linspace(0, actions - steps, math.ceil(actions / steps)).round().astype(int).tolist()


def encode_all(model: WorldModel, images: np.ndarray, batch: int = 512) -> Tensor:
    """[E, T, H, W, 3] uint8 to [E, T, D] with the encoder in evaluation mode."""
    return _in_batches(model.encoder, images, next(model.parameters()).device, batch)


def encode_features(model: WorldModel, images: np.ndarray) -> Tensor:
    """[E, T, H, W, 3] uint8 to the encoder's features [E, T, F], in half precision."""
    return _in_batches(lambda pixels: model.encoder.features(normalised(pixels)).half(), images, next(model.parameters()).device)


@torch.no_grad()
def _in_batches(function: Callable[[Tensor], Tensor], images: np.ndarray, device: torch.device, batch: int = 512) -> Tensor:
    flat = images.reshape(-1, *images.shape[2:])
    return torch.cat([function(torch.from_numpy(flat[i : i + batch]).to(device)).cpu() for i in range(0, len(flat), batch)]).unflatten(0, images.shape[:2])


def data_key(episodes: Episodes) -> str:
    """Tells data sets apart: of all numbers, and of one picture an episode."""
    return digest(episodes.states, episodes.actions, episodes.images[:, 0])


def fingerprint(model: WorldModel, data: str) -> str:
    """Tells encoders and data sets, given as their `data_key`, apart."""
    return digest(*(value.numpy() for value in model.encoder.state_dict().values()), np.array(data))


def digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.dtype, array.shape)).encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def encode_episodes(model: WorldModel, episodes: Episodes, run: Path) -> LatentEpisodes:
    """Latents, which are kept in the folder of the encoder's run: whoever wants those of the same episodes again finds them there."""
    model.eval()
    return _with(kept_latents(run, fingerprint(model, data_key(episodes)), lambda: encode_all(model, episodes.images)), episodes)


def kept_latents(run: Path, key: str, compute: Callable[[], Tensor]) -> Tensor:
    """Those that are kept in a run's folder under a `fingerprint`, otherwise computed and written there. [E, T, D]"""
    return cached(run / f"latents-{key[:16]}.npz", "latents", key, compute)


def cached(file: Path, name: str, key: str, compute: Callable[[], Tensor]) -> Tensor:
    """What the file has under this name when it was written with this key, otherwise computed and written there."""
    if file.exists():
        stored = np.load(file)
        if str(stored["key"]) == key:
            return torch.from_numpy(stored[name])
    values = compute()
    # Several processes may look for the same.
    part = file.with_name(f"{file.stem}.{os.getpid()}.part.npz")
    np.savez(part, **{name: values.numpy(), "key": np.array(key)})
    part.rename(file)
    return values


def true_latents(model: WorldModel, episodes: Episodes) -> LatentEpisodes:
    """What an encoder without error would say, from proprioception and the simulator's truth; no picture is looked at. Raises ValueError where the truth is not known."""
    states, truths = torch.from_numpy(episodes.states), torch.from_numpy(episodes.truths)
    if not truths.isfinite().all():
        raise ValueError("the data does not say where the things are; leave --from-truth out")
    return _with(model.latent_of(states, truths[..., PLACE:].unflatten(-1, (model.config.things, PLACE))), episodes)


def _with(latents: Tensor, episodes: Episodes) -> LatentEpisodes:
    return LatentEpisodes(latents, torch.from_numpy(episodes.states), torch.from_numpy(episodes.actions), torch.from_numpy(episodes.truths))


def changing_windows(episodes: LatentEpisodes, periods: int) -> np.ndarray:
    """Episode and first frame [N, 2] of the quarter of windows in which the things' entries change most; at least one, even where nothing changes."""
    objects = episodes.latents[..., ARM:]
    change = (objects[:, periods:] - objects[:, :-periods]).square().mean(-1)
    # What a room does to the entries is less than what a push does, and in about so many windows something is pushed or carried.
    border = change.flatten().kthvalue(max(1, round(0.75 * change.numel()))).values
    return torch.argwhere((change > border) | (change == change.max())).numpy()


class LatentSampler:
    """Random windows of latents; `moving_share` of them from those in which the objects' entries change most (no truth needed)."""

    def __init__(self, episodes: LatentEpisodes, *, horizon: int, windows: int, moving_share: float, seed: int) -> None:
        if horizon > episodes.actions.shape[1]:
            raise ValueError(f"rollout is {horizon}: the episodes have only {episodes.actions.shape[1]} actions")
        self._episodes = episodes
        self._horizon = horizon
        self._windows = windows
        self._moving_share = moving_share
        self._generator = np.random.default_rng(seed)
        self._moving = changing_windows(episodes, horizon)

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """latents [B, horizon + 1, D], states [B, horizon + 1, 7], actions [B, horizon, 4]."""
        e = self._episodes
        count, steps = len(e), e.actions.shape[1]
        window = np.stack([self._generator.integers(count, size=self._windows), self._generator.integers(steps - self._horizon + 1, size=self._windows)], 1)
        curated = round(self._moving_share * self._windows)
        window[:curated] = self._moving[self._generator.integers(len(self._moving), size=curated)]
        episode = torch.from_numpy(window[:, :1])
        at = torch.from_numpy(window[:, 1:] + np.arange(self._horizon + 1))
        return e.latents[episode, at], e.states[episode, at], e.actions[episode, at[:, :-1]]
