"""What the exporters share: ranks, pictures, the energy's scale, graphs and folders."""

from __future__ import annotations

import hashlib
import itertools
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from bundle.energies import scale
from bundle.onnx_graph import LARGEST_FILE_BYTES, _refuse_large, side_files, write_graph
from bundle.pictures import fit, made_up, with_noise
from bundle.ranks import overlap, ranks, spearman
from bundle.write import graph_entry, new_bundle, write_manifest


def test_ranks_by_slow_loops():
    values = np.array([3.0, 1.0, 3.0, -2.0, 1.0, 1.0, 9.0])
    for value, rank in zip(values, ranks(values)):
        below, same = (values < value).sum(), (values == value).sum()
        assert rank == below + (same - 1) / 2
    assert spearman(values, values**3) == pytest.approx(1)
    assert spearman(values, -values) == pytest.approx(-1)
    assert spearman(values, np.ones(7)) == 0
    assert spearman(values, np.where(values == 9, np.nan, values)) == 0
    # The textbook's formula, where no two are equal.
    a, b = np.random.default_rng(0).permutation(20), np.random.default_rng(1).permutation(20)
    assert spearman(a, b) == pytest.approx(1 - 6 * ((a - b) ** 2).sum() / (20 * 399))


def test_the_share_of_the_best():
    a = np.arange(10.0)
    assert overlap(a, a, 3) == 1
    assert overlap(a, -a, 5) == 0
    assert overlap(a, np.where(a < 1, 99, a), 4) == 0.75


@pytest.mark.parametrize(("source", "target"), [((48, 64), (16, 16)), ((64, 48), (16, 16)), ((20, 30), (16, 24)), ((31, 17), (8, 8)), ((16, 16), (16, 16))])
def test_pictures_are_brought_to_size_as_the_controller_does(source, target):
    picture = made_up(1, *source)[0]
    found = fit(picture[None], *target)[0]
    h, w = source
    height, width = target
    crop_h, crop_w = (h, round(h * width / height)) if w * height > h * width else (round(w * height / width), w)
    top, left = (h - crop_h) // 2, (w - crop_w) // 2
    for y, x in itertools.product((0, height // 2, height - 1), (0, width // 3, width - 1)):
        total = np.zeros(3)
        for i, j in itertools.product(range(crop_h), range(crop_w)):
            covered = [max(0.0, min((o + 1) * n / m, k + 1) - max(o * n / m, k)) for o, n, m, k in ((y, crop_h, height, i), (x, crop_w, width, j))]
            total += covered[0] * covered[1] * picture[top + i, left + j]
        wanted = total / (crop_h / height * crop_w / width)
        assert np.abs(found[y, x] - wanted).max() <= 0.5 + 1e-6
    assert found.shape == (height, width, 3) and found.dtype == np.uint8


def test_made_up_pictures_differ_and_noise_is_small():
    pictures = made_up(3, 32, 40)
    assert pictures.shape == (3, 32, 40, 3)
    assert np.array_equal(pictures, made_up(3, 32, 40))
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 20
    assert 0 < np.abs(with_noise(pictures).astype(int) - pictures).mean() < 4


def test_the_scale_of_an_energy():
    pictures = np.zeros((6, 2, 2, 3), np.uint8) + np.array([0, 1, 2, 100, 150, 200], np.uint8)[:, None, None, None]
    encode = lambda images: images.reshape(len(images), -1).mean(1, keepdims=True).astype(np.float64)
    energy = lambda a, b: np.abs(a - b).mean(-1)
    positions = np.array([[0, 0, 0], [0.001, 0, 0], [0.002, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])
    found = scale(encode, energy, pictures, pictures + np.uint8(1), positions)
    # Three pairs in one place, 1, 1 and 2 apart; noise of 1 asks for at least 2.
    assert (found["noise_floor"], found["reached_below"]) == (1, 2)
    quantiles = found["training_quantiles"]
    assert quantiles["p50"] == np.median([abs(int(a) - int(b)) for a, b in itertools.combinations([0, 1, 2, 100, 150, 200], 2)])
    assert quantiles["p50"] <= quantiles["p95"] <= quantiles["p99"] <= 200
    assert scale(encode, energy, pictures, pictures, positions)["reached_below"] == pytest.approx(1.8)
    assert scale(encode, energy, pictures, pictures + np.uint8(1), None)["reached_below"] == 2


class Shared(nn.Module):
    """One layer used twice, as the steps of a roll-out use theirs."""

    def __init__(self, largest: float = 1.0) -> None:
        super().__init__()
        self.layer = nn.Linear(40, 40)
        self.layer.weight.data[0, 0] = largest

    def forward(self, x):
        return self.layer(self.layer(x))


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-6), ("fp16", 1e-3), ("int8", 0.1)])
def test_a_shared_weight_is_written_once_in_the_precision_asked_for(precision, tolerance, tmp_path):
    torch.manual_seed(0)
    module = Shared()
    write_graph(module, {"x": torch.zeros(2, 3, 40)}, ["y"], tmp_path / "g.onnx", dynamic={"x": "n", "y": "n"}, precision=precision)
    large = [tensor for tensor in onnx.load(tmp_path / "g.onnx").graph.initializer if np.prod(tensor.dims) == 1600]
    assert [tensor.data_type for tensor in large] == [{"fp32": onnx.TensorProto.FLOAT, "fp16": onnx.TensorProto.FLOAT16, "int8": onnx.TensorProto.INT8}[precision]]
    x = torch.randn(5, 3, 40)
    found = onnxruntime.InferenceSession(tmp_path / "g.onnx").run(None, {"x": x.numpy()})[0]
    np.testing.assert_allclose(found, module(x).detach().numpy(), atol=tolerance)
    assert [file.name for file in tmp_path.iterdir()] == ["g.onnx"]


