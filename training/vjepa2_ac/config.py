"""The sizes of a V-JEPA 2-AC model: read off the checkpoint's tensors where they show, from a configuration file where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bundle.settings import read_settings
from bundle.sizes import Shapes, positive

# Heads of the authors' models by the encoder's width: tensors do not show them. 1408 is ViT-g, of the two variants the one that was published.
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1408: 22, 1664: 26}
PREDICTOR_HEADS = 16
IMAGE_SIZE, FRAMES, ACTION = 256, 64, 7

# What a configuration file may say: our name for it, and the names the authors' code and training files have.
NAMES = {
    "image_size": ("img_size", "crop_size"),
    "patch": ("patch_size",),
    "tubelet": ("tubelet_size",),
    "frames": ("num_frames", "max_num_frames"),
    "width": ("embed_dim", "encoder_embed_dim", "encoder_width"),
    "depth": ("encoder_depth", "enc_depth"),
    "heads": ("num_heads", "encoder_heads", "encoder_num_heads"),
    "mlp_ratio": (),
    "predictor_width": ("predictor_embed_dim", "pred_embed_dim"),
    "predictor_depth": ("pred_depth",),
    "predictor_heads": ("pred_num_heads", "predictor_num_heads"),
    "action": ("action_embed_dim", "action_dim"),
    "use_extrinsics": (),
    "extrinsics": (),
    "gated": ("use_silu", "use_SiLU"),
    "predictor_gated": ("use_pred_silu",),
    "normalize_reps": (),
    "use_rope": (),
    "is_frame_causal": ("pred_is_frame_causal",),
}
ALIASES = {alias: name for name, aliases in NAMES.items() for alias in (name, *aliases)}
# A section of its own may use the short names; `predictor: {depth: 2}` is the predictor's.
SECTIONS = {"encoder": "", "predictor": "predictor_"}
# Sections of the authors' training files: what is known in the first is read, the rest says nothing about the model's shape.
READ_SECTIONS, OTHER_SECTIONS = ("model", "data", "loss"), ("app", "data_aug", "meta", "optimization", "folder", "nodes", "tasks_per_node", "cpus_per_task", "mem_per_gpu")
# Known to the authors' code and without meaning for the shape or the result.
IGNORED = ("model_name", "uniform_power", "use_sdpa", "use_activation_checkpointing", "wide_silu", "wide_SiLU", "qkv_bias", "init_std")


@dataclass(frozen=True)
class Config:
    """Sizes in pixels, tokens and numbers; `frames` is how many tubelets the predictor was made for."""

    height: int
    image_width: int
    patch: int
    tubelet: int
    frames: int
    width: int
    depth: int
    heads: int
    hidden: int
    gated: bool
    predictor_width: int
    predictor_depth: int
    predictor_heads: int
    predictor_hidden: int
    predictor_gated: bool
    action: int
    use_extrinsics: bool
    normalize_reps: bool
    extrinsics: tuple[float, ...] | None = None

    @property
    def rows(self) -> int:
        return self.height // self.patch

    @property
    def columns(self) -> int:
        return self.image_width // self.patch

    @property
    def patches(self) -> int:
        return self.rows * self.columns

    @property
    def conditions(self) -> int:
        """Tokens before a frame's patches."""
        return 3 if self.use_extrinsics else 2

    @property
    def latent(self) -> int:
        return self.patches * self.width


def read_config(file: Path | None) -> dict:
    """What a JSON or YAML file overrides, under our names. Raises ValueError for a file that cannot be read or a field nobody knows."""
    if file is None:
        return {}
    return overrides(read_settings(file, "img_size, num_heads, predictor_num_heads"))


def overrides(content: Mapping) -> dict:
    """The fields of a configuration under our names, sections taken apart."""
    found: dict[str, object] = {}

    def take(key: str, value: object, prefix: str = "") -> None:
        # The predictor's own embed_dim is the width of the latents it takes, and its mlp_ratio shows in its tensors.
        own = None if key == "embed_dim" else ALIASES.get(prefix + ALIASES.get(key, key)) or ALIASES.get(prefix + key)
        name = own or (None if prefix and key == "mlp_ratio" else ALIASES.get(key))
        if name is None and key not in (*IGNORED, "mlp_ratio"):
            raise ValueError(f"configuration: {key} is not a field; fields are {', '.join(NAMES)}")
        if name is None or value is None:
            return
        if name in found and found[name] != value:
            raise ValueError(f"configuration: {name} is given as {found[name]} and as {value} ({key})")
        found[name] = value

    for key, value in content.items():
        if key in SECTIONS and isinstance(value, Mapping):
            for inner, what in value.items():
                take(inner, what, SECTIONS[key])
        elif key in READ_SECTIONS and isinstance(value, Mapping):
            for inner, what in value.items():
                if inner in ALIASES:
                    take(inner, what)
        elif key not in OTHER_SECTIONS:
            take(key, value)
    return found


