"""Arguments that every exporter of other people's models has, and lists of numbers on a command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from .onnx_graph import PRECISIONS

LONGEST_HORIZON = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, help="folder to write")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", help="of the weights; all but fp32 are kept only where the candidates' ranks hold (default: fp32)")
    parser.add_argument("--force", action="store_true", help="keep an export whose ranks do not hold; the manifest says so")
    parser.add_argument("--reached-below", type=float, help="energy under which a goal counts as reached (default: measured)")


def add_robot_arguments(parser: argparse.ArgumentParser, steps: str, *, horizon: int = 5, license: str = "MIT", license_of: str = "the published checkpoints") -> None:
    """What an exporter takes whose checkpoints say nothing of the robot. `steps` is what a roll-out is made of, `horizon` how many by default."""
    parser.add_argument("--robot", type=Path, help="JSON that describes actions and state; without it the bundle can be scored but not executed")
    parser.add_argument("--horizon", type=int, default=horizon, help=f"{steps} of a roll-out, 1 to {LONGEST_HORIZON} (default: {horizon})")
    parser.add_argument("--trajectory", type=Path, help=".npz with observations [T, H, W, 3] of your camera: sets the energies")
    parser.add_argument("--license", default=license, help=f"of the weights (default: {license}, that of {license_of})")


def check_horizon(horizon: int, steps: str) -> None:
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise ValueError(f"--horizon is {horizon}: must be from 1 to {LONGEST_HORIZON} {steps}")


def numbers(text: str, names: tuple[str, ...], option: str) -> list[float]:
    """`1,2,3` as floats, one for each name. Raises ValueError."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != len(names) or not all(abs(value) < float("inf") for value in values):
        raise ValueError(f"{option} is {text}: must be {len(names)} numbers with commas between them, {','.join(names)}")
    return values
