from dataclasses import replace

import numpy as np
import pytest
import torch

import jepa.value
from jepa.build import new_model
from jepa.latents import LatentEpisodes
from jepa.model import ARM
from jepa.value import FOLLOW, ValueLearner

SPACING = 0.7


def at(place, size):
    """Latents of places on a line, which one of the objects' entries tells."""
    latents = torch.zeros(*place.shape, size)
    latents[..., ARM] = SPACING * (place - 4)
    return latents


def episodes_of(latents):
    count, frames = latents.shape[:2]
    return LatentEpisodes(latents, torch.zeros(count, frames, 7), torch.zeros(count, frames - 1, 4), torch.zeros(count, frames, 9))


@pytest.fixture
def small(config, episodes):
    return new_model(replace(config, value_width=32, value_batch=256, discount=0.9), episodes)


class TestChain:
    """Episodes in which an object goes along a line, by one place a period or not at all, and never back."""

    @pytest.fixture
    def learned(self, small):
        random = np.random.default_rng(1)
        went = np.cumsum(random.random((120, 13)) < 0.6, 1)
        place = torch.from_numpy(np.minimum(random.integers(0, 4, (120, 1)) + went - went[:, :1], 8)).float()
        learner = ValueLearner(small, episodes_of(at(place, small.latent_size)))
        optimiser = torch.optim.Adam(small.value.parameters(), lr=3e-3)
        for _ in range(600):
            loss = learner.loss()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            learner.follow()
        return lambda start, goal: float(small.value(at(torch.tensor(float(start)), small.latent_size), at(torch.tensor(float(goal)), small.latent_size)).detach())

    def test_counts_the_periods(self, learned):
        periods = [learned(1, goal) for goal in range(1, 7)]
        assert periods == sorted(periods), "nearer is fewer"
        assert periods[0] < 0.6
        # Discounted, and as fast as it ever went: one place a period, although on average it took 1.7.
        for places in (1, 2, 4):
            fastest, average = ((1 - 0.9**n) / 0.1 for n in (places, places / 0.6))
            assert 0.7 * fastest < periods[places] < 0.5 * (fastest + average) + 0.3, periods

        assert learned(5, 2) > learned(2, 5) + 1, "it never went back"


class TestLoss:
    def still(self, small):
        """Episodes in which nothing ever happens, and a value that says 3 periods of everything."""
        torch.nn.init.zeros_(small.value.network[-1].weight)
        torch.nn.init.constant_(small.value.network[-1].bias, float(np.log(np.expm1(3))))
        return ValueLearner(small, episodes_of(torch.ones(4, 13, small.latent_size)))

    def test_at_the_goal_no_period_is_left(self, small, monkeypatch):
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 2.0)
        assert float(self.still(small).loss().detach()) == pytest.approx(small.config.expectile * (3 - 0) ** 2, rel=1e-4)

    def test_what_arrives_has_taken_one(self, small, monkeypatch):
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 0.0)
        assert float(self.still(small).loss().detach()) == pytest.approx(small.config.expectile * (3 - 1) ** 2, rel=1e-4)

    @pytest.mark.parametrize("apart, arrives", [(0.1, True), (1.0, False)])
    @pytest.mark.parametrize("entries", [slice(0, ARM), slice(ARM, None)])
    def test_arm_and_objects_must_have_arrived(self, small, monkeypatch, entries, apart, arrives):
        """Two kinds of episodes, goals from either: half of the goals are the same place, the others `apart`."""
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 0.0)
        small.config = replace(small.config, random_goals=1.0, value_batch=4000)
        learner = self.still(small)
        learner._episodes.latents[2:, :, entries] += apart
        arrived, ahead = 0.9 * (3 - 1) ** 2, 0.1 * (3 - (1 + 0.9 * 3)) ** 2
        wanted = arrived if arrives else (arrived + ahead) / 2
        assert float(learner.loss().detach()) == pytest.approx(wanted, rel=0.1)

    def test_too_many_periods_cost_more_than_too_few(self, small, monkeypatch):
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 0.0)
        learner, costs = self.still(small), []
        for said in (0.5, 1.5):
            torch.nn.init.constant_(small.value.network[-1].bias, float(np.log(np.expm1(said))))
            costs.append(float(learner.loss().detach()))
        assert costs[1] / costs[0] == pytest.approx(small.config.expectile / (1 - small.config.expectile), rel=1e-3)


def test_goals_come_from_later_in_the_episode_or_from_anywhere(small, monkeypatch):
    """Latents tell their episode and frame."""
    latents = torch.zeros(30, 13, small.latent_size)
    latents[..., 0], latents[..., 1] = torch.arange(30.0)[:, None], torch.arange(13.0)
    learner = ValueLearner(small, episodes_of(latents))
    now, then, goal, at_goal = learner._draw(4000)
    assert torch.equal(then[:, 0], now[:, 0]) and torch.equal(then[:, 1], now[:, 1] + 1)
    assert torch.equal(goal[at_goal], now[at_goal]) and float(at_goal.float().mean()) == pytest.approx(jepa.value.SELF_GOALS, abs=0.02)
    own = ~at_goal & (goal[:, 0] == now[:, 0])
    later = goal[:, 1] > now[:, 1]
    assert float((own & ~later).float().mean()) < 0.02, "only by chance"
    assert float((goal[:, 0] != now[:, 0]).float().mean()) == pytest.approx(small.config.random_goals, abs=0.03)
    ahead = (goal - now)[own & later, 1]
    assert ahead.min() == 1 and ahead.max() == 12


def test_starts_are_curated_where_the_objects_move(small):
    latents = torch.zeros(40, 13, small.latent_size)
    latents[:20, :, ARM:] = torch.randn(20, 1, 6) * torch.arange(13.0)[:, None]
    latents[:20, :, 0] = 1
    now = ValueLearner(small, episodes_of(latents))._draw(2000)[0]
    assert float(now[:, 0].mean()) == pytest.approx(jepa.value.MOVING_STARTS + (1 - jepa.value.MOVING_STARTS) / 2, abs=0.04)


def test_the_target_follows_slowly(small):
    learner = ValueLearner(small, episodes_of(torch.randn(4, 13, small.latent_size)))
    before = learner._slow.network[0].weight.clone()
    with torch.no_grad():
        small.value.network[0].weight += 1
    assert torch.equal(learner._slow.network[0].weight, before), "it is a copy"
    learner.follow()
    torch.testing.assert_close(learner._slow.network[0].weight, before + FOLLOW)
    learner.loss().backward()
    assert all(weight.grad is None for weight in learner._slow.parameters())
