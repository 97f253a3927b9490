"""The published checkpoint, `vjepa2-ac-vitg.pt`, and others in its layout, to modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from bundle.checkpoint import load_parameters, read_torch_file, tensors_of

from .config import Config, derive
from .encoder import Encoder
from .predictor import Predictor

# Data parallelism and the authors' wrapper leave these on the names.
PREFIXES = ("module.", "backbone.")
ENCODERS = ("encoder", "target_encoder")


def load(file: Path, given: Mapping[str, object], encoder_key: str | None = None) -> tuple[Encoder, Predictor, Config, list[str]]:
    """Encoder, predictor, their sizes, and the names of tensors that were left out on purpose.

    `given` are the overrides of a configuration file, `encoder_key` which of `encoder` (the authors' choice, the default) and `target_encoder` to take. Raises
    ValueError, one line, for whatever does not fit.
    """
    content = read_torch_file(file)
    if not isinstance(content, Mapping):
        raise ValueError(f"{file} holds a {type(content).__name__}: a V-JEPA 2-AC checkpoint has encoder and predictor")
    keys = (encoder_key,) if encoder_key is not None else ENCODERS
    key = next((key for key in keys if key in content), None)
    if key is None or "predictor" not in content:
        there = ", ".join(map(str, list(content)[:6])) or "nothing"
        raise ValueError(f"{file} has no {'predictor' if key is not None else ' or '.join(keys)} (it has {there}): a V-JEPA 2-AC checkpoint has encoder and predictor")
    of_encoder, of_predictor = tensors_of(content[key], key, PREFIXES), tensors_of(content["predictor"], "predictor", PREFIXES)
    config = derive(of_encoder, of_predictor, given)
    left_out = []
    # Left over from training without rotary positions; the authors' loader drops it as well.
    position = of_encoder.get("pos_embed")
    if position is not None and position.dim() == 3 and position.shape[2] == config.width:
        del of_encoder["pos_embed"]
        left_out.append(f"{key}.pos_embed")
    # On the meta device nothing is allocated that the checkpoint's tensors would replace.
    with torch.device("meta"):
        encoder, predictor = Encoder(config), Predictor(config)
    load_parameters(encoder, of_encoder, key)
    load_parameters(predictor, of_predictor, "predictor")
    return encoder, predictor, config, left_out
