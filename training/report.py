#!/usr/bin/env python3
"""Draws what training did: python training/report.py --run runs/stage1 runs/stage2 --bundle models/NAME --out docs/training.

Writes loss.png, places.png, probes.png, horizon.png, spectrum.png and report.md with the same numbers as tables. Runs that were made one from the other are
drawn one after the other.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)
from matplotlib import ticker  # noqa: E402

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666"]
TERMS = ("loss", "touch", "persistence", "arm", "sigreg", "multi_step", "pixels")
QUANTITIES = ("end_effector", "gripper_opening", "puck", "cube", "cup")
PROBES = {"linear_probe_m": ("linear", "-"), "nearest_neighbour_m": ("nearest neighbour", ":")}
PLACES = ("puck", "puck_lifted", "cube", "cube_lifted", "cup", "cup_lifted")
RATIOS = {"multi_step_ratio": "all windows", "multi_step_ratio_object_moves": "windows in which an object moves"}


@dataclass(frozen=True)
class Log:
    """Entries of one run or several, minutes counted from the first one's begin; `begins` are the minutes at which runs begin."""

    losses: list[dict]
    measured: list[dict]
    begins: list[float]


def read_logs(runs: list[Path]) -> Log:
    losses, measured, begins, offset = [], [], [], 0.0
    for run in runs:
        file = run / "log.jsonl"
        if not file.exists():
            raise FileNotFoundError(f"{file} is missing; train first: python training/train.py --data DIR --out {run}")
        entries = [json.loads(line) for line in file.read_text().splitlines() if line]
        if not any("loss" in e for e in entries) or not any("measured" in e for e in entries):
            raise ValueError(f"{file} has no losses or nothing measured yet; let the run go on")
        entries = [{**e, "minutes": e["minutes"] + offset} for e in entries]
        losses += [e for e in entries if "loss" in e]
        measured += [e for e in entries if "measured" in e]
        begins.append(offset)
        offset = entries[-1]["minutes"]
    return Log(losses, measured, begins)


def new_axes(title: str, x: str, y: str):
    figure, axes = plt.subplots(figsize=(8.4, 4.2), dpi=130)
    return figure, dress(axes, title, x, y)


def dress(axes, title: str, x: str, y: str):
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def mark_begins(axes, log: Log) -> None:
    for begin in log.begins[1:]:
        axes.axvline(begin, color="#888888", lw=1, ls=":")


def finish(figure, file: Path) -> None:
    for axes in figure.axes:
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    part = file.with_suffix(".part.png")
    figure.savefig(part)
    plt.close(figure)
    part.rename(file)


