"""The exported files against the modules they come from, end to end: picture to latent to the ranks of candidates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from .ranks import CANDIDATES, TOP, overlap, rank_faults, spearman

# More candidates at once would take memory that the measurement does not need.
CHUNK = 32
# What counts as the same model, besides how the candidates rank: the energy's difference, a share of the largest energy where that is above 1.
ENERGY_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Parity:
    """Largest differences from PyTorch in 32 bits, and how well the last step's energies of the candidates rank as there (the worst scene)."""

    precision: str
    candidates: int
    latent_max_difference: float
    energy_max_difference: float
    energy_max: float
    final_state_max_difference: float
    energy_spread: float
    rank_correlation_min: float
    top_overlap_min: float
    top: int

    def faults(self) -> list[str]:
        """What speaks against the export; empty when nothing does."""
        found = []
        if self.precision == "fp32" and not self.energy_max_difference <= ENERGY_TOLERANCE * max(1.0, self.energy_max):
            found.append(f"energies of up to {self.energy_max:.3g} differ by {self.energy_max_difference:.2g}, more than {ENERGY_TOLERANCE:g} of that")
        return found + rank_faults(self.rank_correlation_min, self.top_overlap_min, self.precision)

    def to_dict(self) -> dict:
        return asdict(self)


@torch.no_grad()
def measure(folder: Path, encoder: Callable[[Tensor], Tensor], rollout: Callable[..., tuple[Tensor, ...]], pictures: np.ndarray, state: np.ndarray,
            box: tuple[np.ndarray, np.ndarray], horizon: int, precision: str, seed: int = 0) -> Parity:
    """Runs `folder`'s graphs and the modules on the same pictures uint8 [2 * scenes, H, W, 3] (starts, then goals), `state` [S] and random candidates in `box`."""
    sessions = {name: onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"]) for name in ("encoder", "rollout")}
    low, high = box
    generator = np.random.default_rng(seed)
    energy_error = energy_max = state_error = 0.0
    correlations, overlaps, spreads = [], [], []
    wanted = torch.cat([encoder(torch.from_numpy(picture[None])) for picture in pictures])
    found = np.concatenate([sessions["encoder"].run(["latent"], {"pixels": picture[None]})[0] for picture in pictures])
    latent_error = _largest(wanted.numpy() - found)
    scenes = len(pictures) // 2
    for scene in range(scenes):
        actions = generator.uniform(low, high, (CANDIDATES, horizon, len(low))).astype(np.float32)
        given = torch.from_numpy(state[None])
        expected, got = [], []
        for first in range(0, CANDIDATES, CHUNK):
            some = actions[first : first + CHUNK]
            energy, _, _, end = rollout(wanted[scene][None], given, torch.from_numpy(some), wanted[scenes + scene][None])
            expected.append((energy.numpy(), end.numpy()))
            got.append(sessions["rollout"].run(["energy", "final_state"], {"latent": found[scene][None], "state": state[None], "actions": some, "goal": found[scenes + scene][None]}))
        energies = [np.concatenate([chunk[0] for chunk in side]) for side in (expected, got)]
        ends = [np.concatenate([chunk[1] for chunk in side]) for side in (expected, got)]
        energy_max = max(energy_max, _largest(energies[0]))
        energy_error = float(np.maximum(energy_error, _largest(energies[0] - energies[1])))
        state_error = float(np.maximum(state_error, _largest(ends[0] - ends[1])))
        last = [side[:, -1] for side in energies]
        correlations.append(spearman(*last))
        overlaps.append(overlap(*last, TOP))
        spreads.append(float(last[0].std()))
    return Parity(precision, CANDIDATES, latent_error, energy_error, energy_max, state_error, min(spreads), min(correlations), min(overlaps), TOP)


def _largest(difference: np.ndarray) -> float:
    # np.max, unlike max, keeps a NaN.
    return float(np.max(np.abs(difference)))
