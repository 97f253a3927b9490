"""Tiny checkpoints in the layouts of JEPA-WMs and frozen encoders beside them, with weights that a formula gives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

import dino_wm_layout
import vjepa2_layout
from vjepa2_layout import block, linear, weights

WIDTH, ACTION, PROPRIO, DEPTH, PATCHES, TRAINED_FRAMES = 24, 6, 4, 2, 16, 4
NORM = r"norm|gamma|\.ln\.|net\.0\."
POSE = 7


@dataclass(frozen=True)
class Layout:
    """One kind of model. `inner` is the predictor's width; `beside` the widths of action and proprioception beside the patches."""

    predictor: str
    encoder: str = "dinov2"
    inner: int = 30
    heads: int = 2
    action: int = ACTION
    proprio: int = 0
    proprio_as: str = "none"
    proprio_tokens: int = 1
    beside: tuple[int, int] = (8, 6)
    action_inside: bool = True
    proprio_inside: bool = False
    action_mlp: bool = False
    gated: bool = False
    encoder_gated: bool = False
    config: dict = field(default_factory=dict)

    @property
    def feature(self) -> bool:
        return self.predictor == "dino_wm" or self.proprio_as == "feature" and self.predictor == "vjepa2_ac"

    @property
    def visual(self) -> int:
        return WIDTH if self.predictor == "dino_wm" else self.inner

    @property
    def total(self) -> int:
        return self.visual + (self.beside[0] if self.feature else 0) + (self.beside[1] if self.proprio and self.proprio_as == "feature" else 0)


LAYOUTS = {
    "as jepa_wm_droid": Layout("AdaLN", "dinov3", config={"frames": 2}),
    "as jepa_wm_metaworld": Layout("AdaLN", "dinov2", proprio=PROPRIO, proprio_as="feature", beside=(8, 9), heads=3),
    "AdaLN, proprioception as a token": Layout("AdaLN", "dinov3", inner=WIDTH, proprio=PROPRIO, proprio_as="token", action_inside=False, action_mlp=True, encoder_gated=True,
                                               config={"frames": 3}),
    "AdaLN, neither mask nor rotation": Layout("AdaLN", "dinov2", config={"causal": False, "rope": False, "frames": 3}),
    "as vjepa2_ac_droid": Layout("vjepa2_ac", "vjepa2", action=POSE, config={"normalize_reps": True}),
    "as vjepa2_ac_oss": Layout("vjepa2_ac", "vjepa2", action=POSE, proprio=POSE, proprio_as="token", proprio_inside=True, config={"normalize_reps": True, "frames": 3}),
    "tokens, two of proprioception": Layout("vjepa2_ac", "dinov2", inner=WIDTH, proprio=PROPRIO, proprio_as="token", proprio_tokens=2, action_inside=False, gated=True),
    "features": Layout("vjepa2_ac", "dinov2", proprio=PROPRIO, proprio_as="feature", beside=(8, 6)),
    "as dino_wm_metaworld": Layout("dino_wm", "dinov2", proprio=PROPRIO, proprio_as="feature", action_inside=False),
    "as dino_wm_droid": Layout("dino_wm", "dinov2", action_inside=False, config={"frames": 3, "normalize": [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]}),
}
# What the tensors do not show.
ENCODER_CONFIG = {"dinov2": {"image_size": 56, "heads": 2}, "dinov3": {"image_size": 32}, "vjepa2": {"image_size": 32, "heads": 2, "normalize_reps": False}}


def embedding(enter: int, leave: int, mlp: bool = False) -> dict[str, tuple[int, ...]]:
    return linear({"patch_embed": (leave, enter, 1)} | ({"mlp.0": (leave, leave)} if mlp else {})) | ({"mlp.0.ln.weight": (leave,), "mlp.0.ln.bias": (leave,)} if mlp else {})


