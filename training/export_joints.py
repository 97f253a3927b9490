#!/usr/bin/env python3
"""Exports a run of train_joints.py to a bundle and checks it: python training/export_joints.py --run runs/mine --data data/mine --bundle models/mine-reach.

The bundle is refused (exit 1, nothing replaced) unless ONNX Runtime agrees with PyTorch to 1e-4 and ranks 256 candidates alike.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from bundle.product_shapes import note_product_shapes
from bundle.ranks import overlap, spearman
from bundle.write import file_entry, new_bundle, write_manifest
from jepa.data import Episodes, join_episodes
from jepa.familiarity import Familiarity
from jepa.graphs import EncoderGraph
from jepa.lerobot import add_arguments, from_arguments, load_any
from joints.build import check_joints, load_checkpoint
from joints.measure import encode_all, errors
from joints.model import JointsModel

TOLERANCE = 1e-4
GRAPHS = ("encoder.onnx", "rollout.onnx")
CANDIDATES, ELITES = 256, 32
# The search that the shipped bundle was measured with; users may override it.
PLANNING = {"candidates": 192, "iterations": 5, "elites": 16, "initial_std": 0.6, "noise_exponent": 2, "path_weight": 0.5, "exploration_floor": 0.1, "switched": []}
# Pairs of pictures count as alike when no joint that counts is farther away than this, and as different from the second number on, rad (m).
ALIKE, DIFFERENT = 0.025, (0.06, 0.12)


class RolloutGraph(nn.Module):
    """As jepa.graphs.RolloutGraph: `latent` [1, J], `state` [1, J], `actions` [N, H, J], `goal` [1, J] to `energy` [N, H], `start_energy` [1], `final_latent`,
    `final_state`, `states` [N, H, J], `next_latent` [N, J].
    """

    def __init__(self, model: JointsModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, ...]:
        count, dynamics = actions.shape[0], self.model.dynamics
        bounded = torch.minimum(torch.maximum(actions, dynamics.action_low), dynamics.action_high)
        latents, states = self.model.rollout(latent.expand(count, -1), state.expand(count, -1), bounded)
        return self.model.energy(latents, goal[:, None, :]), self.model.energy(latent, goal), latents[:, -1], states[:, -1], states, latents[:, 0]


def export_graphs(model: JointsModel, familiarity: Familiarity, folder: Path) -> None:
    size, j, h = model.image_size, model.latent_size, model.config.horizon
    torch.onnx.export(EncoderGraph(model, familiarity).eval(), (torch.zeros(2, size, size, 3, dtype=torch.uint8),), folder / "encoder.onnx",
                      input_names=["pixels"], output_names=["latent", "features"], dynamic_axes={name: {0: "batch"} for name in ("pixels", "latent", "features")},
                      opset_version=18, dynamo=False)
    torch.onnx.export(RolloutGraph(model).eval(), (torch.zeros(1, j), torch.zeros(1, j), torch.zeros(4, h, j), torch.zeros(1, j)), folder / "rollout.onnx",
                      input_names=["latent", "state", "actions", "goal"], output_names=["energy", "start_energy", "final_latent", "final_state", "states", "next_latent"],
                      dynamic_axes={name: {0: "candidates"} for name in ("actions", "energy", "final_latent", "final_state", "states", "next_latent")},
                      opset_version=18, dynamo=False)
    note_product_shapes(folder / "rollout.onnx", "actions", "candidates")
    for name in GRAPHS:
        onnx.checker.check_model(onnx.load(folder / name))


@torch.no_grad()
def check_parity(model: JointsModel, familiarity: Familiarity, folder: Path, validation: Episodes) -> dict:
    """Largest differences between PyTorch and ONNX Runtime on real pictures, and rank agreement of 256 candidates."""
    run = {name: onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"]) for name in GRAPHS}
    frames = validation.images.reshape(-1, *validation.images.shape[2:])
    states = validation.states.reshape(-1, validation.states.shape[-1])
    chosen = np.linspace(0, len(frames) - 1, 16).astype(int)
    pixels = frames[chosen]
    wanted = EncoderGraph(model, familiarity)(torch.from_numpy(pixels))[0].numpy()
    latents = run["encoder.onnx"].run(["latent"], {"pixels": pixels})[0]
    generator = torch.Generator().manual_seed(0)
    low, high = model.dynamics.action_low, model.dynamics.action_high
    difference, correlations, same_elites = 0.0, [], []
    for i in range(8):
        actions = low + (high - low) * torch.rand(CANDIDATES, model.config.horizon, model.latent_size, generator=generator)
        inputs = {"latent": torch.from_numpy(latents[i : i + 1]), "state": torch.from_numpy(states[chosen[i] : chosen[i] + 1]), "actions": actions, "goal": torch.from_numpy(latents[i + 8 : i + 9])}
        expected = [value.numpy() for value in RolloutGraph(model)(*inputs.values())]
        got = run["rollout.onnx"].run(None, {name: value.numpy() for name, value in inputs.items()})
        # np.maximum, unlike max, keeps a NaN.
        difference = float(np.maximum(difference, np.max([np.abs(a - b).max() for a, b in zip(expected, got)])))
        totals = [value[0].sum(1) for value in (expected, got)]
        correlations.append(spearman(*totals))
        same_elites.append(overlap(*totals, ELITES))
    return {"latent_max_difference": float(np.abs(latents - wanted).max()), "rollout_max_difference": difference, "rank_correlation_min": min(correlations), "same_elites_min": min(same_elites),
            "candidates": CANDIDATES}


def weigh(model: JointsModel, measured: dict) -> None:
    """Sets what a picture tells of each joint, and how much it counts: a joint that a picture hardly shows must not decide whether a goal is reached."""
    told = torch.tensor(measured["read_median"]).clamp_min(1e-3)
    weight = (told.median() / told).clamp(max=1)
    model.told.copy_(told)
    model.weight.copy_(weight / weight.sum())


@torch.no_grad()
def energy_statistics(model: JointsModel, validation: Episodes) -> dict:
    """Energies of held-out pairs of pictures of an episode; proprioception says which of them are alike. Raises ValueError where the data has too few pairs."""
    z, states = encode_all(model, validation.images), torch.from_numpy(validation.states)
    first, second = torch.triu_indices(z.shape[1], z.shape[1], 1)
    energies = model.energy(z[:, first], z[:, second])
    counts = model.weight > 0.5 * model.weight.max()
    apart = (states[:, first] - states[:, second]).abs()[..., counts].amax(-1)
    near, far = energies[apart < ALIKE], energies[(apart > DIFFERENT[0]) & (apart < DIFFERENT[1])]
    if len(near) < 20 or len(far) < 20:
        raise ValueError(f"too few pairs of pictures to say when a goal is reached ({len(near)} alike, {len(far)} a little different); record more episodes, or give --reached-below")
    sample = energies.flatten()[:: max(1, energies.numel() // 1_000_000)]
    return {"noise_floor": float(near.quantile(0.5)), "reached_below": float(torch.minimum(near.quantile(0.9), far.quantile(0.05))),
            "training_quantiles": {f"p{round(100 * q)}": float(sample.quantile(q)) for q in (0.5, 0.95, 0.99)}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="the data sets it was trained on (their last episodes measure)")
    parser.add_argument("--bundle", type=Path, required=True, help="folder to write")
    parser.add_argument("--license", default="Apache-2.0", help="licence of the weights (SPDX)")
    parser.add_argument("--reached-below", type=float, help="energy under which a goal counts as reached (default: measured)")
    add_arguments(parser)
    arguments = parser.parse_args()
    model, checkpoint = load_checkpoint(arguments.run / "checkpoint.pt")
    wanted = from_arguments(arguments)
    parts = [load_any(folder, wanted).split(model.config.validation_episodes) for folder in arguments.data]
    training, validation = join_episodes([part[0] for part in parts]), join_episodes([part[1] for part in parts])
    check_joints(training)
    with new_bundle(arguments.bundle) as part:
        manifest = write_bundle(part, arguments, model, checkpoint, training, validation)
    print(f"export_joints: wrote {arguments.bundle} ({sum(f['bytes'] for f in manifest['files'].values()) / 1e6:.2f} MB); reached below {manifest['energy']['reached_below']:.4f}")


def write_bundle(part: Path, arguments: argparse.Namespace, model: JointsModel, checkpoint: dict, training: Episodes, validation: Episodes) -> dict:
    """Graphs and manifest into the folder `part`. Returns the manifest."""
    measured = errors(model, validation)
    weigh(model, measured)
    statistics = energy_statistics(model, validation)
    if arguments.reached_below is not None:
        statistics["reached_below"] = arguments.reached_below
    familiarity = Familiarity.fitted(model, training.images)
    export_graphs(model, familiarity, part)
    parity = check_parity(model, familiarity, part, validation)
    print("parity:", json.dumps(parity))
    if not (parity["latent_max_difference"] <= TOLERANCE and parity["rollout_max_difference"] <= TOLERANCE and parity["rank_correlation_min"] >= 0.9999):
        sys.exit(f"export_joints: ONNX Runtime differs from PyTorch by more than {TOLERANCE} or ranks candidates differently; nothing was written")
    description, dynamics, size = checkpoint["description"], model.dynamics, model.image_size
    joints = description["action"]
    units = description.get("units", ["rad"] * len(joints))
    manifest = {
        "schema_version": 1,
        "name": arguments.bundle.resolve().name,
        "source": "trained by this project: jepa-mpc record or import, training/train_joints.py, training/export_joints.py",
        "license": arguments.license,
        "created": time.strftime("%Y-%m-%d"),
        "image": {"width": size, "height": size, "channels": "rgb", "crop": "center_square", "frames": 1},
        "latent": {"shape": [model.latent_size], "dtype": "float32",
                   "readable": {"names": joints, "units": units, "mean": dynamics.state_mean.tolist(), "std": dynamics.state_std.tolist()}},
        "state": {"names": joints, "units": units, "frame": "base"},
        "action": {"kind": "joint_delta", "names": joints, "units": units, "low": dynamics.action_low.tolist(), "high": dynamics.action_high.tolist(),
                   "period_s": model.period_s, "frame": "base"},
        "horizon": model.config.horizon,
        "energy": {"kind": "joint_distance", "description": "weighted distance of the joints as the pictures show them (rad), softened below what a picture tells; weights " +
                   ", ".join(f"{name} {float(weight):.2f}" for name, weight in zip(joints, model.weight)), **statistics},
        "planning": PLANNING,
        "files": {name: file_entry(part / name) for name in GRAPHS},
        "training": {"config": model.config.to_dict(), "steps": checkpoint["step"], "minutes": round(checkpoint["spent_s"] / 60, 1), "episodes": checkpoint["episodes"],
                     "robot": description.get("robot"), "parity": parity, "measured": measured},
    }
    write_manifest(part, manifest)
    return manifest


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"export_joints: {error}")
