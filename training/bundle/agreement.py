"""Whether two bundles of the same model choose the same candidates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .ranks import CANDIDATES, TOP, overlap, rank_faults, spearman
from .scenes import Scenes, feeds, latents_of, open_graph

# Width of the candidates about the best one, a share of the box's half width, where the bundle says none: as narrow as a search's last iteration is.
NARROW = 0.05


@dataclass(frozen=True)
class Agreement:
    """The worst and the median of all scenes; `near` is among candidates about the best one, where a search ends."""

    candidates: int
    scenes: int
    rank_correlation_min: float
    rank_correlation_median: float
    top: int
    top_overlap_min: float
    near_rank_correlation_min: float
    near_rank_correlation_median: float
    latent_max_difference: float
    energy_max_difference: float
    energy_median: float

    def faults(self, precision: str = "int8") -> list[str]:
        """What speaks against the second bundle; empty when nothing does."""
        return rank_faults(self.rank_correlation_min, self.top_overlap_min, precision)

    def to_dict(self) -> dict:
        return asdict(self)


def agreement(first: Path, second: Path, manifest: dict, scenes: Scenes, seed: int = 1) -> Agreement:
    """Runs the graphs of both folders from picture to energies, with the same candidates: at random in the box, then about the one that is best in `first`."""
    folders = [{name: open_graph(folder / f"{name}.onnx") for name in ("encoder", "rollout")} for folder in (first, second)]
    latents = [tuple(latents_of(graphs["encoder"], pictures) for pictures in (scenes.starts, scenes.goals)) for graphs in folders]
    low, high = (np.array(manifest["action"][side], np.float32) for side in ("low", "high"))
    width = manifest.get("planning", {}).get("min_std", NARROW) * (high - low) / 2
    switched = [manifest["action"]["names"].index(name) for name in manifest.get("planning", {}).get("switched", [])]
    random = np.random.default_rng(seed)
    wide, near, tops, differences, energies = [], [], [], [], []
    fed = [feeds("rollout.onnx", scenes, pair, manifest, CANDIDATES, seed) for pair in latents]
    for scene in range(len(scenes)):
        for feed in (fed[0][scene], fed[1][scene]):
            feed["actions"] = fed[0][scene]["actions"]
        # What is either low or high is so in the search, too.
        for dim in switched:
            fed[0][scene]["actions"][..., dim] = np.where(fed[0][scene]["actions"][..., dim] > (low[dim] + high[dim]) / 2, high[dim], low[dim])
        found = [graphs["rollout"].run(["energy"], feed[scene])[0] for graphs, feed in zip(folders, fed)]
        costs = [objective(energy, manifest) for energy in found]
        wide.append(spearman(*costs))
        tops.append(overlap(*costs, TOP))
        differences.append(float(np.max(np.abs(found[0] - found[1]))))
        energies.append(float(np.median(found[0])))
        best = fed[0][scene]["actions"][int(np.argmin(costs[0]))]
        about = best + random.standard_normal(fed[0][scene]["actions"].shape).astype(np.float32) * width
        for dim in switched:
            about[..., dim] = best[:, dim]
        about = np.clip(about, low, high).astype(np.float32)
        near.append(spearman(*[objective(graphs["rollout"].run(["energy"], feed[scene] | {"actions": about})[0], manifest) for graphs, feed in zip(folders, fed)]))
    latent_difference = max(float(np.max(np.abs(a - b))) for a, b in zip(*latents))
    return Agreement(CANDIDATES, len(scenes), min(wide), float(np.median(wide)), TOP, min(tops), min(near), float(np.median(near)), latent_difference, max(differences), float(np.median(energies)))


def objective(energy: np.ndarray, manifest: dict) -> np.ndarray:
    """What the bundle's search goes by, [N] of energies [N, H]: the end, and with `path_weight` the way."""
    return energy[:, -1] + manifest.get("planning", {}).get("path_weight", 0.0) * energy.mean(1)
