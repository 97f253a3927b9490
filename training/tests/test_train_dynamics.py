"""Predictor, value and policy on a frozen encoder: learned, resumed, refused. A second lasts as long as the test says."""

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import train_dynamics
from conftest import make_episodes, save_run, shake, write_data
from jepa.build import load_checkpoint, new_model
from jepa.latents import LatentEpisodes, true_latents
from jepa.model import ARM

TRAINING = Path(__file__).parent.parent
SHORT = ["--rollout-minutes", "0.01", "--value-minutes", "0.01", "--threads", "1"]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that goes on by 10 ms each time it is read, which is twice a step: the number of steps is the same on every machine."""
    ticks = itertools.count()
    monkeypatch.setattr(train_dynamics, "time", SimpleNamespace(monotonic=lambda: 0.01 * next(ticks)))


@pytest.fixture(scope="module")
def made(tmp_path_factory, config, episodes):
    """A first stage's run, and two data sets."""
    folder = tmp_path_factory.mktemp("dynamics")
    torch.manual_seed(0)
    save_run(folder / "stage", shake(new_model(config, episodes)), episodes)
    write_data(folder / "one", episodes)
    write_data(folder / "other", make_episodes(40, seed=1))
    return folder


def run_here(monkeypatch, made, out, *more, data=("one",)):
    monkeypatch.setattr(sys, "argv", ["train_dynamics.py", "--run", str(made / "stage"), "--data", *(str(made / name) for name in data), "--out", str(out), *SHORT, *more])
    train_dynamics.main()


def read(out):
    return torch.load(out / "checkpoint.pt", weights_only=True)


def moved(one, other):
    return {name.split(".")[0] for name, value in one["model"].items() if not torch.equal(value, other["model"][name])}


def test_predictor_value_and_policy_learn_and_the_encoder_stays(made, tmp_path, monkeypatch, capsys):
    stage = read(made / "stage")
    run_here(monkeypatch, made, tmp_path / "run")
    ended = read(tmp_path / "run")
    assert ended["done"] == ["predictor", "value"]
    assert moved(ended, stage) == {"predictor", "value", "policy"}, "running statistics of the encoder included"
    assert (ended["step"], ended["spent_s"], ended["episodes"], ended["description"]) == (321, 90.0, 12, stage["description"])
    assert ended["config"]["rollout_minutes"] == 0.01 and ended["config"]["channels"] == 8, "options that are not given are the first stage's"
    load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["checkpoint.pt"]
    assert len(list((made / "stage").glob("latents-*.npz"))) == 2, "the encoder's run keeps the latents of what is learned from and of what measures"
    output = capsys.readouterr().out
    assert "train_dynamics: 12 episodes to learn from, 32 to measure on\n" in output and "multi_step_ratio_object_moves: " in output


class TestResuming:
    @pytest.fixture
    def ended(self, made, tmp_path, monkeypatch, capsys):
        run_here(monkeypatch, made, tmp_path / "run")
        capsys.readouterr()
        return tmp_path / "run"

    def test_nothing_is_left_to_do(self, made, ended, monkeypatch, capsys):
        before = (ended / "checkpoint.pt").read_bytes()
        run_here(monkeypatch, made, ended)
        assert (ended / "checkpoint.pt").read_bytes() == before
        assert "predictor:" not in capsys.readouterr().out

    def test_only_what_was_missing(self, made, ended, monkeypatch, capsys):
        before = read(ended)
        torch.save({**before, "done": ["predictor"]}, ended / "checkpoint.pt")
        run_here(monkeypatch, made, ended)
        after = read(ended)
        assert after["done"] == ["predictor", "value"] and moved(after, before) == {"value", "policy"}
        output = capsys.readouterr().out
        assert "predictor:" not in output and "value:" in output

    @pytest.mark.parametrize("what", ["options", "data"])
    def test_other_options_or_data_are_another_run(self, made, ended, monkeypatch, capsys, what):
        if what == "options":
            run_here(monkeypatch, made, ended, "--predictor-width", "20")
            assert read(ended)["model"]["predictor.enter.weight"].shape[0] == 20
        else:
            run_here(monkeypatch, made, ended, data=("other",))
            assert read(ended)["episodes"] == 8
        output = capsys.readouterr().out
        assert "checkpoint.pt is of other options, data or encoder; it is made anew" in output and "predictor:" in output and "value:" in output


def test_from_the_truth_no_picture_is_encoded(made, tmp_path, monkeypatch, episodes):
    run_here(monkeypatch, made, tmp_path / "run", "--from-truth")
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["checkpoint.pt"]
    model, _ = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    latents = true_latents(model, episodes)
    torch.testing.assert_close(model.places(latents.latents), torch.from_numpy(episodes.truths[..., 3:]).unflatten(-1, (2, 3)))
    with pytest.raises(ValueError, match="the data does not say where the things are; leave --from-truth out"):
        true_latents(model, replace(episodes, truths=np.full_like(episodes.truths, np.nan)))


