"""The frozen encoders that JEPA-WMs are trained on: which one a file has is read off its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bundle.checkpoint import load_parameters, read_torch_file, tensors_of
from bundle.sizes import Shapes
from dino_wm.dinov2 import DinoV2
from dino_wm.dinov2 import derive as derive_dinov2
from vjepa2_ac.config import HEADS as VJEPA_HEADS
from vjepa2_ac.encoder import MEAN, STD
from vjepa2_ac.encoder import Encoder as VJepa2
from vjepa2_ac.graphs import EncoderGraph as VJepa2Graph

from .dinov3 import LEFT_OUT, DinoV3
from .dinov3 import derive as derive_dinov3

PREFIXES = ("module.", "backbone.", "base_model.")
# Of a V-JEPA 2 checkpoint, in the order of the authors' default.
VJEPA_KEYS = ("target_encoder", "encoder")
IMAGE_SIZES = {"dinov2": 224, "dinov3": 256, "vjepa2": 256}


@dataclass(frozen=True)
class VJepa2Config:
    """What vjepa2_ac's encoder asks of its configuration, for pictures that are repeated to one tubelet."""

    rows: int
    columns: int
    patch: int
    tubelet: int
    width: int
    depth: int
    heads: int
    hidden: int
    gated: bool
    normalize_reps: bool

    @property
    def patches(self) -> int:
        return self.rows * self.columns

    @property
    def latent(self) -> int:
        return self.patches * self.width


