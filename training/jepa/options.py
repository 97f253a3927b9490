"""The fields of the configuration as command-line options."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path

from .config import Config
from .lerobot import add_arguments

# Of train.py alone: what goes on from its encoder has budgets of its own.
FIRST_STAGE = ("minutes",)


def add_options(parser: argparse.ArgumentParser, *, only_given: bool = False) -> None:
    """One option for every field, explained as the field is; with `only_given`, those left out are absent instead of the default."""
    for field in fields(Config):
        if isinstance(field.default, bool):
            kind: dict = {"action": argparse.BooleanOptionalAction}
        elif isinstance(field.default, tuple):
            kind = {"nargs": "+", "type": int}
        else:
            kind = {"type": type(field.default)}
        default = argparse.SUPPRESS if only_given else field.default
        action = parser.add_argument(f"--{field.name.replace('_', '-')}", default=default, **kind)
        # Afterwards: to the help of a flag some versions of argparse would add a default of their own.
        said = "the run's" if only_given else in_words(field.default)
        action.help = argparse.SUPPRESS if only_given and field.name in FIRST_STAGE else f"{field.metadata['help']} (default: {said})"


def in_words(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def on_an_encoder(description: str | None) -> argparse.ArgumentParser:
    """The command line of what goes on from a run's encoder: fields that are left out stay as the run has them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--run", type=Path, required=True, help="run whose encoder is taken")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data sets; the last episodes of each only measure")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: PyTorch's own choice)")
    add_arguments(parser)
    add_options(parser, only_given=True)
    return parser


def chosen_options(arguments: argparse.Namespace) -> dict:
    return {field.name: tuple(value) if isinstance(value := getattr(arguments, field.name), list) else value
            for field in fields(Config) if hasattr(arguments, field.name)}


def options_on(config: Config, arguments: argparse.Namespace) -> Config:
    """A run's configuration with what was given on the command line of `on_an_encoder`. Raises ValueError for what has no effect there."""
    chosen = chosen_options(arguments)
    for name in FIRST_STAGE:
        if name in chosen:
            raise ValueError(f"--{name} is {chosen[name]:g}, which only train.py takes; train_dynamics.py takes --rollout-minutes and --value-minutes, look_back.py --look-back-steps")
    return replace(config, **chosen)
