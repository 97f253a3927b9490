"""The sizes of a LeWorldModel: its `config.json` says what the tensors do not show, and must not contradict them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bundle.sizes import Shapes, positive

# Width, layers and heads of the encoder's sizes.
SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16), "huge": (1280, 32, 16)}
HEAD = 64


@dataclass(frozen=True)
class Config:
    """Sizes in pixels, numbers and frames."""

    image_size: int
    patch: int
    width: int
    depth: int
    heads: int
    hidden: int
    epsilon: float
    embed: int
    window: int
    predictor_width: int
    predictor_output: int
    predictor_depth: int
    predictor_heads: int
    predictor_head: int
    predictor_hidden: int
    action: int
    smoothed: int
    action_hidden: int
    action_embed: int

    @property
    def side(self) -> int:
        return self.image_size // self.patch


def read_config(file: Path) -> dict:
    """The content of config.json. Raises ValueError, one line."""
    try:
        content = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"configuration {file} cannot be read ({error.strerror}); a LeWorldModel has config.json beside its weights") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"configuration {file} is not JSON ({error})") from None
    # Files that Hydra wrote may have the model one level down.
    content = content.get("model", content) if isinstance(content, Mapping) else content
    for section in ("encoder", "predictor", "action_encoder"):
        if not isinstance(content, Mapping) or not isinstance(content.get(section), Mapping):
            raise ValueError(f"configuration {file}: {section} is missing; a LeWorldModel's has encoder, predictor and action_encoder")
    return dict(content)


def derive(tensors: Mapping[str, Tensor], content: Mapping[str, Mapping]) -> Config:
    """The sizes that the tensors show, completed by config.json. Raises ValueError where the two contradict each other or nothing says a size."""
    shapes = Shapes(tensors, "weights", "this is no LeWorldModel checkpoint")
    encoder, predictor, action = (content[name] for name in ("encoder", "predictor", "action_encoder"))
    size = encoder.get("size", "tiny")
    if size not in SIZES:
        raise ValueError(f"configuration: encoder.size is {size!r}: must be one of {', '.join(SIZES)}")
    for field, wanted in (("hidden_act", "gelu"), ("qkv_bias", True)):
        if encoder.get(field, wanted) != wanted:
            raise ValueError(f"configuration: encoder.{field} is {encoder[field]!r}; only {wanted!r} is known")
    projection = shapes.of("encoder.embeddings.patch_embeddings.projection.weight", 4)
    width, patch = projection[0], projection[2]
    patches = shapes.of("encoder.embeddings.position_embeddings", 3)[1] - 1
    image_size = positive("encoder.image_size", encoder.get("image_size", 224))
    if image_size % patch or (image_size // patch) ** 2 != patches:
        raise ValueError(f"configuration: encoder.image_size is {image_size}, the tensors have {patches} patches of {patch} pixels")
    depth = shapes.count("encoder.layers.")
    defaults = SIZES[size]
    heads = positive("encoder.num_attention_heads", encoder.get("num_attention_heads", defaults[2]))
    if width % heads:
        raise ValueError(f"configuration: encoder has {heads} heads, which do not divide its width, {width}: give encoder.num_attention_heads")
    window, embed = shapes.of("predictor.pos_embedding", 3)[1:]
    predictor_depth = shapes.count("predictor.transformer.layers.")
    first = "predictor.transformer.layers.0."
    if "heads" not in predictor:
        raise ValueError("configuration: predictor.heads is missing, and the tensors do not show it")
    inner = shapes.of(f"{first}attn.to_qkv.weight", 2)[0] // 3
    predictor_heads, head = positive("predictor.heads", predictor["heads"]), positive("predictor.dim_head", predictor.get("dim_head", HEAD))
    if predictor_heads * head != inner:
        raise ValueError(f"configuration: predictor has {predictor_heads} heads of {head}, the tensors have {inner} numbers for all heads")
    predictor_width = shapes.of("predictor.transformer.norm.weight", 1)[0]
    output = tensors.get("predictor.transformer.output_proj.weight")
    hidden_of_action, smoothed = shapes.of("action_encoder.embed.0.weight", 2)
    config = Config(
        image_size=image_size, patch=patch, width=width, depth=depth, heads=heads, hidden=shapes.of("encoder.layers.0.mlp.fc1.weight", 2)[0],
        epsilon=float(encoder.get("layer_norm_eps", 1e-12)), embed=embed, window=window, predictor_width=predictor_width,
        predictor_output=predictor_width if output is None else output.shape[0], predictor_depth=predictor_depth, predictor_heads=predictor_heads, predictor_head=head,
        predictor_hidden=shapes.of(f"{first}mlp.net.1.weight", 2)[0], action=shapes.of("action_encoder.patch_embed.weight", 3)[1], smoothed=smoothed,
        action_hidden=hidden_of_action, action_embed=shapes.of("action_encoder.embed.2.weight", 2)[0])
    said = {
        "encoder.patch_size": (encoder.get("patch_size"), patch), "encoder.hidden_size": (encoder.get("hidden_size"), width),
        "encoder.num_hidden_layers": (encoder.get("num_hidden_layers"), depth), "encoder.intermediate_size": (encoder.get("intermediate_size"), config.hidden),
        "predictor.num_frames": (predictor.get("num_frames"), window), "predictor.input_dim": (predictor.get("input_dim"), embed),
        "predictor.hidden_dim": (predictor.get("hidden_dim"), predictor_width), "predictor.output_dim": (predictor.get("output_dim"), config.predictor_output),
        "predictor.depth": (predictor.get("depth"), predictor_depth), "predictor.mlp_dim": (predictor.get("mlp_dim"), config.predictor_hidden),
        "action_encoder.input_dim": (action.get("input_dim"), config.action), "action_encoder.emb_dim": (action.get("emb_dim"), config.action_embed),
    }
    # Only where a size is not given one by one does its name stand for all.
    if "hidden_size" not in encoder:
        said["encoder.size"] = (size if defaults[:2] != (width, depth) else None, f"{width} wide with {depth} layers")
    for field, (value, shown) in said.items():
        # Hydra leaves ??? for what training fills in.
        if value is not None and value != "???" and value != shown:
            raise ValueError(f"configuration: {field} is {value}, the checkpoint's tensors have {shown}")
    return config
