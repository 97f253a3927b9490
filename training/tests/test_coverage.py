"""Coverage is judged on data whose coverage is known."""

import sys
from dataclasses import replace

import numpy as np
import pytest

import coverage
import to_lerobot
from conftest import DESCRIPTION, make_episodes, write_data
from jepa.build import WORKSPACE_HIGH, WORKSPACE_LOW
from jepa.lerobot import Features

STEPS = 16


def still(count=1, steps=STEPS):
    """Positions [E, T + 1, 3] of a cube that nothing touches."""
    return np.tile(np.array([0.5, 0.0, 0.025], np.float32), (count, steps + 1, 1))


def judge(*points, window=4):
    """The verdict on one episode in which the object is moved through points (offset from its place), evenly in time."""
    path = still()
    at = np.linspace(0, STEPS, len(points))
    for axis in range(3):
        path[0, :, axis] += np.interp(np.arange(STEPS + 1), at, [point[axis] for point in points])
    contact = coverage.judge_contact(path, window)
    return {name: bool(getattr(contact, name)[0]) for name in ("moved", "lifted", "carried", "released", "fallen")}


NOTHING = dict(moved=False, lifted=False, carried=False, released=False, fallen=False)


class TestContact:
    @pytest.mark.parametrize("points, expected", [
        ([(0, 0, 0), (0, 0, 0)], {}),
        ([(0, 0, 0), (0.02, 0, 0)], {}),
        ([(0, 0, 0), (0.10, 0, 0)], dict(moved=True)),
        ([(0, 0, 0), (0.10, 0, 0), (0, 0, 0)], dict(moved=True)),
        ([(0, 0, 0), (0, 0, 0.06), (0, 0, 0)], dict(moved=True, lifted=True)),
        ([(0, 0, 0), (0, 0, 0.03), (0.1, 0, 0.03), (0.1, 0, 0)], dict(moved=True)),
        ([(0, 0, 0), (0, 0, 0.08), (0.1, 0, 0.08)], dict(moved=True, lifted=True, carried=True)),
        ([(0, 0, 0), (0, 0, 0.08), (0.1, 0, 0.08), (0.1, 0, 0)], dict(moved=True, lifted=True, carried=True, released=True)),
        ([(0, 0, 0), (0, 0, 0.08), (0.3, 0, 0.08), (0.4, 0, -0.6)], dict(moved=True, lifted=True, carried=True, fallen=True)),
        ([(0, 0, 0), (0.3, 0, 0), (0.3, 0, -0.6)], dict(moved=True, fallen=True)),
    ])
    def test_verdicts(self, points, expected):
        assert judge(*points) == {**NOTHING, **expected}

    def test_windows_do_not_overlap_and_say_when(self):
        path = still(2)
        path[0, 4:9, 0] += np.linspace(0, 0.08, 5)
        path[0, 9:, 0] += 0.08
        path[1, 6, 2] += 0.05
        contact = coverage.judge_contact(path, 4)
        assert contact.moved_windows.tolist() == [[False, True, False, False], [False] * 4]
        assert contact.lifted_windows.tolist() == [[False] * 4, [False, True, False, False]]
        assert np.allclose(contact.displacements, [[0.08, 0]])

    def test_falling_is_no_displacement_over_the_table(self):
        path = still()
        path[0, 5:, :] += [0.3, 0, -0.7]
        contact = coverage.judge_contact(path, 4)
        assert not contact.moved_windows.any() and len(contact.displacements) == 0

    def test_each_direction_has_its_sector(self):
        angle = np.arange(8) * np.pi / 4
        for turn in (-0.35, 0, 0.35):
            assert coverage.sectors(np.stack([np.cos(angle + turn), np.sin(angle + turn)], 1)).tolist() == [1] * 8
        assert coverage.sectors(np.array([[0, 1.0], [0.1, 2.0]])).tolist() == [0, 0, 2, 0, 0, 0, 0, 0]


class TestCells:
    def test_everywhere(self):
        points = np.random.default_rng(0).uniform(WORKSPACE_LOW, WORKSPACE_HIGH, (40000, 3))
        cells = coverage.count_cells(points, (0, 1, 2))
        assert cells.counts.shape == (6, 9, 6) and cells.counts.sum() == 40000
        assert cells.visited == 1 and cells.evenness > 0.98 and cells.outside == 0

    def test_half_of_it(self):
        points = np.random.default_rng(0).uniform(WORKSPACE_LOW, [0.499, *WORKSPACE_HIGH[1:]], (40000, 3))
        assert coverage.count_cells(points, (0, 1, 2)).visited == pytest.approx(0.5)

    def test_one_place(self):
        cells = coverage.count_cells(np.tile([0.5, 0.0, 0.1], (10, 1)), (0, 1))
        assert cells.counts.size == 54 and cells.visited == 1 / 54 and cells.evenness == 0

    def test_outside_is_told(self):
        cells = coverage.count_cells(np.array([[0.5, 0, 0.1], [0.34, 0, 0.1], [1.2, 0, 0.1], [0.5, 0, -0.7]]), (0, 1, 2))
        assert cells.outside == 0.5 and cells.counts.sum() == 2


