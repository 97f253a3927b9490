"""A checkpoint to a bundle, checked; nothing that is not right gets to be one."""

import copy
import hashlib
import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch

import export
from conftest import VALIDATION_EPISODES, make_episodes, shake, write_data
from jepa.build import load_checkpoint, new_model

STEP = 321


@pytest.fixture(scope="module")
def made(tmp_path_factory, config, episodes):
    """A data set, and the checkpoint of a run on it."""
    folder = tmp_path_factory.mktemp("export")
    write_data(folder / "data", episodes)
    torch.manual_seed(0)
    save_checkpoint(folder / "run", shake(new_model(config, episodes)), config, episodes)
    return folder


def save_checkpoint(run, model, config, episodes):
    run.mkdir()
    torch.save({"config": config.to_dict(), "description": episodes.description, "model": model.state_dict(), "optimiser": {},
                "step": STEP, "spent_s": 90.0, "episodes": 12}, run / "checkpoint.pt")


def run_export(monkeypatch, made, bundle, *more, run="run"):
    monkeypatch.setattr(sys, "argv", ["export.py", "--run", str(made / run), "--data", str(made / "data"), "--bundle", str(bundle), *more])
    export.main()


@pytest.fixture(scope="module")
def bundle(made):
    with pytest.MonkeyPatch.context() as patch:
        run_export(patch, made, made / "small-jepa")
    return made / "small-jepa"


@pytest.fixture(scope="module")
def sessions(bundle):
    return {name: onnxruntime.InferenceSession(bundle / f"{name}.onnx", providers=["CPUExecutionProvider"]) for name in ("encoder", "rollout")}


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


