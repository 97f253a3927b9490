#!/usr/bin/env python3
"""Draws what a training run did: python training/report.py --run runs/arm --bundle models/NAME --out docs/training.

Writes loss.png, spectrum.png, probes.png, horizon.png and report.md with the same numbers as tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]


def read_log(file: Path) -> tuple[list[dict], list[dict]]:
    """Entries with losses, and entries with measurements."""
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; train first: python training/train.py --data DIR --out {file.parent}")
    entries = [json.loads(line) for line in file.read_text().splitlines() if line]
    return [e for e in entries if "loss" in e], [e for e in entries if "measured" in e]


def new_axes(title: str, x: str, y: str):
    figure, axes = plt.subplots(figsize=(8.4, 4.2), dpi=130)
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def finish(figure, axes, file: Path) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    part = file.with_suffix(".part.png")
    figure.savefig(part)
    plt.close(figure)
    part.rename(file)


def draw_losses(losses: list[dict], out: Path) -> None:
    figure, axes = new_axes("Training loss and its terms", "minutes of training", "loss (log)")
    for name, colour in zip(("loss", "multi_step", "onward", "sigreg", "displacement", "gripper"), COLOURS):
        axes.plot([e["minutes"] for e in losses], [e[name] for e in losses], label=name.replace("_", " "), color=colour, lw=1.4)
    axes.set_yscale("log")
    finish(figure, axes, out / "loss.png")


def draw_spectrum(measured: dict, out: Path) -> None:
    figure, axes = new_axes(f"Spectrum of the latent's covariance (effective rank {measured['effective_rank']:.1f})", "eigenvalue, largest first", "variance")
    axes.bar(range(1, len(measured["latent_spectrum"]) + 1), measured["latent_spectrum"], color=COLOURS[0])
    axes.set_yscale("log")
    finish(figure, axes, out / "spectrum.png")


def draw_probes(entries: list[dict], out: Path) -> None:
    figure, axes = new_axes("What the latent knows, on held-out episodes (median error)", "minutes of training", "error (cm)")
    for name, colour in zip(("end_effector", "gripper_opening", "cube", "cup"), COLOURS):
        for key, dash in (("linear_probe_m", "-"), ("nearest_neighbour_m", ":")):
            label = f"{name.replace('_', ' ')}, {'linear' if dash == '-' else 'nearest neighbour'}"
            axes.plot([e["minutes"] for e in entries], [100 * e["measured"][key][name] for e in entries], dash, color=colour, label=label, lw=1.4)
    axes.set_yscale("log")
    finish(figure, axes, out / "probes.png")


def draw_horizon(measured: dict, out: Path) -> None:
    figure, axes = new_axes("Prediction error over the horizon, held-out episodes", "steps into the future", "mean squared latent error")
    steps = range(1, len(measured["multi_step_error"]) + 1)
    axes.plot(steps, measured["nothing_moves_error"], "o--", color=COLOURS[1], label='"nothing moves"')
    axes.plot(steps, measured["multi_step_error"], "o-", color=COLOURS[0], label="predictor")
    axes.set_ylim(bottom=0)
    finish(figure, axes, out / "horizon.png")


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run (its log.jsonl)")
    parser.add_argument("--bundle", type=Path, required=True, help="bundle that was exported from it")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    losses, entries = read_log(arguments.run / "log.jsonl")
    manifest_file = arguments.bundle / "manifest.json"
    if not manifest_file.exists():
        raise FileNotFoundError(f"{manifest_file} is missing; export the run first: python training/export.py")
    manifest = json.loads(manifest_file.read_text())
    training, measured = manifest["training"], manifest["training"]["measured"]
    arguments.out.mkdir(parents=True, exist_ok=True)
    draw_losses(losses, arguments.out)
    draw_spectrum(measured, arguments.out)
    draw_probes(entries, arguments.out)
    draw_horizon(measured, arguments.out)
    cm = lambda metres: f"{100 * metres:.2f}"
    text = "\n\n".join([
        f"# Training of `{manifest['name']}`",
        f"{training['steps']} steps in {training['minutes']} minutes on {training['episodes']} episodes. Made by `python training/report.py`; "
        "measured on held-out episodes.",
        "## Probes (median error, cm)",
        table(["quantity", "linear", "nearest neighbour in latent space"],
              [[name.replace("_", " "), cm(measured["linear_probe_m"][name]), cm(measured["nearest_neighbour_m"][name])] for name in measured["linear_probe_m"]]),
        "## Prediction error per step, against \"nothing moves\"",
        table(["step", "error", "nothing moves", "ratio", "ratio where the cube moves"],
              [[str(i + 1), f"{e:.4f}", f"{n:.4f}", f"{r:.3f}", f"{c:.3f}"] for i, (e, n, r, c) in enumerate(zip(
                  measured["multi_step_error"], measured["nothing_moves_error"], measured["multi_step_ratio"], measured["multi_step_ratio_cube_moves"]))]),
        "## Guard against collapse",
        f"Effective rank of the latent: {measured['effective_rank']:.1f} of {len(measured['latent_spectrum'])} (1 would be collapse to a line).",
        "## PyTorch against ONNX Runtime",
        f"Largest difference: latent {training['parity']['latent_max_difference']:.1e}, roll-out {training['parity']['rollout_max_difference']:.1e}; "
        f"rank correlation of {training['parity']['candidates']} candidates at least {training['parity']['rank_correlation_min']:.6f}, "
        f"same elites at least {100 * training['parity']['same_elites_min']:.0f} %.",
        "\n".join(f"![{name}]({name}.png)" for name in ("loss", "probes", "horizon", "spectrum")),
    ])
    (arguments.out / "report.md").write_text(text + "\n")
    print(f"report: wrote {arguments.out / 'report.md'} and four pictures beside it")


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, KeyError) as error:
        sys.exit(f"report: {error}")
