#!/usr/bin/env python3
"""Second stage, on the frozen encoder: python training/train_dynamics.py --run runs/stage1 --data data/rooms --out runs/rooms.

Trains the predictor by roll-outs, value and policy by hindsight, on latents that are encoded once, kept with the encoder's run, and smoothed in time; the predictor beside
the other two.
Run again to go on after an interruption: a part that has ended is not repeated.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import connection, parent_process
from pathlib import Path

import torch

from jepa.build import load_checkpoint
from jepa.checkpoint import save
from jepa.latents import LatentEpisodes, LatentSampler, data_key, encode_episodes, fingerprint, join, true_latents
from jepa.lerobot import from_arguments, load_any
from jepa.model import WorldModel
from jepa.options import on_an_encoder, options_on
from jepa.probes import measure_rollouts
from jepa.smoothing import in_hindsight
from jepa.spent import SpentTime
from jepa.value import ValueLearner

REPORT_EVERY_S = 60
# Errors of a prediction beyond this count less and less, m.
UNPREDICTABLE_M = 0.03


def train_predictor(model: WorldModel, episodes: LatentEpisodes) -> None:
    config = model.config
    sampler = LatentSampler(episodes, horizon=config.rollout, windows=config.rollout_windows, moving_share=config.rollout_moving_share, seed=config.seed)
    optimiser = torch.optim.AdamW(model.predictor.parameters(), lr=1e-3, weight_decay=config.weight_decay)
    for step in _steps("predictor", config.rollout_minutes, optimiser, 1e-3):
        latents, states, actions = sampler.draw()
        rolled, _ = model.rollout(latents[:, 0], states[:, 0], actions)
        wrong = model.places(rolled) - model.places(latents[:, 1:])
        # Cauchy's: where a cup that was tipped over rolls to cannot be predicted, and must not be what is learned most from.
        loss = torch.log1p((wrong / UNPREDICTABLE_M).square().sum(-1)).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.predictor.parameters(), config.gradient_clip)
        optimiser.step()
        step.report(loss)


def train_value(model: WorldModel, episodes: LatentEpisodes) -> None:
    config = model.config
    learner = ValueLearner(model, episodes)
    learned = [*model.value.parameters(), *model.policy.parameters()]
    optimiser = torch.optim.Adam(learned, lr=1e-3)
    for step in _steps("value", config.value_minutes, optimiser, 1e-3):
        loss = learner.loss()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 10.0)
        optimiser.step()
        learner.follow()
        step.report(loss)


# What is learned on the latents, neither part needing the other, and the networks that are a part's.
PARTS = {"predictor": train_predictor, "value": train_value}
NETWORKS = {"predictor": ("predictor.",), "value": ("value.", "policy.")}


def train_parts(names: list[str], model: WorldModel, episodes: LatentEpisodes) -> Iterator[str]:
    """Trains parts of the model in place and gives the name of each when it has ended: side by side where there is more than one thread, as the networks are too
    small to be faster with two.
    """
    if torch.get_num_threads() == 1 or len(names) == 1:
        for name in names:
            _train_part(name, model, episodes)
            yield name
        return
    model.share_memory()
    # Not forked: PyTorch's threads do not survive that.
    context = torch.multiprocessing.get_context("spawn")
    workers = {name: context.Process(target=_train_alone, args=(name, model, episodes), daemon=True) for name in names}
    for worker in workers.values():
        worker.start()
    running = {worker.sentinel: name for name, worker in workers.items()}
    failed = []
    while running:
        for sentinel in connection.wait(list(running)):
            name = running.pop(sentinel)
            workers[name].join()
            if workers[name].exitcode == 0:
                yield name
            else:
                failed.append(name)
    if failed:
        sys.exit(f"train_dynamics: {' and '.join(failed)} was not learned; what is above says why")


def _train_part(name: str, model: WorldModel, episodes: LatentEpisodes) -> None:
    print(f"{name}:", flush=True)
    PARTS[name](model, episodes)


def _train_alone(name: str, model: WorldModel, episodes: LatentEpisodes) -> None:
    torch.set_num_threads(1)
    _train_part(name, model, episodes)


class _Step:
    def __init__(self) -> None:
        self.sum, self.count = 0.0, 0

    def report(self, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss):
            sys.exit(f"train_dynamics: the loss is {float(loss.detach())}; lower the learning rate")
        self.sum += float(loss.detach())
        self.count += 1


def _steps(name: str, minutes: float, optimiser: torch.optim.Optimizer, rate: float):
    """Yields until the minutes are over; warms the learning rate up and lets it fall to nothing."""
    clock, last, number = SpentTime(torch.device("cpu")), time.monotonic(), 0
    seen = _Step()
    while (spent := clock.seconds()) < 60 * minutes:
        number += 1
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, number / 200) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * spent / (60 * minutes))))
        yield seen
        if time.monotonic() - last > REPORT_EVERY_S:
            last = time.monotonic()
            print(f"  {name}: step {number}, {spent / 60:.1f} of {minutes:g} min: loss {seen.sum / max(1, seen.count):.5f}", flush=True)
            seen.sum, seen.count = 0.0, 0
            if (parent := parent_process()) is not None and not parent.is_alive():
                sys.exit(f"train_dynamics: nobody waits for {name} any more")


def main() -> None:
    parser = on_an_encoder(__doc__)
    parser.add_argument("--from-truth", action="store_true",
                        help="learn from the simulator's truth instead of latents, to find what perception costs; only for eval --policy true-perception")
    arguments = parser.parse_args()
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    first, checkpoint = load_checkpoint(arguments.run / "checkpoint.pt")
    config = options_on(first.config, arguments)
    torch.manual_seed(config.seed)
    model = first.with_config(config)
    arguments.out.mkdir(parents=True, exist_ok=True)
    encoded, keys = [], []
    # One data set after the other: pictures of several would not fit into memory.
    for folder in arguments.data:
        parts = load_any(folder, from_arguments(arguments)).split(config.validation_episodes)
        encoded.append([true_latents(model, part) if arguments.from_truth else encode_episodes(model, part, arguments.run) for part in parts])
        keys.append(fingerprint(model, data_key(parts[0])))
        del parts
    key = " ".join([*keys, *(["truth"] if arguments.from_truth else [])])
    # Each data set on its own: their pictures do not err alike.
    training = join([part if arguments.from_truth else in_hindsight(model, part) for part, _ in encoded])
    validation = join([part for _, part in encoded])
    print(f"train_dynamics: {len(training)} episodes to learn from, {len(validation)} to measure on", flush=True)

    def write(done: list[str]) -> None:
        # A part that is still being learned would go on from half of it with a schedule from the start.
        half = tuple(network for name in PARTS if name not in done for network in NETWORKS[name])
        weights = {name: initial[name] if name.startswith(half) else value for name, value in model.state_dict().items()}
        save(file, {**{name: checkpoint[name] for name in ("description", "step", "spent_s")}, "episodes": len(training), "key": key, "done": done,
                    "config": config.to_dict(), "model": weights})

    file = arguments.out / "checkpoint.pt"
    done: list[str] = []
    if file.exists():
        earlier = torch.load(file, map_location="cpu", weights_only=True)
        if earlier["config"] == config.to_dict() and earlier["key"] == key:
            model.load_state_dict(earlier["model"])
            done = earlier["done"]
        else:
            print(f"train_dynamics: {file} is of other options, data or encoder; it is made anew", flush=True)
    initial = {name: value.clone() for name, value in model.state_dict().items()}
    model.encoder.requires_grad_(False)
    # An exit, unlike a signal, ends those that train beside this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("train_dynamics: ended; run the same command to go on with what had not ended"))
    for name in train_parts([name for name in PARTS if name not in done], model, training):
        done.append(name)
        write(done)
        if name == "predictor":
            for what, ratios in measure_rollouts(model, validation).items():
                print(f"  {what}:", " ".join(f"{ratio:.3f}" for ratio in ratios), flush=True)
    print(f"train_dynamics: wrote {file}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"train_dynamics: {error}")