def test_side_by_side_both_parts_are_learned(made, tmp_path):
    out = tmp_path / "run"
    run = subprocess.run([sys.executable, "-W", "ignore", str(TRAINING / "train_dynamics.py"), "--run", str(made / "stage"), "--data", str(made / "one"), "--out", str(out),
                          "--rollout-minutes", "0.15", "--value-minutes", "0.02", "--threads", "2"], text=True, capture_output=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    ended = read(out)
    assert ended["done"] == ["value", "predictor"], "in the order they ended"
    assert moved(ended, read(made / "stage")) == {"predictor", "value", "policy"}
    assert all(value.isfinite().all() for value in ended["model"].values())


def test_a_part_that_fails_beside_the_other_is_named(made, tmp_path):
    out = tmp_path / "run"
    run = subprocess.run([sys.executable, "-W", "ignore", str(TRAINING / "train_dynamics.py"), "--run", str(made / "stage"), "--data", str(made / "one"), "--out", str(out),
                          "--rollout-minutes", "0.02", "--value-minutes", "0.02", "--threads", "2", "--discount", "nan"],
                         text=True, capture_output=True, check=False, timeout=300)
    assert run.returncode == 1
    assert run.stderr.endswith("train_dynamics: value was not learned; what is above says why\n") and "the loss is nan" in run.stderr
    assert read(out)["done"] == ["predictor"], "what had ended is kept"


def test_several_data_sets(made, tmp_path, monkeypatch, capsys):
    run_here(monkeypatch, made, tmp_path / "run", data=("one", "other"))
    assert read(tmp_path / "run")["episodes"] == 12 + 8
    assert "train_dynamics: 20 episodes to learn from, 64 to measure on\n" in capsys.readouterr().out


@pytest.mark.parametrize("options, message", [
    (["--rollout", "9"], "rollout is 9: the episodes have only 8 actions"),
    (["--channels", "16"], "channels is 16 and the encoder was trained with 8; leave --channels out"),
    (["--minutes", "3"], "--minutes is 3, which only train.py takes; train_dynamics.py takes --rollout-minutes and --value-minutes"),
    (["--validation-episodes", "44"], "validation_episodes is 44, the data set has 44 episodes"),
])
def test_what_does_not_fit_is_said(made, tmp_path, monkeypatch, options, message):
    with pytest.raises(ValueError, match=message):
        run_here(monkeypatch, made, tmp_path / "run", *options)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_a_loss_that_is_not_finite_ends_it(made, tmp_path, monkeypatch):
    monkeypatch.setattr(train_dynamics.ValueLearner, "loss", lambda self: torch.tensor(float("nan"), requires_grad=True))
    with pytest.raises(SystemExit, match="the loss is nan"):
        run_here(monkeypatch, made, tmp_path / "run")
    assert read(tmp_path / "run")["done"] == ["predictor"], "what had ended is kept"


def test_the_predictor_learns_what_actions_do(config, episodes):
    """An object that follows the tool, but only with the gripper closed; its places are the latent."""
    random = torch.Generator().manual_seed(0)
    count, steps = 200, 10
    actions = 0.08 * torch.rand(count, steps, 4, generator=random) - 0.04
    actions[..., 3] = torch.randint(0, 2, (count, steps), generator=random).float()
    arm_model = new_model(config, episodes).state_model
    state = torch.tensor([0.5, 0.0, 0.17, 0.08, 0, 0, 0]).repeat(count, 1)
    states, objects = [state], [torch.randn(count, 6, generator=random)]
    for t in range(steps):
        states.append(arm_model(states[-1], actions[:, t]))
        follows = (actions[:, t, 3:] < 0.5) * 10 * (states[-1] - states[-2])[:, :3]
        objects.append(objects[-1] + torch.cat([follows, torch.zeros(count, 3)], -1))
    states = torch.stack(states, 1)
    model = new_model(replace(config, rollout_minutes=0.2), replace(episodes, states=states.numpy()))
    arm = model.predictor.standardised(states)[..., :ARM]
    latents = LatentEpisodes(torch.cat([arm, torch.stack(objects, 1)], -1), states, actions, torch.zeros(count, steps + 1, 9))

    def error():
        rolled, _ = model.rollout(latents.latents[:, 0], states[:, 0], actions)
        return float((rolled - latents.latents[:, 1:])[:, -1, ARM : ARM + 3].square().mean().detach())

    before = error()
    train_dynamics.train_predictor(model, latents)
    assert error() < 0.4 * before
