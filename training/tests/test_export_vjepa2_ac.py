"""The command line of the V-JEPA 2-AC exporter: what it writes, measures and refuses."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

import export_vjepa2_ac
import vjepa2_layout as layout
from bundle.parity import Parity
from vjepa2_ac.config import overrides
from vjepa2_ac.graphs import EncoderGraph
from vjepa2_ac.load import load
from vjepa2_reference import reference_rollout

STATE = np.array([[0.4, 0.1, 0.3, 3.1, 0.2, -0.4, 0.3]], dtype=np.float32)


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(layout.CONFIG))
    return layout.save(tmp_path), tmp_path / "config.json", tmp_path / "bundle"


def run(paths, monkeypatch, *more: str) -> dict:
    checkpoint, config, bundle = map(str, paths)
    monkeypatch.setattr(sys, "argv", ["export_vjepa2_ac.py", checkpoint, "--config", config, "--bundle", bundle, *more])
    export_vjepa2_ac.main()
    return json.loads((paths[2] / "manifest.json").read_text())


def session(bundle: Path, name: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(bundle / name, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_graphs_give_what_the_modules_give(precision, paths, monkeypatch, capsys):
    manifest = run(paths, monkeypatch, "--horizon", "3", "--precision", precision, "--max-turn", "0.1")
    assert "parity: {" in capsys.readouterr().out
    bundle = paths[2]
    encoder, predictor, config, _ = load(paths[0], overrides(layout.CONFIG))
    pixels = layout.pictures(2, 16, 16)
    latents = session(bundle, "encoder.onnx").run(None, {"pixels": pixels.numpy()})[0]
    exact = EncoderGraph(encoder)(pixels)
    tolerance = 1e-5 if precision == "fp32" else 5e-3
    np.testing.assert_allclose(latents, exact.numpy(), atol=tolerance)
    for count in (1, 5):
        actions = (0.3 * layout.wave((count, 3, 7), 0.5)).float()
        energy, start, last, state = session(bundle, "rollout.onnx").run(None, {"latent": exact[:1].numpy(), "state": STATE, "actions": actions.numpy(), "goal": exact[1:].numpy()})
        wanted, poses = reference_rollout(predictor, exact[:1], torch.from_numpy(STATE), actions)
        assert (energy.shape, start.shape, last.shape, state.shape) == ((count, 3), (1,), (count, config.latent), (count, 7))
        np.testing.assert_allclose(energy, (wanted - exact[1:]).abs().mean(-1).numpy(), atol=tolerance)
        np.testing.assert_allclose(last, wanted[:, -1].numpy(), atol=tolerance)
        np.testing.assert_allclose(state, poses[:, -1].numpy(), atol=1e-6)
        assert start[0] == pytest.approx((exact[0] - exact[1]).abs().mean().item(), abs=1e-6)
    assert manifest["training"]["parity"]["rank_correlation_min"] > 0.999
    assert manifest["training"]["precision"] == precision


def test_the_manifest_says_what_the_numbers_mean(paths, monkeypatch):
    manifest = run(paths, monkeypatch)
    assert manifest["state"] == {
        "names": ["ee_x", "ee_y", "ee_z", "ee_roll", "ee_pitch", "ee_yaw", "gripper_closedness"], "units": ["m", "m", "m", "rad", "rad", "rad", "1"], "frame": "base", "euler": "extrinsic_xyz", "gripper": "closedness",
        "low": [-2, -2, -2, -3.1416, -3.1416, -3.1416, -0.05], "high": [2, 2, 2, 3.1416, 3.1416, 3.1416, 1.05]}
    assert manifest["action"]["names"] == ["dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper"]
    # As the authors' planner: the hand is not turned.
    assert manifest["action"]["low"] == [-0.05, -0.05, -0.05, 0, 0, 0, -0.75]
    assert manifest["action"]["high"] == [0.05, 0.05, 0.05, 0, 0, 0, 0.75]
    assert (manifest["action"]["period_s"], manifest["horizon"], manifest["latent"]["shape"]) == (0.25, 2, [96])
    assert manifest["image"] == {"width": 16, "height": 16, "channels": "rgb", "crop": "center_square", "frames": 1}
    assert manifest["training"]["left_out"] == ["encoder.pos_embed"]
    for name, entry in manifest["files"].items():
        data = (paths[2] / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    energy = manifest["energy"]
    assert 0 < energy["noise_floor"] < energy["reached_below"] <= energy["training_quantiles"]["p50"]
    assert sorted(file.name for file in paths[2].iterdir()) == ["encoder.onnx", "manifest.json", "rollout.onnx"]


def test_steps_share_their_weights_and_half_precision_halves_them(paths, monkeypatch):
    parameters = int(sum(np.prod(shape) for shape in layout.shapes()[1].values()))
    for precision, kinds in (("fp32", {TensorProto.FLOAT}), ("fp16", {TensorProto.FLOAT16, TensorProto.FLOAT})):
        run(paths, monkeypatch, "--precision", precision, "--horizon", "4")
        held = [tensor for tensor in onnx.load(paths[2] / "rollout.onnx").graph.initializer if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16)]
        # All but what encodes extrinsics, which this model does not take; once, not once a step.
        assert sum(int(np.prod(tensor.dims)) for tensor in held) == parameters - 24 * 6 - 24
        assert {tensor.data_type for tensor in held} == kinds
        assert all(np.prod(tensor.dims) < 1024 for tensor in held if precision == "fp16" and tensor.data_type == TensorProto.FLOAT)


def test_eight_bits_are_kept_only_where_ranks_hold(paths, monkeypatch, capsys):
    with pytest.raises(ValueError, match=r"as int8, ranks agree by 0\.\d+ \(Spearman\), less than 0\.98.*nothing was written; --force keeps it"):
        run(paths, monkeypatch, "--precision", "int8")
    assert not paths[2].exists() and not paths[2].with_name("bundle.part").exists()
    manifest = run(paths, monkeypatch, "--precision", "int8", "--force")
    assert manifest["training"]["kept_against"] and "kept because of --force" in capsys.readouterr().err
    model = session(paths[2], "rollout.onnx")
    energy = model.run(["energy"], {"latent": np.zeros((1, 96), np.float32), "state": STATE, "actions": np.zeros((2, 2, 7), np.float32), "goal": np.ones((1, 96), np.float32)})[0]
    assert energy.shape == (2, 2) and np.isfinite(energy).all()


def test_what_counts_against_an_export():
    good = {"candidates": 256, "latent_max_difference": 0.0, "energy_max_difference": 0.0, "energy_max": 5.0, "final_state_max_difference": 0.0, "energy_spread": 1.0, "rank_correlation_min": 1.0,
            "top_overlap_min": 1.0, "top": 26}
    assert Parity("fp32", **good).faults() == []
    for change in ({"energy_max_difference": 0.01}, {"energy_max_difference": float("nan")}, {"rank_correlation_min": 0.99}, {"rank_correlation_min": float("nan")}, {"top_overlap_min": 0.8}):
        assert len(Parity("fp32", **{**good, **change}).faults()) == 1
    # Another precision may give other energies, as long as it ranks alike.
    assert Parity("int8", **{**good, "energy_max_difference": 0.01, "rank_correlation_min": 0.985}).faults() == []


def trajectory(folder: Path, states: np.ndarray, **more: np.ndarray) -> str:
    pictures = layout.pictures(len(states), 20, 24).numpy()
    np.savez(folder / "trajectory.npz", **{"observations": pictures[None], "states": states[None], **more})
    return str(folder / "trajectory.npz")


def test_energies_are_measured_on_a_trajectory(paths, monkeypatch, tmp_path):
    states = np.repeat(STATE, 6, 0)
    states[3:, 0] += 0.2
    manifest = run(paths, monkeypatch, "--trajectory", trajectory(tmp_path, states))
    assert manifest["training"]["energies_measured_on"] == "6 frames of trajectory.npz"
    assert run(paths, monkeypatch, "--reached-below", "0.25")["energy"]["reached_below"] == 0.25


@pytest.mark.parametrize("angle", [178.0, -90.0, 4.0])
def test_degrees_are_found_out(angle, paths, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=rf"--example-state: ee_pitch is {angle:g}, outside -3\.1416 to 3\.1416 rad: it looks like degrees: give radians"):
        run(paths, monkeypatch, "--example-state", f"0.4,0,0.3,0,{angle},0,0.5")
    states = np.repeat(STATE, 4, 0)
    states[2, 5] = angle
    with pytest.raises(ValueError, match="trajectory.npz: states: ee_yaw is .* it looks like degrees"):
        run(paths, monkeypatch, "--trajectory", trajectory(tmp_path, states))
    assert not paths[2].exists()


@pytest.mark.parametrize(("more", "message"), [
    (["--example-state", "400,0,300,3.1,0,0,0.5"], "ee_x is 400, outside -2 to 2 m: give metres"),
    (["--example-state", "0.4,0,0.3,3.1,0,0,80"], r"gripper_closedness is 80, .*give 0 \(open\) to 1 \(closed\)"),
    (["--example-state", "0.4,0"], "--example-state is 0.4,0: must be 7 numbers with commas between them, ee_x,ee_y,ee_z,ee_roll,ee_pitch,ee_yaw,gripper_closedness"),
    (["--example-state", "0.4,0,0.3,nan,0,0,0.5"], "must be 7 numbers"),
    (["--extrinsics", "0,0,0,0,0,0"], "this predictor takes none"),
    (["--horizon", "9"], "horizon is 9: must be from 1 to 4"),
    (["--max-step", "0"], "--max-step is 0: must be above 0"),
    (["--max-turn", "10"], "--max-turn is 10: must be from 0 to 0.5 rad"),
    (["--candidates", "5"], "--candidates is 5: must be at least 20"),
    (["--encoder-key", "target_encoder"], r"has no target_encoder \(it has encoder, predictor, opt, epoch, loss\)"),
    (["--trajectory", "absent.npz"], "trajectory absent.npz cannot be read"),
])
def test_arguments_that_do_not_fit(more, message, paths, monkeypatch):
    with pytest.raises(ValueError, match=message):
        run(paths, monkeypatch, *more)
    assert not paths[2].exists()


def test_the_cameras_place_is_part_of_the_graph(paths, monkeypatch):
    paths[1].write_text(json.dumps(layout.CONFIG | {"use_extrinsics": True}))
    with pytest.raises(ValueError, match="roll is 90, outside .* it looks like degrees"):
        run(paths, monkeypatch, "--extrinsics", "0.1,0.2,0.3,90,0,0")
    energies = []
    for place in ("0.1,0.2,0.3,0.4,0,0", "0.1,0.2,0.3,-1.4,0,0"):
        run(paths, monkeypatch, "--extrinsics", place)
        given = {"latent": np.zeros((1, 96), np.float32), "state": STATE, "actions": np.zeros((1, 2, 7), np.float32), "goal": np.ones((1, 96), np.float32)}
        energies.append(session(paths[2], "rollout.onnx").run(["energy"], given)[0])
    assert np.abs(energies[0] - energies[1]).max() > 1e-6


def test_an_old_bundle_stays_when_a_new_one_fails_and_other_folders_are_left_alone(paths, monkeypatch, tmp_path):
    run(paths, monkeypatch)
    before = (paths[2] / "manifest.json").read_bytes()
    with pytest.raises(ValueError):
        run(paths, monkeypatch, "--precision", "int8")
    assert (paths[2] / "manifest.json").read_bytes() == before
    (tmp_path / "mine").mkdir()
    with pytest.raises(ValueError, match="mine is there and is no bundle"):
        run((*paths[:2], tmp_path / "mine"), monkeypatch)


def test_configuration_files_that_cannot_be_read(paths, monkeypatch, tmp_path):
    for name, text, message in (("c.json", "{", "is not JSON"), ("c.json", "[]", "must be one object"), ("c.json", '{"width": 24, "shape": 3}', "shape is not a field")):
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=message):
            run((paths[0], tmp_path / name, paths[2]), monkeypatch)
    with pytest.raises(ValueError, match="cannot be read"):
        run((paths[0], tmp_path / "absent.json", paths[2]), monkeypatch)


def test_a_refusal_is_one_line_and_exit_code_1(paths):
    paths[0].write_bytes(b"something else")
    script = Path(export_vjepa2_ac.__file__)
    done = subprocess.run([sys.executable, script, paths[0], "--bundle", paths[2]], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("export: ") and done.stderr.count("\n") == 1 and "is not a PyTorch checkpoint of tensors alone" in done.stderr
