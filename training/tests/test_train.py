"""Training from the command line: interrupted, resumed, refused, in two stages."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import to_lerobot
import train
from conftest import SMALL_OPTIONS, make_episodes, write_data
from jepa.touch import feel

TRAINING = Path(train.__file__).parent
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# As train.py itself, but with a checkpoint and a line in the log after every step.
BUSY_SAVER = "import train; train.CHECKPOINT_EVERY_S = -1; train.LOG_EVERY_STEPS = 1; train.main()"
# With SIGReg, which has a network to learn beside the model.
STAGES = {"without actions": [], "with actions": ["--with-actions", "--frames", "0", "3", "8", "--sigreg-weight", "0.2"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("train") / "data", make_episodes())


def spawn(program, data, out, *more):
    return subprocess.Popen([sys.executable, *program, "--data", data, "--out", out, *SMALL_OPTIONS, *more], cwd=TRAINING, text=True,
                            env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run_here(monkeypatch, data, out, *more):
    monkeypatch.setattr(sys, "argv", ["train.py", "--data", str(data), "--out", str(out), *SMALL_OPTIONS, *more])
    train.main()


def read(out):
    return torch.load(out / "checkpoint.pt", weights_only=True)


def read_log(out):
    """Lines with losses, and what was measured last."""
    entries = [json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")) for line in (out / "log.jsonl").read_text().splitlines()]
    return [entry for entry in entries if "loss" in entry], entries[-1]["measured"]


def moved(one, other):
    """Parts of the model in which weights differ."""
    return {name.split(".")[0] for name, value in one["model"].items() if not torch.equal(value, other["model"][name])}


def test_killed_resumed_interrupted_and_finished(data, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    stage = STAGES["with actions"]

    # Killed without warning after a few steps: the checkpoint is whole whenever that happens.
    child = spawn(["-c", BUSY_SAVER], data, out, *stage, "--minutes", "30")
    while child.poll() is None and not ((out / "log.jsonl").exists() and len((out / "log.jsonl").read_text().splitlines()) >= 4):
        time.sleep(0.05)
    assert child.poll() is None, child.communicate()[1]
    child.kill()
    child.communicate()
    killed = read(out)
    assert killed["step"] >= 3

    # Resumed, and interrupted as with Ctrl-C: nothing is lost, and one line says what to do.
    child = spawn(["-u", "train.py"], data, out, *stage, "--minutes", "30")
    lines = [child.stdout.readline(), child.stdout.readline()]
    assert lines[0] == f"train: 12 episodes to learn from, 32 to measure on; 1 x {DEVICE}\n"
    assert lines[1].startswith(f"train: going on at step {killed['step']}, ")
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate()
    assert child.returncode == 1
    stopped = read(out)
    assert stopped["step"] >= killed["step"]
    assert errors.splitlines()[-1] == f"train: interrupted at step {stopped['step']}; wrote {out / 'checkpoint.pt'}; run the same command to go on"
    assert "Traceback" not in errors

    # Other options into the same folder are refused, a longer or shorter time is not.
    with pytest.raises(SystemExit, match=r"checkpoint\.pt was trained with other options"):
        run_here(monkeypatch, data, out, *stage, "--learning-rate", "0.1")
    monkeypatch.setattr(train, "LOG_EVERY_STEPS", 1)
    run_here(monkeypatch, data, out, *stage, "--minutes", str((stopped["spent_s"] + 0.5) / 60))
    finished = read(out)
    assert finished["step"] > stopped["step"] and finished["spent_s"] > stopped["spent_s"]
    assert f"train: {finished['step']} steps; wrote" in capsys.readouterr().out
    assert {"encoder", "predictor"} <= moved(finished, killed)
    assert any(not torch.equal(value, killed["losses"][name]) for name, value in finished["losses"].items())
    assert sorted(file.name for file in out.iterdir()) == ["checkpoint.pt", "log.jsonl"], "no half-written file is left"

    # The log goes on in one file, each step once, and ends with what was measured on the held-out episodes.
    losses, measured = read_log(out)
    steps = [entry["step"] for entry in losses]
    assert steps == sorted(set(steps)) and steps[-1] == finished["step"]
    assert measured["linear_probe_m"].keys() == {"end_effector", "gripper_opening", "cube", "cup"}


def test_two_stages(data, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "LOG_EVERY_STEPS", 1)
    run_here(monkeypatch, data, tmp_path / "before", "--minutes", "0")
    run_here(monkeypatch, data, tmp_path / "one", "--minutes", "0.01")
    losses, measured = read_log(tmp_path / "one")
    assert losses[0].keys() == {"step", "minutes", "rate", "loss", "arm", "touch", "persistence", "sigreg", "repeated"}
    assert not any(name.startswith("multi_step") for name in measured)
    assert measured["place_error_m"].keys() >= {"cube", "cup"} and any(entry["touch"] > 0 for entry in losses)
    first = read(tmp_path / "one")
    assert moved(first, read(tmp_path / "before")) == {"encoder"}, "without actions there is nothing to predict with them"

    second = ["--init", str(tmp_path / "one"), *STAGES["with actions"]]
    run_here(monkeypatch, data, tmp_path / "begun", *second, "--minutes", "0")
    assert "encoder" not in moved(read(tmp_path / "begun"), first), "it starts where the first stage ended"
    run_here(monkeypatch, data, tmp_path / "two", *second, "--minutes", "0.01")
    losses, measured = read_log(tmp_path / "two")
    assert losses[0].keys() == {"step", "minutes", "rate", "loss", "arm", "touch", "persistence", "sigreg", "repeated", "multi_step"}
    assert len(measured["multi_step_ratio"]) == len(measured["multi_step_ratio_object_moves"]) == 5
    assert moved(read(tmp_path / "two"), read(tmp_path / "begun")) == {"encoder", "predictor"}


def test_what_was_felt_is_read_with_an_encoder_s_help(data, tmp_path, monkeypatch):
    run_here(monkeypatch, data, tmp_path / "one", "--minutes", "0.005")
    seen = []
    monkeypatch.setattr(train, "feel", lambda *arguments: seen.append(arguments) or feel(*arguments))
    run_here(monkeypatch, data, tmp_path / "two", "--read-with", str(tmp_path / "one"), "--minutes", "0.005")
    (states, _, places, things), = seen
    assert things == 2 and places.shape == (*states.shape[:2], 2, 3) and len(list((tmp_path / "one").glob("latents-*.npz"))) == 1, "the latents are kept for going on"


class TestGoingOn:
    """A second data set, a finished run that began with the encoder of another one, which it was also read with."""

    @pytest.fixture(scope="class")
    def made(self, tmp_path_factory, data):
        folder = tmp_path_factory.mktemp("going-on")
        write_data(folder / "other", make_episodes(seed=1))
        with pytest.MonkeyPatch.context() as patch:
            run_here(patch, data, folder / "first", "--minutes", "0")
            run_here(patch, data, folder / "second", "--minutes", "0", "--seed", "1")
            run_here(patch, data, folder / "run", "--minutes", "0", *self.begun(folder))
        return folder

    @staticmethod
    def begun(folder, init="first", read_with="first"):
        return ["--init", str(folder / init), "--read-with", str(folder / read_with)]

    def test_the_same_goes_on_wherever_it_lies(self, data, made, tmp_path, monkeypatch):
        (tmp_path / "moved").symlink_to(data)
        before = read(made / "run")
        run_here(monkeypatch, tmp_path / "moved", made / "run", "--minutes", "0", *self.begun(made))
        assert not moved(read(made / "run"), before)

    def test_data_sets_may_be_named_in_another_order(self, data, made, tmp_path, monkeypatch):
        run_here(monkeypatch, data, tmp_path / "run", "--data", str(data), str(made / "other"), "--minutes", "0")
        run_here(monkeypatch, data, tmp_path / "run", "--data", str(made / "other"), str(data), "--minutes", "0")
        with pytest.raises(SystemExit, match="was trained on other data"):
            run_here(monkeypatch, data, tmp_path / "run", "--minutes", "0")

    def test_with_what_it_began_may_be_left_out(self, data, made, monkeypatch):
        before = read(made / "run")
        run_here(monkeypatch, data, made / "run", "--minutes", "0", *self.begun(made)[2:])
        assert read(made / "run")["init"] == before["init"] is not None

    def test_other_data(self, data, made, monkeypatch):
        before = (made / "run" / "checkpoint.pt").read_bytes()
        with pytest.raises(SystemExit, match=r"run/checkpoint\.pt was trained on other data than .*other; choose another --out, with --init .*run to keep its encoder, or the same data"):
            run_here(monkeypatch, made / "other", made / "run", "--minutes", "1", *self.begun(made))
        assert (made / "run" / "checkpoint.pt").read_bytes() == before

    @pytest.mark.parametrize("options, message", [
        (dict(init="second"), r"checkpoint\.pt did not begin with the encoder of .*second; choose another --out, or leave --init out to go on"),
        (dict(read_with="second"), r"checkpoint\.pt was trained with another --read-with than .*second; choose another --out or the same --read-with"),
    ])
    def test_other_encoders(self, data, made, monkeypatch, options, message):
        with pytest.raises(SystemExit, match=message):
            run_here(monkeypatch, data, made / "run", "--minutes", "1", *self.begun(made, **options))

    def test_an_encoder_where_it_began_with_none(self, data, made, monkeypatch):
        with pytest.raises(SystemExit, match="did not begin with the encoder of .*second"):
            run_here(monkeypatch, data, made / "first", "--minutes", "1", "--init", str(made / "second"))
        with pytest.raises(SystemExit, match="with another --read-with than none"):
            run_here(monkeypatch, data, made / "run", "--minutes", "1", "--init", str(made / "first"))

    def test_a_checkpoint_that_is_older_says_nothing_of_it(self, data, made, tmp_path, monkeypatch):
        (tmp_path / "run").mkdir()
        older = {name: value for name, value in read(made / "first").items() if name not in ("data", "init", "read_with")}
        torch.save(older, tmp_path / "run" / "checkpoint.pt")
        run_here(monkeypatch, made / "other", tmp_path / "run", "--minutes", "0")
        assert not moved(read(tmp_path / "run"), older) and read(tmp_path / "run")["data"] != read(made / "first")["data"]


@pytest.mark.parametrize("options, message", [
    (["--init", "nowhere"], "nowhere has neither checkpoint.pt nor manifest.json; give a run that was trained, or a bundle"),
    (["--read-with", "nowhere"], "nowhere/checkpoint.pt is missing; train first"),
    (["--horizon", "9", "--frames", "0", "9"], "horizon is 9: the episodes have only 8 actions"),
    (["--frames", "2", "8"], "frames is .*: it must begin with 0"),
    (["--validation-episodes", "44"], "validation_episodes is 44, the data set has 44 episodes"),
])
def test_what_does_not_fit_is_said_before_training(data, tmp_path, monkeypatch, options, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run_here(monkeypatch, data, tmp_path / "run", *options)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_the_rate_warms_up_and_the_first_loss_repeats(data, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "LOG_EVERY_STEPS", 1)
    firsts = []
    for name in ("one", "again"):
        run_here(monkeypatch, data, tmp_path / name, "--minutes", "0.005")
        firsts.append(read_log(tmp_path / name)[0][0])
    assert firsts[0]["loss"] == pytest.approx(firsts[1]["loss"], rel=1e-4)
    assert firsts[0]["rate"] == pytest.approx(train.Config().learning_rate / train.Config().warmup_steps)


def test_a_loss_that_is_not_finite_ends_training_and_keeps_the_checkpoint(data, tmp_path, monkeypatch):
    out = tmp_path / "run"
    run_here(monkeypatch, data, out, "--minutes", "0.005")
    before = (out / "checkpoint.pt").read_bytes()
    real = train.Losses.forward
    monkeypatch.setattr(train.Losses, "forward", lambda *arguments: (real(*arguments)[0] * float("nan"), {"loss": float("nan")}))
    with pytest.raises(SystemExit, match=r"the loss is nan at step \d+ .*the last checkpoint is kept"):
        run_here(monkeypatch, data, out, "--minutes", "30")
    assert (out / "checkpoint.pt").read_bytes() == before


def test_a_lerobot_data_set_of_a_robot_that_knows_no_places(data, tmp_path, monkeypatch):
    """Cut into pieces of four actions; the same programs, and nothing is said of what is not known."""
    monkeypatch.setattr(sys, "argv", ["to_lerobot.py", "--data", str(data), "--out", str(tmp_path / "recorded"), "--no-truths"])
    to_lerobot.main()
    run_here(monkeypatch, tmp_path / "recorded", tmp_path / "run", *STAGES["with actions"][:1], "--minutes", "0.003", "--data-steps", "4",
             "--horizon", "4", "--frames", "0", "4", "--rollout", "3", "--felt-share", "0.3")
    assert read(tmp_path / "run")["episodes"] == 2 * 44 - 32
    measured = read_log(tmp_path / "run")[1]
    assert measured["linear_probe_m"].keys() == {"gripper_opening"} and len(measured["multi_step_ratio"]) == 3
    with pytest.raises(ValueError, match="the state is to be 'joints', no such feature; name one of .* with --data-state"):
        run_here(monkeypatch, tmp_path / "recorded", tmp_path / "other", "--data-state", "joints")


def test_no_data_is_one_line(tmp_path):
    child = spawn(["train.py"], tmp_path / "nowhere", tmp_path / "run")
    output, errors = child.communicate()
    assert child.returncode == 1 and output == ""
    assert errors.startswith("train: ") and errors.count("\n") == 1 and "make the data first" in errors
