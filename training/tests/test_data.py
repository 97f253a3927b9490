from dataclasses import replace

import numpy as np
import pytest
import torch

from conftest import make_episodes, write_data, write_shard
from jepa.data import Episodes, WindowSampler, join_episodes, load_episodes
from jepa.touch import feel


def numbered(count=6, steps=10, holding={}) -> Episodes:
    """Every number says which episode and frame it belongs to; but for the gripper, in which there are things of the widths (m) in `holding`.

    The hand is on the table and goes by a metre a period. It grips in the fourth frame and holds from the fifth on.
    """
    episode, frame = np.arange(count)[:, None], np.arange(steps + 1)[None]
    number = (100 * episode + frame).astype(np.float32)
    states, actions = number[..., None].repeat(7, 2), number[:, :-1, None].repeat(4, 2)
    states[..., 2], actions[..., 3] = 0, 1
    for one, width in holding.items():
        states[one, :, 3], actions[one, 2:, 3] = width, 0
    images = np.stack(np.broadcast_arrays(episode, frame, 0 * frame), -1).astype(np.uint8)[:, :, None, None, :].repeat(2, 2).repeat(2, 3)
    return Episodes(images, states, actions, np.zeros((count, steps + 1, 9), np.float32), {})


def sampler(episodes, **options):
    return WindowSampler([episodes], [feel(episodes.states, episodes.actions)], **{"horizon": 4, "frames": (0, 1, 4), "windows": 64, "felt_share": 0.0, "held_share": 0.0, "seed": 0, **options})


WINDOWS = 128


