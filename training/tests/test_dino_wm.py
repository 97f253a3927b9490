"""DINO-WM: our module and its exporter against what the authors' code made of the same formula's weights; pickled modules are read without running them."""

from __future__ import annotations

import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

import dino_wm_layout as layout
import export_dino_wm
from bundle.inert import read_inert, state_dict
from bundle.robot import read_robot
from dino_wm.graphs import EncoderGraph, RolloutGraph, resizing
from dino_wm.model import load
from vjepa2_layout import pictures, wave

# Computed once with the authors' public modules (and DINOv2's): first four numbers of a latent, energies of two candidates by four steps, first two numbers of both final latents.
GOLDEN = {
    "as published": ({}, {"latent": [-1.90025, 0.23103, -1.23507, 1.23062], "energy": [1.3437, 1.61338, 1.65759, 1.85035, 1.32704, 1.61319, 1.81281, 1.56267],
                          "last": [-0.30128, -0.90138, -0.45664, -0.58373]}),
    "repeated": ({"repeat": (2, 3)}, {"latent": [-1.90025, 0.23103, -1.23507, 1.23062], "energy": [1.15073, 1.82535, 1.77849, 1.90726, 1.43457, 1.67212, 1.80005, 1.95743],
                                      "last": [-1.66534, 1.98587, -1.81219, 2.11706]}),
    "registers": ({"registers": 4}, {"latent": [-1.90216, 0.2985, -1.24299, 1.24584], "energy": [1.32595, 1.60004, 1.65239, 1.85003, 1.30547, 1.60654, 1.8111, 1.55751],
                                     "last": [-0.32167, -0.89091, -0.47188, -0.57427]}),
    "gated": ({"gated": True}, {"latent": [-2.09323, -0.28646, -1.511, 1.25622], "energy": [1.37234, 1.67728, 1.73544, 1.9506, 1.36259, 1.68061, 1.8978, 1.66593],
                                "last": [-0.29786, -0.89161, -0.45092, -0.58252]}),
    "one frame": ({"frames": 1}, {"latent": [-1.90025, 0.23103, -1.23507, 1.23062], "energy": [1.35186, 1.44656, 1.54705, 1.72131, 1.33579, 1.48302, 1.66793, 1.52918],
                                  "last": [-1.00348, -0.0811, -0.7716, -0.28935]}),
}
ACTIONS, STATE = wave((2, 4, 6), 0.4).float(), torch.tensor([[0.3, -0.2, 0.5, 0.1]])


@pytest.mark.parametrize("case", GOLDEN)
def test_as_the_authors_code(case, tmp_path):
    sizes, wanted = GOLDEN[case]
    model = load(*layout.save(tmp_path, **sizes))
    latents = EncoderGraph(model)(pictures(2, 64, 64))
    assert latents[0, :4].tolist() == pytest.approx(wanted["latent"], abs=2e-5)
    energy, start, last, state = RolloutGraph(model, read_robot(None, 6, 4), 4)(latents[:1], STATE, ACTIONS, latents[1:])
    assert energy.flatten().tolist() == pytest.approx(wanted["energy"], abs=5e-5)
    assert last[:, :2].flatten().tolist() == pytest.approx(wanted["last"], abs=3e-5)
    assert start.item() == pytest.approx((latents[0] - latents[1]).square().mean().item())
    assert torch.equal(state, STATE.expand(2, -1))


def test_shrinking_is_a_mean_without_aliasing():
    weights = resizing(64, 56)
    assert weights.shape == (56, 64)
    torch.testing.assert_close(weights.sum(1), torch.ones(56))
    assert (weights >= 0).all()
    # By slow loops: a triangle as wide as the ratio round each output's centre.
    ratio = 64 / 56
    for output in (0, 17, 55):
        centre = (output + 0.5) * ratio
        wanted = torch.tensor([max(0.0, 1 - abs((source + 0.5 - centre) / ratio)) for source in range(64)])
        torch.testing.assert_close(weights[output], wanted / wanted.sum(), atol=1e-5, rtol=0)


