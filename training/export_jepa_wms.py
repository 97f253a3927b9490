#!/usr/bin/env python3
"""Exports a JEPA-WM to a bundle: python training/export_jepa_wms.py jepa_wm_metaworld.pth.tar --encoder dinov2_vits14_pretrain.pth --robot robot.json --bundle models/NAME.

Both checkpoints are files that were downloaded or trained before; nothing is fetched, and nothing that is pickled in them is run. `--config` says what tensors do not show; the
YAML file that the authors evaluate the model with is understood. `robot.json` says names, units, bounds, period and z-scoring of actions and proprioception (docs/exporters.md). The
bundle is refused (exit 1, nothing replaced) unless ONNX Runtime gives the same energies as PyTorch and ranks 256 candidates alike.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bundle.exporting import Plan, export
from bundle.options import add_arguments, add_robot_arguments, check_horizon
from bundle.robot import read_robot
from dino_wm.graphs import distance
from jepa_wms.config import read_config
from jepa_wms.graphs import RolloutGraph
from jepa_wms.load import load

# The authors' planner has 300 candidates and 15 iterations on a GPU; this is what a CPU can be asked for. The energy is the last frame's, as theirs.
PLANNING = {"candidates": 64, "iterations": 4, "elites": 10, "initial_std": 1.0, "noise_exponent": 0, "path_weight": 0, "switched": []}
# What a roll-out is made of.
STEPS = "actions of the model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="such as jepa_wm_droid.pth.tar: predictor, and action_encoder and proprio_encoder where they are its own")
    add_arguments(parser)
    parser.add_argument("--encoder", type=Path, required=True, help="the frozen encoder's weights: DINOv2, DINOv3 or V-JEPA 2")
    parser.add_argument("--config", type=Path, help="JSON or YAML with what the tensors do not show: image_size, predictor_heads, frames, rope, causal, normalize, normalize_reps, heads, "
                        "encoder_key; or the authors' evaluation file")
    add_robot_arguments(parser, STEPS, horizon=3, license="CC-BY-NC-4.0", license_of="the published checkpoints; the encoders have their own")
    arguments = parser.parse_args()
    check_horizon(arguments.horizon, STEPS)
    encoder, model, left_out = load(arguments.checkpoint, arguments.encoder, read_config(arguments.config))
    config = model.config
    robot = read_robot(arguments.robot, config.action, config.proprio or None)
    rollout = RolloutGraph(model, robot, arguments.horizon)
    export(arguments, Plan(
        source="JEPA-WM (facebookresearch/jepa-wms)", size=(config.image_size, config.image_size), latent=config.latent, encoder=encoder.graph, rollout=rollout,
        horizon=rollout.horizon, robot=robot,
        energy={"kind": "mean_squared_latent_distance", "description": "mean over patches and channels of the squared difference to the goal's latent"}, distance=distance,
        planning=PLANNING, exact=("action_encoder", "proprio_encoder", "adaLN_modulation", "predictor_embed", "predictor_proj", "patch_weight"),
        config=config.to_dict() | {"encoder": encoder.kind, "encoder_depth": encoder.depth, "patch": encoder.patch, "actions_a_block": rollout.block},
        training={"left_out": left_out}))


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"export: {error}")
