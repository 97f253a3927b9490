"""LeWorldModel: our module and its exporter against what the authors' code made of the same formula's weights."""

from __future__ import annotations

import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch

import export_lewm
import lewm_layout as layout
from bundle.robot import read_robot
from lewm.graphs import EncoderGraph, RolloutGraph
from lewm.load import load
from vjepa2_layout import pictures, wave

# Computed once with the authors' public modules (and their library's vision transformer): first four numbers of a latent, energies of two candidates by five
# blocks, first two numbers of both final latents.
GOLDEN = {
    "as published": ({}, {"latent": [-0.07823, 0.29476, -0.24524, 0.48703], "energy": [0.87031, 2.27258, 1.07547, 1.58786, 1.63643, 0.39273, 2.46292, 2.56249, 3.45259, 3.31653],
                          "last": [-0.2017, 0.5485, -0.35096, 0.72269]}),
    "projections": ({"hidden": 40, "output": 32}, {"latent": [0.04497, 0.28063, -0.29183, 0.32905],
                                                   "energy": [0.29758, 0.30442, 0.30621, 0.30689, 0.3079, 0.27424, 0.30571, 0.30676, 0.30665, 0.30536], "last": [-0.03045, 0.22514, -0.03025, 0.22524]}),
    "one wide head": ({"heads": 1, "head": 24}, {"latent": [0.04898, 0.26832, -0.21266, 0.32712],
                                                 "energy": [0.21374, 0.26165, 1.08581, 0.51931, 0.16276, 0.19912, 0.19865, 0.16071, 0.16035, 0.16268], "last": [-0.0181, 0.24725, -0.01176, 0.23503]}),
    "layer norm": ({"norm": "layer"}, {"latent": [0.14381, 0.16727, -0.12205, 0.26187], "energy": [1.12931, 0.77912, 0.57891, 0.67888, 0.68875, 0.70807, 0.32406, 1.5379, 0.72737, 0.76726],
                                       "last": [0.1209, -0.06885, 0.07602, -0.0425]}),
    "no norm": ({"norm": "none"}, {"latent": [-0.05961, 0.10718, -0.0465, -0.16134], "energy": [0.13911, 0.42546, 1.40015, 0.66148, 1.37272, 0.88709, 1.61726, 0.55279, 0.25282, 0.23889],
                                   "last": [-0.30565, 0.03445, -0.20093, 0.01998]}),
}
BLOCKS = wave((2, 5, 10), 0.4).float()


@pytest.mark.parametrize("case", GOLDEN)
def test_as_the_authors_code(case, tmp_path):
    sizes, wanted = GOLDEN[case]
    model = load(layout.save(tmp_path, **sizes))
    latents = EncoderGraph(model)(pictures(2, 28, 28))
    assert latents[0, :4].tolist() == pytest.approx(wanted["latent"], abs=2e-5)
    energy, start, last, state = RolloutGraph(model, read_robot(None, 10, None), 5)(latents[:1], torch.zeros(1, 1), BLOCKS, latents[1:])
    assert energy.flatten().tolist() == pytest.approx(wanted["energy"], abs=5e-5)
    assert last[:, :2].flatten().tolist() == pytest.approx(wanted["last"], abs=2e-5)
    assert start.item() == pytest.approx((latents[0] - latents[1]).square().sum().item())
    assert torch.equal(state, torch.zeros(2, 1))


