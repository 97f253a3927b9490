"""A checkpoint to a bundle, checked; nothing that is not right gets to be one."""

import copy
import hashlib
import json
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

import export
from conftest import VALIDATION_EPISODES, make_episodes, save_run, shake, write_data
from jepa.build import load_checkpoint, new_model
from jepa.graphs import ProposalGraph
from jepa.model import ACTION, ARM, PLACE
from jepa.touch import THINGS

DONE = ["predictor", "value"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, config, episodes):
    """A data set, and the checkpoint of a run on it."""
    folder = tmp_path_factory.mktemp("export")
    write_data(folder / "data", episodes)
    torch.manual_seed(0)
    save_run(folder / "run", shake(new_model(config, episodes)), episodes, done=DONE)
    return folder


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
    return {name: onnxruntime.InferenceSession(bundle / f"{name}.onnx", providers=["CPUExecutionProvider"]) for name in ("encoder", "rollout", "proposal")}


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


class TestManifest:
    @pytest.fixture
    def manifest(self, bundle):
        return json.loads((bundle / "manifest.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))

    def test_has_every_field(self, manifest, config):
        assert manifest.keys() == {"schema_version", "name", "source", "license", "created", "image", "latent", "state", "action", "horizon",
                                   "energy", "planning", "files", "training"}
        assert manifest["schema_version"] == 1 and manifest["name"] == "small-jepa" and manifest["license"] == "Apache-2.0"
        assert manifest["image"] == {"width": 64, "height": 64, "channels": "rgb", "crop": "center_square", "frames": 1}
        assert manifest["latent"].keys() == {"shape", "dtype", "readable"}
        assert manifest["latent"]["shape"] == [10] and manifest["latent"]["dtype"] == "float32"
        assert manifest["horizon"] == config.rollout == 5
        state, action = manifest["state"], manifest["action"]
        assert state["names"] == ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"]
        assert len(state["units"]) == 7 and state["frame"] == "base"
        assert action == {"kind": "ee_delta", "names": ["dx", "dy", "dz", "gripper"], "units": ["m", "m", "m", "1"], "low": [-0.04, -0.04, -0.04, 0],
                          "high": [0.04, 0.04, 0.04, 1], "period_s": 0.2, "frame": "base"}

    def test_entries_can_be_read_in_metres(self, manifest, episodes):
        readable = manifest["latent"]["readable"]
        assert readable["names"] == ["tool_x", "tool_y", "tool_z", "opening", "narrow_x", "narrow_y", "narrow_z", "wide_x", "wide_y", "wide_z"]
        assert readable["units"] == ["m"] * 10
        states = episodes.states.reshape(-1, 7)
        for field, wanted in (("mean", states.mean(0)), ("std", states.std(0))):
            np.testing.assert_allclose(readable[field], wanted[[0, 1, 2, 3, 0, 1, 2, 0, 1, 2]], rtol=1e-2, atol=1e-4)
        assert readable["gripper"] == {"name": "opening", "open": 0.08, "closed": 0.0}

    def test_energy_was_measured(self, manifest):
        energy = manifest["energy"]
        assert energy["kind"] == "places_with_value"
        assert "0.4 x the tool's distance" in energy["description"] and "0.1 x the gripper's" in energy["description"]
        assert 0 < energy["noise_floor"] and 0 < energy["reached_below"]
        quantiles = energy["training_quantiles"]
        assert 0 < quantiles["p50"] < quantiles["p95"] < quantiles["p99"]

    def test_files_are_the_files(self, manifest, bundle):
        assert manifest["files"].keys() == {"encoder.onnx", "rollout.onnx", "proposal.onnx"}
        assert sorted(contents(bundle)) == ["encoder.onnx", "manifest.json", "proposal.onnx", "rollout.onnx"]
        for name, entry in manifest["files"].items():
            data = (bundle / name).read_bytes()
            assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def test_says_where_it_comes_from(self, manifest):
        training = manifest["training"]
        assert training["steps"] == 321 and training["minutes"] == 1.5 + 6 + 6 and training["episodes"] == 44
        assert training["config"]["validation_episodes"] == VALIDATION_EPISODES
        assert max(training["parity"]["latent_max_difference"], training["parity"]["rollout_max_difference"]) <= export.TOLERANCE
        assert training["parity"]["proposals_parted"] <= 0.1
        assert training["parity"]["rank_correlation_min"] >= 0.9999 and training["parity"]["candidates"] == 256
        assert len(training["measured"]["multi_step_ratio"]) == manifest["horizon"]

    def test_reached_below_can_be_said(self, made, monkeypatch):
        run_export(monkeypatch, made, made / "said", "--reached-below", "0.125")
        assert json.loads((made / "said" / "manifest.json").read_text())["energy"]["reached_below"] == 0.125

    def test_energies_can_be_measured_on_other_data(self, made, manifest, monkeypatch, tmp_path):
        write_data(tmp_path / "rooms", make_episodes(seed=5))
        run_export(monkeypatch, made, tmp_path / "new", "--rooms", str(tmp_path / "rooms"))
        other = json.loads((tmp_path / "new" / "manifest.json").read_text())
        assert other["energy"]["noise_floor"] != manifest["energy"]["noise_floor"]
        assert other["training"]["measured"]["multi_step_ratio"] == pytest.approx(manifest["training"]["measured"]["multi_step_ratio"])

    def test_a_goal_is_reached_between_what_is_near_and_what_is_far(self, config, episodes):
        """With latents that are places, the energy of things less than 1 cm apart is less than this."""
        model = new_model(replace(config, value_energy=0.0), episodes)
        std, mean = (torch.cat([value[:ARM], value[:PLACE], value[:PLACE]]) for value in (model.predictor.state_std, model.predictor.state_mean))
        places = (torch.from_numpy(np.concatenate([episodes.states[..., :ARM], episodes.truths[..., 3:9]], -1)) - mean) / std
        shown = iter([places.flatten(0, 1)])
        model.encoder.forward = lambda pixels: next(shown)
        statistics = export.energy_statistics(model, episodes)
        assert 0 < statistics["noise_floor"] < statistics["reached_below"] < 0.2 * 0.1 + 0.1 * 0.125 + 1.0 * (0.1 + 0.1) + 0.01


class TestGraphs:
    @pytest.mark.parametrize("batch", [1, 2, 5])
    def test_encoder_agrees_with_pytorch(self, made, sessions, episodes, batch):
        model, _ = load_checkpoint(made / "run" / "checkpoint.pt")
        pixels = episodes.images[:batch, 3]
        [latent] = sessions["encoder"].run(["latent"], {"pixels": pixels})
        assert latent.dtype == np.float32
        np.testing.assert_allclose(latent, model.encoder(torch.from_numpy(pixels)).detach().numpy(), atol=1e-4)

    def test_features_are_white_over_the_pictures_of_training(self, sessions, episodes, config):
        pixels = episodes.split(VALIDATION_EPISODES)[0].images.reshape(-1, *episodes.images.shape[2:])
        [features] = sessions["encoder"].run(["features"], {"pixels": pixels})
        assert features.shape == (len(pixels), 3 * config.keypoints)
        np.testing.assert_allclose(features.mean(0), 0, atol=0.05)
        unlikeness = np.sqrt(np.square(features).mean(1))
        assert 0.8 < np.sqrt(np.square(unlikeness).mean()) <= 1.02
        [covered] = sessions["encoder"].run(["features"], {"pixels": np.zeros_like(pixels[:1])})
        assert np.sqrt(np.square(covered).mean()) > unlikeness.max()

    @pytest.mark.parametrize("candidates", [1, 7, 256])
    def test_rollout_agrees_with_pytorch_step_by_step(self, made, sessions, candidates):
        model, _ = load_checkpoint(made / "run" / "checkpoint.pt")
        d, horizon = model.latent_size, model.config.rollout
        random = torch.Generator().manual_seed(candidates)
        latent, goal = torch.randn(1, d, generator=random), torch.randn(1, d, generator=random)
        state = torch.tensor([[0.6, -0.2, 0.05, 0.04, 0, 0, 0]])
        # Some outside the box, which counts as on its edge.
        actions = torch.tensor([0.06, 0.06, 0.06, 2]) * (torch.rand(candidates, horizon, 4, generator=random) * 2 - 1)
        energy, start_energy, final_latent, final_state, states, next_latent = sessions["rollout"].run(
            ["energy", "start_energy", "final_latent", "final_state", "states", "next_latent"],
            {"latent": latent.numpy(), "state": state.numpy(), "actions": actions.numpy(), "goal": goal.numpy()})

        def wanted_energy(z):
            std = model.predictor.state_std.numpy()
            apart = np.split((z - goal).numpy() * np.concatenate([std[:ARM], std[:PLACE], std[:PLACE]]), [3, ARM, ARM + PLACE], -1)
            tool, _, one, other = (np.sqrt((part**2).sum(-1) + 1e-6) for part in apart)
            with torch.no_grad():
                periods = model.value(z, goal.expand_as(z)).numpy()
            beyond = lambda metres, told: np.sqrt((metres / 0.1) ** 2 + told**2) - told
            return 0.4 * beyond(tool, 0.05) + 0.1 * np.abs(apart[1][..., 0]) / 0.08 + beyond(one, 0.2) + beyond(other, 0.2) + 0.1 * periods

        assert energy.shape == (candidates, horizon) and start_energy.shape == (1,)
        assert final_latent.shape == (candidates, d) and final_state.shape == (candidates, 7) and states.shape == (candidates, horizon, 7)
        np.testing.assert_allclose(start_energy, wanted_energy(latent), rtol=1e-4)
        z, s = latent.expand(candidates, -1), state.expand(candidates, -1)
        standardised = lambda s: (s[:, :ARM] - model.predictor.state_mean[:ARM]) / model.predictor.state_std[:ARM]
        offset = z[:, :ARM] - standardised(s)
        with torch.no_grad():
            for step in range(horizon):
                action = actions[:, step].clamp(torch.tensor([-0.04, -0.04, -0.04, 0]), torch.tensor([0.04, 0.04, 0.04, 1]))
                following = model.state_model(s, action)
                objects = model.predictor(z[:, ARM:], s, action, following, offset)
                z, s = torch.cat([standardised(following) + offset, objects], -1), following
                np.testing.assert_allclose(energy[:, step], wanted_energy(z), atol=1e-4, rtol=1e-4)
                np.testing.assert_allclose(states[:, step], s, atol=1e-5)
                if step == 0:
                    np.testing.assert_allclose(next_latent, z, atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(final_latent, z, atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(final_state, s, atol=1e-5)
        assert candidates == 1 or np.ptp(energy[:, -1]) > 1e-3, "actions matter"

    @pytest.mark.parametrize("candidates, decided", [(1, 0), (26, 0), (26, 1), (7, 3), (3, 5)])
    def test_proposals_agree_with_pytorch(self, made, sessions, candidates, decided):
        model, _ = load_checkpoint(made / "run" / "checkpoint.pt")
        d, horizon = model.latent_size, model.config.rollout
        random = torch.Generator().manual_seed(candidates)
        asked = {"latent": torch.randn(1, d, generator=random), "state": torch.tensor([[0.6, -0.2, 0.05, 0.04, 0, 0, 0]]), "goal": torch.randn(1, d, generator=random),
                 "committed": torch.tensor([0.04, 0.04, 0.04, 1]) * torch.rand(horizon, ACTION, generator=random), "fixed": (torch.arange(horizon) < decided).float(),
                 "noise": torch.randn(candidates, horizon, ACTION, generator=random)}
        [actions] = sessions["proposal"].run(["actions"], {name: value.numpy() for name, value in asked.items()})
        with torch.no_grad():
            wanted = ProposalGraph(model)(**asked)
        assert actions.shape == (candidates, horizon, ACTION) and actions.dtype == np.float32
        np.testing.assert_allclose(actions, wanted, atol=1e-5)
        assert (actions[:, :decided] == asked["committed"][:decided].numpy()).all()

    def test_only_wanted_outputs_need_to_be_fetched(self, sessions, config):
        d = ARM + THINGS * PLACE
        [energy] = sessions["rollout"].run(["energy"], {"latent": np.zeros((1, d), np.float32), "state": np.zeros((1, 7), np.float32),
                                                        "actions": np.zeros((3, config.rollout, 4), np.float32), "goal": np.ones((1, d), np.float32)})
        assert energy.shape == (3, config.rollout)

    def test_pictures_of_another_size_are_refused(self, sessions):
        with pytest.raises(Exception, match="(?i)invalid dimensions|got: 32"):
            sessions["encoder"].run(["latent"], {"pixels": np.zeros((1, 32, 32, 3), np.uint8)})


def spoil_graphs(monkeypatch, spoil):
    """What is exported is not the model that was trained."""
    real = export.export_graphs

    def spoilt(model, familiarity, folder):
        other = copy.deepcopy(model)
        with torch.no_grad():
            spoil(other)
        real(other, familiarity, folder)

    monkeypatch.setattr(export, "export_graphs", spoilt)


class TestRefusals:
    @pytest.mark.parametrize("what, spoil", [
        ("the arm's entries", lambda model: model.encoder.arm[-1].weight.mul_(1.01)),
        ("the objects' entries", lambda model: model.encoder.objects[-1].weight.mul_(1.01)),
        ("the predictor", lambda model: model.predictor.leave.bias.add_(0.01)),
        ("the workspace", lambda model: model.state_model.low.add_(0.05)),
        ("the value", lambda model: model.value.network[-1].bias.add_(0.1)),
        ("the policy", lambda model: model.policy.network[-1].bias.add_(0.1)),
        ("the gripper's policy", lambda model: model.policy.network[-1].weight[3].mul_(-1)),
        ("the energy's weights", lambda model: setattr(model, "config", replace(model.config, arm_energy=0.21))),
        ("the gripper's weight in the energy", lambda model: setattr(model, "config", replace(model.config, grip_energy=0.11))),
        ("the encoder's numbers", lambda model: model.encoder.arm[-1].bias.fill_(float("nan"))),
    ])
    def test_graphs_that_differ_from_pytorch(self, made, monkeypatch, tmp_path, what, spoil):
        spoil_graphs(monkeypatch, spoil)
        with pytest.raises(SystemExit, match="ONNX Runtime differs from PyTorch"):
            run_export(monkeypatch, made, tmp_path / "new")
        assert list(tmp_path.iterdir()) == [], f"{what}: nothing is written"

    def test_a_refusal_leaves_the_bundle_that_is_there(self, made, bundle, monkeypatch):
        before = contents(bundle)
        spoil_graphs(monkeypatch, lambda model: model.predictor.leave.bias.add_(0.01))
        with pytest.raises(SystemExit):
            run_export(monkeypatch, made, bundle)
        assert contents(bundle) == before
        assert not bundle.with_name("small-jepa.part").exists()

    @pytest.mark.parametrize("part", [
        "predictor", "value",
        "policy",
    ])
    def test_a_model_that_gives_no_numbers(self, made, config, episodes, monkeypatch, tmp_path, part):
        model = shake(new_model(config, episodes))
        last = {"predictor": model.predictor.leave, "value": model.value.network[-1], "policy": model.policy.network[-1]}[part]
        with torch.no_grad():
            last.bias[0] = float("nan")
        save_run(made / f"sick-{part}", model, episodes, done=DONE)
        with pytest.raises((SystemExit, ValueError)):
            run_export(monkeypatch, made, tmp_path / "new", run=f"sick-{part}")
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("done, missing", [([], "predictor and value"), (["predictor"], "value")])
    def test_a_run_that_is_not_at_its_end(self, made, model, episodes, monkeypatch, tmp_path, done, missing):
        save_run(made / f"only-{len(done)}", model, episodes, done=done)
        with pytest.raises(ValueError, match=f"has no trained {missing}; make a run that has: python training/train_dynamics.py"):
            run_export(monkeypatch, made, tmp_path / "new", run=f"only-{len(done)}")
        assert list(tmp_path.iterdir()) == []

    def test_data_that_does_not_say_where_things_are(self, made, episodes, monkeypatch, tmp_path):
        write_data(tmp_path / "data", replace(episodes, truths=np.full_like(episodes.truths, np.nan)))
        (tmp_path / "run").symlink_to(made / "run")
        with pytest.raises(ValueError, match="does not say where tool and objects are.*--rooms"):
            run_export(monkeypatch, tmp_path, tmp_path / "new")
        run_export(monkeypatch, tmp_path, tmp_path / "new", "--rooms", str(made / "data"))
        measured = json.loads((tmp_path / "new" / "manifest.json").read_text())["training"]["measured"]
        assert measured["linear_probe_m"].keys() == {"gripper_opening"}

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
    (old / "manifest.json").write_text("{}")
    (old / "stray.txt").write_text("of the old one")
    run_export(monkeypatch, made, old)
    assert sorted(contents(old)) == ["encoder.onnx", "manifest.json", "proposal.onnx", "rollout.onnx"]
    assert [file.name for file in tmp_path.iterdir()] == ["place"]


def test_a_folder_that_is_no_bundle_is_left_alone(made, monkeypatch, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.png").write_bytes(b"mine")
    with pytest.raises(ValueError, match="photos is there and is no bundle: give another folder"):
        run_export(monkeypatch, made, tmp_path / "photos")
    assert [file.name for file in tmp_path.iterdir()] == ["photos"] and (tmp_path / "photos" / "holiday.png").read_bytes() == b"mine"


def test_axes_that_go_with_the_camera_are_said_and_things_that_were_not_learned_are_not(config, episodes, monkeypatch, tmp_path):
    turned = replace(episodes, description={**episodes.description, "frame": "camera"})
    tool_only = replace(config, touch_weight=0.0, object_energy=0.0, value_energy=0.0)
    write_data(tmp_path / "data", turned)
    torch.manual_seed(0)
    model = shake(new_model(tool_only, turned))
    save_run(tmp_path / "run", model, turned, done=DONE)
    run_export(monkeypatch, tmp_path, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["state"]["frame"] == manifest["action"]["frame"] == "camera"
    assert manifest["latent"].keys() == {"shape", "dtype"}


def test_where_only_the_tool_counts_it_does_not_matter_where_things_are(config, episodes):
    torch.manual_seed(0)
    model = shake(new_model(replace(config, object_energy=0.0), episodes))
    elsewhere = episodes.truths.copy()
    elsewhere[..., 3:] = np.random.default_rng(0).uniform(-1, 1, elsewhere[..., 3:].shape)
    moved = replace(episodes, truths=elsewhere)
    assert export.energy_statistics(model, moved) == export.energy_statistics(model, episodes)
    model.config = config
    with pytest.raises(ValueError, match="too few pairs of frames"):
        export.energy_statistics(model, moved)