def logarithmic(axes) -> None:
    """With plain numbers at the ticks."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(ticker.LogFormatter(labelOnlyBase=False, minor_thresholds=(1.5, 0.5)))


def draw_losses(log: Log, out: Path) -> None:
    """A term that only one of the stages has is drawn where it is."""
    figure, terms = new_axes("Training loss and its terms", "minutes of training", "loss (log)")
    for name, colour in zip(TERMS, COLOURS):
        entries = [e for e in log.losses if name in e]
        if entries:
            terms.plot([e["minutes"] for e in entries], [e[name] for e in entries], label=name.replace("_", " "), color=colour, lw=1.4)
    logarithmic(terms)
    mark_begins(terms, log)
    finish(figure, out / "loss.png")


def draw_spectrum(measured: dict, out: Path) -> None:
    figure, axes = new_axes(f"Spectrum of the objects' entries' covariance (effective rank {measured['effective_rank']:.1f})", "eigenvalue, largest first", "variance")
    axes.bar(range(1, len(measured["latent_spectrum"]) + 1), measured["latent_spectrum"], color=COLOURS[0])
    finish(figure, out / "spectrum.png")


def draw_probes(log: Log, out: Path) -> None:
    figure, axes = new_axes("What the latent knows, on held-out episodes (median error)", "minutes of training", "error (cm)")
    for name, colour in zip(QUANTITIES, COLOURS):
        for key, (kind, dash) in PROBES.items():
            entries = [e for e in log.measured if name in e["measured"][key]]
            if entries:
                label = f"{name.replace('_', ' ')}, {kind}"
                axes.plot([e["minutes"] for e in entries], [100 * e["measured"][key][name] for e in entries], dash, color=colour, label=label, lw=1.4)
    logarithmic(axes)
    mark_begins(axes, log)
    finish(figure, out / "probes.png")


def draw_places(log: Log, out: Path) -> None:
    figure, axes = new_axes("How far the latent's places are from where things are, held-out episodes", "minutes of training", "distance along the table (cm)")
    for name, colour in zip(PLACES, COLOURS):
        entries = [e for e in log.measured if name in e["measured"]["place_error_m"]]
        for quantile, dash in (("p50", "-"), ("p90", ":")):
            if entries:
                values = [100 * e["measured"]["place_error_m"][name][quantile] for e in entries]
                axes.plot([e["minutes"] for e in entries], values, dash, color=colour, label=f"{name.replace('_', ', ')}, {quantile}", lw=1.4)
    logarithmic(axes)
    mark_begins(axes, log)
    finish(figure, out / "places.png")


def draw_horizon(measured: dict, out: Path) -> None:
    figure, axes = new_axes("Prediction error over the horizon, held-out episodes", "steps into the future", "squared error / that of “nothing moves”")
    for (name, label), colour in zip(RATIOS.items(), COLOURS):
        if name in measured:
            axes.plot(range(1, len(measured[name]) + 1), measured[name], "o-", color=colour, label=label.replace(" in which", "\nin which"))
    axes.axhline(1, color="#888888", lw=1, ls="--", label="“nothing moves”")
    axes.set_ylim(bottom=0)
    finish(figure, out / "horizon.png")


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]])


def probe_table(measured: dict) -> str:
    cm = lambda name, key: f"{100 * measured[key][name]:.2f}" if name in measured[key] else "–"
    return table(["quantity", *(kind for kind, _ in PROBES.values())],
                 [[name.replace("_", " "), *(cm(name, key) for key in PROBES)] for name in QUANTITIES if name in measured["linear_probe_m"]])


def place_table(measured: dict) -> str:
    errors = measured["place_error_m"]
    return table(["thing", "median", "75 %", "90 %"],
                 [[name.replace("_", ", "), *(f"{100 * errors[name][q]:.2f}" for q in ("p50", "p75", "p90"))] for name in PLACES if name in errors])


def horizon_table(measured: dict) -> str:
    names = [name for name in RATIOS if name in measured]
    return table(["step", *(RATIOS[name] for name in names)],
                 [[str(i + 1), *(f"{ratio:.3f}" for ratio in ratios)] for i, ratios in enumerate(zip(*(measured[name] for name in names)))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="folders of the training runs (their log.jsonl), the first stage first")
    parser.add_argument("--bundle", type=Path, required=True, help="bundle that was exported in the end")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    log = read_logs(arguments.run)
    manifest_file = arguments.bundle / "manifest.json"
    if not manifest_file.exists():
        raise FileNotFoundError(f"{manifest_file} is missing; export the run first: python training/export.py")
    manifest = json.loads(manifest_file.read_text())
    training, measured = manifest["training"], manifest["training"]["measured"]
    if "multi_step_ratio" not in measured or "place_error_m" not in measured:
        raise ValueError(f"{manifest_file} is of another version of this program; export the run again")
    arguments.out.mkdir(parents=True, exist_ok=True)
    draw_losses(log, arguments.out)
    draw_spectrum(measured, arguments.out)
    draw_probes(log, arguments.out)
    draw_places(log, arguments.out)
    draw_horizon(measured, arguments.out)
    config, parity = training["config"], training["parity"]
    text = "\n\n".join([
        f"# Training of `{manifest['name']}`",
        # The bundle says only how many the last stage had: legs of the encoder's training may have had others.
        f"{log.losses[-1]['minutes'] + config['rollout_minutes'] + config['value_minutes']:.0f} minutes: {log.losses[-1]['minutes']:.0f} for the encoder, "
        f"{config['rollout_minutes']:g} for the predictor and {config['value_minutes']:g} for the value on the frozen encoder, both from {training['episodes']} episodes. "
        "Made by `python training/report.py`; measured on held-out episodes.",
        "## Probes (median error, cm)",
        "The linear probe reads the whole latent, the nearest neighbour of objects their entries.",
        probe_table(measured),
        "## Places of things, as the latent says them (cm along the table, all held-out pictures)",
        place_table(measured),
        "## Prediction error per step, as a share of that of \"nothing moves\"",
        "Squared error of the objects' entries.",
        horizon_table(measured),
        "## Guard against collapse",
        f"Effective rank of the objects' entries: {measured['effective_rank']:.1f} of {len(measured['latent_spectrum'])} (1 would be collapse to a line).",
        "## PyTorch against ONNX Runtime",
        f"Largest difference: latent {parity['latent_max_difference']:.1e}, roll-out {parity['rollout_max_difference']:.1e}; "
        f"rank correlation of {parity['candidates']} candidates at least {parity['rank_correlation_min']:.6f}, "
        f"same elites at least {100 * parity['same_elites_min']:.0f} %.",
        "\n".join(f"![{name}]({name}.png)" for name in ("loss", "places", "probes", "horizon", "spectrum")),
    ])
    (arguments.out / "report.md").write_text(text + "\n")
    print(f"report: wrote {arguments.out / 'report.md'} and the pictures beside it")


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"report: {error}")