def test_tensors_with_the_librarys_newer_names(tmp_path):
    tensors = layout.checkpoint()
    renamed = {}
    for name, tensor in tensors.items():
        for old, new in (("encoder.encoder.layer.", "encoder.layers."), ("attention.attention.query", "attention.q_proj"), ("attention.attention.key", "attention.k_proj"),
                         ("attention.attention.value", "attention.v_proj"), ("attention.output.dense", "attention.o_proj"), ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2")):
            name = name.replace(old, new)
        renamed[name] = tensor
    assert set(renamed) != set(tensors)
    old, new = load(layout.save(tmp_path)), None
    (tmp_path / "new").mkdir()
    new = load(layout.save(tmp_path / "new", {"state_dict": renamed}))
    assert all(torch.equal(value, new.state_dict()[name]) for name, value in old.state_dict().items())


def run(folder, monkeypatch, *more: str) -> dict:
    monkeypatch.setattr(sys, "argv", ["export_lewm.py", str(folder), "--bundle", str(folder / "bundle"), *more])
    export_lewm.main()
    return json.loads((folder / "bundle" / "manifest.json").read_text())


def robot_file(folder, change=lambda robot: None) -> str:
    robot = json.loads(json.dumps(layout.ROBOT))
    change(robot)
    (folder / "robot.json").write_text(json.dumps(robot))
    return str(folder / "robot.json")


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_robots_own_actions_go_in(precision, tmp_path, monkeypatch):
    manifest = run(layout.save(tmp_path), monkeypatch, "--robot", robot_file(tmp_path), "--precision", precision)
    # Two of the robot's actions are one of the model's.
    assert (manifest["horizon"], manifest["training"]["config"]["actions_a_block"], manifest["latent"]["shape"]) == (10, 2, [24])
    assert manifest["action"] == {**{key: layout.ROBOT["action"][key] for key in ("kind", "names", "units", "low", "high", "period_s")}, "frame": "base"}
    sessions = {name: onnxruntime.InferenceSession(tmp_path / "bundle" / f"{name}.onnx") for name in ("encoder", "rollout")}
    latents = sessions["encoder"].run(None, {"pixels": pictures(2, 28, 28).numpy()})[0]
    robot = layout.ROBOT["action"]
    actions = BLOCKS.reshape(2, 10, 5).numpy() * np.float32(robot["std"]) + np.float32(robot["mean"])
    state = np.array([[0.4, 0.2]], np.float32)
    energy, _, last, after = sessions["rollout"].run(None, {"latent": latents[:1], "state": state, "actions": actions.astype(np.float32), "goal": latents[1:]})
    tolerance = 1e-4 if precision == "fp32" else 0.05
    for step in range(10):
        assert energy[:, step].tolist() == pytest.approx(np.reshape(GOLDEN["as published"][1]["energy"], (2, 5))[:, step // 2].tolist(), abs=tolerance)
    assert last.shape == (2, 24) and after.tolist() == [[pytest.approx(0.4), pytest.approx(0.2)]] * 2


def test_without_a_robot_the_numbers_are_the_models_own(tmp_path, monkeypatch):
    manifest = run(layout.save(tmp_path), monkeypatch, "--horizon", "2")
    assert (manifest["action"]["names"], manifest["horizon"], manifest["state"]["names"]) == ([f"a{i}" for i in range(10)], 2, ["none"])
    # Of a kind that no controller executes.
    assert manifest["action"]["kind"] == "joint_delta"


def change(section, **fields):
    return {section: fields}


@pytest.mark.parametrize(("changed", "message"), [
    (change("encoder", size="huge", hidden_size=None), r"encoder\.size is huge, the checkpoint's tensors have 24 wide with 2 layers"),
    (change("encoder", size="vast"), r"encoder\.size is 'vast': must be one of tiny"),
    (change("encoder", patch_size=16), r"encoder\.patch_size is 16, the checkpoint's tensors have 14"),
    (change("encoder", image_size=224), r"encoder\.image_size is 224, the tensors have 4 patches of 14 pixels"),
    (change("encoder", num_attention_heads=5), r"encoder has 5 heads, which do not divide its width, 24"),
    (change("encoder", hidden_act="relu"), r"encoder\.hidden_act is 'relu'; only 'gelu' is known"),
    (change("predictor", depth=6), r"predictor\.depth is 6, the checkpoint's tensors have 2"),
    (change("predictor", heads=16), r"predictor has 16 heads of 8, the tensors have 32 numbers for all heads"),
    (change("predictor", heads=None), r"predictor\.heads is missing"),
    (change("predictor", num_frames=4), r"predictor\.num_frames is 4, the checkpoint's tensors have 3"),
    (change("action_encoder", input_dim=5), r"action_encoder\.input_dim is 5, the checkpoint's tensors have 10"),
    ({"predictor": None}, r"predictor is missing; a LeWorldModel's has encoder, predictor and action_encoder"),
])
def test_a_configuration_that_contradicts_is_refused(changed, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(layout.save(tmp_path, change=changed))


def without(name):
    tensors = layout.checkpoint()
    del tensors[name]
    return tensors


@pytest.mark.parametrize(("tensors", "message"), [
    (without("predictor.transformer.layers.1.attn.norm.bias"), r"weights: missing: predictor\.transformer\.layers\.1\.attn\.norm\.bias$"),
    (without("projector.net.1.running_var"), r"weights: missing: projector\.net\.1\.running_var$"),
    (without("projector.net.3.weight"), r"missing or mis-shaped: projector\.net"),
    (layout.checkpoint() | {"encoder.pooler.dense.weight": torch.ones(2)}, r"weights: surplus: encoder\.pooler\.dense\.weight$"),
    (layout.checkpoint() | {"encoder.layernorm.weight": torch.ones(25)}, r"weights: mis-shaped: encoder\.layernorm\.weight is \[25\] and must be \[24\]$"),
    (without("predictor.pos_embedding"), r"missing: predictor\.pos_embedding; this is no LeWorldModel"),
    ([1], r"weights is list: must be a state dict"),
])
def test_weights_that_do_not_fit_are_refused_by_name(tensors, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(layout.save(tmp_path, tensors))


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda r: r["action"].pop("low"), r"action\.low is missing: write one bound for each of the 5 names"),
    (lambda r: r["action"].update(units=["m", "m", "m", "deg", "1"]), r"action\.units has degrees: convert"),
    (lambda r: r["action"].update(std=[0, 1, 1, 1, 1]), r"action\.std is \[0\.0, 1\.0, 1\.0, 1\.0, 1\.0\]: must be above 0"),
    (lambda r: r["action"].update(mean=[0.1]), r"action\.mean is \[0\.1\]: must be one number for each of the 5 names"),
    (lambda r: r["action"].update(names=["a", "b", "c"], units=["m"] * 3, low=[0] * 3, high=[1] * 3, mean=[0] * 3, std=[1] * 3), r"actions of 10 numbers are no multiple of it"),
    (lambda r: r["action"].update(kind="torque"), r"action\.kind is 'torque'"),
    (lambda r: r["action"].update(period_s=0), r"action\.period_s is 0: must be"),
    (lambda r: r["action"].update(gripper="closed"), r"action\.gripper is 'closed': must be opening or closedness_change"),
    (lambda r: r["state"].update(euler="zyx"), r"state\.euler is 'zyx': must be extrinsic_xyz"),
    (lambda r: r["action"].update(speed=1), r"action\.speed is not a field"),
    (lambda r: r.pop("state"), r"state is missing"),
    (lambda r: r["state"].update(names=[]), r"state\.names is \[\]: must be a list of names"),
])
def test_a_robot_that_is_described_badly_is_refused(spoil, message, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=message):
        run(layout.save(tmp_path), monkeypatch, "--robot", robot_file(tmp_path, spoil))
    assert not (tmp_path / "bundle").exists()


def test_files_that_are_not_there(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="weights.pt is not a file"):
        load(tmp_path)
    torch.save(layout.checkpoint(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match="config.json cannot be read .* has config.json beside its weights"):
        load(tmp_path)
    with pytest.raises(ValueError, match="robot .* cannot be read as JSON"):
        run(layout.save(tmp_path), monkeypatch, "--robot", str(tmp_path / "absent.json"))
    with pytest.raises(ValueError, match="--horizon is 0: must be from 1 to 32 blocks"):
        run(tmp_path, monkeypatch, "--horizon", "0")
