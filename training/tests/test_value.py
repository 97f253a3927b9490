from dataclasses import replace

import numpy as np
import pytest
import torch

import jepa.value
from jepa.build import new_model
from jepa.latents import LatentEpisodes
from jepa.model import ARM, PLACE
from jepa.value import FOLLOW, ValueLearner

# In standard deviations: 6 cm.
SPACING = 0.7


def at(place, size):
    """Latents of places on a line, which one of the objects' entries tells."""
    latents = torch.zeros(*place.shape, size)
    latents[..., ARM] = SPACING * (place - 4)
    return latents


def episodes_of(latents, actions=None):
    count, frames = latents.shape[:2]
    actions = torch.zeros(count, frames - 1, 4) if actions is None else actions
    return LatentEpisodes(latents, torch.zeros(count, frames, 7), actions, torch.zeros(count, frames, 9))


def learn(model, episodes, steps):
    learner = ValueLearner(model, episodes)
    optimiser = torch.optim.Adam([*model.value.parameters(), *model.policy.parameters()], lr=3e-3)
    for _ in range(steps):
        loss = learner.loss()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        learner.follow()


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
        learn(small, episodes_of(at(place, small.latent_size)), 600)
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
        """Episodes in which nothing ever happens, a value that says 3 periods of everything and a policy that is right: no step, gripper closed."""
        torch.nn.init.zeros_(small.policy.network[-1].weight)
        small.policy.network[-1].bias.data = torch.tensor([0.0, 0.0, 0.0, -50.0])
        torch.nn.init.zeros_(small.value.network[-1].weight)
        torch.nn.init.constant_(small.value.network[-1].bias, float(np.log(np.expm1(3))))
        return ValueLearner(small, episodes_of(torch.ones(4, 13, small.latent_size)))

    def test_at_the_goal_no_period_is_left(self, small, monkeypatch):
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 2.0)
        assert float(self.still(small).loss().detach()) == pytest.approx(small.config.expectile * (3 - 0) ** 2, rel=1e-4)

    def test_what_arrives_has_taken_one(self, small, monkeypatch):
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 0.0)
        assert float(self.still(small).loss().detach()) == pytest.approx(small.config.expectile * (3 - 1) ** 2, rel=1e-4)

    @pytest.mark.parametrize("entries, apart, arrives", [
        # Tool and things in m, the opening in m too: 8 cm is open.
        (slice(0, 3), 0.005, True), (slice(0, 3), 0.03, False), (slice(3, 4), 0.005, True), (slice(3, 4), 0.02, False),
        (slice(4, 7), 0.005, True), (slice(4, 7), 0.03, False), (slice(7, 10), 0.005, True), (slice(7, 10), 0.03, False),
    ])
    def test_tool_gripper_and_each_thing_must_have_arrived(self, small, monkeypatch, entries, apart, arrives):
        """Two kinds of episodes, goals from either: half of the goals are the same place, the others `apart`."""
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 0.0)
        small.config = replace(small.config, random_goals=1.0, value_batch=4000)
        learner = self.still(small)
        std = small.predictor.state_std
        unit = torch.cat([std[:ARM], std[:PLACE], std[:PLACE]])[entries]
        learner._episodes.latents[2:, :, entries] += apart / unit / len(unit) ** 0.5
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


    def policy_loss(self, small, monkeypatch, action, *, chosen=(0.0, 0.0, 0.0, 0.0), periods=1.0, goals="later"):
        """Of the policy alone, where all it did was this action; it took one period and `periods` were expected."""
        monkeypatch.setattr(jepa.value, "SELF_GOALS", 2.0 if goals == "self" else 0.0)
        small.config = replace(small.config, random_goals=1.0 if goals == "random" else 0.0)
        learner = self.still(small)
        torch.nn.init.constant_(small.value.network[-1].bias, float(np.log(np.expm1(periods))))
        small.policy.network[-1].bias.data = torch.tensor(chosen)
        value = float(learner.loss().detach())
        learner._episodes.actions[...] = torch.tensor(action)
        return float(learner.loss().detach()), value

    def test_steps_are_shares_of_the_longest(self, small, monkeypatch):
        one, nothing = self.policy_loss(small, monkeypatch, (0.04, -0.02, 0.0, 0.0))
        assert one - nothing == pytest.approx((1 + 0.25) / 3, rel=1e-4)

    def test_the_gripper_counts_less_than_a_step(self, small, monkeypatch):
        right, _ = self.policy_loss(small, monkeypatch, (0.0, 0.0, 0.0, 1.0), chosen=(0.0, 0.0, 0.0, 4.0))
        wrong, _ = self.policy_loss(small, monkeypatch, (0.0, 0.0, 0.0, 1.0), chosen=(0.0, 0.0, 0.0, -4.0))
        assert wrong - right == pytest.approx(jepa.value.GRIPPER_WEIGHT * 4, rel=1e-4)

    def test_what_was_faster_than_expected_counts_more(self, small, monkeypatch):
        more = []
        for periods in (0.5, 1.0, 2.0, 3.0, 9.0):
            one, nothing = self.policy_loss(small, monkeypatch, (0.04, 0.04, 0.04, 0.0), periods=periods)
            more.append(one - nothing)
        assert more[:4] == pytest.approx(np.exp([-0.5, 0.0, 1.0, 2.0]), rel=1e-3)
        assert more[4] == pytest.approx(jepa.value.LARGEST_ADVANTAGE_WEIGHT, rel=1e-3)

    @pytest.mark.parametrize("goals", ["self", "random"])
    def test_nobody_went_for_other_episodes_or_for_where_he_was(self, small, monkeypatch, goals):
        one, nothing = self.policy_loss(small, monkeypatch, (0.04, 0.04, 0.04, 1.0), goals=goals)
        assert one == pytest.approx(nothing, rel=1e-6)

    def test_the_policy_does_not_reach_the_value(self, small):
        learner = ValueLearner(small, episodes_of(torch.randn(4, 13, small.latent_size), 0.04 * torch.randn(4, 12, 4)))
        small.policy.requires_grad_(False)
        learner.loss().backward()
        one = [weight.grad.clone() for weight in small.value.parameters()]
        small.zero_grad()
        small.policy.requires_grad_(True)
        torch.nn.init.normal_(small.policy.network[-1].bias)
        learner._generator = np.random.default_rng(small.config.seed)
        learner.loss().backward()
        assert all(torch.equal(a, weight.grad) for a, weight in zip(one, small.value.parameters()))
        assert all(weight.grad is not None for weight in small.policy.parameters())


