#!/usr/bin/env python3
"""Exports a LeWorldModel to a bundle: python training/export_lewm.py FOLDER --robot robot.json --bundle models/NAME, where FOLDER has weights.pt and config.json.

The checkpoint is a file that was downloaded or trained before; nothing is fetched. `robot.json` says what the checkpoint does not: names, units, bounds, period and z-scoring
of the actions (docs/exporters.md). The bundle is refused (exit 1, nothing replaced) unless ONNX Runtime gives the same energies as PyTorch and ranks 256 candidates alike.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from bundle.exporting import Plan, export
from bundle.options import add_arguments
from bundle.robot import read_robot
from lewm.graphs import EncoderGraph, RolloutGraph, distance
from lewm.load import load

# The authors' planner has 300 candidates and 30 iterations; the energy is the last latent's, as theirs.
PLANNING = {"candidates": 300, "iterations": 10, "elites": 30, "initial_std": 1.0, "noise_exponent": 0, "path_weight": 0, "switched": []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="folder with weights.pt and config.json, or a weights file")
    add_arguments(parser)
    parser.add_argument("--config", type=Path, help="config.json (default: the one beside the weights)")
    parser.add_argument("--robot", type=Path, help="JSON that describes actions and state; without it the bundle can be scored but not executed")
    parser.add_argument("--horizon", type=int, default=5, help="blocks of actions of a roll-out (default: 5)")
    parser.add_argument("--trajectory", type=Path, help=".npz with observations [T, H, W, 3] of your camera: sets the energies")
    parser.add_argument("--license", default="MIT", help="of the weights (default: MIT, that of the published checkpoints)")
    arguments = parser.parse_args()
    if not 1 <= arguments.horizon <= 32:
        raise ValueError(f"--horizon is {arguments.horizon}: must be from 1 to 32 blocks")
    model = load(arguments.checkpoint, arguments.config)
    config = model.config
    robot = read_robot(arguments.robot, config.action, None)
    rollout = RolloutGraph(model, robot, arguments.horizon)
    latent = model.encode(torch.zeros(1, config.image_size, config.image_size, 3)).shape[1]
    export(arguments, Plan(
        source="LeWorldModel", size=(config.image_size, config.image_size), latent=latent, encoder=EncoderGraph(model), rollout=rollout, horizon=rollout.horizon, robot=robot,
        energy={"kind": "sum_squared_latent_distance", "description": "sum over the latent of the squared difference to the goal's latent"}, distance=distance,
        # The actions of a block share one latent; the search is the authors' on blocks.
        planning=PLANNING, exact=("action_encoder", "adaLN_modulation"), config=asdict(config) | {"actions_a_block": rollout.block}))


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"export: {error}")
