#!/usr/bin/env python3
"""Trains a world model of an arm that is moved by its joints: python training/train_joints.py --data data/mine --out runs/mine.

Learns from pictures, joint positions and joint deltas alone; nobody labels anything. Data sets are what `jepa-mpc record`, `jepa-mpc import` or `sim/collect --robot`
wrote, or LeRobot data sets with joint deltas. Run it again to go on after an interruption.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from dataclasses import fields
from pathlib import Path

import torch

from jepa.augment import augment
from jepa.checkpoint import save
from jepa.data import check_alike, join_episodes
from jepa.lerobot import add_arguments, from_arguments, load_any
from jepa.model import normalised
from jepa.spent import SpentTime
from joints.build import check_joints, new_model
from joints.config import JointsConfig
from joints.measure import errors, in_words
from joints.windows import JointWindows

CHECKPOINT_EVERY_S = 60
MEASURE_EVERY_S = 120
LOG_EVERY_STEPS = 50


def parse_arguments() -> tuple[argparse.Namespace, JointsConfig]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data sets; the last episodes of each only measure")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and log")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: PyTorch's own choice)")
    add_arguments(parser)
    for field in fields(JointsConfig):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    arguments = parser.parse_args()
    return arguments, JointsConfig(**{field.name: getattr(arguments, field.name) for field in fields(JointsConfig)})


def main() -> None:
    arguments, config = parse_arguments()
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(config.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    checkpoint_file, log_file = arguments.out / "checkpoint.pt", arguments.out / "log.jsonl"

    wanted = from_arguments(arguments)
    parts = [load_any(folder, wanted).split(config.validation_episodes) for folder in arguments.data]
    training, validation = [part[0] for part in parts], join_episodes([part[1] for part in parts])
    check_alike(training)
    check_joints(training[0])
    print(f"train_joints: {sum(map(len, training))} episodes to learn from, {len(validation)} to measure on; joints {', '.join(training[0].description['action'])}", flush=True)
    model = new_model(config, training)
    model.encoder = model.encoder.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    step, spent_s = 0, 0.0
    if checkpoint_file.exists():
        checkpoint = torch.load(checkpoint_file, map_location="cpu", weights_only=True)
        if {**checkpoint["config"], "minutes": 0} != {**config.to_dict(), "minutes": 0}:
            sys.exit(f"train_joints: {checkpoint_file} was trained with other options; choose another --out or the same options")
        if checkpoint["description"]["action"] != training[0].description["action"]:
            sys.exit(f"train_joints: {checkpoint_file} is of joints {checkpoint['description']['action']}, the data of {training[0].description['action']}; choose another --out")
        model.load_state_dict(checkpoint["model"])
        optimiser.load_state_dict(checkpoint["optimiser"])
        step, spent_s = checkpoint["step"], checkpoint["spent_s"]
        print(f"train_joints: going on at step {step}, {spent_s / 60:.1f} of {config.minutes:g} minutes spent", flush=True)
    windows = JointWindows(training, config.horizon, config.seed + step)
    generator = torch.Generator().manual_seed(config.seed + step)

    def log(entry: dict) -> None:
        with log_file.open("a") as file:
            file.write(json.dumps({"step": step, "minutes": round(spent_s / 60, 3), **entry}) + "\n")

    def write_checkpoint() -> None:
        save(checkpoint_file, {"config": config.to_dict(), "description": training[0].description, "model": model.state_dict(), "optimiser": optimiser.state_dict(),
                               "step": step, "spent_s": spent_s, "episodes": sum(map(len, training))})

    def measure() -> None:
        result = errors(model, validation)
        model.train()
        log({"measured": result})
        print(f"  {spent_s / 60:5.1f} min  {in_words(result)}", flush=True)

    budget_s = config.minutes * 60
    last_save, last_measure = spent_s, spent_s
    model.train()
    device = torch.device("cpu")
    while spent_s < budget_s and not interrupted:
        clock = SpentTime(device)
        rate = config.learning_rate * min(1.0, (step + 1) / config.warmup_steps) * (0.5 + 0.5 * math.cos(math.pi * spent_s / budget_s))
        for group in optimiser.param_groups:
            group["lr"] = rate
        images, states, actions = windows.draw(config.windows, pictures=True)
        parts_of_loss = model.losses(augment(normalised(images), config, generator), states, actions)
        _, more_states, more_actions = windows.draw(config.dynamics_windows, pictures=False)
        parts_of_loss["dynamics"] = model.dynamics_loss(more_states, more_actions)
        loss = sum(getattr(config, f"{name}_weight") * value for name, value in parts_of_loss.items())
        if not bool(torch.isfinite(loss)):
            sys.exit(f"train_joints: the loss is {float(loss.detach())} at step {step}; the last checkpoint is kept; lower --learning-rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
        optimiser.step()
        step += 1
        spent_s += clock.seconds()
        if step % LOG_EVERY_STEPS == 0:
            log({"rate": rate, **{name: float(value.detach()) for name, value in parts_of_loss.items()}})
        if spent_s - last_save > CHECKPOINT_EVERY_S:
            write_checkpoint()
            last_save = spent_s
        if spent_s - last_measure > MEASURE_EVERY_S:
            measure()
            last_measure = spent_s
    write_checkpoint()
    if interrupted:
        sys.exit(f"train_joints: interrupted at step {step}; wrote {checkpoint_file}; run the same command to go on")
    measure()
    print(f"train_joints: {step} steps; wrote {checkpoint_file} and {log_file}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"train_joints: {error}")
