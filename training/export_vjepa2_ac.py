#!/usr/bin/env python3
"""Exports a V-JEPA 2-AC checkpoint to a bundle: python training/export_vjepa2_ac.py vjepa2-ac-vitg.pt --bundle models/NAME --precision fp16.

The checkpoint is a file that was downloaded before; nothing is fetched. The bundle is refused (exit 1, nothing replaced) unless ONNX Runtime gives the same energies
as PyTorch and ranks 256 candidates alike. docs/exporters.md walks from the checkpoint to a moving arm.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bundle.exporting import Plan, export
from bundle.options import add_arguments, numbers
from bundle.pictures import read_trajectory
from vjepa2_ac.config import read_config
from vjepa2_ac.conventions import READY, STATE, Franka, check_extrinsics, check_state
from vjepa2_ac.graphs import EncoderGraph, RolloutGraph, distance
from vjepa2_ac.load import ENCODERS, load

EXTRINSICS = ("x", "y", "z", "roll", "pitch", "yaw")
# The authors' planner has 400 candidates and 10 iterations on a GPU; this is what a CPU can be asked for. The energy is the last frame's, as theirs.
PLANNING = {"iterations": 4, "elites": 10, "initial_std": 1.0, "noise_exponent": 0, "path_weight": 0, "switched": []}
# Small, and what tells candidates apart goes through them: 8 bits here would cost ranks and save nothing.
EXACT = ("action_encoder", "state_encoder", "extrinsics_encoder", "patch_weight", "predictor_embed", "predictor_proj")


def run(arguments: argparse.Namespace) -> None:
    for name, limit in (("max_step", 0.5), ("max_gripper", 1.0)):
        if not 0 < getattr(arguments, name) <= limit:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(arguments, name):g}: must be above 0, at most {limit:g}")
    if not 0 <= arguments.max_turn <= 0.5:
        raise ValueError(f"--max-turn is {arguments.max_turn:g}: must be from 0 to 0.5 rad")
    if arguments.candidates < 2 * PLANNING["elites"]:
        raise ValueError(f"--candidates is {arguments.candidates}: must be at least {2 * PLANNING['elites']}")
    state = check_state(np.array(numbers(arguments.example_state, STATE, "--example-state") if arguments.example_state else READY), "--example-state")
    frames, states = read_trajectory(arguments.trajectory) if arguments.trajectory else (None, None)
    if states is not None:
        states = check_state(states, f"trajectory {arguments.trajectory}: states")
    given = read_config(arguments.config)
    if arguments.extrinsics is not None:
        given["extrinsics"] = tuple(numbers(arguments.extrinsics, EXTRINSICS, "--extrinsics"))
    encoder, predictor, config, left_out = load(arguments.checkpoint, given, arguments.encoder_key)
    rollout = RolloutGraph(predictor, arguments.horizon, None if config.extrinsics is None else check_extrinsics(config.extrinsics))
    export(arguments, Plan(
        source="V-JEPA 2-AC (facebookresearch/vjepa2)", size=(config.height, config.image_width), latent=config.latent, encoder=EncoderGraph(encoder), rollout=rollout,
        horizon=arguments.horizon, robot=Franka(state, arguments.max_step, arguments.max_turn, arguments.max_gripper),
        energy={"kind": "mean_absolute_latent_distance", "description": "mean over patches and channels of the absolute difference to the goal's latent"}, distance=distance,
        planning={"candidates": arguments.candidates, **PLANNING}, exact=EXACT, config=asdict(config), frames=frames, positions=None if states is None else states[:, :3],
        training={"left_out": left_out}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="vjepa2-ac-vitg.pt, or another in its layout")
    add_arguments(parser)
    parser.add_argument("--config", type=Path, help="JSON or YAML with what the tensors do not show: img_size, num_heads, predictor_num_heads, num_frames, use_extrinsics (default: those of ViT-g)")
    parser.add_argument("--horizon", type=int, default=2, help="actions of a roll-out (default: 2)")
    parser.add_argument("--extrinsics", help="the camera's x,y,z,roll,pitch,yaw (m, rad, base frame), for a predictor that takes it")
    parser.add_argument("--trajectory", type=Path, help=".npz with observations [T, H, W, 3] and states [T, 7] of your arm and camera: sets the energies, and its states are checked")
    parser.add_argument("--example-state", help="x,y,z,roll,pitch,yaw,gripper of your arm (m, rad, 0 open to 1 closed), checked and used to compare")
    parser.add_argument("--max-step", type=float, default=0.05, help="longest move an axis and period, m (default: 0.05)")
    parser.add_argument("--max-turn", type=float, default=0.0, help="largest turn an axis and period, rad (default: 0, the hand is never turned)")
    parser.add_argument("--max-gripper", type=float, default=0.75, help="largest change of the gripper a period, of 1 (default: 0.75)")
    parser.add_argument("--candidates", type=int, default=64, help="sequences of a plan's first iteration (default: 64)")
    parser.add_argument("--encoder-key", choices=ENCODERS, help="which of the checkpoint's encoders (default: encoder, as the authors' loader)")
    parser.add_argument("--license", default="MIT", help="of the weights (default: MIT, that of the published checkpoint)")
    run(parser.parse_args())


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"export: {error}")
