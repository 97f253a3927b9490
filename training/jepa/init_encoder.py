"""Begins a training with an encoder that is there: of a run, or of a bundle."""

from __future__ import annotations

from pathlib import Path

import torch

from .exported import trainable_encoder
from .model import Encoder


def load_encoder(encoder: Encoder, folder: Path, pictures: torch.Tensor) -> None:
    """Puts the weights of a run's or a bundle's encoder into one of the same size; of one that was of another number of things, the last layer of their head stays as it is,
    and of one without context the context, which begins as nothing.

    `pictures` (uint8 [N, H, W, 3]) are some of the data that will be learned from: a bundle's encoder has no statistics of its own left.
    """
    file = folder / "checkpoint.pt"
    if (folder / "manifest.json").exists():
        file, given = folder, trainable_encoder(folder, pictures).state_dict()
    elif file.exists():
        weights = torch.load(file, map_location="cpu", weights_only=True)["model"]
        given = {name.removeprefix("encoder."): value for name, value in weights.items() if name.startswith("encoder.")}
    else:
        raise FileNotFoundError(f"{folder} has neither checkpoint.pt nor manifest.json; give a run that was trained, or a bundle")
    own, last = encoder.state_dict(), f"objects.{len(encoder.objects) - 1}."
    given |= {name: value for name, value in own.items() if name.startswith(last) and name in given and given[name].shape != value.shape}
    if not any(name.startswith("context.") for name in given):
        given |= {name: value for name, value in own.items() if name.startswith("context.")}
    try:
        encoder.load_state_dict(given)
    except RuntimeError as error:
        raise ValueError(f"{file} has an encoder of another size; give the --channels, --context, --keypoints, --features and --head-width that it was trained with") from error
