"""A JEPA-WM's checkpoint and its frozen encoder's weights to modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from bundle.checkpoint import load_parameters, read_torch_file, tensors_of
from bundle.sizes import Shapes

from .config import Config, normalization
from .embedding import Embedding, Inside
from .encoders import Frozen, load_encoder
from .predictors import PREDICTORS

PREFIXES = ("module.",)
# What older checkpoints call it.
RENAMED = {"state_encoder.weight": "proprio_encoder.weight", "state_encoder.bias": "proprio_encoder.bias"}
# In some checkpoints though the model does not use it; the authors' loader drops it as well.
UNUSED = ("extrinsics_encoder.",)
DEFAULT_FRAMES, DEFAULT_HEADS, DEFAULT_HEAD = 2, 16, 64


class JepaWM(nn.Module):
    """A predictor, and what encodes actions [batch, steps, action] and proprioception [batch, steps, proprio] for it, to [batch, steps, tokens, width]."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.predictor = PREDICTORS[config.predictor](config)
        if not config.action_inside:
            self.action_encoder = Embedding(config.action, config.action_width, 1, config.action_mlp)
        if config.proprio and not config.proprio_inside:
            self.proprio_encoder = Embedding(config.proprio, config.proprio_width, max(1, config.proprio_tokens), config.proprio_mlp)

    def encode_action(self, actions: Tensor) -> Tensor:
        return (Inside(self.predictor.action_encoder) if self.config.action_inside else self.action_encoder)(actions)

    def encode_proprio(self, proprio: Tensor) -> Tensor:
        encoded = (Inside(self.predictor.proprio_encoder) if self.config.proprio_inside else self.proprio_encoder)(proprio)
        return encoded.expand(-1, -1, self.config.patches, -1) if self.config.proprio_as == "feature" else encoded


def load(file: Path, encoder_file: Path, given: Mapping[str, object]) -> tuple[Frozen, JepaWM, list[str]]:
    """Encoder, model, and the names of tensors that were left out on purpose. `given` are the overrides of a configuration file.

    Raises ValueError, one line, for whatever does not fit.
    """
    content = read_torch_file(file)
    if not isinstance(content, Mapping) or not isinstance(content.get("predictor"), Mapping):
        there = ", ".join(map(str, list(content)[:6])) if isinstance(content, Mapping) else type(content).__name__
        raise ValueError(f"{file} has no predictor (it has {there}): a JEPA-WM's checkpoint has one, and action_encoder and proprio_encoder where they are its own")
    parts = {part: tensors_of(content[part], part, PREFIXES) for part in ("predictor", "action_encoder", "proprio_encoder") if content.get(part) is not None}
    parts["predictor"] = {RENAMED.get(name, name): tensor for name, tensor in parts["predictor"].items()}
    kind = predictor_kind(parts["predictor"], given)
    frozen = load_encoder(encoder_file, given, normalization(given, kind))
    left_out = [name for name in parts["predictor"] if name.startswith(UNUSED) or (kind == "dino_wm" and name.endswith(".bias") and parts["predictor"][name].dim() == 4)]
    for name in left_out:
        # DINO-WM's masks, which follow from the sizes, and extrinsics.
        del parts["predictor"][name]
    config = derive(kind, parts, frozen, given)
    with torch.device("meta"):
        model = JepaWM(config)
    for part, tensors in parts.items():
        module = getattr(model, part, None)
        if module is None:
            raise ValueError(f"{part}: surplus: {', '.join(list(tensors)[:4])}; the predictor has {'an encoder of its own inside' if part == 'action_encoder' else 'no place for proprioception'}")
        load_parameters(module, tensors, part)
    return frozen, model.requires_grad_(False).eval(), [f"predictor.{name}" for name in left_out] + [f"encoder.{name}" for name in frozen.left_out]


def predictor_kind(tensors: Mapping[str, Tensor], given: Mapping[str, object]) -> str:
    shown = "dino_wm" if "pos_embedding" in tensors else "AdaLN" if "predictor_blocks.0.adaLN_modulation.1.weight" in tensors else "vjepa2_ac"
    said = given.get("predictor", shown)
    if said != shown:
        raise ValueError(f"configuration: predictor is {said}, the checkpoint's tensors are those of {shown}")
    return shown


