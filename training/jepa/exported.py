"""The exported world model as a PyTorch module: training's architecture with the weights of the bundle's ONNX files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .build import MAX_OPENING_M
from .config import Config
from .fast_graphs import FastRolloutGraph
from .model import ACTION, STATE, Context, Encoder, ResidualBlock, WorldModel, normalised

# What the arranged roll-out has summed into weights of its own, and does without.
ARRANGED = ("model.predictor.enter.weight", "model.predictor.blocks.0.modulation.", "model.predictor.blocks.1.modulation.", "model.value.network.0.")


class ExportedModel:
    """Encoder and roll-out of the bundle in `folder`, as the training code has them. Raises ValueError, one line, for a bundle of another architecture."""

    def __init__(self, folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        known = {field.name for field in dataclasses.fields(Config)}
        given = manifest.get("training", {}).get("config", {})
        if not set(given) <= known:
            raise ValueError(f"{folder}: training.config has {', '.join(sorted(set(given) - known))}; only bundles of training/export.py can be taken back into PyTorch")
        self.action_low, self.action_high = (torch.tensor(manifest["action"][end]) for end in ("low", "high"))
        self.horizon, self.encoder_side = manifest["horizon"], manifest["image"]["height"]
        model = WorldModel(
            Config.from_dict(given), image_size=manifest["image"]["height"], period_s=manifest["action"]["period_s"], state_mean=torch.zeros(STATE), state_std=torch.zeros(STATE),
            action_low=torch.zeros(ACTION), action_high=torch.zeros(ACTION), workspace_low=torch.zeros(3), workspace_high=torch.zeros(3), max_opening_m=MAX_OPENING_M)
        rollout = tensors(folder / "rollout.onnx")
        # The tracer found it equal to this one and kept one of the two.
        rollout["model.predictor.action_scale"] = rollout["model.action_high"]
        # The arranged graph, as it is exported: the loops of the peers get the faster of the two, too.
        graph = FastRolloutGraph(model)
        fill(graph, rollout, but=("model.encoder.", "model.policy.", *ARRANGED))
        fill(model.encoder, {name.removeprefix("encoder."): tensor for name, tensor in tensors(folder / "encoder.onnx").items()}, but=("stem.", "blocks.", "context.down", "context.blocks."))
        fill_convolutions(model.encoder, folder / "encoder.onnx")
        model.requires_grad_(False).eval()
        self.encoder, self.rollout = model.encoder, graph

    def encode(self, pixels: Tensor) -> Tensor:
        """uint8 [batch, H, W, 3] to [batch, D]."""
        return self.encoder.read(self.encoder.features(normalised(pixels)))


@torch.no_grad()
def trainable_encoder(folder: Path, pictures: Tensor) -> Encoder:
    """The encoder of the bundle in `folder` as it was before its batch norms were folded away, up to their statistics, which are those of `pictures` (uint8 [N, H, W, 3]):
    the same numbers in evaluation, and in training about the same. Raises ValueError for a bundle of another architecture or pictures of another size.
    """
    model = ExportedModel(folder)
    encoder, side = model.encoder, model.encoder_side
    if pictures.shape[1:3] != (side, side):
        raise ValueError(f"{folder} takes pictures of {side} pixels, the data has {pictures.shape[1]} x {pictures.shape[2]}")
    seen: dict[nn.Module, Tensor] = {}
    pairs = folded_norms(encoder)
    hooks = [convolution.register_forward_hook(lambda module, _, out: seen.update({module: out})) for convolution, _ in pairs]
    encoder.features(normalised(pictures))
    for hook in hooks:
        hook.remove()
    for convolution, norm in pairs:
        variance, mean = torch.var_mean(seen[convolution], (0, 2, 3))
        norm.bias.data.add_(mean)
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
    return encoder.requires_grad_(True).train()


def tensors(file: Path) -> dict[str, Tensor]:
    return {entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy()) for entry in onnx.load(str(file)).graph.initializer}


def fill(module: nn.Module, found: dict[str, Tensor], but: tuple[str, ...]) -> None:
    """Gives all parameters and buffers, but those whose names begin with one of `but`, the tensor of their (first) name."""
    stored = module.state_dict()
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if name not in stored or name.startswith(but) or name.endswith("num_batches_tracked"):
            continue
        if name not in found or found[name].shape != value.shape:
            raise ValueError(f"the bundle has no {name} of shape {list(value.shape)}: it is of another version of training/")
        value.data.copy_(found[name])


def folded_norms(encoder: Encoder) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Convolutions and the norms that export folds into them, in the order of the graph."""
    pairs = [(encoder.stem[0], encoder.stem[1]), *(pair for block in encoder.blocks for pair in pairs_of(block))]
    if isinstance(encoder.context, Context):
        pairs += [(encoder.context.down, encoder.context.down_norm), *(pair for block in encoder.context.blocks for pair in pairs_of(block))]
    return pairs


def pairs_of(block: ResidualBlock) -> tuple[tuple[nn.Conv2d, nn.BatchNorm2d], ...]:
    return (block.first, block.first_norm), (block.second, block.second_norm)


def fill_convolutions(encoder: Encoder, file: Path) -> None:
    """Export folds each batch norm into its convolution, which then has a name of its own: they are taken in the order of the graph, and the norms become additions."""
    graph, found = onnx.load(str(file)).graph, tensors(file)
    pairs = folded_norms(encoder)
    folded = [node for node in graph.node if node.op_type == "Conv" and not node.input[1].startswith("encoder.")]
    if len(folded) != len(pairs):
        raise ValueError(f"{file.name} has {len(folded)} folded convolutions, the architecture {len(pairs)}: it is of another version of training/")
    for node, (convolution, norm) in zip(folded, pairs):
        convolution.weight.data.copy_(found[node.input[1]])
        norm.bias.data.copy_(found[node.input[2]])
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.data.fill_(1)
