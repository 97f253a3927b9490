"""The shards that `sim/collect` writes, as one data set in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from .touch import Touch


@dataclass(frozen=True)
class Episodes:
    """Arrays of all episodes; E episodes of T actions.

    images uint8 [E, T+1, H, W, 3]; states float32 [E, T+1, S]; actions float32 [E, T, A];
    truths float32 [E, T+1, 3 + 3 * things] (tool and things from narrow to wide, m): for probes only, never part of a loss.
    """

    images: np.ndarray
    states: np.ndarray
    actions: np.ndarray
    truths: np.ndarray
    description: dict

    def __len__(self) -> int:
        return len(self.images)

    def shuffled(self, seed: int) -> "Episodes":
        """The same episodes in a random order."""
        order = np.random.default_rng(seed).permutation(len(self))
        return Episodes(self.images[order], self.states[order], self.actions[order], self.truths[order], self.description)

    def split(self, validation: int) -> tuple["Episodes", "Episodes"]:
        """Training episodes and the last `validation` ones."""
        if not 0 < validation < len(self):
            raise ValueError(f"validation_episodes is {validation}, the data set has {len(self)} episodes; choose fewer")
        cut = len(self) - validation
        return self._slice(slice(0, cut)), self._slice(slice(cut, None))

    def _slice(self, part: slice) -> "Episodes":
        return Episodes(self.images[part], self.states[part], self.actions[part], self.truths[part], self.description)


def check_alike(parts: list[Episodes]) -> None:
    """Raises ValueError when the pictures, states or actions of data sets do not fit together; episodes may be of different lengths."""
    for name in ("images", "states", "actions"):
        shapes = {getattr(part, name).shape[2:] for part in parts}
        if len(shapes) != 1:
            raise ValueError(f"the data sets have different shapes of {name}: {sorted(shapes)}; collect them with the same options")
    for name in ("period_s", "state", "action", "frame"):
        values = [part.description.get(name) for part in parts]
        if any(value != values[0] for value in values):
            raise ValueError(f"the data sets have different {name}: {values}; give data sets of one robot and one rate")


def join_episodes(parts: list[Episodes]) -> Episodes:
    """Several data sets as one, with the first one's description; longer episodes are cut at the end. Raises ValueError when they do not fit together."""
    if len(parts) == 1:
        return parts[0]
    check_alike(parts)
    steps = min(part.actions.shape[1] for part in parts)
    arrays = (np.concatenate([getattr(part, name)[:, : steps + extra] for part in parts])
              for name, extra in (("images", 1), ("states", 1), ("actions", 0), ("truths", 1)))
    return Episodes(*arrays, parts[0].description)


def load_episodes(folder: Path) -> Episodes:
    """Reads every finished shard of a folder.

    Raises FileNotFoundError or ValueError, with what to do, when there is nothing to read or shards disagree.
    """
    description_file = folder / "dataset.json"
    if not description_file.exists():
        raise FileNotFoundError(f"{description_file} is missing; make the data first: node dist/sim/collect.js --out {folder}")
    description = json.loads(description_file.read_text())
    shards = sorted(path for path in folder.glob("shard-*") if path.suffix != ".part")
    if not shards:
        raise FileNotFoundError(f"{folder} has no finished shard; run the collection again")
    arrays: dict[str, np.ndarray] = {}
    for name in ("images", "states", "actions", "truths"):
        if name == "truths" and not all((shard / "truths.npy").exists() for shard in shards):
            # A robot does not know where things are.
            arrays[name] = np.full((*arrays["states"].shape[:2], 9), np.nan, np.float32)
            continue
        parts = [np.load(shard / f"{name}.npy", mmap_mode="r") for shard in shards]
        shapes = {part.shape[1:] for part in parts}
        if len(shapes) != 1:
            raise ValueError(f"{folder}: the shards have different shapes of {name}: {sorted(shapes)}; collect into a new folder")
        arrays[name] = np.concatenate(parts)
    for name in ("states", "actions"):
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{folder}: {name} has numbers that are not finite; collect the data again")
    return Episodes(**arrays, description=description)


# The hand is this far from a thing that is to be seen and not guessed, m.
AWAY_M = 0.15


@dataclass(frozen=True)
class Windows:
    """A batch of windows of consecutive actions: images uint8 [B, F, H, W, 3], states [B, F, S], felt [B, F, things, 3] (m, NaN where no place is known) and
    held [B, F, things] at the chosen frames, actions [B, horizon, A].
    """

    images: torch.Tensor
    states: torch.Tensor
    felt: torch.Tensor
    held: torch.Tensor
    actions: torch.Tensor

    def to(self, device: torch.device) -> "Windows":
        return Windows(*(getattr(self, field.name).to(device) for field in fields(self)))


class WindowSampler:
    """Random windows of consecutive actions of one or more data sets, the same sequence for the same seed.

    `felt_share` of them begin with a picture of a thing that lies where it is known from touch to lie, `held_share` with one of a thing in the hand: these are few,
    and the encoder learns most from them.
    """

    def __init__(self, parts: list[Episodes], touches: list[Touch], *, horizon: int, frames: tuple[int, ...], windows: int, felt_share: float, held_share: float,
                 seed: int) -> None:
        if frames[0] != 0 or frames[-1] > horizon:
            raise ValueError(f"frames is {frames}: it must begin with 0 and end within the horizon of {horizon}")
        shortest = min(part.actions.shape[1] for part in parts)
        if horizon > shortest:
            raise ValueError(f"horizon is {horizon}: the episodes have only {shortest} actions")
        self._parts, self._touches = parts, touches
        self._horizon = horizon
        self._frames = np.array(frames)
        self._windows = windows
        self._generator = np.random.default_rng(seed)
        # Data set, episode and first picture of every window there is, and of the two kinds.
        self._all, lying, held = (np.concatenate(each) for each in zip(*(self._starts(i) for i in range(len(parts)))))
        self._curated = [(lying, round(felt_share * windows)), (held, round(held_share * windows))]

    def _starts(self, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part, touch = self._parts[i], self._touches[i]
        count = part.images.shape[1] - self._horizon
        held = touch.held.any(-1)
        # With the hand elsewhere: where it is near, its own place would be all that the encoder needs to know.
        away = np.linalg.norm(touch.places - part.states[:, :, None, :3], axis=-1) > AWAY_M
        kinds = np.ones_like(held), away.any(-1) & ~held, held
        every, lying, holding = (np.insert(np.argwhere(kind[:, :count]).astype(np.int32), 0, i, axis=1) for kind in kinds)
        return every, lying, holding

    def draw(self) -> Windows:
        window = self._all[self._generator.integers(len(self._all), size=self._windows)]
        first = 0
        for candidates, count in self._curated:
            if len(candidates):
                window[first : first + count] = candidates[self._generator.integers(len(candidates), size=count)]
            first += count
        rows = []
        for i, episode, start in window:
            part, touch, at = self._parts[i], self._touches[i], start + self._frames
            rows.append((part.images[episode, at], part.states[episode, at], touch.places[episode, at], touch.held[episode, at],
                         part.actions[episode, start : start + self._horizon]))
        return Windows(*(torch.from_numpy(np.stack(arrays)) for arrays in zip(*rows)))
