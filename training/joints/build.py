"""Makes a joint world model with the statistics of data sets, and reads one back from a checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from jepa.data import Episodes

from .config import JointsConfig
from .model import JointsModel

# Where a data set does not say how far one action may go: so many of the recorded ones went less far.
WITHIN = 0.995
# A joint that hardly moved has no scale of its own, rad (m).
LEAST_STD = 0.02
LEAST_DELTA = 0.005


def check_joints(part: Episodes) -> None:
    """Raises ValueError where the data is not of an arm that is moved by its joints."""
    description = part.description
    if description.get("action_kind", "joint_delta") != "joint_delta" or part.states.shape[-1] != part.actions.shape[-1]:
        raise ValueError(f"the data has actions {description.get('action')} and states {description.get('state')}; joint deltas and the positions of the same joints are wanted: "
                         "record or import them (docs/your-own-robot.md)")
    if description["image"]["height"] != description["image"]["width"] or description["image"]["height"] % 4:
        raise ValueError(f"the pictures are {description['image']['width']}x{description['image']['height']}; squares with a side that 4 divides are wanted: record or import with --image-size 96")


def bounds(parts: list[Episodes]) -> torch.Tensor:
    """The largest change of each joint in one action: as the data sets say, or what nearly all recorded ones kept to."""
    said = parts[0].description.get("max_delta")
    if said is not None:
        return torch.tensor(said, dtype=torch.float32)
    actions = np.abs(np.concatenate([part.actions.reshape(-1, part.actions.shape[-1]) for part in parts]))
    return torch.from_numpy(np.quantile(actions, WITHIN, axis=0).clip(min=LEAST_DELTA).astype(np.float32))


def new_model(config: JointsConfig, parts: list[Episodes]) -> JointsModel:
    """With the statistics of the data sets, and the pictures and the period of the first."""
    states = torch.cat([torch.from_numpy(part.states).flatten(0, 1) for part in parts])
    longest = bounds(parts)
    description = parts[0].description
    return JointsModel(config, description["image"]["height"], description["period_s"], states.mean(0), states.std(0).clamp_min(LEAST_STD), -longest, longest)


def load_checkpoint(file: Path) -> tuple[JointsModel, dict]:
    """The model of a checkpoint in evaluation mode, and the whole checkpoint. Raises FileNotFoundError or ValueError, with what to do."""
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; train first: python training/train_joints.py --data DIR --out DIR")
    checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    try:
        config = JointsConfig(**checkpoint["config"])
        # Each its own tensor: they are filled in place.
        blank = (torch.zeros(len(checkpoint["description"]["action"])) for _ in range(4))
        model = JointsModel(config, checkpoint["description"]["image"]["height"], checkpoint["description"]["period_s"], *blank)
        model.load_state_dict(checkpoint["model"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{file} is no checkpoint of this version of train_joints.py ({' '.join(str(error).split())[:120]}); train again") from error
    return model.eval(), checkpoint
