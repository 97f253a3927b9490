"""What the latent knows, measured on episodes that training never saw. Nothing here reaches a loss."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from .data import Episodes
from .latents import LatentEpisodes, encode_all
from .model import ARM, PLACE, WorldModel

# As the simulator calls its things, from narrow to wide; where there are fewer, the last ones.
THING_NAMES = ("puck", "cube", "cup")
# A thing this much higher than usual is in the air, m.
LIFTED_M = 0.03


def linear_probe(latents: Tensor, targets: Tensor) -> float:
    """Median distance (units of the targets) of a least-squares fit on the first half of the episodes, tested on the second."""
    half = len(latents) // 2
    ones = lambda z: torch.cat([z, torch.ones_like(z[..., :1])], -1).flatten(0, 1).double()
    # Singular values: the default driver gives wrong fits where entries depend on each other, as a gripper that never moves and the constant.
    fit = torch.linalg.lstsq(ones(latents[:half]), targets[:half].flatten(0, 1).double(), driver="gelsd").solution
    error = ones(latents[half:]) @ fit - targets[half:].flatten(0, 1).double()
    return float(error.norm(dim=-1).median())


def nearest_neighbour_probe(latents: Tensor, targets: Tensor) -> float:
    """Median distance between a frame and the frame of another episode whose latent is nearest: what the energy sees."""
    half = len(latents) // 2
    bank, asked = latents[:half].flatten(0, 1), latents[half:, ::4].flatten(0, 1)
    nearest = torch.cdist(asked, bank).argmin(1)
    error = targets[:half].flatten(0, 1)[nearest] - targets[half:, ::4].flatten(0, 1)
    return float(error.norm(dim=-1).median())


@torch.no_grad()
def evaluate(model: WorldModel, episodes: Episodes, *, with_rollouts: bool = True) -> dict:
    """Everything that is measured of a world model on held-out episodes; see measure_latents."""
    model.eval()
    states, actions, truths = (torch.from_numpy(a) for a in (episodes.states, episodes.actions, episodes.truths))
    latents = encode_all(model, episodes.images)
    # The pictures are the work; the rest is done where the latents are.
    return measure_latents(copy.deepcopy(model).cpu(), LatentEpisodes(latents, states, actions, truths), with_rollouts=with_rollouts)


@torch.no_grad()
def measure_latents(model: WorldModel, episodes: LatentEpisodes, *, with_rollouts: bool = True) -> dict:
    """Probe errors (m) of what there are truths of, the spectrum of the objects' entries and, unless the predictor is untrained, its errors; see measure_rollouts."""
    z, truths = episodes.latents, episodes.truths
    spectrum = torch.linalg.eigvalsh(torch.cov(z[..., ARM:].flatten(0, 1).T)).flip(0)
    share = spectrum / spectrum.sum()
    things = names_of(model.config.things)
    probes = {"end_effector": truths[..., 0:3], "gripper_opening": episodes.states[..., 3:4],
              **{name: truths[..., 3 + PLACE * i : 3 + PLACE * (i + 1)] for i, name in enumerate(things)}}
    # A robot does not know where its objects are.
    probes = {name: target for name, target in probes.items() if target.shape[-1] > 0 and target.isfinite().all()}
    objects = [name for name in things if name in probes]
    return {
        "linear_probe_m": {name: linear_probe(z, target) for name, target in probes.items()},
        "place_error_m": place_errors(model, episodes) if objects else {},
        "nearest_neighbour_m": {name: nearest_neighbour_probe(z[..., ARM:] if name in objects else z, target) for name, target in probes.items()},
        "latent_spectrum": spectrum.tolist(),
        "effective_rank": float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum())),
        **(measure_rollouts(model, episodes) if with_rollouts else {}),
    }


def names_of(things: int) -> tuple[str, ...]:
    """What that many things are called in reports."""
    return THING_NAMES[-things:] if things <= len(THING_NAMES) else tuple(f"thing_{i}" for i in range(things))


def place_errors(model: WorldModel, episodes: LatentEpisodes) -> dict:
    """How far (m, along the table) the entries are from where the things are: quantiles of all frames and, if there are any, of those in which a thing is lifted."""
    if episodes.truths.shape[-1] != PLACE * (1 + model.config.things):
        # The unknown truths of a robot have a size of their own.
        return {}
    truths = episodes.truths[..., 3:].unflatten(-1, (model.config.things, PLACE))
    wrong = (model.places(episodes.latents) - truths)[..., :2].norm(dim=-1)
    lifted = truths[..., 2] - truths[..., 2].flatten(0, 1).median(0).values > LIFTED_M
    quantiles = lambda values: {f"p{q}": float(values.quantile(q / 100)) for q in (50, 75, 90)}
    result = {}
    for thing, name in enumerate(names_of(model.config.things)):
        # A robot may know where one of its things is.
        if not wrong[..., thing].isfinite().all():
            continue
        result[name] = quantiles(wrong[..., thing].flatten()[:1_000_000])
        up = lifted[..., thing]
        if up.any():
            result[f"{name}_lifted"] = quantiles(wrong[..., thing][up])
    return result


def in_centimetres(errors: dict) -> str:
    """What place_errors gives, in one line: of each thing its quantiles."""
    return " ".join(f"{name} {'/'.join(f'{100 * value:.1f}' for value in quantiles.values())}" for name, quantiles in errors.items())


def measure_rollouts(model: WorldModel, episodes: LatentEpisodes) -> dict:
    """Error of the objects' entries against "nothing moves" for each step of the horizon, in all windows and, if there are any, those where an object
    moves by 3 cm.
    """
    z, states, actions, truths = episodes.latents, episodes.states, episodes.actions, episodes.truths
    horizon = model.config.rollout
    error, baseline, moving_error, moving_baseline = (torch.zeros(horizon) for _ in range(4))
    moving_windows = 0
    for start in range(0, actions.shape[1] - horizon + 1, 3):
        rolled, _ = model.rollout(z[:, start], states[:, start], actions[:, start : start + horizon])
        target = z[:, start + 1 : start + 1 + horizon]
        wrong = (rolled - target)[..., ARM:].square().mean(-1)
        still = (z[:, start : start + 1] - target)[..., ARM:].square().mean(-1)
        error += wrong.sum(0)
        baseline += still.sum(0)
        moved = (truths[:, start + horizon, 3:] - truths[:, start, 3:]).unflatten(-1, (-1, PLACE))
        moving = moved.norm(dim=-1).amax(-1) > 0.03
        moving_error += wrong[moving].sum(0)
        moving_baseline += still[moving].sum(0)
        moving_windows += int(moving.sum())
    result = {"multi_step_ratio": (error / baseline).tolist()}
    return {**result, "multi_step_ratio_object_moves": (moving_error / moving_baseline).tolist()} if moving_windows else result
