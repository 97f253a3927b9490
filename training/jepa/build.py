"""Makes a world model with the statistics of a data set, and reads one back from a checkpoint."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from .config import Config
from .data import Episodes
from .model import ACTION, PLACE, STATE, WorldModel

# The demo arm's workspace and action box, as in src/robot/fr3.ts and sim/exploration.ts.
WORKSPACE_LOW = (0.35, -0.22, 0.02)
WORKSPACE_HIGH = (0.65, 0.22, 0.32)
ACTION_LOW = (-0.04, -0.04, -0.04, 0.0)
ACTION_HIGH = (0.04, 0.04, 0.04, 1.0)
MAX_OPENING_M = 0.08


def workspace(description: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """Lower and upper corner of the box that proprioception stays in, m. Where x and y go with the camera, of the box that holds the workspace however it is turned."""
    low, high = torch.tensor(WORKSPACE_LOW), torch.tensor(WORKSPACE_HIGH)
    if description.get("frame", "base") == "camera":
        middle, radius = (low[:2] + high[:2]) / 2, math.hypot(*((high[:2] - low[:2]) / 2).tolist())
        low[:2], high[:2] = middle - radius, middle + radius
    return low, high


def new_model(config: Config, episodes: Episodes, *more: Episodes) -> WorldModel:
    """With the statistics of one or more data sets, and the pictures and the period of the first."""
    sizes = episodes.states.shape[-1], episodes.actions.shape[-1]
    if sizes != (STATE, ACTION):
        raise ValueError(f"the data has states of {sizes[0]} and actions of {sizes[1]} numbers, the model takes {STATE} and {ACTION}; see docs/data.md")
    known = (episodes.truths.shape[-1] - PLACE) // PLACE
    if known != config.things and np.isfinite(episodes.truths).any():
        raise ValueError(f"the data is of {known} things and things is {config.things}; give --things {known}")
    states = torch.cat([torch.from_numpy(part.states).flatten(0, 1) for part in (episodes, *more)])
    low, high = workspace(episodes.description)
    return WorldModel(
        config,
        image_size=episodes.description["image"]["height"],
        period_s=episodes.description["period_s"],
        state_mean=states.mean(0),
        state_std=states.std(0).clamp_min(1e-3),
        action_low=torch.tensor(ACTION_LOW),
        action_high=torch.tensor(ACTION_HIGH),
        workspace_low=low,
        workspace_high=high,
        max_opening_m=MAX_OPENING_M,
    )


def load_checkpoint(file: Path) -> tuple[WorldModel, dict]:
    """The model of a checkpoint in evaluation mode, and the whole checkpoint."""
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; train first: python training/train.py --data DIR --out DIR")
    checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    try:
        config = Config.from_dict(checkpoint["config"])
    except TypeError as error:
        raise ValueError(f"{file} is of another version of this program ({error}); train again") from error
    weights = checkpoint["model"]
    model = WorldModel(
        config,
        image_size=checkpoint["description"]["image"]["height"],
        period_s=checkpoint["description"]["period_s"],
        **{name: torch.zeros(7) for name in ("state_mean", "state_std")},
        **{name: torch.zeros(4) for name in ("action_low", "action_high")},
        **{name: torch.zeros(3) for name in ("workspace_low", "workspace_high")},
        max_opening_m=MAX_OPENING_M,
    )
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{file} has networks of another shape than this version of the program; train again") from error
    return model.eval(), checkpoint
