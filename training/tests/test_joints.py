"""The world model of an arm that is moved by its joints: from data without any labels to a bundle; interrupted, resumed, refused. And LeRobot data handed over for import."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import export_joints
import train_joints
from jepa.data import Episodes, load_episodes
from joints.build import load_checkpoint, new_model
from joints.config import JointsConfig
from joints.windows import JointWindows
from test_lerobot import numbered

TRAINING = Path(train_joints.__file__).parent
SIZE, STEPS, EPISODES = 64, 10, 40
NAMES = ["shoulder", "elbow"]
SMALL = ["--channels", "8", "--keypoints", "8", "--head-width", "24", "--dynamics-width", "16", "--horizon", "4", "--windows", "8", "--dynamics-windows", "32",
         "--validation-episodes", "8", "--threads", "1", "--camera-jitter", "0", "--colour-jitter", "0"]


def make_arm(count: int = EPISODES, seed: int = 0) -> Episodes:
    """An arm of two links that does nine tenths of what it is told; there are no truths."""
    random = np.random.default_rng(seed)
    images = np.full((count, STEPS + 1, SIZE, SIZE, 3), 90, np.uint8)
    states, actions = np.zeros((count, STEPS + 1, 2), np.float32), random.uniform(-0.1, 0.1, (count, STEPS, 2)).astype(np.float32)
    # Now and then it hardly moves, so that there are pictures that are alike.
    actions[random.uniform(size=(count, STEPS)) < 0.3] *= 0.1
    for episode in range(count):
        q = random.uniform(-1, 1, 2)
        for t in range(STEPS + 1):
            states[episode, t] = q
            elbow = np.array([44, 32]) - 18 * np.array([np.cos(q[0]), np.sin(q[0])])
            hand = elbow - 14 * np.array([np.cos(q.sum()), np.sin(q.sum())])
            for place, colour in ((elbow, (200, 40, 40)), (hand, (40, 80, 220))):
                row, column = np.round(place).astype(int).clip(2, SIZE - 3)
                images[episode, t, row - 2 : row + 3, column - 2 : column + 3] = colour
            if t < STEPS:
                q = q + 0.9 * actions[episode, t]
    description = {"format": "jepa-mpc shards of npy, version 1", "period_s": 0.2, "steps": STEPS, "image": {"width": SIZE, "height": SIZE, "channels": "rgb"}, "robot": "twolink",
                   "state": NAMES, "action": NAMES, "units": ["rad", "rad"], "action_kind": "joint_delta", "max_delta": [0.1, 0.1]}
    return Episodes(images, states, actions, np.full((count, STEPS + 1, 9), np.nan, np.float32), description)


def write_recorded(folder: Path, episodes: Episodes) -> Path:
    """As `jepa-mpc record` writes: an episode a shard, and no truths."""
    for i in range(len(episodes)):
        shard = folder / f"shard-{i:05d}"
        shard.mkdir(parents=True)
        for name in ("images", "states", "actions"):
            np.save(shard / f"{name}.npy", getattr(episodes, name)[i : i + 1])
    (folder / "dataset.json").write_text(json.dumps(episodes.description))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_recorded(tmp_path_factory.mktemp("joints") / "data", make_arm())


def run(module, monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", [module.__name__, *(str(option) for option in options)])
    module.main()


@pytest.fixture(scope="module")
def trained(data):
    out = data.parent / "run"
    with pytest.MonkeyPatch.context() as patch:
        run(train_joints, patch, "--data", data, "--out", out, *SMALL, "--minutes", "0.25")
    return out


def test_recorded_data_has_no_truths_and_is_read_all_the_same(data):
    episodes = load_episodes(data)
    assert len(episodes) == EPISODES and np.isnan(episodes.truths).all()


def test_windows_are_of_one_episode_and_the_same_for_the_same_seed():
    arm = make_arm(6)
    arm.states[:] = np.arange(6)[:, None, None] + np.arange(STEPS + 1)[None, :, None] / 100
    one, other = (JointWindows([arm], 4, seed=3).draw(50, pictures=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other))
    states = one[1][..., 0]
    assert torch.allclose(states.diff(dim=1), torch.full((50, 4), 0.01), atol=1e-5)
    assert one[0].shape == (50, 2, SIZE, SIZE, 3) and one[2].shape == (50, 4, 2)
    with pytest.raises(ValueError, match="horizon is 11: the episodes have only 10 actions"):
        JointWindows([arm], 11, seed=0)


def test_the_latent_moves_as_the_joints_do_and_the_energy_is_least_at_the_goal():
    model = new_model(JointsConfig(horizon=4), [make_arm(4)])
    latent, state = torch.zeros(1, 2), torch.zeros(1, 2)
    goal = torch.tensor([[0.5, -0.5]])
    reach = goal * model.dynamics.state_std
    actions = torch.stack([reach / 4 * share for share in (0.0, 0.5, 1.0)])[:, None].expand(3, 1, 1, 2).reshape(3, 1, 2).repeat(1, 4, 1)
    latents, states = model.rollout(latent.expand(3, -1), state.expand(3, -1), actions)
    energies = model.energy(latents[:, -1], goal)
    assert torch.allclose(states[2, -1], reach[0], atol=1e-6) and energies[2] < 1e-6
    assert energies[0] > energies[1] > energies[2]


def test_training_learns_from_pictures_and_joints_alone(trained, data):
    measured = [json.loads(line)["measured"] for line in (trained / "log.jsonl").read_text().splitlines() if "measured" in line][-1]
    assert measured["joints"] == NAMES
    spread = load_episodes(data).states.reshape(-1, 2)
    # By guessing the middle the median error is half of the range's quarter.
    guess = np.median(np.abs(spread - np.median(spread, 0)), 0)
    assert measured["read_median"][0] < 0.5 * guess[0], (measured["read_median"], guess)
    assert np.all(np.array(measured["predicted_median"]) < 0.5 * np.array(measured["still_median"]))


def test_the_exported_bundle_agrees_with_the_model_and_describes_joint_deltas(trained, data, monkeypatch):
    bundle = data.parent / "twolink-reach"
    run(export_joints, monkeypatch, "--run", trained, "--data", data, "--bundle", bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["name"] == "twolink-reach" and manifest["action"]["kind"] == "joint_delta"
    assert manifest["action"]["names"] == manifest["state"]["names"] == NAMES and manifest["action"]["units"] == ["rad", "rad"]
    assert np.allclose(manifest["action"]["high"], 0.1) and np.allclose(manifest["action"]["low"], -0.1)
    assert manifest["training"]["parity"]["rollout_max_difference"] < 1e-4
    assert manifest["horizon"] == 4 and manifest["energy"]["noise_floor"] >= 0 and manifest["energy"]["reached_below"] > 0
    model, _ = load_checkpoint(trained / "checkpoint.pt")
    pictures = load_episodes(data).images[0, :2]
    latent = onnxruntime.InferenceSession(bundle / "encoder.onnx").run(["latent"], {"pixels": pictures})[0]
    with torch.no_grad():
        assert np.abs(latent - model.encoder(torch.from_numpy(pictures)).numpy()).max() < 1e-4


def test_an_interrupted_training_goes_on_where_it_was(data, tmp_path):
    out = tmp_path / "run"
    program = ["-c", "import train_joints; train_joints.CHECKPOINT_EVERY_S = -1; train_joints.main()"]
    command = [sys.executable, *program, "--data", data, "--out", out, *SMALL, "--minutes", "30"]
    child = subprocess.Popen(command, cwd=TRAINING, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(1200):
        if (out / "checkpoint.pt").exists() or child.poll() is not None:
            break
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 1 and "interrupted at step" in err, err
    step = torch.load(out / "checkpoint.pt", weights_only=True)["step"]
    spent = torch.load(out / "checkpoint.pt", weights_only=True)["spent_s"]
    done = subprocess.run([sys.executable, "train_joints.py", "--data", data, "--out", out, *SMALL, "--minutes", str(spent / 60 + 0.01)], cwd=TRAINING, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and f"going on at step {step}" in done.stdout, done.stderr
    other = subprocess.run([sys.executable, "train_joints.py", "--data", data, "--out", out, *SMALL, "--minutes", "1", "--channels", "12"], cwd=TRAINING, capture_output=True, text=True, check=False)
    assert other.returncode == 1 and "was trained with other options" in other.stderr


def test_data_of_another_kind_is_refused_in_one_line(tmp_path, monkeypatch):
    arm = make_arm(12)
    arm.description["action_kind"] = "ee_delta"
    data = write_recorded(tmp_path / "data", arm)
    with pytest.raises(ValueError, match="joint deltas and the positions of the same joints are wanted"):
        run(train_joints, monkeypatch, "--data", data, "--out", tmp_path / "run", *SMALL, "--validation-episodes", "4")


class TestStream:
    def stream(self, *options):
        return subprocess.run([sys.executable, "stream_lerobot.py", *(str(option) for option in options)], cwd=TRAINING, capture_output=True, check=False)

    @pytest.mark.parametrize("stored", ["video", "image"])
    def test_every_frame_comes_with_its_time_numbers_and_picture(self, tmp_path, stored):
        folder, grey = numbered(tmp_path / "data", [4, 3], stored=stored)
        done = self.stream("--data", folder, "--image-size", "32", "--state", "robot.joints", "--action", "robot.command")
        assert done.returncode == 0, done.stderr
        head, rest = done.stdout.split(b"\n", 1)
        assert json.loads(head) == {"state": ["shoulder", "elbow"], "action": ["0", "1", "2"], "fps": 10}
        for episode, frame in [(e, t) for e, length in enumerate([4, 3]) for t in range(length)]:
            line, rest = rest.split(b"\n", 1)
            picture, rest = rest[: 32 * 32 * 3], rest[32 * 32 * 3 :]
            assert json.loads(line) == {"episode": episode, "time_s": frame / 10, "state": [100 * episode + frame, 1.0], "action": [100 * episode + frame] * 3}
            assert len(picture) == 32 * 32 * 3 and abs(np.frombuffer(picture, np.uint8).astype(int) - grey(episode, frame)).max() <= 1
        assert rest == b""

    def test_without_commands_there_are_positions_alone(self, tmp_path):
        folder, _ = numbered(tmp_path / "data", [3])
        done = self.stream("--data", folder, "--image-size", "32", "--state", "robot.joints")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.split(b"\n", 1)[0]) == {"state": ["shoulder", "elbow"], "fps": 10}

    def test_what_is_no_data_set_is_refused_in_one_line(self, tmp_path):
        done = self.stream("--data", tmp_path, "--image-size", "32")
        assert done.returncode == 1 and b"is no LeRobot data set of version 3" in done.stderr and done.stderr.count(b"\n") == 1
