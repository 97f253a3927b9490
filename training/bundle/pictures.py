"""Pictures to measure an exported model with: a user's own, or made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def fit(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pictures uint8 [N, H, W, 3] at the model's size, as the controller brings them there (src/camera/fit.ts): the largest centred part of that aspect, area means."""
    h, w = pictures.shape[1:3]
    crop_h, crop_w = (h, max(1, round(h * width / height))) if w * height > h * width else (max(1, round(w * height / width)), w)
    top, left = (h - crop_h) // 2, (w - crop_w) // 2
    cut = pictures[:, top : top + crop_h, left : left + crop_w]
    if (crop_h, crop_w) == (height, width):
        return np.ascontiguousarray(cut)
    mean = np.einsum("yi,nijc,xj->nyxc", _area(crop_h, height), cut.astype(np.float64), _area(crop_w, width), optimize=True)
    return np.floor(mean + 0.5 + 1e-9).clip(0, 255).astype(np.uint8)


def _area(sources: int, outputs: int) -> np.ndarray:
    """Share [outputs, sources] of each output cell that each source cell covers."""
    edges = np.arange(outputs + 1) * sources / outputs
    cells = np.arange(sources)
    covered = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return covered.clip(0) * outputs / sources


def made_up(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Unlike, smooth pictures uint8 [count, height, width, 3], the same for every call: colours on a coarse grid, blended."""
    generator = np.random.default_rng(seed)
    grid = generator.uniform(0, 255, (count, 6, 6, 3))
    at = [np.linspace(0, 4.999, side) for side in (height, width)]
    for axis, places in enumerate(at, start=1):
        low = places.astype(int)
        share = (places - low).reshape([-1 if i == axis else 1 for i in range(4)])
        grid = np.take(grid, low, axis) * (1 - share) + np.take(grid, low + 1, axis) * share
    return grid.round().astype(np.uint8)


def with_noise(pictures: np.ndarray, deviation: float = 2.0, seed: int = 1) -> np.ndarray:
    """The same scenes taken again by a camera whose values vary by `deviation` (of 255)."""
    noise = np.random.default_rng(seed).normal(0, deviation, pictures.shape)
    return (pictures + noise).round().clip(0, 255).astype(np.uint8)


def read_trajectory(file: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Pictures uint8 [T, H, W, 3] and states [T, S] or None of an .npz file with `observations` and `states`, as the one beside the authors' notebook.

    A leading dimension of 1 is taken off. Raises ValueError, one line, for another file.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            observations = content["observations"]
            states = content["states"] if "states" in content else None
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ValueError(f"trajectory {file} cannot be read ({' '.join(str(error).split())[:120]}): must be an .npz with observations and states") from None
    if observations.ndim == 5 and observations.shape[0] == 1:
        observations = observations[0]
    if observations.ndim != 4 or observations.shape[-1] != 3 or observations.dtype != np.uint8 or len(observations) < 2:
        raise ValueError(f"trajectory {file}: observations is {observations.dtype} {list(observations.shape)}: must be uint8 [T, H, W, 3], red, green, blue, of at least 2 frames")
    if states is not None:
        states = states[0] if states.ndim == 3 and states.shape[0] == 1 else states
        if states.ndim != 2 or len(states) != len(observations) or not np.isfinite(states).all():
            raise ValueError(f"trajectory {file}: states is {list(states.shape)}: must be [{len(observations)}, values], finite, one row a frame")
    return observations, states
