"""What a JEPA-WM's tensors do not show: from a configuration file of ours, or from the one that the authors evaluate the model with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bundle.settings import read_settings

# Our name of a field, its type, and the names that the authors' files have for it.
FIELDS: dict[str, tuple[type, tuple[str, ...]]] = {
    # Shown by the tensors: what contradicts them is refused.
    "width": (int, ("embed_dim",)),
    "patch": (int, ("patch_size",)),
    "predictor_width": (int, ("pred_embed_dim",)),
    "predictor_depth": (int, ("pred_depth",)),
    "predictor": (str, ("pred_type",)),
    # Not shown.
    "image_size": (int, ("img_size",)),
    "heads": (int, ("encoder_heads",)),
    "predictor_heads": (int, ("pred_num_heads",)),
    "head": (int, ("dim_head",)),
    "frames": (int, ("ctxt_window",)),
    "rope": (bool, ("use_rope",)),
    "causal": (bool, ()),
    "normalize_reps": (bool, ()),
    "normalize": (list, ()),
    "encoder_rope": (bool, ("enc_use_rope",)),
    "encoder_key": (str, ("pretrain_enc_ckpt_key",)),
}
ALIASES = {alias: name for name, (_, aliases) in FIELDS.items() for alias in (name, *aliases)}
# Where the authors' evaluation files have them, from the outside in; the rest of such a file does not say anything about the model.
SECTIONS = (("model_kwargs", "pretrain_kwargs", "visual_encoder"), ("model_kwargs", "pretrain_kwargs", "predictor"), ("model_kwargs", "pretrain_kwargs", "wm_encoding"),
            ("model_kwargs", "data"), ("model_kwargs", "data_aug"), ("model_kwargs", "wrapper_kwargs"))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
PREDICTORS = ("AdaLN", "vjepa2_ac", "dino_wm")


@dataclass(frozen=True)
class Config:
    """Sizes of a predictor in tokens and numbers.

    `conditioning` says how an action comes in: as a token of its frame ("token"), beside each patch ("feature"), or as scale, shift and gate of the norms ("adaln").
    `proprio_as` likewise ("none", "token", "feature"). What is `inside` is encoded by a matrix of the predictor, else by an embedding of its own.
    """

    predictor: str
    conditioning: str
    image_size: int
    patches: int
    width: int
    frames: int
    predictor_width: int
    total_width: int
    depth: int
    heads: int
    head: int
    hidden: int
    gated: bool
    rope: bool
    causal: bool
    normalize_reps: bool
    trained_frames: int
    action: int
    action_width: int
    action_inside: bool
    action_mlp: bool
    proprio: int
    proprio_as: str
    proprio_tokens: int
    proprio_width: int
    proprio_inside: bool
    proprio_mlp: bool

    @property
    def latent(self) -> int:
        return self.patches * self.width

    @property
    def conditions(self) -> int:
        """Tokens before a frame's patches."""
        return (1 if self.conditioning == "token" else 0) + self.proprio_tokens

    def to_dict(self) -> dict:
        return asdict(self)


def read_config(file: Path | None) -> dict[str, object]:
    """What a JSON or YAML file says, under our names. Raises ValueError, one line, for a file that cannot be read or a field that nobody knows."""
    if file is None:
        return {}
    content = read_settings(file, ", ".join(list(FIELDS)[5:9]))
    return authors_fields(content) if "model_kwargs" in content else own_fields(content)


def own_fields(content: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in content.items():
        if key not in ALIASES:
            raise ValueError(f"configuration: {key} is not a field; fields are {', '.join(FIELDS)}")
        _take(found, key, value)
    return found


def authors_fields(content: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in SECTIONS:
        section: object = content
        for name in path:
            section = section.get(name, {}) if isinstance(section, Mapping) else {}
        for key, value in section.items() if isinstance(section, Mapping) else ():
            if key in ALIASES:
                _take(found, key, value)
    kwargs = content["model_kwargs"]
    attention = kwargs.get("pretrain_kwargs", {}).get("attn") if isinstance(kwargs, Mapping) else None
    if isinstance(attention, Mapping):
        # Any of the three turns the mask on, which looks at frames alone; the other predictors always have it.
        found.setdefault("causal", any(isinstance(size, int) and size > 0 for size in attention.values()))
    return found


def _take(found: dict[str, object], key: str, value: object) -> None:
    name = ALIASES[key]
    kind = FIELDS[name][0]
    if value is None:
        return
    if type(value) is not kind or (kind is int and value < 1) or (name == "predictor" and value not in PREDICTORS):
        wanted = f"one of {', '.join(PREDICTORS)}" if name == "predictor" else {int: "a positive whole number", bool: "true or false", str: "a name", list: "[mean, deviation], 3 numbers each"}[kind]
        raise ValueError(f"configuration: {key} is {value!r}: must be {wanted}")
    if name in found and found[name] != value:
        raise ValueError(f"configuration: {name} is given as {found[name]} and as {value} ({key})")
    found[name] = value


def normalization(given: Mapping[str, object], predictor: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of a colour, 0 .. 1: the file's, or what the authors train that predictor with."""
    value = given.get("normalize")
    if value is None:
        return HALF if predictor == "dino_wm" else IMAGENET
    if len(value) != 2 or not all(isinstance(part, list) and len(part) == 3 and all(isinstance(number, (int, float)) for number in part) for part in value) or min(value[1]) <= 0:
        raise ValueError(f"configuration: normalize is {value!r}: must be [mean, deviation], 3 numbers each, deviations above 0")
    return tuple(map(float, value[0])), tuple(map(float, value[1]))
