"""What a robot lived through, as `jepa-mpc fine-tune` writes it out of the memory: latents, proprioception and actions of unbroken stretches, without pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FORMAT = "jepa-mpc experience, version 1"


@dataclass(frozen=True)
class Stretch:
    """Consecutive periods: latents [T+1, D], states [T+1, S], actions [T, A]. `episode` says which it is of, in the order in which they were lived."""

    episode: int
    latents: Tensor
    states: Tensor
    actions: Tensor


@dataclass(frozen=True)
class Windows:
    """latents [N, H+1, D], states [N, H+1, S], actions [N, H, A]; `known` [N, H] is 0 where a stretch had ended: what stands there counts nowhere. `episode` [N]."""

    latents: Tensor
    states: Tensor
    actions: Tensor
    known: Tensor
    episode: Tensor

    def __len__(self) -> int:
        return len(self.latents)

    def take(self, rows: Tensor) -> "Windows":
        return Windows(self.latents[rows], self.states[rows], self.actions[rows], self.known[rows], self.episode[rows])


def load_experience(folder: Path, encoder_sha256: str) -> list[Stretch]:
    """Stretches in the order in which they were lived. Raises FileNotFoundError or ValueError, one line, when there are none or they are of another encoder."""
    file = folder / "experience.json"
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing: jepa-mpc fine-tune writes it out of the memory")
    about = json.loads(file.read_text())
    if about.get("format") != FORMAT:
        raise ValueError(f"{file}: format is {about.get('format')!r}: must be {FORMAT!r}")
    if about["encoder_sha256"] != encoder_sha256:
        raise ValueError(f"{folder} was seen with another encoder ({about['encoder_sha256'][:12]}, the bundle's is {encoder_sha256[:12]}): its latents mean something else")
    latents, states, actions = (torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("latents", "states", "actions"))
    if not all(values.isfinite().all() for values in (latents, states, actions)):
        raise ValueError(f"{folder} has numbers that are not finite")
    # A stretch has one frame more than actions.
    stretches, frame, action = [], 0, 0
    for one in about["stretches"]:
        periods = one["periods"]
        stretches.append(Stretch(one["episode"], latents[frame : frame + periods + 1], states[frame : frame + periods + 1], actions[action : action + periods]))
        frame, action = frame + periods + 1, action + periods
    if (frame, frame, action) != (len(latents), len(states), len(actions)):
        raise ValueError(f"{folder} has {len(latents)} frames and {len(actions)} actions, its stretches {frame} and {action}: it is damaged")
    return stretches


def split(stretches: list[Stretch], share: float) -> tuple[list[Stretch], list[Stretch]]:
    """All but the newest episodes, and those: they have never been learned from, and are the nearest to what will come. Raises ValueError when there are too few."""
    episodes = sorted({stretch.episode for stretch in stretches})
    held = max(2, round(share * len(episodes)))
    if len(episodes) < held + 2:
        raise ValueError(f"there are {len(episodes)} episodes; {held} to measure on leave fewer than 2 to learn from: let the robot work on")
    first_held = episodes[-held]
    return [one for one in stretches if one.episode < first_held], [one for one in stretches if one.episode >= first_held]


def windows_of(stretches: list[Stretch], horizon: int) -> Windows:
    """One from every frame that has an action after it; those near the end of a stretch are shorter."""
    rows = []
    for one in stretches:
        periods = len(one.actions)
        for start in range(periods):
            at = torch.arange(start, start + horizon + 1)
            rows.append((one.latents[at.clamp(max=periods)], one.states[at.clamp(max=periods)], one.actions[at[:-1].clamp(max=periods - 1)], (at[1:] <= periods).float(), torch.tensor(one.episode)))
    return Windows(*(torch.stack(column) for column in zip(*rows)))
