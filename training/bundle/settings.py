"""Configuration files of other people's models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


def read_settings(file: Path, examples: str) -> Mapping[str, object]:
    """What a JSON or YAML file holds: an object with fields, such as `examples`. Raises ValueError, one line, for a file that cannot be read as one."""
    try:
        text = file.read_text()
    except OSError as error:
        raise ValueError(f"configuration {file} cannot be read ({error.strerror})") from None
    content = _yaml(text, file) if file.suffix in (".yaml", ".yml") else _json(text, file)
    if not isinstance(content, Mapping):
        raise ValueError(f"configuration {file} must be one object with fields such as {examples}")
    return content


def _json(text: str, file: Path) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"configuration {file} is not JSON ({error})") from None


def _yaml(text: str, file: Path) -> object:
    try:
        import yaml
    except ModuleNotFoundError:
        raise ValueError(f"configuration {file} is YAML, which needs the package PyYAML: install it, or write the file as JSON") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"configuration {file} is not YAML ({' '.join(str(error).split())})") from None
