#!/usr/bin/env python3
"""Exports a checkpoint to a bundle and checks it: python training/export.py --run runs/arm --data data/arm --bundle models/NAME.

The bundle is refused (exit 1, nothing replaced) unless ONNX Runtime agrees with PyTorch to 1e-4 and ranks 256 candidates alike.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor

from bundle.product_shapes import note_product_shapes
from bundle.ranks import overlap, spearman
from bundle.write import file_entry, new_bundle, write_manifest
from jepa.build import ACTION_HIGH, ACTION_LOW, load_checkpoint
from jepa.data import Episodes
from jepa.familiarity import Familiarity
from jepa.fast_graphs import FastProposalGraph, FastRolloutGraph
from jepa.graphs import EncoderGraph, ProposalGraph, RolloutGraph
from jepa.latents import encode_all
from jepa.lerobot import Features, add_arguments, from_arguments, load_any
from jepa.model import ACTION, PLACE, STATE, WorldModel
from jepa.probes import evaluate

TOLERANCE = 1e-4
GRAPHS = ("encoder.onnx", "rollout.onnx", "proposal.onnx")
# Fields of the configuration that decide the energy alone: no training depends on them.
ENERGY_WEIGHTS = ("arm_energy", "grip_energy", "object_energy", "value_energy")
CANDIDATES, ELITES = 256, 32
# The search that the evaluation was made with; users may override it.
PLANNING = {"candidates": 128, "iterations": 4, "elites": 12, "initial_std": 0.6, "min_std": 0.05, "exploration_floor": 1.0, "noise_exponent": 2, "path_weight": 0.5, "proposals": 0.5,
            "switched": ["gripper"]}
# What the latent calls its things, which it tells apart by their width.
THING_NAMES = {1: ("thing",), 2: ("narrow", "wide"), 3: ("narrow", "middle", "wide")}
STATE_UNITS = ["m", "m", "m", "m", "m/s", "m/s", "m/s"]


def export_graphs(model: WorldModel, familiarity: Familiarity, folder: Path) -> None:
    size, d, h = model.image_size, model.latent_size, model.config.rollout
    torch.onnx.export(EncoderGraph(model, familiarity).eval(), (torch.zeros(2, size, size, 3, dtype=torch.uint8),), folder / "encoder.onnx",
                      input_names=["pixels"], output_names=["latent", "features"],
                      dynamic_axes={name: {0: "batch"} for name in ("pixels", "latent", "features")},
                      opset_version=18, dynamo=False)
    inputs = (torch.zeros(1, d), torch.zeros(1, STATE), torch.zeros(4, h, ACTION), torch.zeros(1, d))
    torch.onnx.export(FastRolloutGraph(model).eval(), inputs, folder / "rollout.onnx",
                      input_names=["latent", "state", "actions", "goal"], output_names=["energy", "start_energy", "final_latent", "final_state", "states", "next_latent"],
                      dynamic_axes={name: {0: "candidates"} for name in ("actions", "energy", "final_latent", "final_state", "states", "next_latent")},
                      opset_version=18, dynamo=False)
    torch.onnx.export(FastProposalGraph(model).eval(), (*inputs[:2], inputs[3], torch.zeros(h, ACTION), torch.zeros(h), torch.zeros(4, h, ACTION)), folder / "proposal.onnx",
                      input_names=["latent", "state", "goal", "committed", "fixed", "noise"], output_names=["actions"],
                      dynamic_axes={"noise": {0: "candidates"}, "actions": {0: "candidates"}}, opset_version=18, dynamo=False)
    note_product_shapes(folder / "rollout.onnx", "actions", "candidates")
    for name in GRAPHS:
        onnx.checker.check_model(onnx.load(folder / name))


def check_parity(model: WorldModel, familiarity: Familiarity, folder: Path, validation: Episodes) -> dict:
    """Largest differences between PyTorch and ONNX Runtime on real pictures, and Spearman's rank correlation of 256 candidates' energies."""
    if len(validation) < 32:
        raise ValueError(f"validation_episodes is {len(validation)}; the parity check compares 32, train with at least as many")
    run = {name: onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"]) for name in ("encoder", "rollout", "proposal")}
    pixels = validation.images[:32, 0]
    with torch.no_grad():
        wanted, wanted_features = (value.numpy() for value in EncoderGraph(model, familiarity)(torch.from_numpy(pixels)))
    latents, features = run["encoder"].run(["latent", "features"], {"pixels": pixels})
    generator = torch.Generator().manual_seed(0)
    low, high = model.action_low, model.action_high
    latent_error = float(np.abs(latents - wanted).max())
    # Whitening blows up what hardly varies, and rounding with it; only the distance that comes out of it is used.
    unlikeness = [np.sqrt(np.square(value).mean(1)) for value in (features, wanted_features)]
    feature_error = float(np.abs(unlikeness[0] / unlikeness[1] - 1).max())
    energy_error, proposal_error, correlations, same_elites = 0.0, 0.0, [], []
    for i in range(16):
        actions = low + (high - low) * torch.rand(CANDIDATES, model.config.rollout, ACTION, generator=generator)
        start, goal = torch.from_numpy(latents[i : i + 1]), torch.from_numpy(latents[i + 16 : i + 17])
        state = torch.from_numpy(validation.states[i : i + 1, 0])
        with torch.no_grad():
            expected = [value.numpy() for value in RolloutGraph(model)(start, state, actions, goal)]
        got = run["rollout"].run(None, {"latent": start.numpy(), "state": state.numpy(), "actions": actions.numpy(), "goal": goal.numpy()})
        # np.maximum, unlike max, keeps a NaN.
        energy_error = float(np.maximum(energy_error, np.max([np.abs(a - b).max() for a, b in zip(expected, got)])))
        decided = actions[0], (torch.arange(model.config.rollout) < i % 4).float()
        noise = torch.randn(32, model.config.rollout, ACTION, generator=generator)
        with torch.no_grad():
            proposed = ProposalGraph(model)(start, state, goal, *decided, noise).numpy()
        names = ("latent", "state", "goal", "committed", "fixed", "noise")
        again = run["proposal"].run(None, {name: value.numpy() for name, value in zip(names, (start, state, goal, *decided, noise))})[0]
        # A gripper may be decided by rounding, and then what follows parts; few must. The negation counts a NaN.
        parted = ~(np.abs(proposed - again).max((1, 2)) <= TOLERANCE)
        proposal_error = max(proposal_error, float(parted.mean()))
        totals = [value[0].sum(1) for value in (expected, got)]
        correlations.append(spearman(*totals))
        same_elites.append(overlap(*totals, ELITES))
    return {"latent_max_difference": latent_error, "unlikeness_max_share": feature_error, "rollout_max_difference": energy_error, "proposals_parted": proposal_error,
            "rank_correlation_min": min(correlations), "same_elites_min": min(same_elites), "candidates": CANDIDATES}


@torch.no_grad()
def energy_statistics(model: WorldModel, validation: Episodes) -> dict:
    """Energies of held-out pairs of frames of an episode.

    A goal counts as reached below an energy that most pairs have whose tool and objects are less than 1 cm apart, and nearly none of those of
    which the tool or an object is 3 to 6 cm away.
    """
    config = model.config
    z = encode_all(model, validation.images)
    truths = torch.from_numpy(validation.truths)
    if not truths.isfinite().all():
        raise ValueError("the data does not say where tool and objects are, which energy.reached_below needs; give a data set that does with --rooms")
    states = torch.from_numpy(validation.states)
    frames = z.shape[1]
    first, second = torch.triu_indices(frames, frames, 1)
    energies = model.energy(z[:, first], z[:, second])
    # An energy without the things asks only that the tool be there.
    counted = [slice(0, 3)] + ([slice(3 + PLACE * i, 3 + PLACE * (i + 1)) for i in range(config.things)] if config.object_energy > 0 else [])
    farthest = torch.stack([(truths[:, first, what] - truths[:, second, what]).norm(dim=-1) for what in counted]).amax(0)
    same_grip = (states[:, first, 3] - states[:, second, 3]).abs() < 0.01
    near = energies[(farthest < 0.010) & same_grip]
    far = energies[(farthest > 0.03) & (farthest < 0.06) & same_grip]
    if len(near) < 50 or len(far) < 50:
        raise ValueError(f"too few pairs of frames to set energy.reached_below ({len(near)} near, {len(far)} far); collect more episodes")
    # 16 bits of quantile input are plenty and torch.quantile has a size limit.
    sample = energies.flatten()[:: max(1, energies.numel() // 1_000_000)]
    quantile = lambda values, q: float(torch.quantile(values, q))
    return {
        "kind": "places_with_value",
        "description": f"{config.arm_energy:g} x the tool's distance + {config.object_energy:g} x the distances of the things (10 cm) + {config.grip_energy:g} x the gripper's "
                       f"(share of its opening) + {config.value_energy:g} x the learned number of periods to the goal",
        "noise_floor": quantile(near, 0.5),
        "reached_below": min(quantile(near, 0.9), quantile(far, 0.02)),
        "training_quantiles": {f"p{round(100 * q)}": quantile(sample, q) for q in (0.5, 0.95, 0.99)},
    }


def readable(model: WorldModel) -> dict:
    """What the latent's entries mean, as a part of the manifest: value = mean + std x entry. Nothing for a model that was not taught the things: of some entries it cannot be said."""
    if model.config.touch_weight == 0:
        return {}
    names = [f"tool_{axis}" for axis in "xyz"] + ["opening"] + [f"{thing}_{axis}" for thing in THING_NAMES[model.config.things] for axis in "xyz"]
    of_state = [0, 1, 2, 3] + [0, 1, 2] * model.config.things
    return {"readable": {"names": names, "units": ["m"] * len(names),
                         **{field: getattr(model.predictor, f"state_{field}")[of_state].tolist() for field in ("mean", "std")},
                         "gripper": {"name": "opening", "open": model.state_model.max_opening_m, "closed": 0.0}}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--data", type=Path, required=True, help="the data set it was trained on (its last episodes measure)")
    parser.add_argument("--rooms", type=Path, help="data set of episodes in one room each, for the energies of alike pictures (default: --data)")
    parser.add_argument("--bundle", type=Path, required=True, help="folder to write")
    for weight in ENERGY_WEIGHTS:
        parser.add_argument(f"--{weight.replace('_', '-')}", type=float, help="other weight in the energy than the run's")
    parser.add_argument("--reached-below", type=float, help="energy under which a goal counts as reached (default: measured, see energy_statistics)")
    add_arguments(parser)
    arguments = parser.parse_args()
    features = from_arguments(arguments)
    model, checkpoint = load_checkpoint(arguments.run / "checkpoint.pt")
    model.config = replace(model.config, **{name: value for name in ENERGY_WEIGHTS if (value := getattr(arguments, name)) is not None})
    untrained = [name for name in ("predictor", "value") if name not in checkpoint.get("done", [])]
    if untrained:
        raise ValueError(f"{arguments.run} has no trained {' and '.join(untrained)}; make a run that has: python training/train_dynamics.py --run {arguments.run}")
    training, validation = load_any(arguments.data, features).split(model.config.validation_episodes)

    with new_bundle(arguments.bundle) as part:
        manifest = write_bundle(part, arguments, model, checkpoint, training, validation, features)
    print(f"export: wrote {arguments.bundle} ({sum(f['bytes'] for f in manifest['files'].values()) / 1e6:.1f} MB)")


def write_bundle(part: Path, arguments: argparse.Namespace, model: WorldModel, checkpoint: dict, training: Episodes, validation: Episodes, features: Features) -> dict:
    """Graphs and manifest into the folder `part`. Returns the manifest."""
    familiarity = Familiarity.fitted(model, training.images)
    export_graphs(model, familiarity, part)
    parity = check_parity(model, familiarity, part, validation)
    print("parity:", json.dumps(parity))
    agrees = parity["latent_max_difference"] <= TOLERANCE and parity["rollout_max_difference"] <= TOLERANCE and parity["unlikeness_max_share"] <= 10 * TOLERANCE and parity["proposals_parted"] <= 0.1 and parity["rank_correlation_min"] >= 0.9999
    if not agrees:
        sys.exit(f"export: ONNX Runtime differs from PyTorch by more than {TOLERANCE} or ranks candidates differently; nothing was written")
    statistics = energy_statistics(model, validation if arguments.rooms is None else load_any(arguments.rooms, features))
    if arguments.reached_below is not None:
        statistics["reached_below"] = arguments.reached_below
    size, frame = model.image_size, checkpoint["description"].get("frame", "base")
    manifest = {
        "schema_version": 1,
        "name": arguments.bundle.name,
        "source": "trained by this project: sim/collect, training/train.py, training/export.py",
        "license": "Apache-2.0",
        "created": time.strftime("%Y-%m-%d"),
        "image": {"width": size, "height": size, "channels": "rgb", "crop": "center_square", "frames": 1},
        "latent": {"shape": [model.latent_size], "dtype": "float32", **readable(model)},
        "state": {"names": checkpoint["description"]["state"], "units": STATE_UNITS, "frame": frame},
        "action": {"kind": "ee_delta", "names": checkpoint["description"]["action"], "units": ["m", "m", "m", "1"],
                   "low": list(ACTION_LOW), "high": list(ACTION_HIGH), "period_s": checkpoint["description"]["period_s"], "frame": frame},
        "horizon": model.config.rollout,
        "energy": statistics,
        "planning": PLANNING,
        "files": {name: file_entry(part / name) for name in GRAPHS},
        "training": {"config": model.config.to_dict(), "steps": checkpoint["step"], "minutes": round(checkpoint["spent_s"] / 60 + model.config.rollout_minutes + model.config.value_minutes, 1),
                     "episodes": checkpoint["episodes"], "parity": parity, "measured": evaluate(model, validation)},
    }
    write_manifest(part, manifest)
    return manifest


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"export: {error}")