def run(monkeypatch, data, out):
    monkeypatch.setattr(sys, "argv", ["coverage.py", "--data", str(data), "--out", str(out), "--window", "4"])
    coverage.main()


class TestReport:
    @pytest.fixture
    def data(self, tmp_path):
        return write_data(tmp_path / "data", make_episodes(12))

    def test_shards_and_their_lerobot_copy_give_the_same_report(self, data, tmp_path, monkeypatch, capsys):
        run(monkeypatch, data, tmp_path / "of-shards")
        assert "Seeds 0 to 11; " in capsys.readouterr().out
        monkeypatch.setattr(sys, "argv", ["to_lerobot.py", "--data", str(data), "--out", str(tmp_path / "made")])
        to_lerobot.main()
        run(monkeypatch, tmp_path / "made", tmp_path / "of-lerobot")
        text = (tmp_path / "of-shards/coverage.md").read_text()
        assert text == (tmp_path / "of-lerobot/coverage.md").read_text()
        assert "12 episodes of 8 actions" in text and "no world of the evaluation" in text
        assert (tmp_path / "of-shards/coverage.png").read_bytes()[:4] == b"\x89PNG"

    def test_the_cube_moves_in_every_third_episode_and_the_cup_never(self, data):
        text = "\n".join(coverage.report(coverage.read_numbers(data, Features()), 4))
        cube = coverage.judge_contact(coverage.read_numbers(data, Features()).truths[..., 3:6], 4).moved.mean()
        assert 0 < cube <= 4 / 12
        assert f"| moves more than 3 cm | {100 * cube:.1f} % | 0.0 % | {100 * cube:.1f} % |" in text

    def test_gripper_and_steps(self):
        episodes = make_episodes(2)
        actions = np.zeros_like(episodes.actions)
        actions[..., 0] = 0.04
        actions[0, 4:, 3] = 1.0
        text = "\n".join(coverage.report_actions(replace(episodes, actions=actions)))
        assert "| steps with an axis at its limit | 100.0 % |" in text
        assert "| length of a step, median (10 % to 90 %) | 4.0 cm (4.0 to 4.0) |" in text
        assert "| gripper told to be closed / between / open | 75.0 % / 0.0 % / 25.0 % |" in text
        assert "| episodes in which it switches | 50.0 % |" in text and "| gripper switches an episode, mean | 0.50 |" in text

    @pytest.mark.parametrize("first, apart", [(0, True), (999_988, True), (999_989, False), (1_000_000, False)])
    def test_which_seeds_are_the_evaluations(self, tmp_path, first, apart):
        data = write_data(tmp_path / "data", replace(make_episodes(12), description={**DESCRIPTION, "first_seed": first}))
        sentence, said = coverage.describe_seeds(coverage.read_numbers(data, Features()).description)
        assert said == apart and f"Seeds {first} to {first + 11}; " in sentence

    def test_seeds_of_the_evaluation_fail(self, tmp_path, monkeypatch):
        data = write_data(tmp_path / "data", replace(make_episodes(12), description={**DESCRIPTION, "first_seed": 999_989}))
        with pytest.raises(SystemExit, match="seeds below the evaluation's"):
            run(monkeypatch, data, tmp_path / "out")
        assert "**the data reaches into the evaluation's worlds.**" in (tmp_path / "out/coverage.md").read_text()

    def test_a_missing_shard_uses_its_seeds_up(self, data):
        (data / "shard-00001").rename(data / "shard-00004")
        assert coverage.read_numbers(data, Features()).description["end_seed"] == 5 * 6

    def test_data_without_positions_is_refused(self, data, tmp_path, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["to_lerobot.py", "--data", str(data), "--out", str(tmp_path / "made"), "--no-truths"])
        to_lerobot.main()
        with pytest.raises(SystemExit, match="has no positions of the objects; convert it with --truths"):
            run(monkeypatch, tmp_path / "made", tmp_path / "out")

    def test_a_folder_without_data_is_refused(self, tmp_path, monkeypatch):
        with pytest.raises(SystemExit, match="no dataset.json; make the data first"):
            run(monkeypatch, tmp_path, tmp_path / "out")
