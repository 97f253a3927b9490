"""Tiny checkpoints in LeWorldModel's layout (weights.pt beside config.json), with weights that a formula gives."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from vjepa2_layout import linear, weights

WIDTH, EMBED, ACTION, HIDDEN = 24, 24, 10, 32


def shapes(hidden: int = EMBED, output: int = EMBED, heads: int = 4, head: int = 8, norm: str = "batch") -> dict[str, tuple[int, ...]]:
    """Names and shapes as the published checkpoints have them. `hidden` and `output` are the predictor's, `norm` is that of the heads."""
    found = {"encoder.embeddings.cls_token": (1, 1, WIDTH), "encoder.embeddings.position_embeddings": (1, 5, WIDTH)}
    found |= linear({"encoder.embeddings.patch_embeddings.projection": (WIDTH, 3, 14, 14)})
    norms = {"encoder.layernorm": WIDTH, "predictor.transformer.norm": hidden}
    for i in range(2):
        layer = f"encoder.encoder.layer.{i}"
        found |= linear({f"{layer}.attention.attention.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")})
        found |= linear({f"{layer}.attention.output.dense": (WIDTH, WIDTH), f"{layer}.intermediate.dense": (96, WIDTH), f"{layer}.output.dense": (WIDTH, 96)})
        norms |= {f"{layer}.layernorm_before": WIDTH, f"{layer}.layernorm_after": WIDTH}
        layer, inner = f"predictor.transformer.layers.{i}", heads * head
        found |= {f"{layer}.attn.to_qkv.weight": (3 * inner, hidden)}
        if not (heads == 1 and head == hidden):
            found |= linear({f"{layer}.attn.to_out.0": (hidden, inner)})
        found |= linear({f"{layer}.mlp.net.1": (40, hidden), f"{layer}.mlp.net.4": (hidden, 40), f"{layer}.adaLN_modulation.1": (6 * hidden, hidden)})
        norms |= {f"{layer}.attn.norm": hidden, f"{layer}.mlp.net.0": hidden}
    if hidden != EMBED:
        found |= linear({"predictor.transformer.input_proj": (hidden, EMBED), "predictor.transformer.cond_proj": (hidden, EMBED)})
    if hidden != output:
        found |= linear({"predictor.transformer.output_proj": (output, hidden)})
    found |= {"predictor.pos_embedding": (1, 3, EMBED)}
    found |= linear({"action_encoder.patch_embed": (10, ACTION, 1), "action_encoder.embed.0": (4 * EMBED, 10), "action_encoder.embed.2": (EMBED, 4 * EMBED)})
    for name, enter in (("projector", WIDTH), ("pred_proj", output)):
        found |= linear({f"{name}.net.0": (HIDDEN, enter), f"{name}.net.3": (EMBED, HIDDEN)})
        if norm != "none":
            norms[f"{name}.net.1"] = HIDDEN
        if norm == "batch":
            found |= {f"{name}.net.1.running_mean": (HIDDEN,), f"{name}.net.1.running_var": (HIDDEN,), f"{name}.net.1.num_batches_tracked": ()}
    return found | {f"{name}.{part}": (size,) for name, size in norms.items() for part in ("weight", "bias")}


def checkpoint(**sizes) -> dict[str, Tensor]:
    of = shapes(**sizes)
    # In Sequentials a norm has a number for a name.
    found = weights({name: shape for name, shape in of.items() if shape}, r"norm|net\.[01]\.")
    for name in of:
        if name.endswith("running_var"):
            found[name] = 1 + 3 * found[name]
        elif name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(7)
    return found


def config(hidden: int = EMBED, output: int = EMBED, heads: int = 4, head: int = 8, **_) -> dict:
    return {
        "_target_": "stable_worldmodel.wm.lewm.LeWM",
        "encoder": {"size": "tiny", "patch_size": 14, "image_size": 28, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96,
                    "pretrained": False, "use_mask_token": False},
        "predictor": {"num_frames": 3, "input_dim": EMBED, "hidden_dim": hidden, "output_dim": output, "depth": 2, "heads": heads, "mlp_dim": 40, "dim_head": head, "dropout": 0.1},
        "action_encoder": {"input_dim": ACTION, "emb_dim": EMBED},
    }


def save(folder: Path, tensors: object = None, change: dict | None = None, **sizes) -> Path:
    """A folder with weights.pt and config.json. `change` goes into config.json, section by section."""
    content = config(**sizes)
    for section, fields in (change or {}).items():
        content[section] = {key: value for key, value in (content[section] | fields).items() if value is not None} if fields is not None else None
    torch.save(checkpoint(**sizes) if tensors is None else tensors, folder / "weights.pt")
    (folder / "config.json").write_text(json.dumps(content))
    return folder


ROBOT = {
    "action": {"kind": "ee_delta", "names": ["dx", "dy", "dz", "droll", "gripper"], "units": ["m", "m", "m", "rad", "1"], "low": [-0.04, -0.04, -0.04, -0.2, 0.0],
               "high": [0.04, 0.04, 0.04, 0.2, 1.0], "mean": [0.01, 0.0, 0.02, -0.01, 0.3], "std": [0.02, 0.03, 0.02, 0.1, 0.4], "period_s": 0.2},
    "state": {"names": ["x", "y"], "units": ["m", "m"]},
}