@dataclass(frozen=True)
class Frozen:
    """An encoder as a graph, `pixels` uint8 [batch, H, W, 3] to `latent` [batch, patches * width], and its sizes."""

    graph: nn.Module
    kind: str
    image_size: int
    patch: int
    width: int
    depth: int
    left_out: list[str]

    @property
    def patches(self) -> int:
        return (self.image_size // self.patch) ** 2


class PatchGraph(nn.Module):
    """Normalisation and one of DINO's encoders, with the constants that follow from the picture's size."""

    def __init__(self, encoder: nn.Module, constants: tuple[Tensor, ...], mean: tuple[float, ...], std: tuple[float, ...], normalize_reps: bool) -> None:
        super().__init__()
        self.encoder, self.normalize_reps, self.count = encoder, normalize_reps, len(constants)
        self.register_buffer("mean", 255 * torch.tensor(mean))
        self.register_buffer("std", 255 * torch.tensor(std))
        for i, constant in enumerate(constants):
            self.register_buffer(f"constant{i}", constant.detach().clone())

    def forward(self, pixels: Tensor) -> Tensor:
        tokens = self.encoder((pixels.float() - self.mean) / self.std, *(getattr(self, f"constant{i}") for i in range(self.count)))
        if self.normalize_reps:
            tokens = F.layer_norm(tokens, (tokens.shape[-1],))
        return tokens.flatten(1)


def load_encoder(file: Path, given: Mapping[str, object], normalize: tuple[tuple[float, ...], tuple[float, ...]]) -> Frozen:
    """The encoder of `file`. `given` are the overrides of a configuration file. Raises ValueError, one line, for whatever does not fit."""
    tensors = encoder_tensors(file, given.get("encoder_key"))
    first = tensors.get("patch_embed.proj.weight")
    if first is None or first.dim() not in (4, 5):
        raise ValueError(f"encoder: missing or mis-shaped: patch_embed.proj.weight; {file} is none of DINOv2, DINOv3 and V-JEPA 2")
    kind = "vjepa2" if first.dim() == 5 else "dinov3" if "rope_embed.periods" in tensors else "dinov2"
    side, patch = given.get("image_size") or IMAGE_SIZES[kind], first.shape[-1]
    for name, said, shown in (("width", given.get("width"), first.shape[0]), ("patch", given.get("patch"), patch)):
        if said is not None and said != shown:
            raise ValueError(f"configuration: {name} is {said}, the encoder's tensors have {shown}")
    if side % patch:
        raise ValueError(f"configuration: image_size is {side}: patches of {patch} pixels must fill it; give another one with --config")
    return {"vjepa2": _vjepa2, "dinov3": _dinov3, "dinov2": _dinov2}[kind](tensors, side, given, normalize)


def encoder_tensors(file: Path, key: object) -> dict[str, Tensor]:
    """A state dict, or that under `key` (default: the first of the known keys) of a checkpoint with several."""
    content = read_torch_file(file)
    if not isinstance(content, Mapping):
        raise ValueError(f"{file} holds a {type(content).__name__}: must be an encoder's state dict")
    # The authors' files name a key also for encoders that are saved without one.
    plain = all(isinstance(value, Tensor) for value in content.values())
    if key is not None and key not in content and not plain:
        raise ValueError(f"{file} has no {key} (it has {', '.join(map(str, list(content)[:6]))}): give another encoder_key with --config")
    found = None if plain else key or next((name for name in VJEPA_KEYS if isinstance(content.get(name), Mapping)), None)
    return tensors_of(content if found is None else content[found], "encoder", PREFIXES)


def _dinov2(tensors: dict[str, Tensor], side: int, given: Mapping[str, object], normalize: tuple) -> Frozen:
    grid = side // tensors["patch_embed.proj.weight"].shape[-1]
    config = derive_dinov2(tensors, grid, given.get("heads"))
    encoder = _loaded(DinoV2, config, tensors)
    graph = PatchGraph(encoder, (encoder.positions(),), *normalize, given.get("normalize_reps") or False)
    return Frozen(graph, "dinov2", side, config.patch, config.width, config.depth, [])


def _dinov3(tensors: dict[str, Tensor], side: int, given: Mapping[str, object], normalize: tuple) -> Frozen:
    config = derive_dinov3(tensors, side)
    if given.get("heads") not in (None, config.heads):
        raise ValueError(f"configuration: heads is {given['heads']}, the encoder's tensors have {config.heads}")
    left_out = [name for name in tensors if name.startswith(LEFT_OUT)]
    encoder = _loaded(DinoV3, config, {name: tensor for name, tensor in tensors.items() if name not in left_out})
    graph = PatchGraph(encoder, encoder.rotation(), *normalize, given.get("normalize_reps") or False)
    return Frozen(graph, "dinov3", side, config.patch, config.width, config.depth, left_out)


def _vjepa2(tensors: dict[str, Tensor], side: int, given: Mapping[str, object], normalize: tuple) -> Frozen:
    shapes = Shapes(tensors, "encoder", "give V-JEPA 2's weights")
    width, _, tubelet, patch, _ = shapes.of("patch_embed.proj.weight", 5)
    heads = given.get("heads") or VJEPA_HEADS.get(width)
    if heads is None or width % heads:
        raise ValueError(f"the tensors do not show how many heads an encoder of width {width} has: give heads, which divides it, with --config")
    if given.get("normalize_reps") is None:
        raise ValueError("the tensors do not show whether the patches of V-JEPA 2 were normalised in training: give normalize_reps, true or false, with --config")
    if given.get("encoder_rope") is False:
        raise ValueError("configuration: encoder_rope is false; of V-JEPA only those with rotary positions are known")
    if normalize != (MEAN, STD):
        raise ValueError(f"configuration: normalize is {list(map(list, normalize))}; V-JEPA 2 takes pictures with ImageNet's mean and deviation")
    grid = side // patch
    config = VJepa2Config(rows=grid, columns=grid, patch=patch, tubelet=tubelet, width=width, heads=heads, hidden=shapes.of("blocks.0.mlp.fc1.weight", 2)[0],
                          depth=shapes.count("blocks."), gated="blocks.0.mlp.fc3.weight" in tensors,
                          normalize_reps=given["normalize_reps"])
    # Left over from training without rotary positions; the authors' loader drops it as well.
    left_out = [name for name in tensors if name == "pos_embed"]
    encoder = _loaded(VJepa2, config, {name: tensor for name, tensor in tensors.items() if name not in left_out})
    return Frozen(VJepa2Graph(encoder), "vjepa2", side, patch, width, config.depth, left_out)


def _loaded(kind: type[nn.Module], config: object, tensors: dict[str, Tensor]) -> nn.Module:
    with torch.device("meta"):
        encoder = kind(config)
    load_parameters(encoder, tensors, "encoder")
    return encoder
