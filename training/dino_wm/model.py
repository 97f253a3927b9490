"""DINO-WM's predictor and what encodes actions and proprioception; sizes and loading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bundle.checkpoint import load_parameters, read_torch_file, tensors_of
from bundle.inert import read_inert, state_dict
from bundle.sizes import Shapes
from bundle.transformer import Attention, FeedForward, frame_causal

from .dinov2 import Config as EncoderConfig
from .dinov2 import DinoV2, derive

# What the tensors do not show, as the authors train; a configuration file says otherwise.
DEFAULTS = {"img_size": 224, "num_hist": 3, "heads": None, "dim_head": 64, "num_action_repeat": 1, "num_proprio_repeat": 1, "encoder_heads": None, "decoder_scale": 16}
PREFIXES = ("module.", "base_model.")


@dataclass(frozen=True)
class Config:
    """Sizes in pixels, tokens and numbers; action and proprio are what goes in and how wide it is encoded."""

    image_size: int
    frames: int
    patches: int
    width: int
    depth: int
    heads: int
    head: int
    hidden: int
    action: int
    action_width: int
    action_repeat: int
    proprio: int
    proprio_width: int
    proprio_repeat: int
    encoder: EncoderConfig

    def to_dict(self) -> dict:
        return asdict(self)


class Layer(nn.ModuleList):
    def __init__(self, config: Config) -> None:
        super().__init__([Attention(config.width, config.heads, config.head), FeedForward(config.width, config.hidden)])


class Transformer(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.depth))

    def forward(self, x: Tensor, allowed: Tensor) -> Tensor:
        for attention, feed in self.layers:
            x = x + attention(x, allowed)
            x = x + feed(x)
        return self.norm(x)


class Predictor(nn.Module):
    """Frames [batch, T * patches, width], T up to `frames`, to those after, shaped alike; frame-causal."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.pos_embedding = nn.Parameter(torch.zeros(1, config.frames * config.patches, config.width))
        self.transformer = Transformer(config)

    def forward(self, x: Tensor) -> Tensor:
        tokens = int(x.shape[1])
        return self.transformer(x + self.pos_embedding[:, :tokens], frame_causal(tokens // self.config.patches, self.config.patches))


class Embedding(nn.Module):
    """[batch, steps, enter] to [batch, steps, leave]; saved as a convolution with a kernel of 1."""

    def __init__(self, enter: int, leave: int) -> None:
        super().__init__()
        self.patch_embed = nn.Conv1d(enter, leave, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.patch_embed.weight[:, :, 0], self.patch_embed.bias)


class DinoWM(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.predictor = DinoV2(config.encoder), Predictor(config)
        self.action_encoder, self.proprio_encoder = Embedding(config.action, config.action_width), Embedding(config.proprio, config.proprio_width)


def load(file: Path, encoder_file: Path | None, config_file: Path | None) -> DinoWM:
    """The model of `file` (modules or state dicts of predictor, action_encoder, proprio_encoder, and encoder where it was trained) and DINOv2's weights.

    Raises ValueError, one line, for whatever does not fit.
    """
    content = read_inert(file)
    parts = {}
    for part in ("predictor", "action_encoder", "proprio_encoder"):
        if part not in content:
            raise ValueError(f"{file} has no {part} (it has {', '.join(map(str, list(content)[:8]))}): a DINO-WM checkpoint has predictor, action_encoder and proprio_encoder")
        parts[part] = tensors_of(state_dict(content[part], part), part, PREFIXES)
    if encoder_file is not None:
        parts["encoder"] = tensors_of(read_torch_file(encoder_file), "encoder", PREFIXES)
    elif "encoder" in content:
        parts["encoder"] = tensors_of(state_dict(content["encoder"], "encoder"), "encoder", PREFIXES)
    else:
        raise ValueError(f"{file} has no encoder, as it was frozen: give DINOv2's weights with --encoder, such as dinov2_vits14_pretrain.pth")
    # Newer code saves the mask, which follows from the sizes.
    parts["predictor"] = {name: tensor for name, tensor in parts["predictor"].items() if not name.endswith(".bias") or tensor.dim() != 4}
    config = sizes(parts, read_config(config_file))
    with torch.device("meta"):
        model = DinoWM(config)
    for part, tensors in parts.items():
        load_parameters(getattr(model, part), tensors, part)
    return model.requires_grad_(False).eval()


def read_config(file: Path | None) -> dict:
    """What a JSON file overrides of DEFAULTS."""
    if file is None:
        return dict(DEFAULTS)
    try:
        content = json.loads(file.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"configuration {file} cannot be read as JSON ({' '.join(str(error).split())})") from None
    for name, value in content.items() if isinstance(content, Mapping) else [("the file", content)]:
        if name not in DEFAULTS or type(value) is not int or value < 1:
            raise ValueError(f"configuration {file}: {name} is {value!r}: fields are {', '.join(DEFAULTS)}, positive whole numbers")
    return DEFAULTS | content


def sizes(parts: Mapping[str, Mapping[str, Tensor]], given: Mapping[str, int | None]) -> Config:
    """The sizes that the tensors show, completed by `given`. Raises ValueError where they contradict each other."""

    predictor, actions, proprioception = (Shapes(parts[part], part, "this is no DINO-WM checkpoint") for part in ("predictor", "action_encoder", "proprio_encoder"))
    # The authors' pictures are cut so that a decoder of factor 16 fits the patches.
    grid = given["img_size"] // given["decoder_scale"]
    encoder = derive(parts["encoder"], grid, given["encoder_heads"])
    frames, patches = given["num_hist"], grid * grid
    _, positions, width = predictor.of("pos_embedding", 3)
    if positions != frames * patches:
        raise ValueError(f"configuration: {frames} frames of {patches} patches ({given['img_size']} pixels), the predictor has {positions} positions: give img_size and num_hist with --config")
    action_width, action, _ = actions.of("patch_embed.weight", 3)
    proprio_width, proprio, _ = proprioception.of("patch_embed.weight", 3)
    repeats = given["num_action_repeat"], given["num_proprio_repeat"]
    expected = encoder.width + action_width * repeats[0] + proprio_width * repeats[1]
    if width != expected:
        raise ValueError(f"configuration: patches of {encoder.width} with actions of {action_width} x {repeats[0]} and proprioception of {proprio_width} x {repeats[1]} are {expected} wide, "
                         f"the predictor {width}: give num_action_repeat and num_proprio_repeat with --config (models with tokens of their own for them are not known)")
    inner = predictor.of("transformer.layers.0.0.to_qkv.weight", 2)[0] // 3
    head = given["dim_head"]
    heads = given["heads"] or inner // head
    if heads * head != inner:
        raise ValueError(f"configuration: {heads} heads of {head}, the tensors have {inner} numbers for all heads: give heads and dim_head with --config")
    return Config(image_size=given["img_size"], frames=frames, patches=patches, width=width, depth=predictor.count("transformer.layers."), heads=heads, head=head,
                  hidden=predictor.of("transformer.layers.0.1.net.1.weight", 2)[0], action=action, action_width=action_width, action_repeat=repeats[0], proprio=proprio,
                  proprio_width=proprio_width, proprio_repeat=repeats[1], encoder=encoder)