def derive(encoder: Mapping[str, Tensor], predictor: Mapping[str, Tensor], given: Mapping[str, object]) -> Config:
    """The sizes that the tensors show, completed by `given`. Raises ValueError where the two contradict each other or nothing says a size."""
    given = dict(given)
    otherwise = "this is no V-JEPA 2-AC checkpoint"
    of_encoder, of_predictor = Shapes(encoder, "encoder", otherwise), Shapes(predictor, "predictor", otherwise)
    patch = of_encoder.of("patch_embed.proj.weight", 5)
    width, _, tubelet, side, _ = patch
    if patch[1] != 3 or side != patch[4]:
        raise ValueError(f"encoder: patch_embed.proj.weight is {list(patch)} and must be [width, 3, tubelet, patch, patch]")
    predictor_width = of_predictor.of("predictor_embed.weight", 2)[0]
    shown = {
        "patch": side, "tubelet": tubelet, "width": width, "depth": of_encoder.count("blocks."),
        "gated": "blocks.0.mlp.fc3.weight" in encoder,
        "predictor_width": predictor_width, "predictor_depth": of_predictor.count("predictor_blocks."),
        "predictor_gated": "predictor_blocks.0.mlp.fc3.weight" in predictor,
        "action": of_predictor.of("action_encoder.weight", 2)[1],
    }
    hidden = of_encoder.of("blocks.0.mlp.fc1.weight", 2)[0]
    for name, value in shown.items():
        said = given.pop(name, value)
        if said != value or isinstance(said, bool) != isinstance(value, bool):
            raise ValueError(f"configuration: {name} is {said}, the checkpoint's tensors have {value}")
    ratio = given.pop("mlp_ratio", None)
    if ratio is not None and not shown["gated"] and (not isinstance(ratio, (int, float)) or int(width * ratio) != hidden):
        raise ValueError(f"configuration: mlp_ratio is {ratio}, the checkpoint's tensors have {hidden} / {width}")
    for name in ("use_rope", "is_frame_causal"):
        if given.pop(name, True) is not True:
            raise ValueError(f"configuration: {name} is false; only models with rotary positions and a frame-causal predictor are known")
    if shown["action"] != ACTION:
        raise ValueError(f"predictor: action_encoder takes {shown['action']} numbers and must take {ACTION}: x, y, z, roll, pitch, yaw, gripper")
    height, image_width = _image_size(given.pop("image_size", IMAGE_SIZE), side)
    heads = given.pop("heads", HEADS.get(width))
    if heads is None:
        raise ValueError(f"the tensors do not show how many heads an encoder of width {width} has: give num_heads with --config")
    frames = _count("frames", given.pop("frames", FRAMES))
    config = Config(
        height=height, image_width=image_width, patch=side, tubelet=tubelet, frames=max(1, frames // tubelet), width=width, depth=shown["depth"],
        heads=_heads("heads", heads, width), hidden=hidden, gated=shown["gated"], predictor_width=predictor_width, predictor_depth=shown["predictor_depth"],
        predictor_heads=_heads("predictor_heads", given.pop("predictor_heads", PREDICTOR_HEADS), predictor_width),
        predictor_hidden=of_predictor.of("predictor_blocks.0.mlp.fc1.weight", 2)[0], predictor_gated=shown["predictor_gated"], action=ACTION,
        use_extrinsics=_flag("use_extrinsics", given.pop("use_extrinsics", False)), normalize_reps=_flag("normalize_reps", given.pop("normalize_reps", True)),
        extrinsics=_extrinsics(given.pop("extrinsics", None)))
    if given:
        raise ValueError(f"configuration: {next(iter(given))} is not a field; fields are {', '.join(NAMES)}")
    return config


def _image_size(size: object, patch: int) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    if len(sides) != 2 or not all(type(side) is int and side > 0 and side % patch == 0 for side in sides):
        raise ValueError(f"configuration: image_size is {size}: must be a number of pixels, or [height, width], that patches of {patch} fill")
    return sides


def _heads(name: str, heads: object, width: int) -> int:
    if _count(name, heads) > width or width % heads:
        raise ValueError(f"configuration: {name} is {heads}: must divide the width, {width}; the tensors do not show it, so give it with --config")
    return heads


def _count(name: str, value: object) -> int:
    return positive(name, value[0] if isinstance(value, (list, tuple)) and len(set(value)) == 1 else value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"configuration: {name} is {value!r}: must be true or false")
    return value


def _extrinsics(value: object) -> tuple[float, ...] | None:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != ACTION - 1 or not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in value):
        raise ValueError(f"configuration: extrinsics is {value}: must be 6 numbers, the camera's x, y, z (m) and roll, pitch, yaw (rad) in the base frame")
    return tuple(float(number) for number in value)
