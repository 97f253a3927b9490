"""The fields of the configuration as command-line options."""

from __future__ import annotations

import argparse
from dataclasses import fields

from .config import Config


def add_options(parser: argparse.ArgumentParser, *, only_given: bool = False) -> None:
    """One option for every field; with `only_given`, those left out are absent instead of the default."""
    for field in fields(Config):
        if isinstance(field.default, bool):
            kind: dict = {"action": argparse.BooleanOptionalAction}
        elif isinstance(field.default, tuple):
            kind = {"nargs": "+", "type": int}
        else:
            kind = {"type": type(field.default)}
        default = argparse.SUPPRESS if only_given else field.default
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=default, **kind)


def chosen_options(arguments: argparse.Namespace) -> dict:
    return {field.name: tuple(value) if isinstance(value := getattr(arguments, field.name), list) else value
            for field in fields(Config) if hasattr(arguments, field.name)}
