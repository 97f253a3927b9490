#!/usr/bin/env python3
"""Learns on from what the robot lived through: python training/fine_tune.py --bundle models/OLD --data DIR --out models/NEW; `jepa-mpc fine-tune` makes DIR and runs this.

The predictor of things (in rollout.onnx and proposal.onnx) learns from the older episodes; encoder, energy and policy stay, so that goals and calibrations stay
valid. The new bundle is written only if it predicts the newest episodes, which it has not seen, better than the old one: exit 3 and nothing written otherwise.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor

from bundle.write import file_entry, new_bundle, write_manifest
from jepa.experience import Windows, load_experience, split, windows_of
from jepa.exported import ExportedModel
from jepa.fast_graphs import FastRolloutGraph
from jepa.model import ARM, PLACE
from jepa.spent import SpentTime

GRAPHS = ("rollout.onnx", "proposal.onnx")
# Errors of a prediction beyond this count less and less, m (as in train_dynamics.py).
UNPREDICTABLE_M = 0.03
# A better mean is better when it is so many standard errors below the old one, over held-out episodes.
SURE = 2.0
TOLERANCE = 1e-4
EXIT_REFUSED = 3


def learned(graph: FastRolloutGraph) -> dict[str, Tensor]:
    """The tensors of the predictor by their names in the ONNX files."""
    chain = ("chain.objects_weight", "chain.known_weight", *(f"chain.blocks.{i}.{part}" for i in range(len(graph.chain.blocks)) for part in ("scale_weight", "scale_bias", "shift_weight", "shift_bias")))
    own = {name: value for name, value in graph.named_buffers() if name in chain}
    weights = {name: value for name, value in graph.named_parameters()
               if name.startswith(("model.predictor.condition.", "model.predictor.leave.", "model.predictor.enter.bias")) or (name.startswith("model.predictor.blocks.") and (".up." in name or ".down." in name))}
    return own | weights


def roll(graph: FastRolloutGraph, latent: Tensor, state: Tensor, actions: Tensor) -> Tensor:
    """Start latents [N, D], states [N, S], actions [N, H, A] to latents [N, H, D], as the graph rolls out, but each from a start of its own."""
    model, predictor = graph.model, graph.model.predictor
    offset = model.offset(latent, state)
    objects, s, latents = latent[:, ARM:], predictor.standardised(state), []
    bounded = torch.minimum(torch.maximum(actions, model.action_low), model.action_high)
    for step in range(actions.shape[1]):
        state = model.state_model(state, bounded[:, step])
        later = predictor.standardised(state)
        objects = graph.chain.step(objects, graph.chain.before(s, bounded[:, step], later, offset[:, :PLACE]))
        latents.append(torch.cat([later[:, :ARM] + offset, objects], -1))
        s = later
    return torch.stack(latents, 1)


def errors_m(graph: FastRolloutGraph, windows: Windows) -> Tensor:
    """How far off the things are predicted, m: [N, H, THINGS]."""
    rolled = roll(graph, windows.latents[:, 0], windows.states[:, 0], windows.actions)
    return (graph.model.places(rolled) - graph.model.places(windows.latents[:, 1:])).norm(dim=-1)


def loss_of(graph: FastRolloutGraph, windows: Windows) -> Tensor:
    """[N]: Cauchy's, mean over the known steps."""
    each = torch.log1p((errors_m(graph, windows) / UNPREDICTABLE_M).square().sum(-1))
    return (each * windows.known).sum(1) / windows.known.sum(1)


