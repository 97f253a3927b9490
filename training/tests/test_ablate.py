"""Comparing variants of the world model."""

import json
import sys
from pathlib import Path

import pytest
import torch

import ablate
from conftest import make_episodes, save_run, shake, write_data
from jepa.build import new_model
from jepa.latents import true_latents


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablate") / "one"
    # As long as the comparison's roll-outs, and longer.
    episodes = make_episodes(44)
    write_data(folder, episodes)
    return folder


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(ablate, "STEPS", 5)


@pytest.fixture
def ran(monkeypatch, config, episodes):
    """What would have been run; each leaves a checkpoint."""
    calls = []

    def run(script, *options):
        calls.append((script, *map(str, options)))
        out = Path(options[options.index("--out") + 1])
        out.parent.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(len(calls))
        save_run(out, shake(new_model(config, episodes)), episodes)

    monkeypatch.setattr(ablate, "run", run)
    return calls


def ablate_here(monkeypatch, data, out, *more):
    monkeypatch.setattr(sys, "argv", ["ablate.py", "--data", str(data), "--out", str(out), "--minutes", "8", "--validation-episodes", "32", *more])
    ablate.main()


def of(call, option):
    return call[call.index(option) + 1]


def test_the_truth_reads_without_error(config, episodes):
    model = shake(new_model(config, episodes))
    measured = ablate.measure_latents(model, true_latents(model, make_episodes(40)), with_rollouts=False)
    assert measured["place_error_m"]["cube"]["p50"] < 1e-5 and measured["linear_probe_m"]["end_effector"] < 1e-5 and measured["linear_probe_m"]["cup"] < 1e-5


def test_a_predictor_that_moves_nothing_is_as_good_as_nothing_moves(config, episodes, short):
    torch.manual_seed(0)
    model = new_model(config, episodes)
    torch.nn.init.zeros_(model.predictor.leave.weight)
    still = ablate.measure_prediction(model, true_latents(model, make_episodes(40)))
    assert still["rolled"] == pytest.approx(still["still"], rel=1e-5) and still["still"] > ablate.MOVED_M


def test_each_variant_has_the_same_minutes_and_its_own_options(data, ran, monkeypatch, tmp_path, short):
    ablate_here(monkeypatch, data, tmp_path, "--only", "shipped", "vector", "one-stage", "no-touch", "rollout-5")
    spent = {}
    for call in ran:
        name = Path(of(call, "--out")).parent.name
        spent[name] = spent.get(name, 0) + float(of(call, "--minutes") if call[0] == "train.py" else of(call, "--rollout-minutes") if call[0] == "train_dynamics.py" else 0)
    assert spent == {"shipped": 8, "vector": 8, "one-stage": 8, "no-touch": 8, "rollout-5": 2}
    by_name = {(Path(of(call, "--out")).parent.name, call[0]): call for call in ran}
    assert of(by_name["vector", "train.py"], "--features") == "vector" and "--features" not in by_name["shipped", "train.py"]
    assert "--with-actions" in by_name["one-stage", "train.py"] and ("one-stage", "train_dynamics.py") not in by_name and ("no-touch", "look_back.py") not in by_name
    assert of(by_name["rollout-5", "train_dynamics.py"], "--rollout") == "5" and of(by_name["rollout-5", "train_dynamics.py"], "--run") == str(tmp_path / "shipped" / "looked")


def test_what_is_measured_is_not_trained_again_and_stands_in_the_table(data, ran, monkeypatch, tmp_path, short):
    ablate_here(monkeypatch, data, tmp_path, "--only", "shipped", "no-touch")
    ran.clear()
    page = tmp_path / "page.md"
    ablate_here(monkeypatch, data, tmp_path, "--only", "shipped", "rollout-5", "--report", str(page))
    assert {Path(of(call, "--out")).parent.name for call in ran} == {"rollout-5"}
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ") and "linear" not in line]
    assert [row.split(" | ")[0] for row in rows] == ["| as it ships", "| no touch", "| of 5 steps"]
    assert rows[1].endswith("| – |") and "(" in rows[2]
    assert all(row.count("|") == rows[0].count("|") for row in rows)
    measured = json.loads((tmp_path / "shipped" / "measured.json").read_text())
    assert f"{100 * measured['prediction']['rolled']:.1f} (" in rows[0] and str(measured["steps"]) in rows[0]


def test_other_minutes_are_not_put_into_one_table(data, ran, monkeypatch, tmp_path, short):
    ablate_here(monkeypatch, data, tmp_path, "--only", "shipped")
    with pytest.raises(ValueError, match="shipped had other minutes than 9, or other threads"):
        ablate_here(monkeypatch, data, tmp_path, "--only", "no-touch", "--minutes", "9")


def test_an_encoder_that_is_not_there(data, ran, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match='"history" goes on from the encoder of "shipped"'):
        ablate_here(monkeypatch, data, tmp_path, "--only", "history")


def test_a_script_that_fails_is_one_line(tmp_path):
    with pytest.raises(ValueError, match="train.py failed"):
        ablate.run("train.py", "--data", tmp_path / "none", "--out", tmp_path / "out")


def test_options_of_the_variants_are_of_the_scripts():
    """Typed like this they would only be refused after an hour."""
    from jepa.config import Config

    known = {f"--{name.replace('_', '-')}" for name in Config().to_dict()}
    for name, variant in ablate.VARIANTS.items():
        options = [word for word in (*variant.encoder, *variant.dynamics) if word.startswith("--")]
        assert options or name == "shipped"
        assert set(options) <= known, name
        assert variant.of is None or variant.of in ablate.VARIANTS