ran = []


class Sneaky(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Conv1d(6, 8, 1)
        self.register_buffer("not_saved", torch.ones(3), persistent=False)
        self.note = lambda_free

    def __setstate__(self, state):
        ran.append("setstate")
        super().__setstate__(state)


def lambda_free():
    ran.append("called")


class Harm:
    def __reduce__(self):
        return (ran.append, ("reduced",))


def test_pickled_modules_are_read_and_nothing_of_theirs_runs(tmp_path):
    module = Sneaky()
    torch.save({"action_encoder": module, "other": Harm()}, tmp_path / "modules.pth")
    ran.clear()
    found = state_dict(read_inert(tmp_path / "modules.pth")["action_encoder"], "action_encoder")
    assert ran == []
    assert set(found) == {"patch_embed.weight", "patch_embed.bias"}
    assert all(torch.equal(found[name], value) for name, value in module.state_dict().items())
    with pytest.raises(ValueError, match="other is neither a state dict nor a module"):
        state_dict(read_inert(tmp_path / "modules.pth")["other"], "other")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(ValueError, match="is not a PyTorch checkpoint"):
        read_inert(tmp_path / "text.pth")
    with pytest.raises(ValueError, match="is not a file"):
        read_inert(tmp_path / "absent.pth")
    torch.save([1], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="holds a list"):
        read_inert(tmp_path / "list.pth")


class Embedding(nn.Module):
    def __init__(self, tensors):
        super().__init__()
        weight = tensors["patch_embed.weight"]
        self.patch_embed = nn.Conv1d(weight.shape[1], weight.shape[0], 1)
        self.load_state_dict(tensors)


def test_modules_and_state_dicts_give_the_same_model(tmp_path):
    content = layout.checkpoint()
    plain = load(*layout.save(tmp_path))
    (tmp_path / "modules").mkdir()
    modules = content | {part: Embedding(content[part]) for part in ("action_encoder", "proprio_encoder")}
    again = load(*layout.save(tmp_path / "modules", modules))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in plain.state_dict().items())


def test_an_encoder_in_the_checkpoint(tmp_path):
    files = layout.save(tmp_path, layout.checkpoint() | {"encoder": {f"base_model.{name}": value for name, value in layout.encoder().items()}})
    assert torch.equal(load(files[0], None, files[2]).encoder.pos_embed, layout.encoder()["pos_embed"])
    files = layout.save(tmp_path)
    with pytest.raises(ValueError, match="has no encoder, as it was frozen: give DINOv2's weights with --encoder"):
        load(files[0], None, files[2])


def changed(part, name, tensor=None):
    content = layout.checkpoint()
    content[part] = {key: value for key, value in content[part].items() if key != name or tensor is not None} | ({name: tensor} if tensor is not None else {})
    return content


