"""A LeWorldModel's `weights.pt` and `config.json` to a module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from bundle.checkpoint import load_parameters, read_torch_file, tensors_of

from .config import derive, read_config
from .model import LeWorldModel

# Where training wrapped the model.
PREFIXES = ("module.", "model.")
# The encoder's library renamed its tensors after the published checkpoints were saved; both names are read.
RENAMED = (
    (r"^encoder\.encoder\.layer\.", "encoder.layers."), (r"\.attention\.attention\.query\.", ".attention.q_proj."), (r"\.attention\.attention\.key\.", ".attention.k_proj."),
    (r"\.attention\.attention\.value\.", ".attention.v_proj."), (r"\.attention\.output\.dense\.", ".attention.o_proj."), (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"^(encoder\.layers\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
)


def load(weights: Path, config_file: Path | None = None) -> LeWorldModel:
    """The model of `weights` (a file, or a folder with weights.pt), sizes from `config_file` (default: config.json beside it). Raises ValueError, one line."""
    file = weights / "weights.pt" if weights.is_dir() else weights
    content = read_torch_file(file)
    if isinstance(content, Mapping):
        content = next((content[key] for key in ("state_dict", "model") if isinstance(content.get(key), Mapping)), content)
    tensors = {renamed(name): tensor for name, tensor in tensors_of(content, "weights", PREFIXES).items()}
    config = derive(tensors, read_config(config_file or file.with_name("config.json")))
    with torch.device("meta"):
        model = LeWorldModel(config, head(tensors, "projector"), head(tensors, "pred_proj"))
    load_parameters(model, tensors, "weights")
    return model


def renamed(name: str) -> str:
    for old, new in RENAMED:
        name = re.sub(old, new, name)
    return name


def head(tensors: Mapping[str, Tensor], name: str) -> tuple[int, int, int, str] | None:
    """What the tensors show of a head; None where there is none of it."""
    first, last = tensors.get(f"{name}.net.0.weight"), tensors.get(f"{name}.net.3.weight")
    if first is None or last is None or first.dim() != 2 or last.dim() != 2:
        if any(other.startswith(f"{name}.") for other in tensors):
            raise ValueError(f"weights: missing or mis-shaped: {name}.net.0.weight or {name}.net.3.weight")
        return None
    norm = "batch" if f"{name}.net.1.running_mean" in tensors else "layer" if f"{name}.net.1.weight" in tensors else "none"
    return first.shape[1], first.shape[0], last.shape[0], norm