def train(graph: FastRolloutGraph, windows: Windows, *, minutes: float, rate: float, anchor: float, batch: int, seed: int, most_steps: int) -> int:
    """In place. Returns the steps made. `anchor` draws the weights back to where they were: what was learned from far more data is not to be forgotten."""
    tensors = list(learned(graph).values())
    before = [tensor.detach().clone() for tensor in tensors]
    for tensor in tensors:
        tensor.requires_grad_(True)
    optimiser = torch.optim.Adam(tensors, lr=rate)
    generator = torch.Generator().manual_seed(seed)
    clock, step = SpentTime(torch.device("cpu")), 0
    while step < most_steps and (share := clock.seconds() / (60 * minutes)) < 1:
        share = max(share, step / most_steps)
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, step / 50) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * share)))
        some = windows.take(torch.randint(len(windows), (batch,), generator=generator))
        away = sum((tensor - was).square().sum() for tensor, was in zip(tensors, before))
        loss = loss_of(graph, some).mean() + anchor * away
        if not torch.isfinite(loss):
            raise ValueError(f"the loss is {float(loss.detach())}: lower --rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tensors, 1.0)
        optimiser.step()
    for tensor in tensors:
        tensor.requires_grad_(False)
    return step


@torch.no_grad()
def measure(graph: FastRolloutGraph, windows: Windows) -> tuple[dict, Tensor]:
    """What is said of a predictor, and its loss by episode."""
    wrong, known = errors_m(graph, windows), windows.known.bool()
    whole = known[:, -1]
    # The energy of where the arm really came to, with the same arm, as predicted and as seen: goal is what was seen last in the window.
    rolled, seen = roll(graph, windows.latents[:, 0], windows.states[:, 0], windows.actions)[whole, -1], windows.latents[whole, -1]
    energy = graph.model.nearness(rolled, seen) if whole.any() else torch.zeros(0)
    moved = (graph.model.places(windows.latents[:, -1]) - graph.model.places(windows.latents[:, 0])).norm(dim=-1) > UNPREDICTABLE_M
    loss = loss_of(graph, windows)
    by_episode = torch.stack([loss[windows.episode == one].mean() for one in windows.episode.unique()])
    mean_cm = lambda values: round(100 * float(values.mean()), 3) if values.numel() else None
    return {
        "loss": float(by_episode.mean()),
        "one_step_cm": mean_cm(wrong[:, 0]),
        "whole_horizon_cm": mean_cm(wrong[whole, -1]),
        "whole_horizon_moved_cm": mean_cm(wrong[:, -1][moved & whole[:, None]]),
        "energy_error": round(float(energy.mean()), 4) if len(energy) else None,
    }, by_episode


def verdict(old: tuple[dict, Tensor], new: tuple[dict, Tensor]) -> tuple[bool, str]:
    """Whether the new predictor is better, and the sentence that says so."""
    gain = old[1] - new[1]
    error = float(gain.std() / math.sqrt(len(gain)))
    better = float(gain.mean()) > SURE * error and float(gain.mean()) > 0
    sentence = f"loss {old[0]['loss']:.4f} before, {new[0]['loss']:.4f} after: {'better' if gain.mean() > 0 else 'worse'} by {abs(float(gain.mean())):.4f}, standard error {error:.4f}, on {len(gain)} held-out episodes"
    return better, sentence


def put(source: Path, target: Path, tensors: dict[str, Tensor]) -> None:
    """The same graph with other weights. Raises ValueError when it has not all of them."""
    model = onnx.load(str(source))
    there = {entry.name: entry for entry in model.graph.initializer}
    missing = [name for name, value in tensors.items() if name not in there or list(there[name].dims) != list(value.shape)]
    if missing:
        raise ValueError(f"{source.name} has no {missing[0]} of the size that was learned: it is of another version of training/")
    for name, value in tensors.items():
        there[name].CopyFrom(numpy_helper.from_array(value.detach().numpy().copy(), name))
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


@torch.no_grad()
def check(graph: FastRolloutGraph, file: Path, windows: Windows) -> float:
    """Largest difference between the file in ONNX Runtime and what was learned, over energies and latents of some scenes. Raises ValueError beyond TOLERANCE."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    generator, worst = torch.Generator().manual_seed(0), 0.0
    low, high, steps = graph.model.action_low, graph.model.action_high, graph.model.config.rollout
    for row in range(0, len(windows), max(1, len(windows) // 8)):
        actions = low + (high - low) * torch.rand(64, steps, len(low), generator=generator)
        scene = windows.latents[row : row + 1, 0], windows.states[row : row + 1, 0], actions, windows.latents[row : row + 1, -1]
        wanted = graph(*scene)
        got = session.run(["energy", "final_latent", "next_latent"], dict(zip(("latent", "state", "actions", "goal"), (value.numpy() for value in scene))))
        for mine, its in zip((wanted[0], wanted[2], wanted[5]), got):
            # np.maximum, unlike max, keeps a NaN.
            worst = float(np.maximum(worst, np.abs(mine.numpy() - its).max()))
    if not worst <= TOLERANCE:
        raise ValueError(f"{file.name} differs from what was learned by {worst}: nothing was written")
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="bundle to learn on from; it stays as it is")
    parser.add_argument("--data", type=Path, required=True, help="folder with experience.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle; must not be there")
    parser.add_argument("--held-out", type=float, default=0.25, help="share of the newest episodes that only measure")
    parser.add_argument("--minutes", type=float, default=3, help="most minutes of computing")
    parser.add_argument("--steps", type=int, default=3000, help="most steps")
    parser.add_argument("--rate", type=float, default=3e-4, help="learning rate")
    parser.add_argument("--anchor", type=float, default=1e-3, help="how strongly weights are drawn back to where they were")
    parser.add_argument("--batch", type=int, default=256, help="windows a step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: PyTorch's own choice)")
    arguments = parser.parse_args()
    if arguments.out.exists():
        raise ValueError(f"{arguments.out} is there: a bundle is never overwritten, give another folder")
    if not 0 < arguments.held_out < 1:
        raise ValueError(f"--held-out is {arguments.held_out}: must be between 0 and 1")
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    manifest = json.loads((arguments.bundle / "manifest.json").read_text())
    graph = ExportedModel(arguments.bundle).rollout
    older, newest = split(load_experience(arguments.data, manifest["files"]["encoder.onnx"]["sha256"]), arguments.held_out)
    training, held = (windows_of(part, graph.model.config.rollout) for part in (older, newest))
    print(f"fine-tune: {len({one.episode for one in older})} episodes ({len(training)} windows) to learn from, {len({one.episode for one in newest})} ({len(held)}) to measure on", flush=True)
    before = measure(graph, held)
    steps = train(graph, training, minutes=arguments.minutes, rate=arguments.rate, anchor=arguments.anchor, batch=arguments.batch, seed=arguments.seed, most_steps=arguments.steps)
    after = measure(graph, held)
    better, sentence = verdict(before, after)
    report = {"steps": steps, "before": before[0], "after": after[0], "held_out_episodes": len(after[1]), "accepted": better, "verdict": sentence}
    print(json.dumps(report), flush=True)
    if not better:
        print(f"fine-tune: refused: {sentence}; {arguments.bundle} stays what is best", file=sys.stderr)
        return EXIT_REFUSED
    with new_bundle(arguments.out) as part:
        for name, entry in manifest["files"].items():
            for file in (name, *(beside["name"] for beside in entry.get("side_files", []))):
                if name not in GRAPHS:
                    shutil.copyfile(arguments.bundle / file, part / file)
        tensors = learned(graph)
        for name in GRAPHS:
            if name in manifest["files"]:
                put(arguments.bundle / name, part / name, tensors)
                manifest["files"][name] = file_entry(part / name)
        report["parity"] = check(graph, part / "rollout.onnx", held)
        origin = {"bundle": manifest["name"], "rollout_sha256": json.loads((arguments.bundle / "manifest.json").read_text())["files"]["rollout.onnx"]["sha256"]}
        manifest |= {"name": arguments.out.name, "created": time.strftime("%Y-%m-%d")}
        manifest["source"] = f"{manifest['source']}; fine-tuned by jepa-mpc fine-tune from {origin['bundle']}"
        manifest["training"] = manifest["training"] | {"fine_tuned": {"from": origin, "date": manifest["created"], "earlier": manifest["training"].get("fine_tuned"), **report}}
        write_manifest(part, manifest)
    print(f"fine-tune: wrote {arguments.out}: {sentence}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(f"fine-tune: {error}")
