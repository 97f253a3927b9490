#!/usr/bin/env python3
"""Reports what a data set covers: python training/coverage.py --data data/arm --out docs/coverage. Writes coverage.md and coverage.png.

Takes the shards of sim/collect or a LeRobot data set with the simulator's positions in it. Fails when a seed is one of the evaluation's.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

from jepa.build import ACTION_HIGH, MAX_OPENING_M, WORKSPACE_HIGH, WORKSPACE_LOW
from jepa.data import Episodes
from jepa.lerobot import INFO_FILE, Features, add_arguments, from_arguments, load_lerobot

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)

# As in sim/tasks.ts: worlds from this seed on are the evaluation's.
FIRST_HELD_OUT_SEED = 1_000_000
VOXEL_M = 0.05
OBJECTS = {"cube": 3, "cup": 6}
MOVED_M, LIFTED_M, FALLEN_M = 0.03, 0.04, 0.02
# Carried: this far over the table while at least so high above where it rested.
CARRIED_M, CARRY_HEIGHT_M = 0.05, 0.02
PLACED_M = 0.015
# The gripper's command, 0 closed to 1 open.
CLOSED, OPEN = 0.1, 0.9
SECTORS = 8
LENGTHS_M = (0.03, 0.06, 0.10, 0.15, np.inf)
COLOURS = {"tool": "#009e73", "cube": "#d55e00", "cup": "#0072b2"}


def read_numbers(data: Path, wanted: Features) -> Episodes:
    """A data set without its pictures, which are most of its size. `description` gets `end_seed`, after the last, where seeds are known.

    Raises FileNotFoundError or ValueError, with what to do.
    """
    if (data / INFO_FILE).exists():
        episodes = load_lerobot(data, wanted, pictures=False)
        if not np.isfinite(episodes.truths).all():
            raise ValueError(f"{data} has no positions of the objects; convert it with --truths, or report on the shards")
        count = len(episodes)
    else:
        file = data / "dataset.json"
        shards = sorted(path for path in data.glob("shard-*") if path.suffix != ".part")
        if not file.exists() or not shards:
            missing = "finished shard" if file.exists() else "dataset.json"
            raise FileNotFoundError(f"{data} has no {missing}; make the data first: node dist/sim/collect.js --out {data}")
        states, actions, truths = (np.concatenate([np.load(shard / f"{name}.npy") for shard in shards]) for name in ("states", "actions", "truths"))
        episodes = Episodes(np.empty((*states.shape[:2], 0, 0, 3), np.uint8), states, actions, truths, json.loads(file.read_text()))
        # A shard's place in the sequence of seeds is its number: one that is missing uses its seeds up all the same.
        count = (int(shards[-1].name.split("-")[1]) + 1) * max(len(np.load(shard / "states.npy", mmap_mode="r")) for shard in shards)
    first = episodes.description.get("first_seed")
    return Episodes(episodes.images, episodes.states, episodes.actions, episodes.truths,
                    {**episodes.description, **({} if first is None else {"end_seed": first + count})})


@dataclass(frozen=True)
class Cells:
    """How often each cell of a grid was visited."""

    counts: np.ndarray
    outside: float

    @property
    def visited(self) -> float:
        return float((self.counts > 0).mean())

    @property
    def evenness(self) -> float:
        """Entropy of the visits over that of even ones: 1 is even, 0 is all in one cell."""
        share = self.counts[self.counts > 0] / self.counts.sum()
        return float(-(share * np.log(share)).sum() / np.log(self.counts.size)) if len(share) else 0.0


def count_cells(points: np.ndarray, axes: tuple[int, ...]) -> Cells:
    """Visits of points [N, 3] (m) to 5-cm cells of the workspace along the axes; the last cell of an axis may be cut."""
    low, high = (np.array(bound)[list(axes)] for bound in (WORKSPACE_LOW, WORKSPACE_HIGH))
    size = np.ceil((high - low) / VOXEL_M - 1e-9).astype(int)
    chosen = points[:, axes]
    # 2 cm of margin, as servoing overshoots: those count in the cell at the border.
    inside = ((chosen >= low - 0.02) & (chosen <= high + 0.02)).all(1)
    at = np.clip(((chosen[inside] - low) / VOXEL_M).astype(int), 0, size - 1)
    counts = np.zeros(size, int)
    np.add.at(counts, tuple(at.T), 1)
    return Cells(counts, float(1 - inside.mean()))


@dataclass(frozen=True)
class Contact:
    """What happened to one object, of booleans [E] a verdict over the episode and of [E, W] over its windows."""

    moved: np.ndarray
    lifted: np.ndarray
    carried: np.ndarray
    released: np.ndarray
    fallen: np.ndarray
    moved_windows: np.ndarray
    lifted_windows: np.ndarray
    """Displacements over the table (m) of the windows that move the object, [M, 2]."""
    displacements: np.ndarray


def judge_contact(path: np.ndarray, window: int) -> Contact:
    """Of an object's positions [E, T + 1, 3] (m). Heights count from where it began; what has fallen off the table counts no more."""
    height = path[..., 2] - path[:, :1, 2]
    on_table = np.logical_and.accumulate(path[..., 2] > -FALLEN_M, axis=1)
    far = np.linalg.norm(path - path[:, :1], axis=-1)
    lifted = on_table & (height > LIFTED_M)
    carried, released = (np.zeros(len(path), bool) for _ in range(2))
    for episode in np.flatnonzero(lifted.any(1)):
        up = on_table[episode] & (height[episode] > CARRY_HEIGHT_M)
        edges = np.flatnonzero(np.diff(np.r_[False, up, False].astype(int)))
        for begin, end in edges.reshape(-1, 2):
            over = path[episode, begin:end, :2]
            if not lifted[episode, begin:end].any() or np.linalg.norm(over - over[0], axis=-1).max() < CARRIED_M:
                continue
            carried[episode] = True
            after = on_table[episode, end:] & (np.abs(height[episode, end:]) < PLACED_M)
            released[episode] |= bool(after.any())
    starts = np.arange(0, path.shape[1] - window, window)
    begin, end = path[:, starts], path[:, starts + window]
    both = on_table[:, starts + window]
    moved_windows = both & (np.linalg.norm(end - begin, axis=-1) > MOVED_M)
    lifted_windows = np.stack([lifted[:, start : start + window + 1].any(1) for start in starts], 1)
    slid = moved_windows & (np.linalg.norm((end - begin)[..., :2], axis=-1) > MOVED_M)
    return Contact((on_table & (far > MOVED_M)).any(1), lifted.any(1), carried, released, ~on_table.all(1), moved_windows, lifted_windows,
                   (end - begin)[slid][:, :2])


