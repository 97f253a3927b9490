#!/usr/bin/env python3
"""End of the first stage: python training/look_back.py --run runs/video --data data/rooms data/plain --out runs/looked.

An encoder that sees a little tells more of what was felt (jepa/touch.py): which of two things was in the hand, and for how long a thing lay where it was felt. Its
head for the things is fitted to that, on features that are computed once; then the same again with what the better head sees. The head for the arm is fitted again to
proprioception, too: in pictures that no jitter has moved. Run again to go on after an interruption: features of a data set are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from jepa.build import load_checkpoint
from jepa.checkpoint import save
from jepa.config import Config
from jepa.data import Episodes
from jepa.latents import LatentEpisodes, cached, data_key, encode_features, fingerprint, kept_latents
from jepa.lerobot import from_arguments, load_any
from jepa.losses import Losses
from jepa.model import ARM, DYNAMICS_FIELDS, ENCODER_FIELDS, PLACE, WorldModel
from jepa.options import on_an_encoder, options_on
from jepa.probes import in_centimetres, place_errors
from jepa.touch import feel

LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2


@dataclass(frozen=True)
class Seen:
    """A data set without its pictures: features [E, T+1, F] of the encoder, states [E, T+1, 7], actions [E, T, 4]; truths [E, T+1, 3 + 3 * things] for measuring only."""

    key: str
    features: Tensor
    states: Tensor
    actions: Tensor
    truths: Tensor


def look_at(model: WorldModel, episodes: Episodes, cache: Path) -> Seen:
    """Features from the cache file when it is of this encoder and these episodes, otherwise computed and written there."""
    key = data_key(episodes)
    features = cached(cache, "features", fingerprint(model, key), lambda: encode_features(model, episodes.images))
    return Seen(key, features, *(torch.from_numpy(array) for array in (episodes.states, episodes.actions, episodes.truths)))


@torch.no_grad()
def latents_of(model: WorldModel, features: Tensor) -> Tensor:
    return model.encoder.read(features.flatten(0, 1).float()).unflatten(0, features.shape[:2])


def distance(vectors: Tensor) -> Tensor:
    """Not squared even where it is small."""
    return vectors.abs().sum(-1)


def learn(head: nn.Module, features: Tensor, targets: Tensor, loss: Callable[[Tensor, Tensor], Tensor], config: Config, generator: torch.Generator) -> None:
    """Fits a head to targets [N, …] of features [N, F], in place and from nothing: a head that learned a thousand places by heart keeps to what it has wrong; one that begins anew errs a
    quarter less on episodes it never saw (measured)."""
    torch.manual_seed(config.seed)
    for layer in head.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    optimiser = torch.optim.AdamW(head.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for step in range(config.look_back_steps):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / config.look_back_steps)
        batch = torch.randint(len(features), (config.look_back_batch,), generator=generator)
        error = loss(head(features[batch].float()), targets[batch])
        optimiser.zero_grad(set_to_none=True)
        error.backward()
        optimiser.step()


def fit_arm(model: WorldModel, seen: list[Seen], generator: torch.Generator) -> None:
    """Fits the head for the arm anew, in place, to proprioception."""
    features = torch.cat([part.features.flatten(0, 1) for part in seen])
    arm = model.predictor.standardised(torch.cat([part.states.flatten(0, 1) for part in seen]))[:, :ARM]
    learn(model.encoder.arm, features, arm, lambda read, felt: distance(read - felt).mean(), model.config, generator)


def fit(model: WorldModel, seen: list[Seen], generator: torch.Generator) -> float:
    """Fits the head for the things anew, in place, to where they were felt in what the model sees now. Gives the share of places that were felt."""
    config = model.config
    features, felt = [], []
    for part in seen:
        touch = feel(part.states.numpy(), part.actions.numpy(), model.places(latents_of(model, part.features)).numpy(), config.things)
        places = torch.from_numpy(touch.places).flatten(0, 1)
        known = places.isfinite().all(-1).any(-1)
        features.append(part.features.flatten(0, 1)[known])
        felt.append(places[known])
    total = sum(part.states[..., 0].numel() for part in seen)
    features, felt = torch.cat(features), torch.cat(felt)
    known = felt.isfinite().all(-1)
    if not known.any():
        raise ValueError("nothing was ever held in these data sets; collect more of them")
    # What was felt errs by a centimetre itself, and is one place for many pictures.
    learn(model.encoder.objects, features, felt, lambda objects, places: Losses.touch(model.places_of(objects), places, distance), config, generator)
    return float(known.sum()) / (total * known.shape[1])


def describe(model: WorldModel, parts: list[Seen]) -> str:
    """Errors in cm: the tool's, and those of things along the table where the truth is known."""
    said = []
    for part in parts:
        latents = latents_of(model, part.features)
        tool = ((latents[..., :PLACE] - model.predictor.standardised(part.states)[..., :PLACE]) * model.predictor.state_std[:PLACE]).norm(dim=-1).median()
        said.append(f"tool {100 * float(tool):.1f} {in_centimetres(place_errors(model, LatentEpisodes(latents, part.states, part.actions, part.truths)))}")
    return "; ".join(said)


def main() -> None:
    arguments = on_an_encoder(__doc__).parse_args()
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    model, checkpoint = load_checkpoint(arguments.run / "checkpoint.pt")
    config = options_on(model.config, arguments)
    model.check_fits(config, ENCODER_FIELDS, "encoder")
    # They are kept as they are, too; train_dynamics.py makes new ones.
    model.check_fits(config, DYNAMICS_FIELDS, "run")
    model.config = config
    model.requires_grad_(False)
    for head in (model.encoder.arm, model.encoder.objects):
        head.requires_grad_(True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    training, validation = [], []
    # One data set after the other: pictures of several would not fit into memory.
    for i, folder in enumerate(arguments.data):
        parts = load_any(folder, from_arguments(arguments)).split(config.validation_episodes)
        for name, part, into in zip(("training", "validation"), parts, (training, validation)):
            into.append(look_at(model, part, arguments.out / f"features-{name}-{i}.npz"))
        print(f"look_back: {folder}: {len(parts[0])} episodes to learn from, {len(parts[1])} to measure on", flush=True)
        del parts
    print(f"  before: p50/p75/p90 cm: {describe(model, validation)}", flush=True)
    generator = torch.Generator().manual_seed(config.seed)
    fit_arm(model, training, generator)
    for number in range(config.look_back_rounds):
        share = fit(model, training, generator)
        print(f"  round {number + 1}: {100 * share:.0f} % of places felt; p50/p75/p90 cm: {describe(model, validation)}", flush=True)
    file = arguments.out / "checkpoint.pt"
    save(file, {**{name: checkpoint[name] for name in ("description", "step", "spent_s", "episodes")}, "config": config.to_dict(), "model": model.state_dict()})
    # The second stage goes on from them. They are of features in half precision: a hundredth of a millimetre.
    for earlier in arguments.out.glob("latents-*.npz"):
        earlier.unlink()
    for part in (*training, *validation):
        kept_latents(arguments.out, fingerprint(model, part.key), lambda part=part: latents_of(model, part.features))
    print(f"look_back: wrote {file}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"look_back: {error}")
