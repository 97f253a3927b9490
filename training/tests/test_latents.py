from dataclasses import replace

import numpy as np
import pytest
import torch

import jepa.latents
from conftest import make_episodes, shake
from jepa.build import new_model
from jepa.latents import LatentEpisodes, LatentSampler, changing_windows, encode_all, encode_episodes, join
from jepa.model import ARM


def numbered(count=6, steps=10, moving=()):
    """Every number says which episode and frame it belongs to; in `moving` episodes the objects' entries change much."""
    number = 100.0 * torch.arange(count)[:, None] + torch.arange(steps + 1)
    latents = torch.zeros(count, steps + 1, ARM + 3)
    latents[..., 0] = number
    for one in moving:
        latents[one, :, ARM:] = torch.arange(steps + 1.0)[:, None]
    return LatentEpisodes(latents, number[..., None].repeat(1, 1, 7), number[:, :-1, None].repeat(1, 1, 4), torch.zeros(count, steps + 1, 9))


def sampler(episodes, **options):
    return LatentSampler(episodes, **{"horizon": 4, "windows": 64, "moving_share": 0.0, "seed": 0, **options})


class TestLatentSampler:
    @pytest.mark.parametrize("moving_share", [0.0, 0.5, 1.0])
    def test_windows_stay_in_one_episode_and_fit_together(self, moving_share):
        draws, starts = sampler(numbered(moving=(1, 4, 5)), moving_share=moving_share), set()
        for _ in range(20):
            latents, states, actions = draws.draw()
            assert latents.shape == (64, 5, ARM + 3) and states.shape == (64, 5, 7) and actions.shape == (64, 4, 4)
            first = actions[:, :1, 0]
            assert (first % 100 + 4 <= 10).all()
            assert torch.equal(actions[..., 0], first + torch.arange(4))
            assert torch.equal(states[..., 0], first + torch.arange(5)) and torch.equal(latents[..., 0], first + torch.arange(5))
            starts |= set((first % 100).flatten().tolist())
        assert starts == set(range(7)), "the first and the last window too"

    def test_the_share_in_which_the_objects_entries_change(self):
        _, _, actions = sampler(numbered(count=40, moving=range(20)), windows=400, moving_share=0.6).draw()
        share = float((actions[:, 0, 0] < 2000).float().mean())
        assert 0.75 < share < 0.85, "60 % curated, half of the others by chance"

    def test_a_quarter_counts_as_changing_the_one_that_changes_most(self):
        episodes = numbered(count=40, moving=range(40))
        episodes.latents[..., ARM:] *= torch.randperm(40)[:, None, None]
        windows = changing_windows(episodes, 4)
        assert windows.shape == (70, 2), "of 40 x 7"
        fastest = episodes.latents[:, -1, ARM].argsort()[-10:]
        assert set(windows[:, 0].tolist()) == set(fastest.tolist())

    def test_an_arm_that_moves_is_no_object_that_does(self):
        episodes = numbered(count=40, moving=range(30))
        episodes.latents[30:, :, :ARM] = 1000 * torch.randn(10, 11, ARM)
        _, _, actions = sampler(episodes, windows=200, moving_share=1.0).draw()
        assert (actions[:, 0, 0] < 3000).all()

    def test_where_nothing_changes_it_draws_all_the_same(self):
        _, _, actions = sampler(numbered(), moving_share=1.0).draw()
        assert len(set((actions[:, 0, 0] // 100).tolist())) == 6

    def test_the_same_seed_draws_the_same(self):
        one, again, other = (sampler(numbered(), seed=seed).draw()[0] for seed in (5, 5, 6))
        assert torch.equal(one, again) and not torch.equal(one, other)

    def test_longer_roll_outs_than_episodes_are_refused(self):
        with pytest.raises(ValueError, match="rollout is 11: the episodes have only 10 actions"):
            sampler(numbered(), horizon=11)


class TestJoin:
    def test_one_after_the_other(self):
        one, other = numbered(2), numbered(3, moving=(1,))
        both = join([one, other])
        assert len(both) == 5 and torch.equal(both.latents[2:], other.latents) and torch.equal(both.actions[:2], one.actions)

    def test_longer_episodes_are_cut_to_the_shortest(self):
        long, short = numbered(2, steps=20), numbered(3, steps=10)
        both = join([long, short])
        assert len(both) == 2 * 2 + 3 and both.actions.shape[1] == 10 and both.latents.shape[1] == both.states.shape[1] == both.truths.shape[1] == 11
        assert torch.equal(both.latents[:2], long.latents[:, :11]) and torch.equal(both.latents[2:4], long.latents[:, 10:21]), "neighbours share a frame"
        assert torch.equal(both.actions[2:4], long.actions[:, 10:20]) and torch.equal(both.states[4:], short.states)

    @pytest.mark.parametrize("steps", [11, 15, 19, 21, 29])
    def test_pieces_overlap_where_the_length_does_not_go_into_it(self, steps):
        long, short = numbered(1, steps=steps), numbered(1, steps=10)
        pieces = join([long, short]).latents[:-1]
        assert len(pieces) == -(-steps // 10)
        assert set(pieces[..., 0].flatten().tolist()) == set(long.latents[..., 0].flatten().tolist()), "every frame"
        assert (pieces[..., 1:, 0] - pieces[..., :-1, 0] == 1).all()


class TestEncodeEpisodes:
    @pytest.fixture
    def few(self):
        return make_episodes(3)

    @pytest.fixture
    def asked(self, monkeypatch):
        """How often pictures were encoded."""
        calls, real = [], jepa.latents.encode_all
        monkeypatch.setattr(jepa.latents, "encode_all", lambda *arguments: calls.append(1) or real(*arguments))
        return calls

    def test_is_the_encoder_frame_by_frame(self, model, few, tmp_path):
        shake(model)
        encoded = encode_episodes(model, few, tmp_path)
        assert encoded.latents.shape == (3, 9, model.latent_size)
        torch.testing.assert_close(encoded.latents[2, 4], model.encoder(torch.from_numpy(few.images[2, 4:5]))[0].detach(), atol=1e-5, rtol=1e-4)
        for name in ("states", "actions", "truths"):
            assert np.array_equal(getattr(encoded, name), getattr(few, name)), name

    def test_batches_make_no_difference(self, model, few):
        shake(model)
        torch.testing.assert_close(encode_all(model, few.images, batch=4), encode_all(model, few.images), atol=1e-5, rtol=1e-4)

    def test_running_statistics_do_not_learn_from_it(self, model, few, tmp_path):
        model.train()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        encode_episodes(model, few, tmp_path)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

    def test_once(self, model, few, tmp_path, asked):
        shake(model)
        first = encode_episodes(model, few, tmp_path)
        again = encode_episodes(model, few, tmp_path)
        assert len(asked) == 1 and torch.equal(first.latents, again.latents)
        assert [file.suffix for file in tmp_path.iterdir()] == [".npz"]

    @pytest.mark.parametrize("what", ["another encoder", "other episodes", "fewer episodes", "other rooms"])
    def test_again_for(self, what, model, config, few, tmp_path, asked):
        shake(model)
        encode_episodes(model, few, tmp_path)
        if what == "another encoder":
            model = shake(new_model(config, few), seed=1)
        elif what == "other episodes":
            few = make_episodes(3, seed=1)
        elif what == "fewer episodes":
            few = few._slice(slice(0, 2))
        else:
            few = replace(few, images=255 - few.images)
        encoded = encode_episodes(model, few, tmp_path)
        assert len(asked) == 2
        assert torch.equal(encoded.latents, encode_all(model, few.images))

    def test_a_new_predictor_needs_no_new_latents(self, model, config, few, tmp_path, asked):
        shake(model)
        encode_episodes(model, few, tmp_path)
        encode_episodes(model.with_config(replace(config, predictor_width=24)), few, tmp_path)
        assert len(asked) == 1