def sectors(displacements: np.ndarray) -> np.ndarray:
    """Count in each of 8 directions over the table, the first around +x, then towards +y."""
    angle = np.arctan2(displacements[:, 1], displacements[:, 0])
    return np.bincount(np.round(angle / (2 * np.pi / SECTORS)).astype(int) % SECTORS, minlength=SECTORS)


def percent(share: float) -> str:
    return f"{100 * float(share):.1f} %"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *("| " + " | ".join(row) + " |" for row in rows), ""]


def describe_seeds(description: dict) -> tuple[str, bool]:
    """A sentence on the seeds, and whether they may be trained on."""
    if "end_seed" not in description:
        return "The data set does not say which seeds it was made from.", True
    first, end = description["first_seed"], description["end_seed"]
    apart = end <= FIRST_HELD_OUT_SEED
    return (f"Seeds {first} to {end - 1}; the evaluation's begin at {FIRST_HELD_OUT_SEED}: " +
            ("no world of the evaluation is in the data." if apart else "**the data reaches into the evaluation's worlds.**"), apart)


def report(episodes: Episodes, window: int) -> list[str]:
    """The report in Markdown, line by line."""
    truths, actions = episodes.truths, episodes.actions
    count, steps = actions.shape[:2]
    tool = truths[..., :3].reshape(-1, 3)
    voxels = count_cells(tool, (0, 1, 2))
    contacts = {name: judge_contact(truths[..., at : at + 3], window) for name, at in OBJECTS.items()}
    period_s = episodes.description["period_s"]
    lines = [
        "# Coverage of the data set", "",
        "Made by `python training/coverage.py`; [docs/data.md](../data.md) says what each number means.", "",
        f"{count} episodes of {steps} actions, {count * steps * period_s / 3600:.1f} hours at {1 / period_s:g} actions a second. "
        + describe_seeds(episodes.description)[0], "",
        "![Heat maps of tool, cube and cup, and their displacements](coverage.png)", "",
        "## Where", "",
        *table(["what", "cells", "visited", "10 times or more", "evenness", "outside"], [
            row_of_cells("tool, 5-cm voxels of the workspace", voxels),
            *(row_of_cells(f"{name}, 5-cm squares of the table", count_cells(truths[..., at : at + 3].reshape(-1, 3), (0, 1))) for name, at in OBJECTS.items()),
            *(row_of_cells(f"{name} at the start of an episode", count_cells(truths[:, 0, at : at + 3], (0, 1))) for name, at in OBJECTS.items()),
        ]),
        "## Contact", "",
        f"Windows are of {window} actions ({window * period_s:g} s) and do not overlap.", "",
        *table(["share of episodes in which it", *OBJECTS, "either"], [
            [text, *(percent(getattr(contact, key).mean()) for contact in contacts.values()),
             percent(np.logical_or(*(getattr(contact, key) for contact in contacts.values())).mean())]
            for key, text in (("moved", f"moves more than {100 * MOVED_M:g} cm"), ("lifted", f"is lifted more than {100 * LIFTED_M:g} cm"),
                              ("carried", f"is carried {100 * CARRIED_M:g} cm or more"), ("released", "is carried and put down or dropped on the table"),
                              ("fallen", "falls off the table"))
        ]),
        *table(["share of windows in which it", *OBJECTS, "either"], [
            [text, *(percent(getattr(contact, key).mean()) for contact in contacts.values()),
             percent(np.logical_or(*(getattr(contact, key) for contact in contacts.values())).mean())]
            for key, text in (("moved_windows", f"moves more than {100 * MOVED_M:g} cm"), ("lifted_windows", f"is lifted more than {100 * LIFTED_M:g} cm"))
        ]),
        "## Displacements over the table", "",
        f"Of the windows in which an object moves more than {100 * MOVED_M:g} cm over the table. +x is away from the robot, +y to its left.", "",
        *table(["direction", "+x", "+x +y", "+y", "-x +y", "-x", "-x -y", "-y", "+x -y"], [
            [name, *(percent(n / max(1, len(contact.displacements))) for n in sectors(contact.displacements))] for name, contact in contacts.items()
        ]),
        *table(["length", "windows", *(f"{100 * a:g} to {100 * b:g} cm" if np.isfinite(b) else f"{100 * a:g} cm or more"
                                       for a, b in zip(LENGTHS_M, LENGTHS_M[1:]))], [
            [name, str(len(contact.displacements)), *(percent(n / max(1, len(contact.displacements)))
                                                      for n in np.histogram(np.linalg.norm(contact.displacements, axis=-1), LENGTHS_M)[0])]
            for name, contact in contacts.items()
        ]),
        "## Actions", "",
        *report_actions(episodes),
    ]
    return lines


