"""Begins a training with an encoder that is there: of a run, or of a bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from .exported import trainable_encoder
from .latents import digest
from .model import Encoder


def encoder_key(folder: Path) -> str:
    """Tells encoders of runs and bundles apart, by their weights alone: a run may have been written again."""
    if (folder / "manifest.json").exists():
        return hashlib.sha256((folder / "encoder.onnx").read_bytes()).hexdigest()
    return digest(*(value.numpy() for value in _weights(folder).values()))


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    """Of a run's encoder."""
    file = folder / "checkpoint.pt"
    if not file.exists():
        raise FileNotFoundError(f"{folder} has neither checkpoint.pt nor manifest.json; give a run that was trained, or a bundle")
    weights = torch.load(file, map_location="cpu", weights_only=True)["model"]
    return {name.removeprefix("encoder."): value for name, value in weights.items() if name.startswith("encoder.")}


def load_encoder(encoder: Encoder, folder: Path, pictures: torch.Tensor) -> None:
    """Puts the weights of a run's or a bundle's encoder into one of the same size; of one that was of another number of things, the last layer of their head stays as it is,
    and of one without context the context, which begins as nothing.

    `pictures` (uint8 [N, H, W, 3]) are some of the data that will be learned from: a bundle's encoder has no statistics of its own left.
    """
    given = trainable_encoder(folder, pictures).state_dict() if (folder / "manifest.json").exists() else _weights(folder)
    own, last = encoder.state_dict(), f"objects.{len(encoder.objects) - 1}."
    given |= {name: value for name, value in own.items() if name.startswith(last) and name in given and given[name].shape != value.shape}
    if not any(name.startswith("context.") for name in given):
        given |= {name: value for name, value in own.items() if name.startswith("context.")}
    try:
        encoder.load_state_dict(given)
    except RuntimeError as error:
        raise ValueError(f"{folder} has an encoder of another size; give the --channels, --context, --keypoints, --features and --head-width that it was trained with") from error