class TestManifest:
    @pytest.fixture
    def manifest(self, bundle):
        return json.loads((bundle / "manifest.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))

    def test_has_every_field(self, manifest, config):
        assert manifest.keys() == {"schema_version", "name", "source", "license", "created", "image", "latent", "state", "action", "horizon",
                                   "energy", "files", "training"}
        assert manifest["schema_version"] == 1 and manifest["name"] == "small-jepa" and manifest["license"] == "Apache-2.0"
        assert manifest["image"] == {"width": 64, "height": 64, "channels": "rgb", "crop": "center_square", "frames": 1}
        assert manifest["latent"] == {"shape": [config.latent], "dtype": "float32"}
        assert manifest["horizon"] == config.horizon
        state, action = manifest["state"], manifest["action"]
        assert state["names"] == ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"]
        assert len(state["units"]) == 7 and state["frame"] == "base"
        assert action == {"kind": "ee_delta", "names": ["dx", "dy", "dz", "gripper"], "units": ["m", "m", "m", "1"], "low": [-0.04, -0.04, -0.04, 0],
                          "high": [0.04, 0.04, 0.04, 1], "period_s": 0.2, "frame": "base"}

    def test_energy_was_measured(self, manifest):
        energy = manifest["energy"]
        assert energy["kind"] == "latent_distance_with_displacement"
        assert 0 < energy["noise_floor"] and 0 < energy["reached_below"]
        quantiles = energy["training_quantiles"]
        assert 0 < quantiles["p50"] < quantiles["p95"] < quantiles["p99"]

    def test_files_are_the_files(self, manifest, bundle):
        assert manifest["files"].keys() == {"encoder.onnx", "rollout.onnx"}
        assert sorted(contents(bundle)) == ["encoder.onnx", "manifest.json", "rollout.onnx"]
        for name, entry in manifest["files"].items():
            data = (bundle / name).read_bytes()
            assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def test_says_where_it_comes_from(self, manifest):
        training = manifest["training"]
        assert training["steps"] == STEP and training["minutes"] == 1.5 and training["episodes"] == 12
        assert training["config"]["validation_episodes"] == VALIDATION_EPISODES
        assert max(training["parity"]["latent_max_difference"], training["parity"]["rollout_max_difference"]) <= export.TOLERANCE
        assert len(training["measured"]["multi_step_ratio"]) == manifest["horizon"]

    def test_reached_below_can_be_said(self, made, monkeypatch):
        run_export(monkeypatch, made, made / "said", "--reached-below", "0.125")
        assert json.loads((made / "said" / "manifest.json").read_text())["energy"]["reached_below"] == 0.125


class TestGraphs:
    @pytest.mark.parametrize("batch", [1, 2, 5])
    def test_encoder_agrees_with_pytorch(self, made, sessions, episodes, batch):
        model, _ = load_checkpoint(made / "run" / "checkpoint.pt")
        pixels = episodes.images[:batch, 3]
        [latent] = sessions["encoder"].run(["latent"], {"pixels": pixels})
        assert latent.dtype == np.float32
        np.testing.assert_allclose(latent, model.encoder(torch.from_numpy(pixels)).detach().numpy(), atol=1e-4)

    @pytest.mark.parametrize("candidates", [1, 7, 256])
    def test_rollout_agrees_with_pytorch_step_by_step(self, made, sessions, candidates):
        model, _ = load_checkpoint(made / "run" / "checkpoint.pt")
        d, horizon = model.config.latent, model.config.horizon
        random = torch.Generator().manual_seed(candidates)
        latent, goal = torch.randn(1, d, generator=random), torch.randn(1, d, generator=random)
        state = torch.tensor([[0.6, -0.2, 0.05, 0.04, 0, 0, 0]])
        # Some outside the box, which counts as on its edge.
        actions = torch.tensor([0.06, 0.06, 0.06, 2]) * (torch.rand(candidates, horizon, 4, generator=random) * 2 - 1)
        energy, start_energy, final_latent, final_state = sessions["rollout"].run(
            ["energy", "start_energy", "final_latent", "final_state"],
            {"latent": latent.numpy(), "state": state.numpy(), "actions": actions.numpy(), "goal": goal.numpy()})

        def wanted_energy(z):
            difference = (z - goal).detach().numpy()
            moved = difference @ model.displacement.weight.detach().numpy().T
            return (difference**2).mean(-1) + model.config.energy_displacement_weight * (moved**2).mean(-1)

        assert energy.shape == (candidates, horizon) and start_energy.shape == (1,)
        assert final_latent.shape == (candidates, d) and final_state.shape == (candidates, 7)
        np.testing.assert_allclose(start_energy, wanted_energy(latent), rtol=1e-4)
        z, s = latent.expand(candidates, -1), state.expand(candidates, -1)
        with torch.no_grad():
            for step in range(horizon):
                action = actions[:, step].clamp(torch.tensor([-0.04, -0.04, -0.04, 0]), torch.tensor([0.04, 0.04, 0.04, 1]))
                z, s = model.predictor(z, s, action), model.state_model(s, action)
                np.testing.assert_allclose(energy[:, step], wanted_energy(z), atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(final_latent, z, atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(final_state, s, atol=1e-5)
        assert candidates == 1 or np.ptp(energy[:, -1]) > 1e-3, "actions matter"

    def test_only_wanted_outputs_need_to_be_fetched(self, sessions, config):
        d = config.latent
        [energy] = sessions["rollout"].run(["energy"], {"latent": np.zeros((1, d), np.float32), "state": np.zeros((1, 7), np.float32),
                                                        "actions": np.zeros((3, config.horizon, 4), np.float32), "goal": np.ones((1, d), np.float32)})
        assert energy.shape == (3, config.horizon)

    def test_pictures_of_another_size_are_refused(self, sessions):
        with pytest.raises(Exception, match="(?i)invalid dimensions|got: 32"):
            sessions["encoder"].run(["latent"], {"pixels": np.zeros((1, 32, 32, 3), np.uint8)})


def spoil_graphs(monkeypatch, spoil):
    """What is exported is not the model that was trained."""
    real = export.export_graphs

    def spoilt(model, folder):
        other = copy.deepcopy(model)
        with torch.no_grad():
            spoil(other)
        real(other, folder)

    monkeypatch.setattr(export, "export_graphs", spoilt)


class TestRefusals:
    @pytest.mark.parametrize("what, spoil", [
        ("the encoder", lambda model: model.encoder.head[-1].weight.mul_(1.01)),
        ("the predictor", lambda model: model.predictor.leave.bias.add_(0.01)),
        ("the workspace", lambda model: model.state_model.low.add_(0.05)),
        ("the encoder's numbers", lambda model: model.encoder.head[-1].bias.fill_(float("nan"))),
    ])
    def test_graphs_that_differ_from_pytorch(self, made, bundle, monkeypatch, tmp_path, what, spoil):
        spoil_graphs(monkeypatch, spoil)
        with pytest.raises(SystemExit, match="ONNX Runtime differs from PyTorch"):
            run_export(monkeypatch, made, tmp_path / "new")
        assert list(tmp_path.iterdir()) == [], f"{what}: nothing is written"
        before = contents(bundle)
        with pytest.raises(SystemExit):
            run_export(monkeypatch, made, bundle)
        assert contents(bundle) == before, f"{what}: a bundle that is there stays"
        assert not bundle.with_name("small-jepa.part").exists()

    def test_a_model_that_gives_no_numbers(self, made, config, episodes, monkeypatch, tmp_path):
        model = shake(new_model(config, episodes))
        with torch.no_grad():
            model.predictor.leave.bias[0] = float("nan")
        save_checkpoint(made / "sick", model, config, episodes)
        with pytest.raises((SystemExit, ValueError)):
            run_export(monkeypatch, made, tmp_path / "new", run="sick")
        assert not (tmp_path / "new").exists()

    def test_no_checkpoint(self, made, monkeypatch, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"checkpoint\.pt is missing; train first"):
            run_export(monkeypatch, made, tmp_path / "new", run="nowhere")

    def test_data_in_which_nothing_comes_near(self, made, config, monkeypatch, tmp_path):
        still = make_episodes()
        still.truths[...] = np.arange(9, dtype=np.float32) + np.arange(still.truths.shape[1], dtype=np.float32)[:, None]
        write_data(tmp_path / "data", still)
        (tmp_path / "run").symlink_to(made / "run")
        with pytest.raises(ValueError, match="too few pairs of frames"):
            run_export(monkeypatch, tmp_path, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_a_new_bundle_takes_the_place_of_the_old_one_whole(made, bundle, monkeypatch, tmp_path):
    old = tmp_path / "place"
    old.mkdir()
    (old / "stray.txt").write_text("of the old one")
    run_export(monkeypatch, made, old)
    assert sorted(contents(old)) == ["encoder.onnx", "manifest.json", "rollout.onnx"]
    assert [file.name for file in tmp_path.iterdir()] == ["place"]
