#!/usr/bin/env python3
"""Exports a DINO-WM to a bundle: python training/export_dino_wm.py model_latest.pth --encoder dinov2_vits14_pretrain.pth --robot robot.json --bundle models/NAME.

Both checkpoints are files that were downloaded or trained before; nothing is fetched, and nothing that is pickled in them is run. `robot.json` says what they do not: names,
units, bounds, period and z-scoring of actions and proprioception (docs/exporters.md). The bundle is refused (exit 1, nothing replaced) unless ONNX Runtime gives the same
energies as PyTorch and ranks 256 candidates alike.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bundle.exporting import Plan, export
from bundle.options import add_arguments, add_robot_arguments, check_horizon
from bundle.robot import read_robot
from dino_wm.graphs import EncoderGraph, RolloutGraph, distance
from dino_wm.model import load

# The authors' planner has 300 candidates and 30 iterations on a GPU; this is what a CPU can be asked for. The energy is the last frame's, as theirs.
PLANNING = {"candidates": 64, "iterations": 4, "elites": 10, "initial_std": 1.0, "noise_exponent": 0, "path_weight": 0, "switched": []}

# What a roll-out is made of.
STEPS = "actions of the model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="model_latest.pth: predictor, action_encoder and proprio_encoder, as modules or as state dicts")
    add_arguments(parser)
    parser.add_argument("--encoder", type=Path, help="DINOv2's weights (a state dict), where the checkpoint has none")
    parser.add_argument("--config", type=Path, help="JSON with what the tensors do not show: img_size, num_hist, heads, dim_head, num_action_repeat, num_proprio_repeat, encoder_heads")
    add_robot_arguments(parser, STEPS, license_of="the published checkpoints; DINOv2 is Apache-2.0")
    arguments = parser.parse_args()
    check_horizon(arguments.horizon, STEPS)
    model = load(arguments.checkpoint, arguments.encoder, arguments.config)
    config = model.config
    robot = read_robot(arguments.robot, config.action, config.proprio)
    rollout = RolloutGraph(model, robot, arguments.horizon)
    export(arguments, Plan(
        source="DINO-WM", size=(config.image_size, config.image_size), latent=config.patches * config.encoder.width, encoder=EncoderGraph(model), rollout=rollout,
        horizon=rollout.horizon, robot=robot,
        energy={"kind": "mean_squared_latent_distance", "description": "mean over patches and channels of the squared difference to the goal's latent"}, distance=distance,
        planning=PLANNING, exact=("action_encoder", "proprio_encoder", "shrink"), config=config.to_dict() | {"actions_a_block": rollout.block}))


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"export: {error}")
