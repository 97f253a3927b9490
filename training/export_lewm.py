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
from bundle.options import add_arguments, add_robot_arguments, check_horizon
from bundle.robot import read_robot
from lewm.graphs import EncoderGraph, RolloutGraph, distance
from lewm.load import load

# The authors' planner has 300 candidates and 30 iterations; the energy is the last latent's, as theirs.
PLANNING = {"candidates": 300, "iterations": 10, "elites": 30, "initial_std": 1.0, "noise_exponent": 0, "path_weight": 0, "switched": []}

# What a roll-out is made of.
STEPS = "blocks of actions"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="folder with weights.pt and config.json, or a weights file")
    add_arguments(parser)
    parser.add_argument("--config", type=Path, help="config.json (default: the one beside the weights)")
    add_robot_arguments(parser, STEPS)
    arguments = parser.parse_args()
    check_horizon(arguments.horizon, STEPS)
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
