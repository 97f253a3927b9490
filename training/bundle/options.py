"""Arguments that every exporter of other people's models has, and lists of numbers on a command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from .onnx_graph import PRECISIONS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, help="folder to write")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", help="of the weights; all but fp32 are kept only where the candidates' ranks hold (default: fp32)")
    parser.add_argument("--force", action="store_true", help="keep an export whose ranks do not hold; the manifest says so")
    parser.add_argument("--reached-below", type=float, help="energy under which a goal counts as reached (default: measured)")


def numbers(text: str, names: tuple[str, ...], option: str) -> list[float]:
    """`1,2,3` as floats, one for each name. Raises ValueError."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != len(names) or not all(abs(value) < float("inf") for value in values):
        raise ValueError(f"{option} is {text}: must be {len(names)} numbers with commas between them, {','.join(names)}")
    return values