def derive(kind: str, parts: Mapping[str, Mapping[str, Tensor]], frozen: Frozen, given: Mapping[str, object]) -> Config:
    """The sizes that the tensors show, completed by `given`. Raises ValueError where they contradict each other or nothing says a size."""
    shapes = Shapes(parts["predictor"], "predictor", "this is no JEPA-WM's checkpoint")
    action, action_out = _enters(parts, "action_encoder")
    proprio, proprio_out = _enters(parts, "proprio_encoder", needed=False)
    if kind == "dino_wm":
        sizes = _frame_sizes(shapes, frozen, given)
    else:
        sizes = _rotary_sizes(shapes, kind, frozen, given)
    inner, total = sizes["predictor_width"], sizes["total_width"]
    conditioning = "adaln" if kind == "AdaLN" else "feature" if kind == "dino_wm" or total > inner else "token"
    proprio_as, proprio_tokens, proprio_width, action_width = "none", 0, 0, action_out
    # What is beside a patch is as wide as what the patches leave; else these are tokens, as wide as the patches.
    beside = total - inner - (action_out if conditioning == "feature" else 0)
    if proprio and beside > 0:
        proprio_as, proprio_width = "feature", proprio_out
        expected = inner + proprio_out + (action_out if conditioning == "feature" else 0)
    elif proprio:
        proprio_as, proprio_width = "token", inner
        if conditioning == "feature" or proprio_out % inner:
            raise ValueError(f"proprio_encoder gives {proprio_out} numbers, the predictor has no place for them: patches {inner} of {total}")
        proprio_tokens = proprio_out // inner
        expected = inner + (action_out if conditioning == "feature" else 0)
    else:
        expected = inner + (action_out if conditioning == "feature" else 0)
    if expected != total:
        raise ValueError(f"predictor: layers are {total} wide, patches, proprioception and action together {expected}: do encoder, action_encoder and proprio_encoder belong to it?")
    wanted = total if conditioning == "adaln" else inner if conditioning == "token" else action_out
    if action_out != wanted:
        raise ValueError(f"action_encoder gives {action_out} numbers, the predictor takes {wanted}: several action tokens are not known")
    if kind == "AdaLN" and proprio_tokens > 1:
        raise ValueError(f"proprio_encoder gives {proprio_tokens} tokens; this predictor has one")
    found = dict(
        predictor=kind, conditioning=conditioning, image_size=frozen.image_size, patches=frozen.patches, width=frozen.width,
        normalize_reps=bool(given.get("normalize_reps", False)), action=action, action_width=action_width, action_inside="action_encoder" not in parts,
        action_mlp="mlp.0.weight" in parts.get("action_encoder", {}), proprio=proprio, proprio_as=proprio_as, proprio_tokens=proprio_tokens, proprio_width=proprio_width,
        proprio_inside=bool(proprio) and "proprio_encoder" not in parts, proprio_mlp="mlp.0.weight" in parts.get("proprio_encoder", {}), **sizes)
    config = Config(**found)
    for name, shown in (("predictor_width", inner), ("predictor_depth", config.depth)):
        if given.get(name, shown) != shown:
            raise ValueError(f"configuration: {name} is {given[name]}, the checkpoint's tensors have {shown}")
    if config.proprio_inside and config.proprio_as == "feature" and config.predictor != "vjepa2_ac":
        raise ValueError("predictor: proprio_encoder inside this predictor is not known")
    if config.proprio_as == "token" and not config.causal:
        raise ValueError("configuration: causal is false; proprioception as a token is known only frame-causal")
    return config


def _enters(parts: Mapping[str, Mapping[str, Tensor]], part: str, needed: bool = True) -> tuple[int, int]:
    """How many numbers an encoder takes and gives, outside the predictor or in it; 0, 0 where there is none."""
    own, inside = parts.get(part), parts["predictor"].get(f"{part}.weight")
    if own is not None:
        weight = own.get("patch_embed.weight")
        if weight is None or weight.dim() != 3 or weight.shape[2] != 1:
            raise ValueError(f"{part}: {'missing' if weight is None else 'mis-shaped'}: patch_embed.weight{'' if weight is None else f' is {list(weight.shape)} and must be [width, numbers, 1]'}")
        return weight.shape[1], weight.shape[0]
    if inside is not None:
        if inside.dim() != 2:
            raise ValueError(f"predictor: mis-shaped: {part}.weight is {list(inside.shape)} and must have 2 dimensions")
        return inside.shape[1], inside.shape[0]
    if needed:
        raise ValueError(f"the checkpoint has no {part}, neither as a part nor in its predictor: predictors without actions are not known")
    return 0, 0


def _rotary_sizes(shapes: Shapes, kind: str, frozen: Frozen, given: Mapping[str, object]) -> dict:
    inner, width = shapes.of("predictor_embed.weight", 2)
    if width != frozen.width:
        raise ValueError(f"predictor: predictor_embed.weight takes patches of {width}, the encoder gives {frozen.width}: it was trained on another encoder")
    (total,) = shapes.of("predictor_blocks.0.norm1.weight", 1)
    heads = given.get("predictor_heads", DEFAULT_HEADS)
    if total % heads:
        raise ValueError(f"configuration: predictor_heads is {heads}: must divide the predictor's width, {total}; the tensors do not show it, so give it with --config")
    causal = given.get("causal", True)
    if kind == "vjepa2_ac" and not causal:
        raise ValueError("configuration: causal is false; this predictor is known only frame-causal")
    return dict(predictor_width=inner, total_width=total, depth=shapes.count("predictor_blocks."), heads=heads, head=total // heads,
                hidden=shapes.of("predictor_blocks.0.mlp.fc1.weight", 2)[0], gated="predictor_blocks.0.mlp.fc3.weight" in shapes.tensors, rope=given.get("rope", True), causal=causal,
                frames=given.get("frames", DEFAULT_FRAMES), trained_frames=0)


def _frame_sizes(shapes: Shapes, frozen: Frozen, given: Mapping[str, object]) -> dict:
    _, positions, total = shapes.of("pos_embedding", 3)
    frames = given.get("frames", DEFAULT_FRAMES)
    if positions % frozen.patches or positions // frozen.patches < frames:
        raise ValueError(f"configuration: {frames} frames of {frozen.patches} patches ({frozen.image_size} pixels), the predictor has {positions} positions: give image_size and frames with --config")
    inner = shapes.of("transformer.layers.0.0.to_qkv.weight", 2)[0] // 3
    head = given.get("head", DEFAULT_HEAD)
    heads = given.get("predictor_heads") or inner // head
    if heads * head != inner:
        raise ValueError(f"configuration: {heads} heads of {head}, the tensors have {inner} numbers for all heads: give predictor_heads and head with --config")
    return dict(predictor_width=frozen.width, total_width=total, depth=shapes.count("transformer.layers."), heads=heads, head=head,
                hidden=shapes.of("transformer.layers.0.1.net.1.weight", 2)[0], gated=False, rope=False, causal=True, frames=frames, trained_frames=positions // frozen.patches)
