"""What the hand feels: places of things, from proprioception alone.

A gripper that was told to close and stands still before it is shut holds something: the thing is where the hand is. It was there, too, in the pictures
before the hand came for it, and it stays where it was put down. So a robot labels its own pictures by hindsight (as grasping attempts label grasps in Pinto and
Gupta 2016); nobody and no simulator tells it where anything is. Things are told apart by how wide they are between the fingers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

THINGS = 2
# A gripper that is told less than this (0 shut, 1 open) is told to close.
CLOSED_BELOW = 0.1
# It stands still, and not shut: m.
STILL_M, THICKER_THAN_M = 0.001, 0.01
# For so many pictures; a shorter hold is often of something that slips out, askew, and feels wider than it is.
HELD_PICTURES = 3
# The hand is at a thing nearer than this; what happens at a thing's place before or after is another touch.
NEAR_M = 0.1
# Put down, not dropped: at most this much higher than it was taken.
DROPPED_M = 0.015
# Held as high as this when the fingers close, a thing has been taken from nowhere known (handed over, or stuck): m above the workspace's floor.
LIFTED_M = 0.05


@dataclass(frozen=True)
class Touch:
    """places [E, T+1, THINGS, 3] (m, NaN where a thing's place was not felt), held [E, T+1, THINGS]; things from narrow to wide."""

    places: np.ndarray
    held: np.ndarray

    def __getitem__(self, part: slice) -> "Touch":
        return Touch(self.places[part], self.held[part])


def feel(states: np.ndarray, actions: np.ndarray) -> Touch:
    """Of states [E, T+1, 7] (hand x, y, z, opening; m) and actions [E, T, 4] (the last entry the gripper's)."""
    episodes, frames = states.shape[:2]
    hand, opening = states[..., :3], states[..., 3]
    told = np.concatenate([np.ones((episodes, 1)), actions[..., 3]], 1) < CLOSED_BELOW
    still = np.zeros_like(told)
    still[:, 1:] = np.abs(opening[:, 1:] - opening[:, :-1]) < STILL_M
    holding = told & np.roll(told, 1, 1) & still & (opening > THICKER_THAN_M)
    border = _border(opening[holding])
    places = np.full((episodes, frames, THINGS, 3), np.nan, np.float32)
    held = np.zeros((episodes, frames, THINGS), bool)
    floor = hand[..., 2].min()
    for e in np.flatnonzero(holding.any(1)):
        for first, last in _stretches(holding[e]):
            if last - first + 1 < HELD_PICTURES:
                continue
            thing = int(np.median(opening[e, first : last + 1]) > border)
            places[e, first : last + 1, thing] = hand[e, first : last + 1]
            held[e, first : last + 1, thing] = True
            closing = first
            while closing > 1 and told[e, closing - 1]:
                closing -= 1
            taken = hand[e, closing]
            if taken[2] > floor + LIFTED_M:
                continue
            _spread(places[e, :, thing], hand[e], taken, range(closing, -1, -1), held[e, :, thing])
            if last + 1 < frames and hand[e, last, 2] < taken[2] + DROPPED_M:
                _spread(places[e, :, thing], hand[e], hand[e, last], range(last + 1, frames), held[e, :, thing])
    return Touch(places, held)


def _spread(places: np.ndarray, hand: np.ndarray, place: np.ndarray, frames: range, held: np.ndarray) -> None:
    """Writes the place into the frames, from the touch on, until the hand, once away, is back."""
    away = False
    for frame in frames:
        near = np.linalg.norm(hand[frame] - place) < NEAR_M
        if held[frame] or (away and near):
            return
        away = away or not near
        places[frame] = place


def _stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2])]


def _border(widths: np.ndarray) -> float:
    """Between the narrow and the wide: two means in one dimension."""
    if len(widths) == 0:
        return 0.0
    widths = widths.astype(np.float64)
    # Not from the extremes: a thing gripped askew is as wide as nothing else.
    low, high = np.quantile(widths, [0.1, 0.9])
    for _ in range(20):
        border = (low + high) / 2
        narrow = widths <= border
        low = widths[narrow].mean() if narrow.any() else low
        high = widths[~narrow].mean() if (~narrow).any() else high
    return float((low + high) / 2)
