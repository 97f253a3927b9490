"""The arranged graphs are the plain ones: every output, every committed step, any model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from bundle.product_shapes import note_product_shapes
from conftest import shake
from jepa.build import new_model
from jepa.fast_graphs import FastProposalGraph, FastRolloutGraph
from jepa.graphs import ProposalGraph, RolloutGraph
from jepa.model import ACTION

COUNT = 64


@pytest.fixture
def scene(model):
    shake(model)
    random = torch.Generator().manual_seed(7)
    low, high, horizon = model.action_low, model.action_high, model.config.rollout
    return {"latent": torch.randn(1, model.latent_size, generator=random), "state": torch.tensor([[0.5, 0.05, 0.15, 0.06, 0.1, 0, -0.05]]),
            # Beyond the box, too: both graphs keep actions in it.
            "actions": low + (high - low) * (1.4 * torch.rand(COUNT, horizon, ACTION, generator=random) - 0.2), "goal": torch.randn(1, model.latent_size, generator=random),
            "noise": torch.randn(COUNT, horizon, ACTION, generator=random)}


@torch.no_grad()
def test_roll_outs_are_the_same(model, scene):
    given = [scene[name] for name in ("latent", "state", "actions", "goal")]
    plain, fast = RolloutGraph(model)(*given), FastRolloutGraph(model)(*given)
    assert len(plain) == len(fast) == 6
    for wanted, found in zip(plain, fast):
        assert wanted.shape == found.shape and (wanted.numel() == 1 or wanted.std() > 0)
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_history_is_not_written(config, episodes):
    with pytest.raises(ValueError, match="history 2 is not written as a graph; train with --history 1"):
        FastRolloutGraph(new_model(replace(config, history=2), episodes))


@torch.no_grad()
@pytest.mark.parametrize("decided", [0, 1, 3, 5])
@pytest.mark.parametrize("logit", [None, 0.0])
def test_proposals_are_the_same(model, scene, decided, logit):
    if logit is not None:
        # A policy without an opinion of the gripper: noise alone decides, and it would change over at every step.
        model.policy.network[-1].weight[3] = 0
        model.policy.network[-1].bias[3] = logit
    horizon = model.config.rollout
    committed = scene["actions"][0].clamp(model.action_low, model.action_high)
    given = [scene["latent"], scene["state"], scene["goal"], committed, (torch.arange(horizon) < decided).float(), scene["noise"]]
    plain, fast = ProposalGraph(model)(*given), FastProposalGraph(model)(*given)
    torch.testing.assert_close(fast, plain, atol=1e-5, rtol=1e-5)
    assert (plain[:, :, 3] != plain[:, :1, 3]).any() or decided == horizon


def test_the_graph_says_how_many_rows_its_products_have(model, scene, tmp_path):
    given = tuple(scene[name] for name in ("latent", "state", "actions", "goal"))
    torch.onnx.export(FastRolloutGraph(model).eval(), given, tmp_path / "g.onnx", input_names=["latent", "state", "actions", "goal"], output_names=["energy", "start_energy", "a", "b", "c", "d"],
                      dynamic_axes={name: {0: "candidates"} for name in ("actions", "energy", "a", "b", "c", "d")}, opset_version=18, dynamo=False)
    note_product_shapes(tmp_path / "g.onnx", "actions", "candidates")
    shapes = {value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim] for value in onnx.load(tmp_path / "g.onnx").graph.value_info}
    horizon, width = model.config.rollout, model.config.predictor_width
    assert sum(shape == ["candidates", width] for shape in shapes.values()) >= horizon
    assert [f"{horizon}*candidates", model.latent_size] in shapes.values()
    assert np.prod([len(shape) for shape in shapes.values()]) == 2 ** len(shapes)
