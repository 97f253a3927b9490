"""Tracks of things that rest and are moved now and then, seen with errors, and what hindsight makes of them."""

import pytest
import torch

from jepa.latents import LatentEpisodes
from jepa.model import ARM, PLACE
from jepa.smoothing import error_of_pictures, in_hindsight, shifted, smooth
from jepa.touch import THINGS

FRAMES = 35


def tracks(count, seed=0):
    """Things rest; the first one is moved by 3 cm a picture for five pictures. [E, T, THINGS, 3], m."""
    random = torch.Generator().manual_seed(seed)
    places = torch.rand(count, 1, THINGS, PLACE, generator=random).expand(-1, FRAMES, -1, -1).clone()
    steps = (torch.arange(FRAMES) - 15).clamp(0, 5) * 0.03
    places[:, :, 0, 0] += steps
    return places


def seen(places, error, seed=1):
    return places + error * torch.randn(places.shape, generator=torch.Generator().manual_seed(seed))


def untouched(places):
    return torch.full_like(places, torch.nan), torch.zeros(places.shape[:-1], dtype=torch.bool)


def test_errors_fall_and_moves_stay():
    truth = tracks(40)
    noisy = seen(truth, 0.01)
    smoothed = smooth(noisy, *untouched(truth))
    wrong = lambda places: (places - truth).norm(dim=-1)
    assert wrong(smoothed).median() < 0.45 * wrong(noisy).median()
    # What rests, rests.
    steps = (smoothed[:, 1:] - smoothed[:, :-1]).norm(dim=-1)
    assert steps[:, :, 1].quantile(0.9) < 0.003
    moved = smoothed[:, -1, 0, 0] - smoothed[:, 0, 0, 0]
    assert (moved - 0.15).abs().max() < 0.02
    # All of it where it happened.
    assert (smoothed[:, 20, 0, 0] - smoothed[:, 15, 0, 0]).median() > 0.13


def test_a_picture_in_which_a_thing_is_hidden_is_not_believed():
    truth = tracks(20)
    noisy = seen(truth, 0.01)
    noisy[:, 7, 1] += 0.2
    smoothed = smooth(noisy, *untouched(truth))
    assert (smoothed[:, 7, 1] - truth[:, 7, 1]).norm(dim=-1).max() < 0.03


def test_what_is_in_the_hand_is_where_the_hand_is():
    truth = tracks(20)
    felt, held = untouched(truth)
    felt[:, 10:20, 1], held[:, 10:20, 1] = truth[:, 10:20, 1], True
    # The pictures are wrong by 3 cm all along.
    noisy = seen(truth, 0.01) + torch.tensor([0.03, 0, 0])
    error = lambda places: (places - truth)[:, 10:20, 1].norm(dim=-1).median()
    assert error(smooth(noisy, felt, held)) < 0.5 * error(smooth(noisy, *untouched(truth)))
    # Where nothing was held, a felt place alone says nothing.
    assert torch.equal(smooth(noisy, felt, torch.zeros_like(held)), smooth(noisy, *untouched(truth)))


@pytest.mark.parametrize("error", [0.003, 0.02])
def test_the_error_of_pictures_is_told_from_what_rests(error):
    assert error_of_pictures(seen(tracks(60), error)).tolist() == pytest.approx([error, error], rel=0.25)


def test_in_hindsight_the_arm_is_proprioception(model, episodes):
    states, actions, truths = (torch.from_numpy(a) for a in (episodes.states, episodes.actions, episodes.truths))
    raw = LatentEpisodes(torch.randn(*states.shape[:2], ARM + THINGS * PLACE), states, actions, truths)
    kept = raw.latents.clone()
    after = in_hindsight(model, raw)
    torch.testing.assert_close(after.latents[..., :ARM], model.predictor.standardised(states)[..., :ARM])
    assert torch.equal(raw.latents, kept) and after.latents.isfinite().all()
    assert after.latents[..., ARM:].diff(dim=1).abs().mean() < 0.7 * kept[..., ARM:].diff(dim=1).abs().mean()


def test_paths_go_through_what_was_felt_and_keep_their_shape():
    truth = tracks(3)
    wrong = truth + torch.tensor([0.02, -0.01, 0.005])
    felt, _ = untouched(truth)
    felt[0, 3:6, 0] = truth[0, 3:6, 0]
    felt[1, 2, 0], felt[1, 30, 0] = truth[1, 2, 0], truth[1, 30, 0] + torch.tensor([0.04, 0, 0])
    result = shifted(wrong, felt)
    torch.testing.assert_close(result[0, :, 0], truth[0, :, 0])
    torch.testing.assert_close(result[:, :, 1], wrong[:, :, 1])
    torch.testing.assert_close(result[2], wrong[2])
    torch.testing.assert_close(result[1, [0, 2], 0], truth[1, [0, 2], 0])
    along = (result - truth)[1, :, 0, 0]
    torch.testing.assert_close(along[2:31], torch.linspace(0, 0.04, 29), atol=1e-6, rtol=0)
    torch.testing.assert_close(along[30:], torch.full((5,), 0.04))
