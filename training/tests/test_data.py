from dataclasses import replace

import numpy as np
import pytest

from conftest import make_episodes, write_data, write_shard
from jepa.data import Episodes, WindowSampler, load_episodes


def numbered(count=6, steps=10, moving=()) -> Episodes:
    """Every number says which episode and frame it belongs to."""
    episode, frame = np.arange(count)[:, None], np.arange(steps + 1)[None]
    number = (100 * episode + frame).astype(np.float32)
    truths = np.zeros((count, steps + 1, 9), np.float32)
    for one in moving:
        truths[one, :, 3] = 0.05 * np.arange(steps + 1)
    images = np.stack(np.broadcast_arrays(episode, frame, 0 * frame), -1).astype(np.uint8)[:, :, None, None, :].repeat(2, 2).repeat(2, 3)
    return Episodes(images, number[..., None].repeat(7, 2), number[:, :-1, None].repeat(4, 2), truths, {})


def sampler(episodes, **options):
    return WindowSampler(episodes, **{"horizon": 4, "frames": (0, 1, 4), "windows": 64, "moving_share": 0.0, "seed": 0, **options})


class TestWindowSampler:
    @pytest.mark.parametrize("moving_share", [0.0, 0.5, 1.0])
    def test_windows_stay_in_one_episode_and_fit_together(self, moving_share):
        draws = sampler(numbered(moving=(1, 4)), moving_share=moving_share)
        starts = set()
        for _ in range(20):
            images, states, actions = draws.draw()
            assert images.shape == (64, 3, 2, 2, 3) and states.shape == (64, 3, 7) and actions.shape == (64, 4, 4)
            first = actions[:, 0, 0].numpy()
            episode, start = first // 100, first % 100
            assert (start + 4 <= 10).all()
            assert (actions[..., 0].numpy() == first[:, None] + np.arange(4)).all()
            assert (states[..., 0].numpy() == first[:, None] + [0, 1, 4]).all()
            assert (images[:, :, 0, 0, 0].numpy() == episode[:, None]).all()
            assert (images[:, :, 0, 0, 1].numpy() == start[:, None] + [0, 1, 4]).all()
            starts |= set(start)
        assert starts == set(range(7)), "the first and the last window too"

    def test_the_same_seed_draws_the_same(self):
        one, again, other = (sampler(numbered(), seed=seed) for seed in (5, 5, 6))
        first, second = one.draw(), one.draw()
        assert all((a == b).all() for a, b in zip(first, again.draw()))
        assert all((a == b).all() for a, b in zip(second, again.draw()))
        assert not (first[2] == second[2]).all() and not (first[2] == other.draw()[2]).all()

    def test_the_share_in_which_something_moves(self):
        _, _, actions = sampler(numbered(count=40, moving=(7,)), windows=400, moving_share=0.6).draw()
        share = float((actions[:, 0, 0] // 100 == 7).float().mean())
        assert 0.6 <= share < 0.7

    def test_where_nothing_moves_it_draws_all_the_same(self):
        _, _, actions = sampler(numbered(), moving_share=1.0).draw()
        assert len(set((actions[:, 0, 0] // 100).tolist())) == 6

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
        assert training.states.max() < 700 and validation.states.min() == 700

    @pytest.mark.parametrize("count", [0, 10, 11])
    def test_split_without_anything_left(self, count):
        with pytest.raises(ValueError, match=f"validation_episodes is {count}, the data set has 10"):
            numbered(10).split(count)
