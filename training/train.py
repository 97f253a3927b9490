#!/usr/bin/env python3
"""Trains the encoder: python training/train.py --data data/rooms --out runs/video. Run again to go on after an interruption.

Uses a GPU where there is one. Several processes: torchrun --nproc-per-node N training/train.py …; each draws its own `windows`, so that a step sees N times as
many.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from pathlib import Path

import numpy as np
import torch

from jepa.augment import augment
from jepa.build import load_checkpoint, new_model
from jepa.checkpoint import save
from jepa.config import Config
from jepa.data import Episodes, WindowSampler, check_alike, join_episodes
from jepa.init_encoder import encoder_key, load_encoder
from jepa.latents import data_key, encode_episodes
from jepa.lerobot import add_arguments, from_arguments, load_any
from jepa.losses import Losses
from jepa.model import WorldModel, normalised
from jepa.options import add_options, chosen_options
from jepa.probes import evaluate, in_centimetres
from jepa.processes import Processes
from jepa.spent import SpentTime
from jepa.touch import Touch, feel

CHECKPOINT_EVERY_S = 120
MEASURE_EVERY_S = 300
LOG_EVERY_STEPS = 50
# A bundle's encoder takes its statistics from so many pictures.
INIT_PICTURES = 256
# Processes draw with seeds so far apart.
SEEDS_A_PROCESS = 1_000_003


def parse_arguments() -> tuple[argparse.Namespace, Config]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data sets: shards of sim/collect, or LeRobot; the last episodes of each only measure")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and log")
    parser.add_argument("--init", type=Path, help="run or bundle whose encoder the new run starts from")
    parser.add_argument("--read-with", type=Path, help="run whose encoder helps to read what was felt, as in looking back; without it, touch alone")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: PyTorch's own choice)")
    add_arguments(parser)
    add_options(parser)
    arguments = parser.parse_args()
    return arguments, Config(**chosen_options(arguments))


def felt(parts: list[Episodes], things: int, reader: WorldModel | None, run: Path | None) -> list[Touch]:
    """What was felt in each data set, read with what the encoder of a run sees if one is given; its latents are kept with that run."""
    if reader is None:
        return [feel(part.states, part.actions, things=things) for part in parts]
    touches = []
    for part in parts:
        latents = encode_episodes(reader, part, run).latents
        touches.append(feel(part.states, part.actions, reader.places(latents).numpy(), things))
    return touches


def key_of(folder: Path | None) -> str | None:
    return None if folder is None else encoder_key(folder)


def check_goes_on(checkpoint: dict, file: Path, config: Config, origin: dict, arguments: argparse.Namespace) -> None:
    """Ends the program when a checkpoint is not of this command line. `origin` tells its data and encoders from others, as newer checkpoints do, too."""
    if {**checkpoint["config"], "minutes": 0} != {**config.to_dict(), "minutes": 0}:
        sys.exit(f"train: {file} was trained with other options; choose another --out or the same options")
    earlier = {**origin, **{name: checkpoint[name] for name in origin if name in checkpoint}}
    # The order of data sets decides nothing.
    if sorted(earlier["data"]) != sorted(origin["data"]):
        sys.exit(f"train: {file} was trained on other data than {' '.join(map(str, arguments.data))}; choose another --out, with --init {file.parent} to keep its encoder, or the same data")
    if earlier["read_with"] != origin["read_with"]:
        sys.exit(f"train: {file} was trained with another --read-with than {arguments.read_with or 'none'}; choose another --out or the same --read-with")
    # Once it has begun the weights are its own, and --init may be left out.
    if arguments.init is not None and earlier["init"] != origin["init"]:
        sys.exit(f"train: {file} did not begin with the encoder of {arguments.init}; choose another --out, or leave --init out to go on")


def some_pictures(parts: list[Episodes]) -> torch.Tensor:
    """Pictures of all data sets, evenly drawn: uint8 [about INIT_PICTURES, H, W, 3]."""
    each = math.ceil(INIT_PICTURES / len(parts))
    drawn = []
    for part in parts:
        counts = part.images.shape[:2]
        drawn.append(part.images[np.unravel_index(np.linspace(0, math.prod(counts) - 1, each, dtype=int), counts)])
    return torch.from_numpy(np.concatenate(drawn))


def forget_after(log_file: Path, step: int) -> None:
    """Drops log entries of steps that were lost with an interruption: they are done again."""
    if not log_file.exists():
        return
    kept = [line for line in log_file.read_text().splitlines() if json.loads(line)["step"] <= step]
    part = log_file.with_suffix(".part")
    part.write_text("".join(line + "\n" for line in kept))
    part.rename(log_file)


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
    processes = Processes()
    device, speak = processes.device, processes.first
    torch.manual_seed(config.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    checkpoint_file, log_file = arguments.out / "checkpoint.pt", arguments.out / "log.jsonl"

    features = from_arguments(arguments)
    parts = [load_any(folder, features).split(config.validation_episodes) for folder in arguments.data]
    training = [part[0] for part in parts]
    check_alike(training)
    validation = join_episodes([part[1] for part in parts])
    del parts
    # The probes are fitted on one half and tested on the other: both are to be of all data sets.
    validation = validation.shuffled(config.seed)
    if speak:
        print(f"train: {sum(map(len, training))} episodes to learn from, {len(validation)} to measure on; {processes.count} x {device.type}", flush=True)
    reader = None if arguments.read_with is None else load_checkpoint(arguments.read_with / "checkpoint.pt")[0]
    origin = {"data": [data_key(part) for part in training], "init": key_of(arguments.init), "read_with": key_of(arguments.read_with)}
    checkpoint = torch.load(checkpoint_file, map_location="cpu", weights_only=True) if checkpoint_file.exists() else None
    if checkpoint is not None:
        check_goes_on(checkpoint, checkpoint_file, config, origin, arguments)
        if arguments.init is None:
            origin["init"] = checkpoint.get("init")
    touches = felt(training, config.things, reader, arguments.read_with)
    model = new_model(config, *training).to(device)
    model.encoder = model.encoder.to(memory_format=torch.channels_last)
    losses = Losses(config).to(device)
    if arguments.init is not None and checkpoint is None:
        load_encoder(model.encoder, arguments.init, some_pictures(training))
    optimiser = torch.optim.AdamW([*model.parameters(), *losses.parameters()], lr=config.learning_rate, weight_decay=config.weight_decay)
    step, spent_s = 0, 0.0
    if checkpoint is not None:
        model.load_state_dict(checkpoint["model"])
        losses.load_state_dict(checkpoint["losses"])
        optimiser.load_state_dict(checkpoint["optimiser"])
        step, spent_s = checkpoint["step"], checkpoint["spent_s"]
        if speak:
            print(f"train: going on at step {step}, {spent_s / 60:.1f} of {config.minutes:g} minutes spent", flush=True)
            forget_after(log_file, step)
    processes.share_weights(model)
    processes.share_weights(losses)
    sampler = WindowSampler(training, touches, horizon=config.horizon, frames=config.frames, windows=config.windows,
                            felt_share=config.felt_share, held_share=config.held_share, seed=config.seed + step + SEEDS_A_PROCESS * processes.rank)
    losses.expect(touches, model.predictor.state_mean, model.predictor.state_std)
    generator = torch.Generator(device).manual_seed(config.seed + step + SEEDS_A_PROCESS * processes.rank)

    def write_checkpoint() -> None:
        if not speak:
            return
        save(checkpoint_file, {"config": config.to_dict(), "description": training[0].description, "model": model.state_dict(), "losses": losses.state_dict(),
                               "optimiser": optimiser.state_dict(), "step": step, "spent_s": spent_s,
                               "episodes": sum(map(len, training)), **origin})

    def log(entry: dict) -> None:
        if not speak:
            return
        with log_file.open("a") as file:
            file.write(json.dumps({"step": step, "minutes": round(spent_s / 60, 3), **entry}) + "\n")

    def measure() -> None:
        if not speak:
            return
        result = evaluate(model, validation, with_rollouts=config.with_actions)
        model.train()
        log({"measured": result})
        ratio = result.get("multi_step_ratio", [math.nan])
        print(f"  {spent_s / 60:5.1f} min  tool {100 * result['linear_probe_m'].get('end_effector', math.nan):.2f} cm  p50/p75/p90 cm: {in_centimetres(result['place_error_m'])}"
              f"  error/nothing-moves: step {len(ratio)} {ratio[-1]:.3f}", flush=True)

    budget_s = config.minutes * 60
    model.train()
    last_save, last_measure, sums, summed = spent_s, spent_s, {}, 0
    while spent_s < budget_s:
        if processes.any(interrupted):
            interrupted = True
            break
        clock = SpentTime(device)
        share = spent_s / budget_s
        rate = config.learning_rate * min(1.0, (step + 1) / config.warmup_steps) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in optimiser.param_groups:
            group["lr"] = rate
        windows = sampler.draw().to(device)
        loss, parts = losses(model, windows, augment(normalised(windows.images), config, generator), generator)
        if processes.any(not bool(torch.isfinite(loss))):
            sys.exit(f"train: the loss is {float(loss.detach())} at step {step} ({parts}); the last checkpoint is kept; lower --learning-rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        processes.average_gradients([*model.parameters(), *losses.parameters()])
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
        optimiser.step()
        step += 1
        (spent_s,) = processes.agree(spent_s + clock.seconds())
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        summed += 1
        if step % LOG_EVERY_STEPS == 0:
            means = {name: value / summed for name, value in sums.items()}
            log({"rate": rate, **means})
            if speak and step % (10 * LOG_EVERY_STEPS) == 0:
                print(f"step {step}, {spent_s / 60:.1f} of {config.minutes:g} min: " + " ".join(f"{k} {v:.4f}" for k, v in means.items()), flush=True)
            sums, summed = {}, 0
        if spent_s - last_save > CHECKPOINT_EVERY_S:
            write_checkpoint()
            last_save = spent_s
        if spent_s - last_measure > MEASURE_EVERY_S:
            measure()
            last_measure = spent_s
    write_checkpoint()
    if interrupted:
        processes.close()
        sys.exit(f"train: interrupted at step {step}; wrote {checkpoint_file}; run the same command to go on")
    measure()
    if speak:
        print(f"train: {step} steps; wrote {checkpoint_file} and {log_file}", flush=True)
    processes.close()


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"train: {error}")
