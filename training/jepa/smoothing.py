"""Hindsight: where things were, from a whole episode of pictures.

A picture says where a thing is to a centimetre or two, and every picture errs on its own. But things rest until they are moved, and of what was in the hand it is
known where it was. So the places of an episode are smoothed with a cost on movement (total variation, Rudin, Osher and Fatemi 1992), which leaves sudden moves sudden, as
a mean over time would not. Only what is learned *from* uses this; a robot at work sees no future.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .latents import LatentEpisodes
from .model import WorldModel
from .touch import feel

# Cost of a move against that of an error, and where an error begins to count less, in standard deviations of a picture's error.
MOVE, OUTLIER = 2.5, 2.0
# How much more than a picture it counts what was in the hand.
HELD = 3.0
ITERATIONS = 30
# Below these, m, distances are not told apart.
ERROR_M, MOVED_M = 1e-3, 5e-4


def in_hindsight(model: WorldModel, episodes: LatentEpisodes) -> LatentEpisodes:
    """Latents whose arm is what proprioception said and whose things are smoothed."""
    seen = model.places(episodes.latents)
    touch = feel(episodes.states.numpy(), episodes.actions.numpy(), seen.numpy(), model.config.things)
    felt = torch.from_numpy(touch.places)
    smoothed = smooth(seen, felt, torch.from_numpy(touch.held))
    return replace(episodes, latents=model.latent_of(episodes.states, shifted(smoothed, felt)))


def shifted(places: Tensor, felt: Tensor) -> Tensor:
    """Places [E, T, things, 3] (m), shifted to where things were felt (NaN where nothing was); in between by what lies between, before the first and after the
    last by as much as there. Pictures of one place err alike: a path that was seen keeps its shape.
    """
    result = places.numpy().copy()
    known = felt.isfinite().all(-1).numpy()
    frames = np.arange(places.shape[1])
    for e, thing in np.argwhere(known.any(1)):
        at = np.flatnonzero(known[e, :, thing])
        wrong = felt[e, at, thing].numpy() - result[e, at, thing]
        result[e, :, thing] += np.stack([np.interp(frames, at, axis) for axis in wrong.T], -1)
    return torch.from_numpy(result)


def error_of_pictures(places: Tensor) -> Tensor:
    """Standard deviation (m) a coordinate of places [E, T, things, 3] from picture to picture; from medians, because most things rest most of the time. [things]"""
    steps = (places[:, 1:] - places[:, :-1]).abs().transpose(2, 0).flatten(1)
    return steps.median(-1).values / (0.6745 * 2**0.5)


def smooth(places: Tensor, felt: Tensor, held: Tensor) -> Tensor:
    """Places [E, T, things, 3] (m) of pictures, those felt (NaN where nothing was) and held [E, T, things] to smoothed places.

    Iteratively reweighted least squares; each iteration is a tridiagonal system an episode and thing.
    """
    sigma = error_of_pictures(places)[None, None, :]
    known = (held & felt.isfinite().all(-1)).float()
    felt = felt.nan_to_num()
    z = places.clone()
    frames = places.shape[1]
    index = torch.arange(frames)
    for _ in range(ITERATIONS):
        error = (z - places).norm(dim=-1)
        seen_weight = torch.where(error > OUTLIER * sigma, OUTLIER * sigma / error.clamp_min(ERROR_M), 1.0) / sigma.square()
        slip = (z - felt).norm(dim=-1)
        felt_weight = HELD * known * torch.where(slip > sigma, sigma / slip.clamp_min(ERROR_M), 1.0) / sigma.square()
        move = MOVE / sigma / ((z[:, 1:] - z[:, :-1]).square().sum(-1) + MOVED_M**2).sqrt()
        # [E, things, T]
        seen_weight, felt_weight, move = (value.transpose(1, 2) for value in (seen_weight, felt_weight, move))
        matrix = torch.diag_embed(seen_weight + felt_weight)
        matrix[..., index[:-1], index[:-1]] += move
        matrix[..., index[1:], index[1:]] += move
        matrix[..., index[:-1], index[1:]] -= move
        matrix[..., index[1:], index[:-1]] -= move
        right = seen_weight[..., None] * places.transpose(1, 2) + felt_weight[..., None] * felt.transpose(1, 2)
        z = torch.linalg.solve(matrix.double(), right.double()).float().transpose(1, 2)
    return z
