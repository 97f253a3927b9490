#!/usr/bin/env python3
"""What decides quality: python training/ablate.py --data data/rooms data/plain --out runs/ablations --report docs/training/ablations.md

Trains the world model again and again, each time with one thing changed, all for the same minutes of computing on the same data, and measures each on the same held-out episodes. Run again
to go on after an interruption: what is measured is not trained again. The data sets may be short; what is compared are the variants, not what ships. Several can run at once with the same --out
and different --only, each with its --threads: a minute is one of computing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jepa.build import load_checkpoint
from jepa.data import Episodes, join_episodes
from jepa.latents import LatentEpisodes, encode_episodes
from jepa.lerobot import load_any
from jepa.model import PLACE, WorldModel
from jepa.probes import measure_latents

HERE = Path(__file__).parent
# Roll-outs are compared over so many actions, whatever a variant learned from.
STEPS = 10
# A thing that is this far from where it was has moved, m.
MOVED_M = 0.03
# The share of a two-stage variant's minutes that its second stage has.
DYNAMICS_SHARE = 0.25
MEASURED = "measured.json"


@dataclass(frozen=True)
class Variant:
    """What differs from `as it ships`: options of train.py, and of train_dynamics.py on the encoder of `of`, or on its own.

    Without touch there is nothing to look back with, and the entries are no places to predict: that, too, is one stage.
    """

    what: str
    encoder: tuple[str, ...] = ()
    dynamics: tuple[str, ...] = ()
    of: str | None = None
    stages: int = 2


VARIANTS = {
    "shipped": Variant("as it ships"),
    "no-sigreg": Variant("no SIGReg", ("--sigreg-weight", "0")),
    "no-persistence": Variant("no persistence", ("--persistence-weight", "0")),
    "no-touch": Variant("no touch", ("--touch-weight", "0"), stages=1),
    "inverse": Variant("inverse dynamics besides, weight 0.3", ("--inverse-weight", "0.3")),
    "pixels": Variant("a twin whose features give the pixels back, without persistence and SIGReg", ("--pixel-weight", "1", "--persistence-weight", "0", "--sigreg-weight", "0")),
    "vector": Variant("a vector of the picture instead of keypoints", ("--features", "vector")),
    "no-context": Variant("no coarser level: a place sees 40 pixels instead of 112", ("--context", "0")),
    "no-light": Variant("no patches of shadow and light", ("--light-jitter", "0")),
    "small": Variant("32 channels instead of 64, 24 keypoints instead of 48", ("--channels", "32", "--keypoints", "24")),
    "large": Variant("96 channels, 64 keypoints", ("--channels", "96", "--keypoints", "64")),
    "near": Variant("pictures of a window 4 actions apart instead of 8", ("--horizon", "4", "--frames", "0", "4")),
    "far": Variant("16 actions apart", ("--horizon", "16", "--frames", "0", "16")),
    "four": Variant("four pictures a window, half as many windows", ("--frames", "0", "3", "6", "8", "--windows", "24")),
    "one-stage": Variant("one stage: encoder and predictor together", ("--with-actions",), stages=1),
    "rollout-1": Variant("roll-outs of 1 step instead of 10", dynamics=("--rollout", "1"), of="shipped"),
    "rollout-5": Variant("of 5 steps", dynamics=("--rollout", "5"), of="shipped"),
    "rollout-15": Variant("of 15 steps", dynamics=("--rollout", "15"), of="shipped"),
    "history": Variant("the predictor is given the step before, too", dynamics=("--history", "2"), of="shipped"),
    "narrow": Variant("predictor of width 64 instead of 128", dynamics=("--predictor-width", "64"), of="shipped"),
    "wide": Variant("of width 256", dynamics=("--predictor-width", "256"), of="shipped"),
}


def run(script: str, *options: object) -> None:
    """Raises ValueError when it fails; what it printed says why."""
    command = [sys.executable, str(HERE / script), *map(str, options)]
    if subprocess.run(command, check=False).returncode != 0:
        raise ValueError(f"{script} failed; what is above says why; run the same command to go on")


@torch.no_grad()
def measure_prediction(model: WorldModel, episodes: LatentEpisodes) -> dict:
    """Median distance (m) of things that move within STEPS actions from where the roll-out ends, and from where they began; both from where they truly are."""
    wrong, still = [], []
    for start in range(0, episodes.actions.shape[1] - STEPS + 1, 3):
        rolled, _ = model.rollout(episodes.latents[:, start], episodes.states[:, start], episodes.actions[:, start : start + STEPS])
        begin, end = (episodes.truths[:, at, PLACE:].unflatten(-1, (-1, PLACE)) for at in (start, start + STEPS))
        moved = (end - begin).norm(dim=-1) > MOVED_M
        wrong.append((model.places(rolled[:, -1]) - end).norm(dim=-1)[moved])
        still.append((model.places(episodes.latents[:, start]) - end).norm(dim=-1)[moved])
    return {"rolled": float(torch.cat(wrong).median()), "still": float(torch.cat(still).median())}


def train(name: str, arguments: argparse.Namespace, validation: Episodes) -> dict:
    """Trains what a variant needs and measures it."""
    variant, folder = VARIANTS[name], arguments.out / name
    shared = ["--data", *arguments.data, "--validation-episodes", arguments.validation_episodes, *(["--threads", arguments.threads] if arguments.threads > 0 else [])]
    dynamics_min = DYNAMICS_SHARE * arguments.minutes if variant.stages == 2 else 0.0
    result: dict = {}
    looked = arguments.out / (variant.of or name) / "looked"
    if variant.of is None:
        run("train.py", *shared, "--out", folder / "video", "--minutes", arguments.minutes - dynamics_min, *variant.encoder)
        model, checkpoint = load_checkpoint(folder / "video" / "checkpoint.pt")
        episodes = encode_episodes(model, validation, folder / "video")
        result |= {"steps": checkpoint["step"], "video": measure_latents(model, episodes, with_rollouts=False)}
        if model.config.with_actions:
            result["prediction"] = measure_prediction(model, episodes)
        if variant.stages == 1:
            return result
        run("look_back.py", "--run", folder / "video", *shared, "--out", looked)
        model, _ = load_checkpoint(looked / "checkpoint.pt")
        result["looked"] = measure_latents(model, encode_episodes(model, validation, looked), with_rollouts=False)
    elif not (looked / "checkpoint.pt").exists():
        raise ValueError(f'"{name}" goes on from the encoder of "{variant.of}", which is not there; put {variant.of} before it in --only')
    run("train_dynamics.py", "--run", looked, *shared, "--out", folder / "dynamics", "--rollout-minutes", dynamics_min, "--value-minutes", 0, *variant.dynamics)
    model, _ = load_checkpoint(folder / "dynamics" / "checkpoint.pt")
    # The encoder is the one that looked back: its latents are there.
    return {**result, "prediction": measure_prediction(model, encode_episodes(model, validation, looked))}


def table(results: dict[str, dict], minutes: float, threads: int, data: list[Path], episodes: int) -> str:
    """The page, in Markdown."""
    centimetres = lambda value: f"{100 * value:.1f}"
    things = sorted({thing for result in results.values() if "video" in result for thing in result["video"]["place_error_m"] if not thing.endswith("_lifted")})
    lines = [
        "# Ablations", "",
        f"One thing is changed at a time; all have {minutes:g} minutes of {'one core' if threads == 1 else f'{threads} cores'} and the same data ({', '.join(folder.name for folder in data)}), from nothing, one seed. Measured on {episodes} episodes that none of them saw,",
        "medians in cm. *Read*: what the latent says of where things lie along the table, after the first stage and after looking back; *linear*: the best linear reading of the whole latent after the first stage.",
        f"*Moved*: how far a thing that moves is from where the roll-out of {STEPS} actions has it; in brackets as a share of what it would be if nothing moved.",
        "Looking back is not counted in the minutes; what is trained in one stage has none of it.", "",
        f"| | steps | tool, linear | {' | '.join(f'{thing}: linear, read, looked back' for thing in things)} | moved |",
        f"|---|---|---|{'---|' * len(things)}---|",
    ]
    for name, result in results.items():
        video, looked, prediction = result.get("video"), result.get("looked"), result.get("prediction")
        reading = lambda thing: " / ".join([centimetres(video["linear_probe_m"][thing]), *(centimetres(part["place_error_m"][thing]["p50"]) if part else "–" for part in (video, looked))]) if video else ""
        lines.append(f"| {VARIANTS[name].what} | {result.get('steps', '')} | {centimetres(video['linear_probe_m']['end_effector']) if video else ''} | {' | '.join(map(reading, things))} | "
                     + (f"{centimetres(prediction['rolled'])} ({prediction['rolled'] / prediction['still']:.2f}) |" if prediction else "– |"))
    return "\n".join([*lines, "", f"Made by `python training/ablate.py --data {' '.join(map(str, data))} --minutes {minutes:g} --threads {threads} …`.", ""])


def measured(out: Path, minutes: float, threads: int) -> dict[str, dict]:
    """What is measured in the folder. Raises ValueError when something there had another budget."""
    results = {name: json.loads(file.read_text()) for name in VARIANTS if (file := out / name / MEASURED).exists()}
    others = [name for name, result in results.items() if (result["minutes"], result["threads"]) != (minutes, threads)]
    if others:
        raise ValueError(f"{', '.join(others)} had other minutes than {minutes:g}, or other threads than {threads}; choose another --out")
    return results


def write(file: Path, text: str) -> None:
    """Beside and renamed."""
    part = file.with_suffix(".part")
    part.write_text(text)
    part.rename(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data sets of the simulator; the last episodes of each only measure")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--minutes", type=float, default=8.0,
                        help="computing of each variant, a quarter of it for the second stage; looking back comes on top (default: 8)")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), help="variants to train, in this order; those that are measured are reported in any case")
    parser.add_argument("--report", type=Path, help="Markdown file to write")
    parser.add_argument("--validation-episodes", type=int, default=50, help="episodes at the end of each data set that only measure (default: 50)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: PyTorch's own choice)")
    arguments = parser.parse_args()
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    threads = torch.get_num_threads()
    validation = join_episodes([load_any(folder).split(arguments.validation_episodes)[1] for folder in arguments.data]).shuffled(0)
    if not np.isfinite(validation.truths).all() or validation.truths.shape[-1] <= PLACE:
        raise ValueError("these data sets do not say where their things are; take the simulator's")
    measured(arguments.out, arguments.minutes, threads)
    for number, name in enumerate(arguments.only, 1):
        file = arguments.out / name / MEASURED
        if file.exists():
            continue
        print(f"ablate: {number} of {len(arguments.only)}: {VARIANTS[name].what}", flush=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        result = {"minutes": arguments.minutes, "threads": threads, **train(name, arguments, validation)}
        write(file, json.dumps(result))
    results = measured(arguments.out, arguments.minutes, threads)
    page = table(results, arguments.minutes, threads, arguments.data, len(validation))
    if arguments.report is None:
        print(page)
        return
    write(arguments.report, page)
    print(f"ablate: wrote {arguments.report}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"ablate: {error}")
