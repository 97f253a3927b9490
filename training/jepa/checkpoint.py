"""Writes a checkpoint so that an interruption leaves the old one or the new one, never half of one."""

from __future__ import annotations

from pathlib import Path

import torch


def save(file: Path, content: dict) -> None:
    part = file.with_suffix(".part")
    torch.save(content, part)
    part.rename(file)
