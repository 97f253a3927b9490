"""The heads fitted again: for the arm to proprioception, for the things to what was felt, read with what the encoder sees."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import look_back
from conftest import make_episodes, save_run, shake, write_data
from jepa.build import load_checkpoint, new_model
from jepa.data import load_episodes
from jepa.latents import encode_episodes

TRAINING = Path(__file__).parent.parent
SHORT = ["--look-back-steps", "150", "--look-back-batch", "64", "--threads", "1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, config, episodes):
    folder = tmp_path_factory.mktemp("look-back")
    torch.manual_seed(0)
    save_run(folder / "stage", shake(new_model(config, episodes)), episodes)
    write_data(folder / "one", make_episodes(80))
    return folder


def run_here(monkeypatch, made, out, *more):
    monkeypatch.setattr(sys, "argv", ["look_back.py", "--run", str(made / "stage"), "--data", str(made / "one"), "--out", str(out), *SHORT, *more])
    look_back.main()


@pytest.fixture
def sees(monkeypatch):
    """An untrained encoder sees nothing: whatever is held counts as seen there."""
    monkeypatch.setattr("jepa.touch.SEEN_TAKEN_M", 10.0)


def test_only_the_heads_learn(made, tmp_path, monkeypatch, capsys, sees):
    run_here(monkeypatch, made, tmp_path / "run")
    before, after = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (made / "stage", tmp_path / "run"))
    changed = {".".join(name.split(".")[:2]) for name, value in after["model"].items() if not torch.equal(value, before["model"][name])}
    assert changed == {"encoder.arm", "encoder.objects"}
    model, checkpoint = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert model.config.look_back_steps == 150 and checkpoint["step"] == 321
    said = capsys.readouterr().out
    assert "48 episodes to learn from, 32 to measure on" in said and "round 2" in said


def test_what_was_felt_is_found_better(made, tmp_path, monkeypatch, sees):
    """In pictures that it learns from: a hand that holds the thing in every twelfth episode says too little for others."""
    run_here(monkeypatch, made, tmp_path / "run")
    episodes, _ = load_episodes(made / "one").split(32)
    held = slice(0, len(episodes), 12)

    def error(folder):
        model, _ = load_checkpoint(folder / "checkpoint.pt")
        with torch.no_grad():
            places = model.places(model.encoder(torch.from_numpy(episodes.images[held, 4])))[:, 0]
        return (places - torch.from_numpy(episodes.truths[held, 4, 3:6])).norm(dim=-1).median()

    assert error(tmp_path / "run") < 0.5 * error(made / "stage")


def test_the_arm_is_seen_better(made, tmp_path, monkeypatch, sees):
    """In pictures that it learns from: features of an untrained encoder say little of others."""
    run_here(monkeypatch, made, tmp_path / "run", "--look-back-steps", "800")
    episodes, _ = load_episodes(made / "one").split(32)

    def error(folder):
        model, _ = load_checkpoint(folder / "checkpoint.pt")
        with torch.no_grad():
            seen = model.encoder(torch.from_numpy(episodes.images[:, 4]))[:, :4]
        return (seen - model.predictor.standardised(torch.from_numpy(episodes.states[:, 4]))[:, :4]).norm(dim=-1).median()

    assert error(tmp_path / "run") < 0.6 * error(made / "stage")


def test_features_are_computed_once(made, tmp_path, monkeypatch, sees):
    run_here(monkeypatch, made, tmp_path / "run")
    first = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["model"]
    monkeypatch.setattr(look_back, "encode_features", lambda *_: pytest.fail("computed again"))
    run_here(monkeypatch, made, tmp_path / "run")
    again = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["model"]
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_the_second_stage_finds_its_latents(made, tmp_path, monkeypatch, sees):
    run_here(monkeypatch, made, tmp_path / "run")
    run_here(monkeypatch, made, tmp_path / "run", "--look-back-rounds", "1")
    assert len(list((tmp_path / "run").glob("latents-*.npz"))) == 2, "those of the head before are gone"
    model, _ = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    training, _ = load_episodes(made / "one").split(32)
    with torch.no_grad():
        wanted = model.encoder(torch.from_numpy(training.images[3]))
    monkeypatch.setattr("jepa.latents.encode_all", lambda *_: pytest.fail("encoded again"))
    torch.testing.assert_close(encode_episodes(model, training, tmp_path / "run").latents[3], wanted, atol=5e-3, rtol=0)


def test_nothing_held(made, tmp_path, monkeypatch):
    monkeypatch.setattr("jepa.touch.SEEN_TAKEN_M", 0.0)
    with pytest.raises(ValueError, match="nothing was ever held"):
        run_here(monkeypatch, made, tmp_path / "run")


@pytest.mark.parametrize("options, message", [
    (["--channels", "16"], "channels is 16 and the encoder was trained with 8; leave --channels out"),
    (["--things", "3"], "things is 3 and the encoder was trained with 2; leave --things out"),
    (["--predictor-width", "24"], "predictor_width is 24 and the run was trained with 16; leave --predictor-width out"),
    (["--minutes", "3"], "--minutes is 3, which only train.py takes; .* look_back.py --look-back-steps"),
])
def test_what_does_not_fit_is_said_before_features_are_computed(made, tmp_path, monkeypatch, options, message):
    with pytest.raises(ValueError, match=message):
        run_here(monkeypatch, made, tmp_path / "run", *options)
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_not_there_is_one_line(made, tmp_path):
    ended = subprocess.run([sys.executable, TRAINING / "look_back.py", "--run", tmp_path / "no", "--data", made / "one", "--out", tmp_path / "out"], capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stderr.startswith("look_back: ") and ended.stderr.count("\n") == 1
