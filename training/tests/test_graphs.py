"""Proposals: what the policy would do, as the search asks for it. The roll-out's graph is tested with the model."""

import pytest
import torch

from conftest import shake
from jepa.graphs import STEP_NOISE, ProposalGraph
from jepa.model import ACTION, ARM

COUNT = 64


@pytest.fixture
def asked(model):
    """Start, state, goal and nothing decided; a policy that goes about and has no opinion of the gripper."""
    shake(model)
    random = torch.Generator().manual_seed(4)
    with torch.no_grad():
        model.policy.network[-1].weight[3] = 0
        model.policy.network[-1].bias[3] = 0
    latent, goal = torch.randn(1, model.latent_size, generator=random), torch.randn(1, model.latent_size, generator=random)
    horizon = model.config.rollout
    committed = torch.tensor([0.01, -0.02, 0.03, 1.0]).repeat(horizon, 1)
    return {"latent": latent, "state": torch.tensor([[0.5, 0.0, 0.15, 0.04, 0, 0, 0]]), "goal": goal, "committed": committed,
            "fixed": torch.zeros(horizon), "noise": torch.randn(COUNT, horizon, ACTION, generator=random)}


def propose(model, asked, **other):
    with torch.no_grad():
        return ProposalGraph(model)(**{**asked, **other})


def fixed(asked, count):
    return (torch.arange(len(asked["fixed"])) < count).float()


def lean(model, logit):
    """What the policy thinks of the gripper, everywhere."""
    with torch.no_grad():
        model.policy.network[-1].bias[3] = logit


@pytest.mark.parametrize("logit, grip", [(5.0, 1), (-5.0, 0)])
def test_without_noise_it_is_the_policy_in_the_world_model(model, asked, logit, grip):
    lean(model, logit)
    actions = propose(model, asked, noise=torch.zeros(3, model.config.rollout, ACTION))
    assert actions.shape == (3, model.config.rollout, ACTION)
    latent, state = asked["latent"], asked["state"]
    offset = model.offset(latent, state)
    with torch.no_grad():
        for step in range(model.config.rollout):
            action = torch.cat([model.policy(latent, asked["goal"])[:, :3] * 0.04, torch.tensor([[float(grip)]])], -1)
            torch.testing.assert_close(actions[:, step], action.expand(3, -1))
            latent, state = model.step(latent, state, action, offset)
    assert (actions[0, 0] - actions[0, -1]).abs().max() > 1e-4, "it looks at where it is"


def test_it_goes_where_the_goal_is(model, asked):
    other = propose(model, asked, goal=-asked["goal"])
    assert (propose(model, asked) - other)[..., :3].abs().max() > 1e-3


@pytest.mark.parametrize("count", [1, 3, 5])
def test_what_is_decided_is_done(model, asked, count):
    actions = propose(model, asked, fixed=fixed(asked, count))
    assert torch.equal(actions[:, :count], asked["committed"][:count].expand(COUNT, -1, -1))
    assert count == model.config.rollout or not torch.allclose(actions[:, count:, :3], asked["committed"][count:, :3].expand(COUNT, -1, -1))


def test_the_policy_goes_on_from_where_decided_actions_lead(model, asked):
    noise = torch.zeros(1, model.config.rollout, ACTION)
    lean(model, 5.0)
    one = propose(model, asked, fixed=fixed(asked, 2), noise=noise)
    other = propose(model, asked, fixed=fixed(asked, 2), noise=noise, committed=-asked["committed"])
    assert (one - other)[:, 2:, :3].abs().max() > 1e-4


def test_what_is_written_behind_the_decided_ones_is_ignored(model, asked):
    committed = asked["committed"].clone()
    committed[2:] = torch.randn(3, ACTION)
    assert torch.equal(propose(model, asked, fixed=fixed(asked, 2)), propose(model, asked, fixed=fixed(asked, 2), committed=committed))


def test_noise_is_each_one_s_own_and_stays_in_the_box(model, asked):
    noise = 5 * asked["noise"]
    actions = propose(model, asked, noise=noise)
    assert (actions[..., :3].abs() <= 0.04 + 1e-7).all() and set(actions[..., 3].flatten().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(propose(model, asked, noise=noise[7:8]), actions[7:8])
    calm = propose(model, asked, noise=torch.zeros_like(noise))
    small = torch.zeros_like(noise)
    small[:, 0, 1] = 0.1
    moved = propose(model, asked, noise=small) - calm
    wanted = (calm[0, 0, 1] / 0.04 + 0.1 * STEP_NOISE).clamp(-1, 1) * 0.04 - calm[0, 0, 1]
    assert moved[0, 0].tolist() == pytest.approx([0, float(wanted), 0, 0], abs=1e-7)


class TestGripper:
    """Its noise decides, so that without a rule it would change over at every other period."""

    def changes(self, actions):
        return (actions[:, 1:, 3] != actions[:, :-1, 3]).sum(1)

    def test_changes_over_at_most_once(self, model, asked):
        actions = propose(model, asked)
        assert set(self.changes(actions).tolist()) == {0, 1}
        wanted = (asked["noise"][..., 3] > 0).float()
        assert (self.changes(torch.cat([actions[..., :3], wanted[..., None]], -1)) > 1).any(), "it wanted to"
        # Until it has changed over it does what it wants.
        for did, want in zip(actions[..., 3], wanted):
            change = next((t for t in range(1, len(want)) if want[t] != want[0]), len(want))
            assert did.tolist() == [*[want[0].item()] * change, *[1 - want[0].item()] * (len(want) - change)]

    @pytest.mark.parametrize("count", [1, 2])
    def test_after_decided_ones_too_and_the_first_free_one_may_differ_from_these(self, model, asked, count):
        free = propose(model, asked, fixed=fixed(asked, count))[:, count:]
        changes, differs = self.changes(free), free[:, 0, 3] == 0
        assert set(changes[differs].tolist()) == set(changes[~differs].tolist()) == {0, 1}

    def test_decided_ones_may_change_over_as_they_like(self, model, asked):
        committed = asked["committed"].clone()
        committed[:3, 3] = torch.tensor([1.0, 0.0, 1.0])
        actions = propose(model, asked, fixed=fixed(asked, 3), committed=committed)
        assert (actions[:, :3, 3] == committed[:3, 3]).all()
        assert set(self.changes(actions[:, 3:]).tolist()) == {0, 1}


def test_arm_entries_keep_the_picture_s_offset(model, asked):
    """A camera that stands elsewhere shows hand and goal elsewhere by the same; what counts for the policy is what it is shown."""
    seen = []
    real = model.policy.forward
    model.policy.forward = lambda latent, goal: seen.append(latent[:, :ARM]) or real(latent, goal)
    propose(model, asked, noise=torch.zeros(1, model.config.rollout, ACTION))
    for latent in seen[1:]:
        assert latent.shape == (1, ARM)
    state, offset = asked["state"], model.offset(asked["latent"], asked["state"])
    torch.testing.assert_close(seen[0] - offset, model.predictor.standardised(state)[:, :ARM])
    workspace = [model.predictor.standardised(torch.cat([edge[None], torch.zeros(1, 4)], -1))[:, :3] for edge in (model.state_model.low, model.state_model.high)]
    assert all(((latent - offset)[:, :3] >= workspace[0] - 1e-4).all() and ((latent - offset)[:, :3] <= workspace[1] + 1e-4).all() for latent in seen)