def shapes(layout: Layout) -> dict[str, dict[str, tuple[int, ...]]]:
    """Names and shapes of the checkpoint's parts."""
    total, inner = layout.total, layout.inner
    action_out = total if layout.predictor == "AdaLN" else layout.beside[0] if layout.feature else inner
    proprio_out = layout.beside[1] if layout.proprio_as == "feature" else inner * layout.proprio_tokens
    if layout.predictor == "dino_wm":
        predictor: dict[str, tuple[int, ...]] = {"pos_embedding": (1, TRAINED_FRAMES * PATCHES, total), "transformer.norm.weight": (total,), "transformer.norm.bias": (total,)}
        for i in range(DEPTH):
            at = f"transformer.layers.{i}"
            predictor |= {f"{at}.0.to_qkv.weight": (3 * 32, total), f"{at}.0.norm.weight": (total,), f"{at}.0.norm.bias": (total,), f"{at}.1.net.0.weight": (total,),
                          f"{at}.1.net.0.bias": (total,)}
            predictor |= linear({f"{at}.0.to_out.0": (total, 32), f"{at}.1.net.1": (40, total), f"{at}.1.net.4": (total, 40)})
    else:
        predictor = linear({"predictor_embed": (inner, WIDTH), "predictor_proj": (WIDTH, inner)}) | {"predictor_norm.weight": (total,), "predictor_norm.bias": (total,)}
        # As their SwiGLU: two thirds, rounded up to 8.
        hidden = -(-int(2 * 4 * total / 3) // 8) * 8 if layout.gated else 4 * total
        for i in range(DEPTH):
            predictor |= block(f"predictor_blocks.{i}", total, hidden, layout.gated)
            predictor |= linear({f"predictor_blocks.{i}.adaLN_modulation.1": (6 * total, total)}) if layout.predictor == "AdaLN" else {}
        predictor |= linear({"action_encoder": (action_out, layout.action)}) if layout.action_inside else {}
        predictor |= linear({"proprio_encoder": (proprio_out, layout.proprio)}) if layout.proprio_inside else {}
    found = {"predictor": predictor}
    if not layout.action_inside:
        found["action_encoder"] = embedding(layout.action, action_out, layout.action_mlp)
    if layout.proprio and not layout.proprio_inside:
        found["proprio_encoder"] = embedding(layout.proprio, proprio_out)
    return found


def dinov3(gated: bool = False) -> dict[str, Tensor]:
    """Two heads of 12, four storage tokens, patches of 8 pixels."""
    of: dict[str, tuple[int, ...]] = {"cls_token": (1, 1, WIDTH), "mask_token": (1, WIDTH), "storage_tokens": (1, 4, WIDTH), "norm.weight": (WIDTH,), "norm.bias": (WIDTH,)}
    of |= linear({"patch_embed.proj": (WIDTH, 3, 8, 8)})
    for i in range(DEPTH):
        at = f"blocks.{i}"
        mlp = {"mlp.w1": (64, WIDTH), "mlp.w2": (64, WIDTH), "mlp.w3": (WIDTH, 64)} if gated else {"mlp.fc1": (96, WIDTH), "mlp.fc2": (WIDTH, 96)}
        of |= linear({f"{at}.{name}": shape for name, shape in ({"attn.qkv": (3 * WIDTH, WIDTH), "attn.proj": (WIDTH, WIDTH)} | mlp).items()})
        of |= {f"{at}.{name}": (WIDTH,) for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "ls1.gamma", "ls2.gamma")}
    found = weights(of, "norm|gamma") | {"rope_embed.periods": 100.0 ** (2 * torch.arange(3) / 6)}
    for i in range(DEPTH):
        found[f"blocks.{i}.attn.qkv.bias_mask"] = torch.tensor([1.0, 0.0, 1.0]).repeat_interleave(WIDTH)
    return found


def encoder(layout: Layout) -> dict:
    if layout.encoder == "dinov2":
        return dino_wm_layout.encoder()
    if layout.encoder == "dinov3":
        return dinov3(layout.encoder_gated)
    tensors = weights(vjepa2_layout.shapes()[0])
    return {"target_encoder": {f"module.backbone.{name}": tensor for name, tensor in tensors.items()}, "encoder": {}, "epoch": 1}


def checkpoint(layout: Layout) -> dict:
    """As the authors' training saves it."""
    parts = {part: {f"module.{name}": tensor for name, tensor in weights(of, NORM).items()} for part, of in shapes(layout).items()}
    if layout.predictor == "dino_wm":
        parts["predictor"]["module.transformer.layers.0.0.bias"] = torch.ones(1, 1, 64, 64)
    return {"epoch": 2, "opt": {"state": {}}, "scaler": None, "batch_size": 4, "world_size": 1, "lr": 1e-3} | parts


def settings(layout: Layout) -> dict:
    return ENCODER_CONFIG[layout.encoder] | {"predictor_heads": layout.heads} | ({"head": 16} if layout.predictor == "dino_wm" else {}) | layout.config


def save(folder: Path, layout: Layout, content: object = None, of_encoder: object = None, config: dict | None = None) -> tuple[Path, Path, Path]:
    """Checkpoint, encoder's weights, configuration."""
    files = folder / "jepa_wm_tiny.pth.tar", folder / "encoder.pth", folder / "config.json"
    torch.save(checkpoint(layout) if content is None else content, files[0])
    torch.save(encoder(layout) if of_encoder is None else of_encoder, files[1])
    files[2].write_text(json.dumps({name: value for name, value in (settings(layout) | (config or {})).items() if value is not None}))
    return files