@pytest.mark.parametrize(("content", "message"), [
    (changed("predictor", "transformer.layers.1.0.norm.bias"), r"predictor: missing: transformer\.layers\.1\.0\.norm\.bias$"),
    (changed("predictor", "head.weight", torch.ones(2)), r"predictor: surplus: head\.weight$"),
    (changed("predictor", "transformer.norm.weight", torch.ones(2)), r"predictor: mis-shaped: transformer\.norm\.weight is \[2\] and must be \[37\]$"),
    (changed("predictor", "pos_embedding"), r"predictor: missing: pos_embedding; this is no DINO-WM"),
    (changed("action_encoder", "patch_embed.weight", torch.ones(8)), r"action_encoder: mis-shaped: patch_embed\.weight is \[8\] and must have 3 dimensions"),
    ({"predictor": {}}, r"predictor is empty"),
    ({"epoch": 3}, r"has no predictor \(it has epoch\)"),
    (layout.checkpoint() | {"proprio_encoder": 3}, r"proprio_encoder is neither a state dict nor a module"),
])
def test_checkpoints_that_do_not_fit_are_refused_by_name(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(*layout.save(tmp_path, content))


def test_encoders_that_do_not_fit_are_refused_by_name(tmp_path):
    weights = layout.encoder()
    for content, message in (
        ({name: value for name, value in weights.items() if name != "blocks.1.ls2.gamma"}, r"encoder: missing: blocks\.1\.ls2\.gamma$"),
        (weights | {"head.weight": torch.ones(2)}, r"encoder: surplus: head\.weight$"),
        ({"fc.weight": torch.ones(2)}, r"encoder: missing: patch_embed\.proj\.weight; give DINOv2's weights"),
    ):
        with pytest.raises(ValueError, match=message):
            load(*layout.save(tmp_path, of_encoder=content))


@pytest.mark.parametrize(("config", "message"), [
    ({"img_size": 224}, r"3 frames of 196 patches \(224 pixels\), the predictor has 48 positions"),
    ({"num_hist": 2}, r"2 frames of 16 patches"),
    ({"heads": 5}, r"5 heads of 16, the tensors have 48 numbers for all heads"),
    ({"num_action_repeat": 2}, r"actions of 8 x 2 .* are 45 wide, the predictor 37"),
    ({"encoder_heads": None}, r"do not show how many heads an encoder of width 24 has"),
    ({"depth": 2}, r"depth is 2: fields are img_size"),
    ({"heads": "3"}, r"heads is '3': fields are .*, positive whole numbers"),
])
def test_a_configuration_that_contradicts_is_refused(config, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(*layout.save(tmp_path, config=config))


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_robots_own_numbers_go_in(precision, tmp_path, monkeypatch):
    checkpoint, encoder, config = map(str, layout.save(tmp_path))
    robot = {"action": {"kind": "ee_delta", "names": ["dx", "dy", "dz"], "units": ["m"] * 3, "low": [-0.1] * 3, "high": [0.1] * 3, "mean": [0.01, 0.0, 0.02], "std": [0.02, 0.03, 0.04], "period_s": 0.1},
             "state": {"names": ["x", "y", "z", "g"], "units": ["m"] * 4, "mean": [0.5, 0.0, 0.2, 0.0], "std": [0.1, 0.2, 0.1, 0.5]}}
    (tmp_path / "robot.json").write_text(json.dumps(robot))
    monkeypatch.setattr(sys, "argv", ["export_dino_wm.py", checkpoint, "--encoder", encoder, "--config", config, "--robot", str(tmp_path / "robot.json"), "--bundle", str(tmp_path / "bundle"),
                                      "--horizon", "4", "--precision", precision])
    export_dino_wm.main()
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert (manifest["horizon"], manifest["latent"]["shape"], manifest["image"]["width"], manifest["state"]["names"]) == (8, [384], 64, ["x", "y", "z", "g"])
    sessions = {name: onnxruntime.InferenceSession(tmp_path / "bundle" / f"{name}.onnx") for name in ("encoder", "rollout")}
    latents = sessions["encoder"].run(None, {"pixels": pictures(2, 64, 64).numpy()})[0]
    actions = ACTIONS.reshape(2, 8, 3).numpy() * np.float32(robot["action"]["std"]) + np.float32(robot["action"]["mean"])
    state = (STATE.numpy() * np.float32(robot["state"]["std"]) + np.float32(robot["state"]["mean"])).astype(np.float32)
    energy, *_ = sessions["rollout"].run(None, {"latent": latents[:1], "state": state, "actions": actions.astype(np.float32), "goal": latents[1:]})
    wanted = np.repeat(np.reshape(GOLDEN["as published"][1]["energy"], (2, 4)), 2, 1)
    np.testing.assert_allclose(energy, wanted, atol=1e-4 if precision == "fp32" else 0.02)
