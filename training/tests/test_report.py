"""Log and manifest as train.py and export.py write them, to a page and its pictures."""

import json
import sys

import pytest

import report

MEASURED = {
    "linear_probe_m": {"end_effector": 0.0101, "gripper_opening": 0.002, "cube": 0.05, "cup": 0.04},
    "place_error_m": {"cube": {"p50": 0.0123, "p75": 0.02, "p90": 0.05}, "cube_lifted": {"p50": 0.004, "p75": 0.005, "p90": 0.006}},
    "nearest_neighbour_m": {"end_effector": 0.02, "gripper_opening": 0.001, "cube": 0.06, "cup": 0.05},
    "latent_spectrum": [2.0, 1.0, 0.5],
    "effective_rank": 2.6,
}
ROLLED = {"multi_step_ratio": [0.9, 0.7], "multi_step_ratio_object_moves": [0.8, 0.456]}


def write_run(folder, minutes, **more):
    terms = {"rate": 1e-3, "loss": 1.5, "persistence": 0.2, "arm": 0.03, "touch": 0.6, **more}
    entries = [{"step": 50 * (i + 1), "minutes": minutes * (i + 1) / 4, **terms} for i in range(4)]
    rolled = ROLLED if "multi_step" in more else {}
    entries += [{"step": 200, "minutes": minutes, "measured": {**MEASURED, **rolled}}]
    folder.mkdir()
    (folder / "log.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return folder


def write_bundle(folder, measured):
    parity = {"latent_max_difference": 1e-6, "rollout_max_difference": 2e-6, "rank_correlation_min": 1.0, "same_elites_min": 1.0, "candidates": 256}
    training = {"config": {"rollout_minutes": 6.0, "value_minutes": 6.0}, "steps": 400, "minutes": 42.0, "episodes": 1000, "parity": parity, "measured": measured}
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"name": "small-jepa", "training": training}))
    return folder


def run_report(monkeypatch, runs, bundle, out):
    monkeypatch.setattr(sys, "argv", ["report.py", "--run", *map(str, runs), "--bundle", str(bundle), "--out", str(out)])
    report.main()
    return (out / "report.md").read_text()


@pytest.fixture
def stages(tmp_path):
    return [write_run(tmp_path / "stage1", 20), write_run(tmp_path / "stage2", 10, multi_step=0.17, sigreg=0.4)]


def test_both_stages_on_one_page(stages, tmp_path, monkeypatch):
    text = run_report(monkeypatch, stages, write_bundle(tmp_path / "bundle", {**MEASURED, **ROLLED}), tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["horizon.png", "loss.png", "places.png", "probes.png", "report.md", "spectrum.png"]
    assert "\n42 minutes: 30 for the encoder, 6 for the predictor and 6 for the value on the frozen encoder, both from 1000 episodes. Made by" in text
    assert "| end effector | 1.01 | 2.00 |" in text and "| cube | 5.00 | 6.00 |" in text
    assert "| cube | 1.23 | 2.00 | 5.00 |" in text and "| cube, lifted | 0.40 | 0.50 | 0.60 |" in text
    assert "| step | all windows | windows in which an object moves |" in text and "| 2 | 0.700 | 0.456 |" in text
    assert "2.6 of 3" in text


def test_a_run_follows_the_one_before(stages):
    log = report.read_logs(stages)
    assert [entry["minutes"] for entry in log.losses] == [5, 10, 15, 20, 22.5, 25, 27.5, 30] and log.begins == [0, 20]
    assert [entry["minutes"] for entry in log.measured] == [20, 30]


def test_one_stage_where_no_object_is_known(tmp_path, monkeypatch):
    blind = {**MEASURED, **{name: {"gripper_opening": 0.001} for name in ("linear_probe_m", "nearest_neighbour_m")}, "place_error_m": {},
             "multi_step_ratio": [0.9, 0.7]}
    text = run_report(monkeypatch, [write_run(tmp_path / "run", 5)], write_bundle(tmp_path / "bundle", blind), tmp_path / "out")
    assert "| step | all windows |\n" in text and "| cube" not in text


def test_what_is_missing_is_one_line(stages, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="log.jsonl is missing; train first"):
        run_report(monkeypatch, [tmp_path / "nowhere"], tmp_path / "bundle", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="manifest.json is missing; export the run first"):
        run_report(monkeypatch, stages, tmp_path / "bundle", tmp_path / "out")
    with pytest.raises(ValueError, match="another version of this program; export the run again"):
        run_report(monkeypatch, stages, write_bundle(tmp_path / "bundle", {"multi_step_error": [1.0]}), tmp_path / "out")
    (stages[0] / "log.jsonl").write_text("")
    with pytest.raises(ValueError, match="has no losses or nothing measured yet"):
        run_report(monkeypatch, stages, tmp_path / "bundle", tmp_path / "out")
    assert not (tmp_path / "out").exists()
