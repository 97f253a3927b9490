"""Rotary positions in three dimensions (V-JEPA 2, section 2.1): a third of each head turns with the frame, a third with the row, a third with the column."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BASE = 10000.0


@dataclass
class Turn:
    """Cosines and signed sines [tokens, head] of a sequence, and for each number of a head the place of the other one of its pair [head]: ready for `rotate`."""

    cos: Tensor
    sin: Tensor
    partner: Tensor


def turn(positions: Tensor, head: int) -> Turn:
    """The rotation of tokens at `positions` [tokens, 3] (frame, row, column) in heads of `head` numbers.

    Each axis has 2 * (head // 6) numbers; what is left over does not turn. Neighbours (2i, 2i + 1) are turned together, but number j of an axis takes frequency
    j mod (size / 2), so that the two of a pair turn by *different* angles. The published weights were trained with that, so it belongs to the model.
    """
    size = 2 * (head // 3 // 2)
    half = size // 2
    frequency = BASE ** (-torch.arange(half, dtype=torch.float64) / max(half, 1))
    angles = [positions[:, axis, None].double() * frequency.repeat(2) for axis in range(3)]
    angle = torch.cat([*angles, torch.zeros(len(positions), head - 3 * size, dtype=torch.float64)], -1)
    # A head of odd size ends in a number without a partner; it does not turn anyhow.
    partner = [min(place ^ 1, head - 1) for place in range(head)]
    # rotate() swaps the two of a pair without a sign: (a, b) to (b, a), where a rotation has (-b, a).
    sign = torch.tensor([-1.0, 1.0]).repeat(head // 2 + 1)[:head]
    return Turn(angle.cos().float(), angle.sin().float() * sign, torch.tensor(partner))


def rotate(values: Tensor, by: Turn) -> Tensor:
    """Turns queries or keys [batch, heads, tokens, head]."""
    return values * by.cos + values.index_select(-1, by.partner) * by.sin


def grid_positions(rows: int, columns: int, frame: int = 0) -> Tensor:
    """Positions [rows * columns, 3] of one frame's patches, row by row."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([torch.full_like(row, frame), row, column], -1).reshape(-1, 3).double()
