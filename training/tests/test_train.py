"""Training from the command line: interrupted, resumed, refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import train
from conftest import SMALL, make_episodes, write_data

TRAINING = Path(train.__file__).parent
OPTIONS = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))] + ["--threads", "1"]
# As train.py itself, but with a checkpoint and a line in the log after every step.
BUSY_SAVER = "import train; train.CHECKPOINT_EVERY_S = -1; train.LOG_EVERY_STEPS = 1; train.main()"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("train") / "data", make_episodes())


def spawn(program, data, out, *more):
    return subprocess.Popen([sys.executable, *program, "--data", data, "--out", out, *OPTIONS, *more], cwd=TRAINING, text=True,
                            env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run_here(monkeypatch, data, out, *more):
    monkeypatch.setattr(sys, "argv", ["train.py", "--data", str(data), "--out", str(out), *OPTIONS, *more])
    train.main()


def read(out):
    return torch.load(out / "checkpoint.pt", weights_only=True)


def test_killed_resumed_interrupted_and_finished(data, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"

    # Killed without warning after a few steps: the checkpoint is whole whenever that happens.
    child = spawn(["-c", BUSY_SAVER], data, out, "--minutes", "30")
    while child.poll() is None and not ((out / "log.jsonl").exists() and len((out / "log.jsonl").read_text().splitlines()) >= 4):
        time.sleep(0.05)
    assert child.poll() is None, child.communicate()[1]
    child.kill()
    child.communicate()
    killed = read(out)
    assert killed["step"] >= 3

    # Resumed, and interrupted as with Ctrl-C: nothing is lost, and one line says what to do.
    child = spawn(["-u", "train.py"], data, out, "--minutes", "30")
    lines = [child.stdout.readline(), child.stdout.readline()]
    assert lines[0] == "train: 12 episodes to learn from, 32 to measure on\n"
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
        run_here(monkeypatch, data, out, "--learning-rate", "0.1")
    monkeypatch.setattr(train, "LOG_EVERY_STEPS", 1)
    run_here(monkeypatch, data, out, "--minutes", str((stopped["spent_s"] + 0.5) / 60))
    finished = read(out)
    assert finished["step"] > stopped["step"] and finished["spent_s"] > stopped["spent_s"]
    assert f"train: {finished['step']} steps; wrote" in capsys.readouterr().out
    moved = [name for name, value in finished["model"].items() if not torch.equal(value, killed["model"][name])]
    assert any(name.startswith("encoder.stem") for name in moved) and any(name.startswith("predictor.leave") for name in moved)
    assert sorted(file.name for file in out.iterdir()) == ["checkpoint.pt", "log.jsonl"], "no half-written file is left"

    # The log goes on in one file, in order, and ends with what was measured on the held-out episodes.
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    after = [entry["step"] for entry in entries if "loss" in entry and entry["step"] > killed["step"]]
    assert after[-1] == finished["step"] and after == sorted(after)
    assert entries[-1]["step"] == finished["step"]
    assert entries[-1]["measured"]["linear_probe_m"].keys() == {"end_effector", "gripper_opening", "cube", "cup"}


def test_the_rate_warms_up_and_the_first_loss_repeats(data, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "LOG_EVERY_STEPS", 1)
    firsts = []
    for name in ("one", "again"):
        run_here(monkeypatch, data, tmp_path / name, "--minutes", "0.005")
        firsts.append([json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()][0])
    assert firsts[0]["loss"] == pytest.approx(firsts[1]["loss"], rel=1e-4)
    assert firsts[0]["rate"] == pytest.approx(train.Config().learning_rate / train.Config().warmup_steps)


def test_a_loss_that_is_not_finite_ends_training_and_keeps_the_checkpoint(data, tmp_path, monkeypatch):
    out = tmp_path / "run"
    run_here(monkeypatch, data, out, "--minutes", "0.005")
    before = (out / "checkpoint.pt").read_bytes()
    real = train.training_loss
    monkeypatch.setattr(train, "training_loss", lambda *arguments: (real(*arguments)[0] * float("nan"), {"loss": float("nan")}))
    with pytest.raises(SystemExit, match=r"the loss is nan at step \d+ .*the last checkpoint is kept"):
        run_here(monkeypatch, data, out, "--minutes", "30")
    assert (out / "checkpoint.pt").read_bytes() == before


def test_no_data_is_one_line(tmp_path):
    child = spawn(["train.py"], tmp_path / "nowhere", tmp_path / "run")
    output, errors = child.communicate()
    assert child.returncode == 1 and output == ""
    assert errors.startswith("train: ") and errors.count("\n") == 1 and "make the data first" in errors
