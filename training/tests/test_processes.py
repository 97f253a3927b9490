"""Two processes under torchrun on this machine's CPU learn together, and write once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

import train
from conftest import SMALL_OPTIONS, make_episodes, write_data
from jepa.processes import Processes

TRAINING = Path(train.__file__).parent
PROBE = """
import torch
from jepa.processes import Processes
p = Processes()
one = torch.nn.Linear(2, 1); torch.nn.init.constant_(one.weight, float(p.rank + 1)); torch.nn.init.zeros_(one.bias)
p.share_weights(one)
assert one.weight.tolist() == [[1, 1]]
one(torch.full((1, 2), float(p.rank))).sum().backward()
p.average_gradients(one.parameters())
assert one.weight.grad.tolist() == [[0.5, 0.5]] and one.bias.grad.tolist() == [1], one.weight.grad
assert p.agree(10.0 + p.rank, 3.0) == [10.0, 3.0]
assert p.any(p.rank == 1) and not p.any(False)
print(f"<agreed {p.rank} {p.count}>", flush=True)
p.close()
"""


def torchrun(*command):
    """Two processes, each with one thread."""
    return subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *map(str, command)],
                          cwd=TRAINING, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(TRAINING)}, text=True, capture_output=True, timeout=240, check=False)


def test_what_processes_agree_on(tmp_path):
    (tmp_path / "probe.py").write_text(PROBE)
    run = torchrun(tmp_path / "probe.py")
    assert run.returncode == 0, run.stderr
    assert all(run.stdout.count(f"<agreed {rank} 2>") == 1 for rank in (0, 1))


def test_two_train_one_model(tmp_path):
    data, out = write_data(tmp_path / "data", make_episodes()), tmp_path / "run"
    run = torchrun("train.py", "--data", data, "--out", out, *SMALL_OPTIONS, "--minutes", "0.05")
    assert run.returncode == 0, run.stderr
    assert "2 x cpu" in run.stdout and run.stdout.count("train:") == 2, "one of them speaks"
    checkpoint = torch.load(out / "checkpoint.pt", weights_only=True)
    assert checkpoint["step"] > 0 and all(value.isfinite().all() for value in checkpoint["model"].values())
    steps = [entry["step"] for entry in map(json.loads, (out / "log.jsonl").read_text().splitlines())]
    assert steps == sorted(steps)


def test_alone_there_is_nothing_to_agree_on():
    alone = Processes()
    module = torch.nn.Linear(1, 1)
    alone.share_weights(module)
    module(torch.ones(1, 1)).sum().backward()
    alone.average_gradients(module.parameters())
    assert module.weight.grad.item() == 1 and alone.agree(2.0) == [2.0] and alone.any(True) and not alone.any(False) and alone.first