def row_of_cells(name: str, cells: Cells) -> list[str]:
    return [name, str(cells.counts.size), percent(cells.visited), percent((cells.counts >= 10).mean()), f"{cells.evenness:.2f}", percent(cells.outside)]


def report_actions(episodes: Episodes) -> list[str]:
    step_m = np.linalg.norm(episodes.actions[..., :3], axis=-1)
    full = (np.abs(episodes.actions[..., :3]) >= 0.99 * np.array(ACTION_HIGH[:3])).any(-1)
    command, opening = episodes.actions[..., 3], episodes.states[..., 3]
    switches = (np.diff((command > 0.5).astype(int), axis=1) != 0).sum(1)
    told = (command < CLOSED, (command >= CLOSED) & (command <= OPEN), command > OPEN)
    # Closed by command, and yet apart: something is between the fingers.
    holding = (command < CLOSED) & (opening[:, 1:] > 0.25 * MAX_OPENING_M) & (np.abs(np.diff(opening, axis=1)) < 0.002)
    return table(["what", "value"], [
        ["length of a step, median (10 % to 90 %)", "{1:.1f} cm ({0:.1f} to {2:.1f})".format(*(100 * np.quantile(step_m, (0.1, 0.5, 0.9))))],
        ["steps with an axis at its limit", percent(full.mean())],
        ["gripper told to be closed / between / open", " / ".join(percent(one.mean()) for one in told)],
        ["gripper switches an episode, mean", f"{switches.mean():.2f}"],
        ["episodes in which it switches", percent((switches > 0).mean())],
        ["steps that hold something (told to close, fingers still and apart)", percent(holding.mean())],
    ])


