"""Checkpoints in the layout of `vjepa2-ac-vitg.pt`, tiny, with weights that a formula gives: what the authors' code makes of the same ones stands in test_vjepa2_ac.py."""

from __future__ import annotations

import math
import re
from pathlib import Path

import torch
from torch import Tensor

SIZES = {"width": 24, "depth": 2, "hidden": 104, "predictor_width": 24, "predictor_depth": 2, "patch": 8, "tubelet": 2}
# What the tensors do not show.
CONFIG = {"img_size": 16, "num_heads": 2, "predictor_num_heads": 2, "num_frames": 8}


def block(prefix: str, width: int, hidden: int, gated: bool) -> dict[str, tuple[int, ...]]:
    mlp = {"fc1": (hidden, width), "fc2": (hidden, width), "fc3": (width, hidden)} if gated else {"fc1": (hidden, width), "fc2": (width, hidden)}
    layers = {"attn.qkv": (3 * width, width), "attn.proj": (width, width), **{f"mlp.{name}": shape for name, shape in mlp.items()}}
    norms = {f"{norm}.{part}": (width,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
    return {f"{prefix}.{name}": shape for name, shape in norms.items()} | linear({f"{prefix}.{name}": shape for name, shape in layers.items()})


def linear(layers: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape for name, shape in layers.items()} | {f"{name}.bias": shape[:1] for name, shape in layers.items()}


def shapes(gated: bool = False, **sizes: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Names and shapes of encoder and predictor, as the authors' modules have them."""
    s = SIZES | sizes
    width, inner = s["width"], s["predictor_width"]
    encoder = linear({"patch_embed.proj": (width, 3, s["tubelet"], s["patch"], s["patch"])}) | {"norm.weight": (width,), "norm.bias": (width,)}
    for i in range(s["depth"]):
        encoder |= block(f"blocks.{i}", width, s["hidden"], gated)
    predictor = linear({"predictor_embed": (inner, width), "action_encoder": (inner, 7), "state_encoder": (inner, 7), "extrinsics_encoder": (inner, 6), "predictor_proj": (width, inner)})
    predictor |= {"predictor_norm.weight": (inner,), "predictor_norm.bias": (inner,)}
    for i in range(s["predictor_depth"]):
        predictor |= block(f"predictor_blocks.{i}", inner, 4 * inner, gated)
    return encoder, predictor


def wave(shape: tuple[int, ...], phase: float) -> Tensor:
    """sin(0.7 k + phase) for the k-th number: in 64 bits, so that every machine has the same."""
    count = math.prod(shape)
    return torch.sin(0.7 * torch.arange(count, dtype=torch.float64) + phase).reshape(shape)


def weights(of: dict[str, tuple[int, ...]], norm: str = "norm") -> dict[str, Tensor]:
    """Norms near 1, matrices of the scale that keeps a signal's, all different."""
    found = {}
    for i, name in enumerate(sorted(of)):
        shape = of[name]
        value = wave(shape, 1.3 * i)
        if len(shape) > 1:
            value = 1.2 * value / math.sqrt(math.prod(shape[1:]))
        elif re.search(norm, name) and name.endswith("weight"):
            value = 1 + 0.1 * value
        else:
            value = 0.1 * value
        found[name] = value.float()
    return found


def checkpoint(gated: bool = False, **sizes: int) -> dict:
    """As the authors' training saves it: prefixes of data parallelism and of their wrapper, and what belongs to training."""
    encoder, predictor = map(weights, shapes(gated, **sizes))
    # The published encoder still has the positions of a model without rotary ones; nobody reads them.
    encoder["pos_embed"] = torch.zeros(1, 8, (SIZES | sizes)["width"])
    return {"encoder": {f"module.backbone.{name}": value for name, value in encoder.items()}, "predictor": {f"module.{name}": value for name, value in predictor.items()},
            "opt": {"state": {}}, "epoch": 3, "loss": 0.5}


def save(folder: Path, content: dict | None = None, **sizes: int) -> Path:
    file = folder / "vjepa2-ac-tiny.pt"
    torch.save(checkpoint(**sizes) if content is None else content, file)
    return file


def pictures(count: int, height: int, width: int) -> Tensor:
    """uint8 [count, height, width, 3] by formula."""
    return (127.5 + 127 * wave((count, height, width, 3), 0.2)).round().to(torch.uint8)