class TestHand:
    """A world in which a hand moves by its actions, and nothing else does."""

    def latents(self, model, hands):
        states = torch.cat([hands, torch.full((*hands.shape[:-1], 1), 0.04), torch.zeros(*hands.shape[:-1], 3)], -1)
        things = torch.zeros(*hands.shape[:-1], model.latent_size - ARM)
        return torch.cat([model.predictor.standardised(states)[..., :ARM], things], -1)

    @pytest.fixture
    def learned(self, small):
        """Strolls: each episode has a direction, and every period some of another one. Where the hand goes up its gripper is open."""
        random = torch.Generator().manual_seed(0)
        wanted, other = (torch.rand(150, periods, 3, generator=random) * 2 - 1 for periods in (1, 12))
        actions = 0.04 * torch.cat([(0.6 * wanted + 0.7 * other).clamp(-1, 1), torch.zeros(150, 12, 1)], -1)
        actions[..., 3] = (actions[..., 2] > 0).float()
        start = torch.tensor([0.5, 0.0, 0.17]) + 0.1 * (torch.rand(150, 1, 3, generator=random) * 2 - 1)
        hands = torch.cat([start, start + actions[..., :3].cumsum(1)], 1)
        learn(small, episodes_of(self.latents(small, hands), actions), 700)
        return small

    def ask(self, model, network, start, goal):
        start, goal = (self.latents(model, torch.tensor(hand)) for hand in (start, goal))
        return network(start, goal).detach()

    def test_the_policy_goes_for_the_goal_and_the_value_falls(self, learned):
        middle = (0.5, 0.0, 0.17)
        for axis in range(3):
            for sign in (-1, 1):
                goal = tuple(value + 0.16 * sign * (i == axis) for i, value in enumerate(middle))
                step = self.ask(learned, learned.policy, middle, goal)[:3] * sign
                assert step[axis] > 0.25 and step.abs().argmax() == axis, (axis, sign, step)
                on_the_way = [tuple(a + share * (b - a) for a, b in zip(middle, goal)) for share in (0, 0.25, 0.5, 0.75)]
                periods = [float(self.ask(learned, learned.value, place, goal)) for place in on_the_way]
                assert periods == sorted(periods, reverse=True) and periods[0] > periods[-1] + 1.5, (axis, sign, periods)
        up, down = (float(self.ask(learned, learned.policy, middle, (0.5, 0.0, 0.17 + way))[3]) for way in (0.16, -0.16))
        assert up > 0.5 and down < -0.5, "the gripper too"

    @pytest.mark.parametrize("scale, goes", [(0.0, "round"), (3.0, "straight")])
    def test_the_better_way_wins_over_the_usual_one(self, small, scale, goes):
        """Nine of ten go round, in four periods; one goes straight, in two. Imitation alone would go round."""
        small.config = replace(small.config, advantage_scale=scale)
        along, aside, stay = torch.tensor([0.04, 0, 0, 0]), torch.tensor([0, 0.04, 0, 0]), torch.zeros(4)
        actions = torch.stack([torch.stack([aside, along, along, -aside])] * 90 + [torch.stack([along, along, stay, stay])] * 10)
        start = torch.tensor([0.5, 0.0, 0.17]).expand(100, 1, 3)
        learn(small, episodes_of(self.latents(small, torch.cat([start, start + actions[..., :3].cumsum(1)], 1)), actions), 500)
        x, y, _, _ = self.ask(small, small.policy, (0.5, 0.0, 0.17), (0.58, 0.0, 0.17)).tolist()
        assert (x > 0.7 and y < 0.3) if goes == "straight" else (y > 0.6 and x < 0.4), (x, y)


def test_goals_come_from_later_in_the_episode_or_from_anywhere(small, monkeypatch):
    """Latents tell their episode and frame."""
    latents = torch.zeros(30, 13, small.latent_size)
    latents[..., 0], latents[..., 1] = torch.arange(30.0)[:, None], torch.arange(13.0)
    actions = latents[:, :-1, :4].contiguous()
    now, then, action, goal, at_goal, elsewhere = ValueLearner(small, episodes_of(latents, actions))._draw(4000)
    assert torch.equal(action, now[:, :4]), "what was done there"
    assert torch.equal(then[:, 0], now[:, 0]) and torch.equal(then[:, 1], now[:, 1] + 1)
    assert torch.equal(goal[at_goal], now[at_goal]) and float(at_goal.float().mean()) == pytest.approx(jepa.value.SELF_GOALS, abs=0.02)
    assert not (elsewhere & at_goal).any() and float(elsewhere.float().mean()) == pytest.approx(small.config.random_goals, abs=0.03)
    assert (elsewhere | (goal[:, 0] == now[:, 0])).all() and (elsewhere | at_goal | (goal[:, 1] > now[:, 1])).all()
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
