"""Scenes of a bundle's own camera: what its graphs are fed to see whether two of them agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from .pictures import fit, read_trajectory
from .quantise import Feed


@dataclass(frozen=True)
class Scenes:
    """`starts` and `goals` uint8 [N, H, W, 3] at the model's size, `states` [N, S] at the starts."""

    starts: np.ndarray
    goals: np.ndarray
    states: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, first: int, last: int) -> "Scenes":
        return Scenes(self.starts[first:last], self.goals[first:last], self.states[first:last])


def draw_scenes(episodes: tuple[np.ndarray, np.ndarray], count: int, size: tuple[int, int], seed: int = 0) -> Scenes:
    """Starts and later frames of the same episodes as their goals; pictures uint8 [E, T, H, W, 3], states [E, T, S], `size` (height, width)."""
    images, states = episodes
    random = np.random.default_rng(seed)
    length = images.shape[1]
    which = random.integers(len(images), size=count)
    first = random.integers(length - 1, size=count)
    last = np.array([random.integers(start + 1, length) for start in first])
    return Scenes(fit(images[which, first], *size), fit(images[which, last], *size), states[which, first].astype(np.float32))


def read_episodes(data: Path | None, trajectory: Path | None, state_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [E, T, H, W, 3] and states [E, T, S] of a data set that sim/collect wrote, or of an .npz. Raises ValueError or OSError, one line."""
    if data is not None:
        # Imported late: it wants PyTorch, which an .npz does not.
        from jepa.data import load_episodes

        episodes = load_episodes(data)
        images, states = episodes.images, episodes.states
    else:
        frames, given = read_trajectory(trajectory)
        if given is None and state_size > 0:
            raise ValueError(f"trajectory {trajectory} has no states: the graphs need them")
        images, states = frames[None], given[None]
    if states.shape[-1] != state_size:
        raise ValueError(f"the data has states of {states.shape[-1]} values, the bundle's have {state_size}: give data of this robot")
    return images, states


def open_graph(file: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def latents_of(encoder: onnxruntime.InferenceSession, pictures: np.ndarray) -> np.ndarray:
    return np.concatenate([encoder.run(["latent"], {"pixels": picture[None]})[0] for picture in pictures])


def feeds(file: str, scenes: Scenes, latents: tuple[np.ndarray, np.ndarray], manifest: dict, count: int, seed: int = 0) -> list[Feed]:
    """What graph `file` of a bundle is fed in each scene, with `count` random candidates; `latents` [N, D] of starts and goals."""
    random = np.random.default_rng(seed)
    horizon, action = manifest["horizon"], manifest["action"]
    shape = (count, horizon, len(action["names"]))
    fed = []
    for i in range(len(scenes)):
        if file == "encoder.onnx":
            fed.append({"pixels": scenes.starts[i][None]})
            continue
        scene = {"latent": latents[0][i][None], "state": scenes.states[i][None], "goal": latents[1][i][None]}
        if file == "rollout.onnx":
            fed.append(scene | {"actions": random.uniform(action["low"], action["high"], shape).astype(np.float32)})
        else:
            fed.append(scene | {"committed": np.zeros(shape[1:], np.float32), "fixed": np.zeros(horizon, np.float32), "noise": random.standard_normal(shape).astype(np.float32)})
    return fed
