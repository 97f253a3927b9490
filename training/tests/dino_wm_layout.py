"""Tiny checkpoints in DINO-WM's layout and DINOv2 weights beside them, with weights that a formula gives."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from vjepa2_layout import linear, weights

WIDTH, ACTION, ACTION_WIDTH, PROPRIO, PROPRIO_WIDTH = 24, 6, 8, 4, 5
CONFIG = {"img_size": 64, "num_hist": 3, "heads": 3, "dim_head": 16, "encoder_heads": 2}


def encoder_shapes(registers: int = 0, gated: bool = False, **_) -> dict[str, tuple[int, ...]]:
    """DINOv2's names: trained on 5 x 5 patches of 14 pixels."""
    found = {"cls_token": (1, 1, WIDTH), "mask_token": (1, WIDTH), "pos_embed": (1, 26, WIDTH), "norm.weight": (WIDTH,), "norm.bias": (WIDTH,)}
    found |= {"register_tokens": (1, registers, WIDTH)} if registers else {}
    found |= linear({"patch_embed.proj": (WIDTH, 3, 14, 14)})
    for i in range(2):
        block = f"blocks.{i}"
        mlp = {"mlp.w12": (128, WIDTH), "mlp.w3": (WIDTH, 64)} if gated else {"mlp.fc1": (96, WIDTH), "mlp.fc2": (WIDTH, 96)}
        found |= linear({f"{block}.{name}": shape for name, shape in ({"attn.qkv": (3 * WIDTH, WIDTH), "attn.proj": (WIDTH, WIDTH)} | mlp).items()})
        found |= {f"{block}.{name}": (WIDTH,) for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "ls1.gamma", "ls2.gamma")}
    return found


def shapes(repeat: tuple[int, int] = (1, 1), frames: int = 3, **_) -> dict[str, dict[str, tuple[int, ...]]]:
    width = WIDTH + ACTION_WIDTH * repeat[0] + PROPRIO_WIDTH * repeat[1]
    predictor: dict[str, tuple[int, ...]] = {"pos_embedding": (1, frames * 16, width), "transformer.norm.weight": (width,), "transformer.norm.bias": (width,)}
    for i in range(2):
        layer = f"transformer.layers.{i}"
        predictor |= {f"{layer}.0.to_qkv.weight": (3 * 48, width), f"{layer}.0.norm.weight": (width,), f"{layer}.0.norm.bias": (width,), f"{layer}.1.net.0.weight": (width,),
                      f"{layer}.1.net.0.bias": (width,)}
        predictor |= linear({f"{layer}.0.to_out.0": (width, 48), f"{layer}.1.net.1": (40, width), f"{layer}.1.net.4": (width, 40)})
    return {"predictor": predictor, "action_encoder": linear({"patch_embed": (ACTION_WIDTH, ACTION, 1)}), "proprio_encoder": linear({"patch_embed": (PROPRIO_WIDTH, PROPRIO, 1)})}


def encoder(**sizes) -> dict[str, Tensor]:
    return weights(encoder_shapes(**sizes), "norm|gamma")


def checkpoint(**sizes) -> dict:
    return {"epoch": 2} | {part: weights(of, r"norm|net\.0\.") for part, of in shapes(**sizes).items()}


def save(folder: Path, content: object = None, of_encoder: object = None, config: dict | None = None, **sizes) -> tuple[Path, Path, Path]:
    """Checkpoint, DINOv2's weights, configuration."""
    files = folder / "model_latest.pth", folder / "dinov2.pth", folder / "config.json"
    torch.save(checkpoint(**sizes) if content is None else content, files[0])
    torch.save(encoder(**sizes) if of_encoder is None else of_encoder, files[1])
    repeat = sizes.get("repeat", (1, 1))
    given = CONFIG | {"num_hist": sizes.get("frames", 3), "num_action_repeat": repeat[0], "num_proprio_repeat": repeat[1]} | (config or {})
    files[2].write_text(json.dumps({name: value for name, value in given.items() if value is not None}))
    return files
