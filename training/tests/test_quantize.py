"""8-bit variants of a bundle: which products, the same function, and refused where they choose otherwise."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import quantize
from bundle.agreement import Agreement, objective
from bundle.quantise import products_of_gemms, quantise
from bundle.scenes import Scenes, draw_scenes, read_episodes

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "arm-objects-jepa"


def chain(steps: int = 3, width: int = 32) -> onnx.ModelProto:
    """`x` [n, width] through one shared Gemm with a transposed weight, a ReLU after each, and a Gemm with a weight as it is."""
    random = np.random.default_rng(0)
    weights = {"w": random.normal(0, width**-0.5, (width, width)), "b": random.normal(0, 0.1, width), "last": random.normal(0, width**-0.5, (width, 4))}
    nodes, name = [], "x"
    for step in range(steps):
        nodes += [helper.make_node("Gemm", [name, "w", "b"], [f"g{step}"], name=f"gemm{step}", transB=1), helper.make_node("Relu", [f"g{step}"], [f"r{step}"], name=f"relu{step}")]
        name = f"r{step}"
    nodes.append(helper.make_node("Gemm", [name, "last"], ["y"], name="leave"))
    graph = helper.make_graph(nodes, "chain", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
                              [numpy_helper.from_array(value.astype(np.float32), key) for key, value in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def run(model: onnx.ModelProto | Path, x: np.ndarray) -> np.ndarray:
    given = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_gemms_become_products_and_a_shared_weight_is_turned_once(steps):
    x = np.random.default_rng(1).normal(size=(5, 32)).astype(np.float32)
    model = chain(steps)
    wanted = run(model, x)
    products_of_gemms(model)
    assert {node.op_type for node in model.graph.node} == {"MatMul", "Add", "Relu"}
    assert sorted(tensor.name for tensor in model.graph.initializer) == ["b", "last", "w.transposed"]
    np.testing.assert_allclose(run(model, x), wanted, atol=1e-6)


@pytest.mark.parametrize("mode", ["dynamic", "static"])
@pytest.mark.parametrize(("exact", "products"), [((), 4), (("last",), 3)])
def test_products_get_weights_of_8_bits(mode, exact, products, tmp_path):
    onnx.save(chain(), tmp_path / "wide.onnx")
    x = np.random.default_rng(1).normal(size=(50, 32)).astype(np.float32)
    assert quantise(tmp_path / "wide.onnx", tmp_path / "g.onnx", mode, [{"x": x}], exact) == products
    small = [tensor for tensor in onnx.load(tmp_path / "g.onnx").graph.initializer if tensor.data_type == TensorProto.INT8 and np.prod(tensor.dims) > 32]
    assert len(small) == (1 if exact else 2), "what is shared stays shared"
    wanted, found = run(tmp_path / "wide.onnx", x), run(tmp_path / "g.onnx", x)
    assert 0 < np.abs(found - wanted).max() < 0.1 * np.abs(wanted).max()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.onnx", "wide.onnx"]


def test_nothing_left_to_quantise_is_refused(tmp_path):
    onnx.save(chain(), tmp_path / "wide.onnx")
    with pytest.raises(ValueError, match="wide.onnx has no product with a weight left to quantise: give fewer --exact"):
        quantise(tmp_path / "wide.onnx", tmp_path / "g.onnx", "dynamic", [], ("w", "last"))


def test_scenes_start_before_their_goals():
    images = np.arange(3 * 7, dtype=np.uint8).reshape(3, 7, 1, 1, 1) * np.ones((1, 1, 4, 4, 3), np.uint8)
    states = images[..., 0, 0, :1].astype(np.float32)
    scenes = draw_scenes((images, states), 40, (4, 4))
    starts, goals = scenes.starts[:, 0, 0, 0].astype(int), scenes.goals[:, 0, 0, 0].astype(int)
    assert (starts < goals).all() and (starts // 7 == goals // 7).all() and len(set(starts)) > 10
    assert np.array_equal(scenes.states[:, 0], starts)
    assert len(scenes.part(10, 25)) == 15


def test_the_search_s_objective():
    energy = np.array([[1.0, 3.0], [5.0, 1.0]])
    assert objective(energy, {}).tolist() == [3, 1]
    assert objective(energy, {"planning": {"path_weight": 0.5}}).tolist() == [4, 2.5]


def agreeing(**changes) -> Agreement:
    return Agreement(**{"candidates": 256, "scenes": 2, "rank_correlation_min": 0.99, "rank_correlation_median": 1.0, "top": 26, "top_overlap_min": 0.9, "near_rank_correlation_min": 0.5,
                        "near_rank_correlation_median": 0.9, "latent_max_difference": 0.0, "energy_max_difference": 0.1, "energy_median": 1.0, **changes})


def test_what_speaks_against_a_variant():
    assert agreeing().faults() == []
    assert agreeing(rank_correlation_min=0.97).faults() == ["ranks agree by 0.9700 (Spearman), less than 0.98"]
    assert agreeing(top_overlap_min=0.7).faults() == ["70 % of the best 26 candidates are the same, less than 80 %"]
    assert len(agreeing(rank_correlation_min=float("nan"), top_overlap_min=float("nan")).faults()) == 2


@pytest.fixture
def trajectory(tmp_path):
    """Pictures of noise: what the shipped encoder makes of them is unlike any scene, and the arithmetic is the same."""
    random = np.random.default_rng(3)
    coarse = random.uniform(0, 255, (12, 6, 6, 3))
    pictures = coarse.repeat(16, 1).repeat(16, 2).astype(np.uint8)
    states = np.tile(np.array([0.5, 0, 0.2, 0.08, 0, 0, 0], np.float32), (12, 1))
    np.savez(tmp_path / "t.npz", observations=pictures, states=states)
    return tmp_path / "t.npz"


def arguments(trajectory: Path, out: Path, **changes) -> argparse.Namespace:
    return argparse.Namespace(**{"bundle": SHIPPED, "out": out, "data": None, "trajectory": trajectory, "mode": "dynamic", "graphs": "rollout", "exact": [], "convolutions": False, "scenes": 2,
                                 "force": True, **changes})


def test_a_variant_of_the_shipped_bundle(trajectory, tmp_path):
    out = tmp_path / "variant"
    quantize.run(arguments(trajectory, out, graphs="rollout,proposal"))
    before, after = (json.loads((folder / "manifest.json").read_text()) for folder in (SHIPPED, out))
    assert after["name"] == "variant" and after["planning"] == before["planning"]
    record = after["training"]["quantised"]
    assert record["from"]["files"]["rollout.onnx"] == before["files"]["rollout.onnx"]["sha256"]
    assert record["products"].keys() == {"rollout.onnx", "proposal.onnx"} and min(record["products"].values()) > 50
    assert after["files"]["encoder.onnx"] == before["files"]["encoder.onnx"]
    assert 2 * after["files"]["rollout.onnx"]["bytes"] < before["files"]["rollout.onnx"]["bytes"]
    assert record["agreement"]["energy_max_difference"] > 0 and record["agreement"]["rank_correlation_median"] > 0.9


def test_a_variant_that_ranks_otherwise_is_not_written(trajectory, tmp_path, monkeypatch):
    monkeypatch.setattr("bundle.ranks.SMALLEST", {"int8": (1.1, 0.0)})
    with pytest.raises(ValueError, match=r"ranks agree by .* less than 1.1: nothing was written; keep some products with --exact"):
        quantize.run(arguments(trajectory, tmp_path / "variant", force=False))
    assert not (tmp_path / "variant").exists()


def test_what_cannot_be(trajectory, tmp_path):
    with pytest.raises(ValueError, match="is no bundle"):
        quantize.run(arguments(trajectory, tmp_path / "variant", bundle=tmp_path))
    with pytest.raises(ValueError, match="--out is the bundle itself"):
        quantize.run(arguments(trajectory, SHIPPED))
    with pytest.raises(ValueError, match="--graphs has policy, the bundle has encoder, rollout, proposal"):
        quantize.run(arguments(trajectory, tmp_path / "variant", graphs="policy"))
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy)
    (copy / "rollout.onnx").write_bytes(b"x")
    with pytest.raises(ValueError, match="is not the file that the manifest lists"):
        quantize.run(arguments(trajectory, tmp_path / "variant", bundle=copy))
    with pytest.raises(ValueError, match="the data has states of 7 values, the bundle's have 3"):
        read_episodes(None, trajectory, 3)
    assert Scenes(np.zeros(2), np.zeros(2), np.zeros(2)).part(0, 1).starts.shape == (1,)
