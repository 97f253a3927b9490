"""What several tests need: a small world model, and data that looks like what sim/collect writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from jepa.build import WORKSPACE_HIGH, WORKSPACE_LOW, new_model
from jepa.config import Config
from jepa.data import Episodes
from jepa.model import WorldModel

TRAINING_EPISODES, VALIDATION_EPISODES, STEPS, SIZE = 12, 32, 8, 64

# Networks as small as they can be. The roll-outs of the last stage have another length than the windows, so that they cannot be confused.
SMALL = dict(channels=8, context=0, keypoints=6, head_width=24, predictor_width=16, predictor_blocks=2, condition_width=12, value_width=16, windows=6,
             sigreg_projections=32, rollout=5, rollout_windows=16, value_batch=64, validation_episodes=VALIDATION_EPISODES)
# As options of the command line.
SMALL_OPTIONS = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))] + ["--threads", "1"]

DESCRIPTION = {
    "format": "jepa-mpc shards of npy, version 1", "period_s": 0.2, "steps": STEPS, "first_seed": 0,
    "image": {"width": SIZE, "height": SIZE, "channels": "rgb"},
    "state": ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"],
    "action": ["dx", "dy", "dz", "gripper"],
    "truth": ["ee_x", "ee_y", "ee_z", "cube_x", "cube_y", "cube_z", "cup_x", "cup_y", "cup_z"],
}


def paint(tool: np.ndarray, cube: np.ndarray, cup: np.ndarray) -> np.ndarray:
    """A table from above: squares for tool (brighter when higher), cube and cup."""
    image = np.full((SIZE, SIZE, 3), 90, np.uint8)
    low, high = np.array(WORKSPACE_LOW), np.array(WORKSPACE_HIGH)
    for place, colour, half in ((cube, (200, 40, 40), 3), (cup, (40, 80, 180), 3), (tool, (240, 160, 30), 2)):
        x, y, z = np.clip((place - low) / (high - low), 0, 1)
        row, column = int(4 + 55 * x), int(4 + 55 * y)
        image[row - half : row + half + 1, column - half : column + half + 1] = (np.array(colour) * (0.6 + 0.4 * z)).astype(np.uint8)
    return image


def make_episodes(count: int = TRAINING_EPISODES + VALIDATION_EPISODES, seed: int = 0) -> Episodes:
    """The tool goes about by its actions; in every third episode the cube goes with it, in every fourth the gripper is told to close: in every twelfth it holds
    the cube, just above the table.
    """
    random = np.random.default_rng(seed)
    low, high = np.array(WORKSPACE_LOW), np.array(WORKSPACE_HIGH)
    images = np.zeros((count, STEPS + 1, SIZE, SIZE, 3), np.uint8)
    states = np.zeros((count, STEPS + 1, 7), np.float32)
    actions = np.zeros((count, STEPS, 4), np.float32)
    truths = np.zeros((count, STEPS + 1, 9), np.float32)
    for episode in range(count):
        tool, cube, cup = (random.uniform(low, high) for _ in range(3))
        gripper, holds = float(episode % 4 != 0), episode % 12 == 0
        if holds:
            tool[2] = 0.04
            cube = tool
        before = tool
        for t in range(STEPS + 1):
            images[episode, t] = paint(tool, cube, cup)
            states[episode, t] = [*tool, 0.03 if holds else 0.08 * gripper, *(tool - before) / 0.2]
            truths[episode, t] = [*tool, *cube, *cup]
            if t == STEPS:
                break
            # Long and short steps, so that there are frames close to each other and apart.
            action = random.uniform(-0.04, 0.04, 3) * random.choice([0.05, 1.0])
            if holds:
                action[2] = 0
            actions[episode, t] = [*action, gripper]
            before, tool = tool, np.clip(tool + action, low, high)
            if episode % 3 == 0:
                cube = cube + (tool - before)
    return Episodes(images, states, actions, truths, DESCRIPTION)


def write_shard(folder: Path, episodes: Episodes) -> None:
    folder.mkdir(parents=True)
    for name in ("images", "states", "actions", "truths"):
        np.save(folder / f"{name}.npy", getattr(episodes, name))


def write_data(folder: Path, episodes: Episodes) -> Path:
    """A data set of two shards."""
    half = len(episodes) // 2
    write_shard(folder / "shard-00000", episodes._slice(slice(0, half)))
    write_shard(folder / "shard-00001", episodes._slice(slice(half, None)))
    (folder / "dataset.json").write_text(json.dumps(episodes.description))
    return folder


def save_run(run: Path, model: WorldModel, episodes: Episodes, **more) -> Path:
    """What a training run of 321 steps and 90 s leaves behind."""
    run.mkdir(parents=True)
    torch.save({"config": model.config.to_dict(), "description": episodes.description, "model": model.state_dict(), "step": 321, "spent_s": 90.0,
                "episodes": len(episodes), **more}, run / "checkpoint.pt")
    return run


def shake(model: WorldModel, seed: int = 0) -> WorldModel:
    """Weights and running statistics that are none of the initial zeros and ones, as after training; evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.15 * torch.randn(weight.shape, generator=generator)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer += 0.1 * torch.randn(buffer.shape, generator=generator)
            elif name.endswith("running_var"):
                buffer *= 0.5 + torch.rand(buffer.shape, generator=generator)
    return model.eval()


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def episodes() -> Episodes:
    return make_episodes()


@pytest.fixture(scope="session")
def config() -> Config:
    return replace(Config(), **SMALL)


@pytest.fixture
def model(config: Config, episodes: Episodes) -> WorldModel:
    torch.manual_seed(0)
    return new_model(config, episodes)
