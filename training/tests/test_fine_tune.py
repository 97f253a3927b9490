"""Learning on from what the robot lived through: on the shipped bundle, with a world that is a little different from the one that it learned."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import fine_tune
from jepa.exported import ExportedModel
from jepa.experience import FORMAT, load_experience, split, windows_of

BUNDLE = Path(__file__).resolve().parents[2] / "models" / "arm-objects-jepa"
MANIFEST = json.loads((BUNDLE / "manifest.json").read_text())
ENCODER = MANIFEST["files"]["encoder.onnx"]["sha256"]


@torch.no_grad()
def live(folder: Path, *, episodes: int = 12, periods: int = 14, drift: float = 0.0, seed: int = 0) -> Path:
    """A folder of experience: things do as the bundle's model says, and besides go along x by `drift` m a period."""
    graph = ExportedModel(BUNDLE).rollout
    generator = torch.Generator().manual_seed(seed)
    low, high = graph.model.action_low, graph.model.action_high
    things = torch.tensor([drift, 0.0, 0.0]).repeat(2) / graph.model.predictor.state_std[:3].repeat(2)
    latents, states, actions, stretches = [], [], [], []
    for episode in range(episodes):
        latent = 0.5 * torch.randn(1, 10, generator=generator)
        predictor = graph.model.predictor
        state = torch.cat([predictor.state_mean[:4] + predictor.state_std[:4] * latent[0, :4], torch.zeros(3)])[None]
        # The second half of an episode is a stretch of its own, as after a hold.
        for part in range(2):
            chosen = low + (high - low) * torch.rand(1, periods // 2, 4, generator=generator)
            row_latents, row_states = [latent], [state]
            for step in range(periods // 2):
                following = fine_tune.roll(graph, latent, state, chosen[:, step : step + 1])[:, 0]
                following[:, 4:] += things
                latent, state = following, graph.model.state_model(state, chosen[:, step])
                row_latents.append(latent)
                row_states.append(state)
            latents.append(torch.cat(row_latents))
            states.append(torch.cat(row_states))
            actions.append(chosen[0])
            stretches.append({"episode": episode, "periods": periods // 2})
    folder.mkdir()
    for name, values in (("latents", latents), ("states", states), ("actions", actions)):
        np.save(folder / f"{name}.npy", torch.cat(values).numpy())
    (folder / "experience.json").write_text(json.dumps({"format": FORMAT, "encoder_sha256": ENCODER, "stretches": stretches}))
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["fine_tune.py", *map(str, words)])
    return fine_tune.main()


def test_a_world_that_differs_is_learned_and_the_new_bundle_says_where_it_is_from(tmp_path, monkeypatch, capsys):
    before = {file.name: file.read_bytes() for file in BUNDLE.iterdir()}
    data = live(tmp_path / "data", drift=0.006)
    code = run(monkeypatch, "--bundle", BUNDLE, "--data", data, "--out", tmp_path / "new", "--steps", 250, "--rate", 1e-3, "--batch", 64, "--threads", 1)
    assert code == 0, capsys.readouterr()
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    report = manifest["training"]["fine_tuned"]
    assert report["after"]["one_step_cm"] < 0.7 * report["before"]["one_step_cm"] and report["parity"] <= 1e-4
    assert report["from"] == {"bundle": "arm-objects-jepa", "rollout_sha256": MANIFEST["files"]["rollout.onnx"]["sha256"]}
    assert manifest["name"] == "new" and manifest["files"]["encoder.onnx"] == MANIFEST["files"]["encoder.onnx"]
    assert manifest["files"]["rollout.onnx"]["sha256"] != MANIFEST["files"]["rollout.onnx"]["sha256"]
    assert {file.name: file.read_bytes() for file in BUNDLE.iterdir()} == before, "the old bundle stays as it is"
    # What the runtime says of the held-out windows' second pictures is what was measured.
    held = windows_of(split(load_experience(data, ENCODER), 0.25)[1], 10)
    sessions = [onnxruntime.InferenceSession(str(folder / "rollout.onnx")) for folder in (BUNDLE, tmp_path / "new")]
    wrong = np.zeros(2)
    for latents, states, taken in zip(held.latents, held.states, held.actions):
        actions = np.zeros((1, 10, 4), np.float32)
        actions[0, 0] = taken[0]
        scene = {"latent": latents[:1].numpy(), "state": states[:1].numpy(), "actions": actions, "goal": latents[:1].numpy()}
        wrong += [np.abs(session.run(["next_latent"], scene)[0][0, 4:] - latents[1, 4:].numpy()).mean() for session in sessions]
    assert wrong[1] < 0.7 * wrong[0]


def test_a_bundle_that_is_not_better_is_refused_with_the_numbers(tmp_path, monkeypatch, capsys):
    data = live(tmp_path / "data", drift=0.0)
    assert run(monkeypatch, "--bundle", BUNDLE, "--data", data, "--out", tmp_path / "new", "--steps", 40, "--rate", 3e-3, "--batch", 16, "--threads", 1) == fine_tune.EXIT_REFUSED
    assert not (tmp_path / "new").exists()
    said = capsys.readouterr()
    assert "refused: loss" in said.err and "held-out episodes" in said.err
    assert json.loads(said.out.splitlines()[1])["accepted"] is False


@pytest.mark.parametrize(("change", "message"), [
    (lambda about: about | {"encoder_sha256": "0" * 64}, "seen with another encoder"),
    (lambda about: about | {"format": "else"}, "format is 'else'"),
    (lambda about: about | {"stretches": about["stretches"][1:]}, "it is damaged"),
    (lambda about: about | {"stretches": [one | {"episode": 0} for one in about["stretches"]]}, "let the robot work on"),
])
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, monkeypatch, change, message):
    data = live(tmp_path / "data", episodes=5)
    file = data / "experience.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    with pytest.raises(ValueError, match=message) as refused:
        run(monkeypatch, "--bundle", BUNDLE, "--data", data, "--out", tmp_path / "new")
    assert "\n" not in str(refused.value)


def test_a_bundle_is_never_overwritten(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="never overwritten"):
        run(monkeypatch, "--bundle", BUNDLE, "--data", tmp_path, "--out", tmp_path)


def test_windows_end_where_a_stretch_ends(tmp_path):
    data = live(tmp_path / "data", episodes=5, periods=8)
    windows = windows_of(load_experience(data, ENCODER), 10)
    assert len(windows) == 5 * 8 and windows.actions.shape[1] == 10
    assert windows.known.sum(1).tolist() == [4, 3, 2, 1] * 10
    with torch.no_grad():
        wrong = fine_tune.errors_m(ExportedModel(BUNDLE).rollout, windows)
    assert float((wrong * windows.known[..., None]).max()) < 1e-5, "the world of this test is the model's own"
