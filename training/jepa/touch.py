"""What the hand feels: places of things, from proprioception and what the gripper was told.

A gripper that was told to close and stands still before it is shut holds something: the thing is where the hand is. It was there, too, in the pictures
before the hand came for it, and it stays where it was put down. So a robot labels its own pictures by hindsight (as grasping attempts label grasps in Pinto and
Gupta 2016); nobody and no simulator tells it where anything is. Things are told apart by how wide they are between the fingers.

Once the robot sees a little, what it sees says more of what was felt: which of two things a wide grip was of (a long thing gripped askew feels wide), and whether
a thing that the hand came near to in between still lay where it had lain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# As many as the demo scene has; Config.things says how many a model is of.
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
# Seen from pictures: a hold is of a thing that was seen nearer than this to where the fingers closed, and what lay there was seen nearer than this, m.
SEEN_TAKEN_M, SEEN_THERE_M = 0.08, 0.035
# So many pictures before the fingers close tell what they close on.
PICTURES_BEFORE = 8
# A grip is of what feels as wide when that is seen at most this much farther than the narrower ones, m.
NARROWER_M = 0.01
# Seen so near to where it was seen before the hand came by, it was not moved, m. Pictures of one place err alike.
UNMOVED_M = 0.012


@dataclass(frozen=True)
class Touch:
    """places [E, T+1, things, 3] (m, NaN where a thing's place was not felt), held [E, T+1, things]; things from narrow to wide."""

    places: np.ndarray
    held: np.ndarray

    def __getitem__(self, part: slice) -> "Touch":
        return Touch(self.places[part], self.held[part])


@dataclass(frozen=True)
class _Hold:
    """Of an episode's pictures: in the first to the last something is held, for which the fingers began to close at `closing`."""

    episode: int
    closing: int
    first: int
    last: int
    # Which of the things it feels as wide as, from narrow to wide.
    width: int


def feel(states: np.ndarray, actions: np.ndarray, seen: np.ndarray | None = None, things: int = THINGS) -> Touch:
    """Of states [E, T+1, 7] (hand x, y, z, opening; m) and actions [E, T, 4] (the last entry the gripper's), and of where the things were seen
    [E, T+1, things, 3] (m) if that is known.
    """
    episodes, frames = states.shape[:2]
    hand = states[..., :3]
    places = np.full((episodes, frames, things, 3), np.nan, np.float32)
    held = np.zeros((episodes, frames, things), bool)
    # Holds first: what is in the hand lies nowhere.
    told: list[tuple[_Hold, int]] = []
    for hold in _holds(states, actions, things):
        thing = hold.width if seen is None else _which(hold, hand[hold.episode], seen[hold.episode])
        if thing is None:
            continue
        places[hold.episode, hold.first : hold.last + 1, thing] = hand[hold.episode, hold.first : hold.last + 1]
        held[hold.episode, hold.first : hold.last + 1, thing] = True
        told.append((hold, thing))
    floor = hand[..., 2].min()
    for hold, thing in told:
        e = hold.episode
        taken, put = hand[e, hold.closing], hand[e, hold.last]
        if taken[2] > floor + LIFTED_M:
            continue
        view = None if seen is None else seen[e, :, thing, :2]
        _spread(places[e, :, thing], hand[e], taken, range(hold.first - 1, -1, -1), held[e, :, thing], view)
        if put[2] < taken[2] + DROPPED_M:
            _spread(places[e, :, thing], hand[e], put, range(hold.last + 1, frames), held[e, :, thing], view)
    return Touch(places, held)


def _holds(states: np.ndarray, actions: np.ndarray, things: int) -> Iterator[_Hold]:
    episodes = len(states)
    opening = states[..., 3]
    told = np.concatenate([np.ones((episodes, 1)), actions[..., 3]], 1) < CLOSED_BELOW
    still = np.zeros_like(told)
    still[:, 1:] = np.abs(opening[:, 1:] - opening[:, :-1]) < STILL_M
    holding = told & np.roll(told, 1, 1) & still & (opening > THICKER_THAN_M)
    borders = _borders(opening[holding], things)
    for e in np.flatnonzero(holding.any(1)):
        for first, last in _stretches(holding[e]):
            if last - first + 1 < HELD_PICTURES:
                continue
            closing = first
            while closing > 1 and told[e, closing - 1]:
                closing -= 1
            yield _Hold(int(e), closing, first, last, int(np.searchsorted(borders, np.median(opening[e, first : last + 1]))))


def _which(hold: _Hold, hand: np.ndarray, seen: np.ndarray) -> int | None:
    """The thing that was seen where the fingers closed; None when it was seen elsewhere. A narrow grip is of the narrow thing: nothing is narrower than it is."""
    before = seen[max(0, hold.closing - PICTURES_BEFORE) : hold.closing + 1, :, :2]
    distance = np.linalg.norm(np.median(before, 0) - hand[hold.closing, :2], axis=-1)
    # A grip is of what feels as wide or of something narrower, askew.
    narrower = int(distance[: max(1, hold.width)].argmin())
    thing = hold.width if distance[hold.width] <= distance[narrower] + NARROWER_M else narrower
    return thing if distance[thing] < SEEN_TAKEN_M else None


def _spread(places: np.ndarray, hand: np.ndarray, place: np.ndarray, frames: range, held: np.ndarray, seen: np.ndarray | None) -> None:
    """Writes the place into the frames, from the touch on, until the hand, once away, is back. With places seen [T, 2], until the thing is seen elsewhere
    after the hand has been back.
    """
    there: np.ndarray | None = None
    for visit, away in _visits(np.linalg.norm(hand - place, axis=-1) < NEAR_M, held, frames):
        if seen is not None and away:
            now = np.median(seen[away], 0)
            if np.linalg.norm(now - (place[:2] if there is None else there)) > (SEEN_THERE_M if there is None else UNMOVED_M):
                return
            there = now
        elif there is not None:
            # It was never seen again after this visit.
            return
        places[visit + away] = place
        if seen is None:
            return


def _visits(near: np.ndarray, held: np.ndarray, frames: range) -> Iterator[tuple[list[int], list[int]]]:
    """Parts the frames into those in which the hand is near and those after them in which it is away, again and again until the thing is in the hand."""
    visit: list[int] = []
    away: list[int] = []
    for frame in frames:
        if held[frame]:
            break
        if near[frame] and away:
            yield visit, away
            visit, away = [], []
        (visit if near[frame] else away).append(frame)
    if visit or away:
        yield visit, away


def _stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2])]


def _borders(widths: np.ndarray, kinds: int) -> np.ndarray:
    """Between kinds of widths, from narrow to wide: that many means in one dimension. [kinds - 1]"""
    if len(widths) == 0:
        return np.zeros(kinds - 1)
    widths = widths.astype(np.float64)
    # Not from the extremes: a thing gripped askew is as wide as nothing else.
    means = np.quantile(widths, np.linspace(0.1, 0.9, kinds))
    for _ in range(20):
        kind = np.searchsorted((means[:-1] + means[1:]) / 2, widths)
        means = np.array([widths[kind == k].mean() if (kind == k).any() else means[k] for k in range(kinds)])
    return (means[:-1] + means[1:]) / 2