def draw(episodes: Episodes, window: int, file: Path) -> None:
    figure, axes = plt.subplots(2, 3, figsize=(13, 8), dpi=90)
    truths = episodes.truths
    tool = truths[..., :3].reshape(-1, 3)
    maps = [("tool, from above", tool, (0, 1)), ("tool, from the side", tool, (0, 2)),
            *((f"{name}, from above", truths[..., at : at + 3].reshape(-1, 3), (0, 1)) for name, at in OBJECTS.items())]
    for axis, (title, points, (across, up)) in zip(axes.flat, maps):
        margin = 0.05
        bounds = [[WORKSPACE_LOW[i] - margin, WORKSPACE_HIGH[i] + margin] for i in (across, up)]
        counts, xs, ys = np.histogram2d(points[:, across], points[:, up], bins=[max(1, round((high - low) / 0.01)) for low, high in bounds], range=bounds)
        image = axis.pcolormesh(100 * xs, 100 * ys, np.log10(1 + counts.T), cmap="viridis", rasterized=True)
        low, high = ([100 * bound[i] for i in (across, up)] for bound in (WORKSPACE_LOW, WORKSPACE_HIGH))
        axis.add_patch(plt.Rectangle(low, high[0] - low[0], high[1] - low[1], fill=False, color="white", lw=1))
        axis.set(title=title, xlabel=f"{'xyz'[across]} (cm)", ylabel=f"{'xyz'[up]} (cm)", aspect="equal")
        figure.colorbar(image, ax=axis, label="log10(1 + frames)", shrink=0.8)
    contacts = {name: judge_contact(truths[..., at : at + 3], window) for name, at in OBJECTS.items()}
    axis = axes[1, 1]
    for i, (name, contact) in enumerate(contacts.items()):
        share = 100 * sectors(contact.displacements) / max(1, len(contact.displacements))
        axis.bar(np.arange(SECTORS) + 0.4 * (i - 0.5), share, 0.4, label=name, color=COLOURS[name])
    axis.set(title="displacement: direction", ylabel="% of the windows that move it", xticks=range(SECTORS),
             xticklabels=["+x", "+x+y", "+y", "-x+y", "-x", "-x-y", "-y", "+x-y"])
    axis = axes[1, 2]
    for name, contact in contacts.items():
        axis.hist(100 * np.linalg.norm(contact.displacements, axis=-1), bins=np.arange(3, 31), histtype="step", lw=1.6, label=name, color=COLOURS[name])
    axis.set(title="displacement: length", xlabel="cm", ylabel="windows")
    for axis in axes[1, 1:]:
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    part = file.with_suffix(".part.png")
    figure.savefig(part)
    plt.close(figure)
    part.rename(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that sim/collect or to_lerobot.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for coverage.md and coverage.png")
    parser.add_argument("--window", type=int, default=8, help="actions a window")
    add_arguments(parser)
    arguments = parser.parse_args()
    try:
        episodes = read_numbers(arguments.data, from_arguments(arguments))
        if not 0 < arguments.window <= episodes.actions.shape[1]:
            raise ValueError(f"--window is {arguments.window}; give 1 to {episodes.actions.shape[1]}, the actions of an episode")
    except (OSError, ValueError) as error:
        sys.exit(f"coverage: {error}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    draw(episodes, arguments.window, arguments.out / "coverage.png")
    part = arguments.out / "coverage.md.part"
    part.write_text("\n".join(report(episodes, arguments.window)))
    part.rename(arguments.out / "coverage.md")
    sentence, apart = describe_seeds(episodes.description)
    print(f"coverage: {arguments.out / 'coverage.md'}. {sentence}")
    if not apart:
        sys.exit("coverage: collect again with seeds below the evaluation's")


if __name__ == "__main__":
    main()