class TestWindowSampler:
    @pytest.mark.parametrize(("felt_share", "held_share"), [(0.0, 0.0), (0.5, 0.2), (0.6, 0.3)])
    def test_windows_stay_in_one_episode_and_fit_together(self, felt_share, held_share):
        draws = sampler(numbered(holding={1: 0.03, 4: 0.06}), felt_share=felt_share, held_share=held_share, windows=WINDOWS)
        starts = set()
        for _ in range(20):
            windows = draws.draw()
            images, states, actions = windows.images, windows.states, windows.actions
            assert images.shape == (WINDOWS, 3, 2, 2, 3) and states.shape == (WINDOWS, 3, 7) and actions.shape == (WINDOWS, 4, 4)
            first = actions[:, 0, 0].numpy()
            episode, start = first // 100, first % 100
            assert (start + 4 <= 10).all()
            assert (actions[..., 0].numpy() == first[:, None] + np.arange(4)).all()
            assert (states[..., 0].numpy() == first[:, None] + [0, 1, 4]).all()
            assert (images[:, :, 0, 0, 0].numpy() == episode[:, None]).all()
            assert (images[:, :, 0, 0, 1].numpy() == start[:, None] + [0, 1, 4]).all()
            starts |= set(start)
        assert starts == set(range(7)), "the first and the last window too"

    def test_windows_of_data_sets_with_episodes_of_other_lengths(self):
        short, long = numbered(3, holding={1: 0.03}), numbered(2, steps=14, holding={0: 0.03})
        parts = [short, replace(long, actions=long.actions + 1000)]
        draws = WindowSampler(parts, [feel(part.states, part.actions) for part in (short, long)], horizon=4, frames=(0, 4), windows=WINDOWS, felt_share=0.3,
                              held_share=0.3, seed=0)
        starts = [set(), set()]
        for _ in range(30):
            windows = draws.draw()
            first = windows.actions[:, 0, 0].numpy()
            which, episode, start = (first >= 1000).astype(int), first % 1000 // 100, first % 100
            assert (windows.states[..., 0].numpy() == (100 * episode + start)[:, None] + [0, 4]).all(), "picture and action of one data set"
            for i in range(2):
                starts[i] |= set(start[which == i])
        assert starts == [set(range(7)), set(range(11))]

    def test_what_was_felt_is_of_the_frames_that_are_shown(self):
        windows = sampler(numbered(holding={1: 0.03, 4: 0.06}), windows=400).draw()
        episode, frame = windows.states[..., 0] // 100, windows.states[..., 0] % 100
        assert windows.felt.shape == (400, 3, 2, 3) and windows.held.shape == (400, 3, 2) and windows.held.dtype == torch.bool
        for thing, holding in enumerate((1, 4)):
            felt, held = windows.felt[:, :, thing, 0], windows.held[:, :, thing]
            here = episode == holding
            # Held from frame 4 on; before, it was where it was gripped in frame 3.
            assert here.any() and torch.equal(held, here & (frame >= 4))
            torch.testing.assert_close(felt[here], 100.0 * holding + frame[here].where(frame[here] >= 4, torch.tensor(3.0)))
            assert felt[~here].isnan().all()

    def test_the_same_seed_draws_the_same(self):
        one, again, other = (sampler(numbered(), seed=seed) for seed in (5, 5, 6))
        first, second = one.draw(), one.draw()
        for drawn in (first, second):
            repeated = again.draw()
            assert all(torch.equal(getattr(drawn, name), getattr(repeated, name)) for name in ("images", "states", "actions", "held"))
        assert not torch.equal(first.actions, second.actions) and not torch.equal(first.actions, other.draw().actions)

    def test_the_shares_that_begin_with_a_thing_where_it_lies_and_with_one_in_the_hand(self):
        windows = sampler(numbered(count=40, holding={7: 0.03, 9: 0.06}), windows=400, felt_share=0.5, held_share=0.2).draw()
        known, held = windows.felt[:, 0].isfinite().all(-1).any(-1), windows.held[:, 0].any(-1)
        assert (known & ~held)[:200].all() and held[200:280].all()
        assert set((windows.states[:280, 0, 0] // 100).tolist()) == {7, 9}
        assert 0.7 <= float(known.float().mean()) < 0.8, "of the rest few"

    def test_where_nothing_was_felt_it_draws_all_the_same(self):
        windows = sampler(numbered(), felt_share=1.0).draw()
        assert len(set((windows.actions[:, 0, 0] // 100).tolist())) == 6
        assert windows.felt.isnan().all() and not windows.held.any()

    @pytest.mark.parametrize("frames", [(1, 4), (0, 5)])
    def test_frames_outside_the_window_are_refused(self, frames):
        with pytest.raises(ValueError, match="it must begin with 0 and end within the horizon of 4"):
            sampler(numbered(), frames=frames)


class TestLoadEpisodes:
    def test_shards_in_their_order(self, tmp_path):
        made = make_episodes(7)
        read = load_episodes(write_data(tmp_path / "data", made))
        assert len(read) == 7 and read.description == made.description
        for name in ("images", "states", "actions", "truths"):
            assert np.array_equal(getattr(read, name), getattr(made, name)), name

    def test_unfinished_shards_are_not_read(self, tmp_path):
        folder = write_data(tmp_path / "data", make_episodes(4))
        write_shard(folder / "shard-00002.part", make_episodes(2))
        assert len(load_episodes(folder)) == 4

    def test_no_data_set(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"dataset\.json is missing; make the data first: node dist/sim/collect\.js --out .*nowhere$"):
            load_episodes(tmp_path / "nowhere")

    def test_no_shard(self, tmp_path):
        (tmp_path / "dataset.json").write_text("{}")
        (tmp_path / "shard-00000.part").mkdir()
        with pytest.raises(FileNotFoundError, match="no finished shard"):
            load_episodes(tmp_path)

    def test_shards_of_different_shapes(self, tmp_path):
        folder = write_data(tmp_path / "data", make_episodes(4))
        shorter = make_episodes(2)
        write_shard(folder / "shard-00002", replace(shorter, actions=shorter.actions[:, :-1]))
        with pytest.raises(ValueError, match="different shapes of actions"):
            load_episodes(folder)

    @pytest.mark.parametrize("name", ["states", "actions"])
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_numbers_that_are_not_finite(self, tmp_path, name, bad):
        episodes = make_episodes(2)
        getattr(episodes, name)[1, 3, 2] = bad
        with pytest.raises(ValueError, match=f"{name} has numbers that are not finite"):
            load_episodes(write_data(tmp_path / "data", episodes))

    def test_split(self):
        training, validation = numbered(10).split(3)
        assert len(training) == 7 and len(validation) == 3
        assert training.states[..., 0].max() < 700 and validation.states[..., 0].min() == 700

    @pytest.mark.parametrize("count", [0, 10, 11])
    def test_split_without_anything_left(self, count):
        with pytest.raises(ValueError, match=f"validation_episodes is {count}, the data set has 10"):
            numbered(10).split(count)


class TestJoinEpisodes:
    def test_one_after_the_other(self):
        first, second = make_episodes(3, seed=0), make_episodes(2, seed=1)
        joined = join_episodes([first, second])
        assert len(joined) == 5 and joined.description == first.description
        for name in ("images", "states", "actions", "truths"):
            np.testing.assert_array_equal(getattr(joined, name)[:3], getattr(first, name))
            np.testing.assert_array_equal(getattr(joined, name)[3:], getattr(second, name))

    def test_longer_episodes_are_cut(self):
        short, long = numbered(2), numbered(3, steps=14)
        joined = join_episodes([short, long])
        assert joined.actions.shape[:2] == (5, 10) and joined.images.shape[:2] == joined.states.shape[:2] == joined.truths.shape[:2] == (5, 11)
        np.testing.assert_array_equal(joined.states[2:], long.states[:, :11])

    @pytest.mark.parametrize("name", ["images", "states", "actions"])
    def test_those_that_do_not_fit_together(self, name):
        one = make_episodes(2)
        other = replace(one, **{name: getattr(one, name)[:, :, :-1]})
        with pytest.raises(ValueError, match=f"different shapes of {name}: .*; collect them with the same options"):
            join_episodes([one, other])

    def test_those_of_another_robot_or_rate(self):
        one = make_episodes(2)
        with pytest.raises(ValueError, match=r"different period_s: \[0.2, 0.1\]; give data sets of one robot and one rate"):
            join_episodes([one, replace(one, description={**one.description, "period_s": 0.1})])


def test_shuffled_episodes_stay_whole():
    episodes = make_episodes(6)
    shuffled = episodes.shuffled(1)
    order = [next(i for i in range(6) if np.array_equal(shuffled.states[k], episodes.states[i])) for k in range(6)]
    assert sorted(order) == list(range(6)) and order != list(range(6))
    for name in ("images", "actions", "truths"):
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(episodes, name)[order])