def test_exact_products_are_not_quantised(tmp_path):
    write_graph(Shared(), {"x": torch.zeros(2, 3, 40)}, ["y"], tmp_path / "g.onnx", dynamic={}, precision="int8", exact=("layer",))
    assert not any(tensor.data_type == onnx.TensorProto.INT8 for tensor in onnx.load(tmp_path / "g.onnx").graph.initializer)


def test_precisions_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match=r"reaches 100000, more than 16 bits hold: give --precision fp32"):
        write_graph(Shared(1e5), {"x": torch.zeros(1, 1, 40)}, ["y"], tmp_path / "g.onnx", dynamic={}, precision="fp16")
    with pytest.raises(ValueError, match="precision is fp8: must be one of fp32, fp16, int8"):
        write_graph(Shared(), {"x": torch.zeros(1, 1, 40)}, ["y"], tmp_path / "g.onnx", dynamic={}, precision="fp8")
    # ViT-g in 8 bits fits.
    _refuse_large(tmp_path / "encoder.onnx", 1_012_173_952, LARGEST_FILE_BYTES)
    with pytest.raises(ValueError, match=r"encoder.onnx would hold 4\.05 GB of quantised weights, and one ONNX file holds 2\.13: give --precision fp16 or fp32"):
        _refuse_large(tmp_path / "encoder.onnx", 4_048_000_000, LARGEST_FILE_BYTES)
    with pytest.raises(ValueError, match="of quantised weights"):
        write_graph(Shared(), {"x": torch.zeros(1, 1, 40)}, ["y"], tmp_path / "g.onnx", dynamic={}, precision="int8", largest=1000)


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-6), ("fp16", 1e-3)])
def test_weights_beyond_one_file_lie_in_side_files(precision, tolerance, tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(Shared(), Shared(), nn.Linear(40, 40))
    file = tmp_path / "g.onnx"
    size = 1600 * (2 if precision == "fp16" else 4)
    # Two matrices to a file, the third in one of its own.
    write_graph(module, {"x": torch.zeros(2, 3, 40)}, ["y"], file, dynamic={"x": "n", "y": "n"}, precision=precision, largest=1000, side=2 * size + 64)
    assert [path.name for path in side_files(file)] == ["g.onnx.data0", "g.onnx.data1"]
    assert [path.stat().st_size for path in side_files(file)] == [2 * size, size]
    x = torch.randn(5, 3, 40)
    found = onnxruntime.InferenceSession(file).run(None, {"x": x.numpy()})[0]
    np.testing.assert_allclose(found, module(x).detach().numpy(), atol=tolerance)
    entry = graph_entry(file)
    assert [side["name"] for side in entry["side_files"]] == ["g.onnx.data0", "g.onnx.data1"]
    for side in entry["side_files"]:
        content = (tmp_path / side["name"]).read_bytes()
        assert (side["bytes"], side["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    # Small ones stay: the graph says its shapes without the side files.
    assert {tuple(tensor.dims) for tensor in onnx.load(file, load_external_data=False).graph.initializer if not tensor.external_data} >= {(40,)}


def test_a_file_without_side_files_lists_none(tmp_path):
    write_graph(Shared(), {"x": torch.zeros(1, 1, 40)}, ["y"], tmp_path / "g.onnx", dynamic={})
    assert graph_entry(tmp_path / "g.onnx").keys() == {"sha256", "bytes"}


def test_a_bundle_is_there_whole_or_as_it_was(tmp_path):
    bundle = tmp_path / "bundle"
    with new_bundle(bundle) as part:
        write_manifest(part, {"a": 1})
        assert not bundle.exists()
    with pytest.raises(RuntimeError), new_bundle(bundle) as part:
        write_manifest(part, {"a": 2})
        raise RuntimeError
    assert json.loads((bundle / "manifest.json").read_text()) == {"a": 1}
    # Left by an export that was killed.
    (tmp_path / "bundle.part").mkdir()
    (tmp_path / "bundle.part" / "junk").write_text("x")
    with new_bundle(bundle) as part:
        write_manifest(part, {"a": 3})
    assert [file.name for file in tmp_path.iterdir()] == ["bundle"] and [file.name for file in bundle.iterdir()] == ["manifest.json"]
    with pytest.raises(ValueError, match="Out of range"), new_bundle(bundle) as part:
        write_manifest(part, {"a": float("nan")})
