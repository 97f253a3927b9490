"""Models of another number of things than the demo scene's two."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from conftest import make_episodes, save_run, shake
from jepa.build import load_checkpoint, new_model
from jepa.data import Windows
from jepa.fast_graphs import FastProposalGraph, FastRolloutGraph
from jepa.graphs import ProposalGraph, RolloutGraph
from jepa.losses import Losses
from jepa.model import ACTION, ARM, PLACE
from jepa.probes import place_errors
from jepa.latents import LatentEpisodes
from jepa.touch import feel
from test_touch import HERE, HOME, OPEN, THERE, play, put, take

WIDTHS = (0.03, 0.05, 0.068)


def of_things(episodes, things):
    """The same episodes with truths of so many things."""
    extra = np.repeat(episodes.truths[..., 3:6], 3, -1)[..., : 3 * things]
    return replace(episodes, truths=np.concatenate([episodes.truths[..., :3], extra], -1))


@pytest.fixture(scope="module", params=[1, 3])
def things(request):
    return request.param


@pytest.fixture
def many(things, config, episodes):
    return shake(new_model(replace(config, things=things), of_things(episodes, things)))


def test_latents_have_a_place_for_each(many, things, episodes):
    latents = many.encoder(torch.from_numpy(episodes.images[:2, 0]))
    assert latents.shape == (2, ARM + things * PLACE) and many.latent_size == ARM + things * PLACE
    assert many.places(latents).shape == (2, things, PLACE)
    states = torch.from_numpy(episodes.states[:2, 0])
    torch.testing.assert_close(many.latent_of(states, many.places(latents))[:, ARM:], latents[:, ARM:], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_arranged_graphs_are_the_plain_ones(many):
    random = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(*shape, generator=random)
    low, high, horizon = many.action_low, many.action_high, many.config.rollout
    latent, goal, state = draw(1, many.latent_size), draw(1, many.latent_size), torch.tensor([[0.5, 0.05, 0.15, 0.06, 0.1, 0, -0.05]])
    actions = low + (high - low) * torch.rand(8, horizon, ACTION, generator=random)
    for wanted, found in zip(RolloutGraph(many)(latent, state, actions, goal), FastRolloutGraph(many)(latent, state, actions, goal)):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    given = latent, state, goal, actions[0], torch.zeros(horizon), draw(8, horizon, ACTION)
    torch.testing.assert_close(FastProposalGraph(many)(*given), ProposalGraph(many)(*given), atol=1e-5, rtol=1e-5)


def test_widths_tell_three_things_apart():
    legs = [*take(HERE), *put(THERE), (HOME, OPEN)]
    states, actions = (np.stack(arrays) for arrays in zip(*(play(*legs, width=width) for width in WIDTHS for _ in range(3))))
    held = feel(states, actions, things=3).held.any(1)
    np.testing.assert_array_equal(held, np.repeat(np.eye(3, dtype=bool), 3, 0))


def test_what_was_seen_tells_which_of_the_narrower_a_wide_grip_was_of():
    legs = [*take(HERE), *put(THERE), (HOME, OPEN)]
    states, actions = (np.stack(arrays) for arrays in zip(*(play(*legs, width=width) for width in WIDTHS)))
    seen = np.full((3, states.shape[1], 3, 3), 0.9, np.float32)
    # The middle thing lies where the hand takes something each time.
    seen[:, :, 1] = HERE
    held = feel(states, actions, seen, things=3).held.any(1)
    assert held[1].tolist() == [False, True, False] and held[2].tolist() == [False, True, False]
    assert not held[0].any(), "nothing is narrower than the narrow thing, and that is elsewhere"


def test_losses_are_of_all_things(config, episodes):
    config = replace(config, things=3, frames=(0, 5))
    model = new_model(config, of_things(episodes, 3))
    losses = Losses(config)
    assert len(losses.repeated) == 2
    count = 6
    windows = Windows(torch.from_numpy(episodes.images[:count, :2]), torch.from_numpy(episodes.states[:count, :2]), torch.rand(count, 2, 3, PLACE),
                      torch.zeros(count, 2, 3, dtype=torch.bool), torch.from_numpy(episodes.actions[:count, :5]))
    pixels = windows.images.movedim(-1, -3).float() / 127.5 - 1
    loss, parts = losses(model, windows, pixels, torch.Generator().manual_seed(0))
    loss.backward()
    assert torch.isfinite(loss) and parts["touch"] > 0
    assert (model.encoder.objects[-1].weight.grad.unflatten(0, (3, PLACE)).abs().amax((1, 2)) > 0).all()


def test_data_of_another_number_is_refused(config, episodes):
    with pytest.raises(ValueError, match="the data is of 3 things and things is 2; give --things 3"):
        new_model(config, of_things(episodes, 3))


def test_truths_of_a_robot_are_not_known_whatever_their_size(config, episodes):
    nobody = replace(episodes, truths=np.full_like(episodes.truths, np.nan))
    model = new_model(replace(config, things=3), nobody)
    arrays = [torch.from_numpy(array) for array in (nobody.states, nobody.actions, nobody.truths)]
    assert place_errors(model, LatentEpisodes(torch.randn(*nobody.states.shape[:2], model.latent_size), *arrays)) == {}


def test_a_checkpoint_says_how_many(many, things, episodes, tmp_path):
    file = save_run(tmp_path / "run", many, of_things(episodes, things)) / "checkpoint.pt"
    assert load_checkpoint(file)[0].config.things == things
