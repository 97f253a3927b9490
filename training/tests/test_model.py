import pytest
import torch

from conftest import shake
from jepa.graphs import EncoderGraph, RolloutGraph
from jepa.model import ACTION, SpatialSoftmax, StateModel

LOW, HIGH = torch.tensor([0.35, -0.22, 0.02]), torch.tensor([0.65, 0.22, 0.32])


def start(model, count=5, seed=3):
    random = torch.Generator().manual_seed(seed)
    d, h = model.config.latent, model.config.horizon
    latent = torch.randn(count, d, generator=random)
    state = torch.cat([LOW + (HIGH - LOW) * torch.rand(count, 3, generator=random), 0.08 * torch.rand(count, 1, generator=random), torch.zeros(count, 3)], 1)
    actions = model.action_low + (model.action_high - model.action_low) * torch.rand(count, h, ACTION, generator=random)
    return latent, state, actions


class TestRollout:
    def test_is_the_predictor_step_by_step(self, model):
        shake(model)
        latent, state, actions = start(model)
        rolled, final_state = model.rollout(latent, state, actions)
        assert rolled.shape == (5, model.config.horizon, model.config.latent)
        for step in range(model.config.horizon):
            latent = model.predictor(latent, state, actions[:, step])
            state = model.state_model(state, actions[:, step])
            torch.testing.assert_close(rolled[:, step], latent)
        torch.testing.assert_close(final_state, state)

    def test_an_action_changes_what_comes_after_it_and_nothing_before(self, model):
        shake(model)
        latent, state, actions = start(model)
        changed = actions.clone()
        changed[:, 3, 0] = -changed[:, 3, 0] + 0.01
        one, other = model.rollout(latent, state, actions)[0], model.rollout(latent, state, changed)[0]
        assert torch.equal(one[:, :3], other[:, :3])
        assert ((one[:, 3:] - other[:, 3:]).abs().amax((0, 2)) > 1e-4).all()

    def test_windows_do_not_see_each_other(self, model):
        shake(model)
        latent, state, actions = start(model)
        together, _ = model.rollout(latent, state, actions)
        alone, _ = model.rollout(latent[2:3], state[2:3], actions[2:3])
        torch.testing.assert_close(together[2:3], alone)

    def test_before_training_it_predicts_that_nothing_moves(self, model):
        latent, state, actions = start(model)
        rolled, _ = model.rollout(latent, state, actions)
        assert float((rolled - latent[:, None]).detach().abs().max()) < 0.1


class TestStateModel:
    model = StateModel(0.2, LOW, HIGH, 0.08)

    def test_moves_the_tool_and_sets_the_opening(self):
        after = self.model(torch.tensor([[0.5, 0.0, 0.2, 0.08, 9, 9, 9]]), torch.tensor([[0.02, -0.04, 0.01, 0.25]]))
        torch.testing.assert_close(after, torch.tensor([[0.52, -0.04, 0.21, 0.02, 0.1, -0.2, 0.05]]))

    def test_stays_inside_the_workspace_and_tells_the_velocity_that_is_left(self):
        state = torch.tensor([[0.64, 0.21, 0.03, 0.0, 0, 0, 0], [0.36, -0.21, 0.31, 0.0, 0, 0, 0]])
        after = self.model(state, torch.tensor([[0.04, 0.04, -0.04, 1.0], [-0.04, -0.04, 0.04, 1.0]]))
        torch.testing.assert_close(after[:, :3], torch.tensor([[0.65, 0.22, 0.02], [0.35, -0.22, 0.32]]))
        torch.testing.assert_close(after[:, 4:], torch.tensor([[0.05, 0.05, -0.05], [-0.05, -0.05, 0.05]]))

    def test_never_leaves_it(self):
        state = torch.tensor([[0.5, 0.0, 0.2, 0.0, 0, 0, 0]]).expand(64, 7)
        for _ in range(40):
            state = self.model(state, torch.rand(64, 4) * 0.08 - 0.04)
            assert (state[:, :3] >= LOW).all() and (state[:, :3] <= HIGH).all()


class TestEncoder:
    def test_bytes_and_normalised_pictures_are_the_same(self, model, episodes):
        shake(model)
        pixels = torch.from_numpy(episodes.images[:4, 0])
        normal = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
        torch.testing.assert_close(EncoderGraph(model)(pixels), model.encoder.encode(normal))

    def test_a_picture_does_not_depend_on_its_batch(self, model, episodes):
        shake(model)
        pixels = torch.from_numpy(episodes.images[:4, 0])
        torch.testing.assert_close(model.encoder(pixels)[1:2], model.encoder(pixels[1:2]), atol=1e-5, rtol=1e-4)

    def test_in_training_each_entry_has_unit_variance(self, model, episodes):
        latents = model.train().encoder(torch.from_numpy(episodes.images[:16, ::4].reshape(-1, 64, 64, 3)))
        torch.testing.assert_close(latents.std(0, correction=0), torch.ones(model.config.latent), atol=0.05, rtol=0)

    @pytest.mark.parametrize("row, column", [(0, 0), (3, 12), (15, 7)])
    def test_keypoints_are_where_the_maps_are_active(self, row, column):
        maps = 0.01 * torch.randn(1, 1, 16, 16)
        maps[0, 0, row, column] = 5
        x, y, sharpness = SpatialSoftmax(16)(maps)[0].tolist()
        assert (x, y) == pytest.approx((column / 7.5 - 1, row / 7.5 - 1), abs=0.02)
        assert sharpness > 10


class TestRolloutGraph:
    def test_energies_are_distances_to_the_goal_at_every_step(self, model):
        shake(model)
        latent, state, actions = start(model)
        goal = torch.randn(1, model.config.latent)
        energies, start_energy, final_latent, final_state = RolloutGraph(model)(latent[:1], state[:1], actions, goal)
        rolled, last = model.rollout(latent[:1].expand(5, -1), state[:1].expand(5, -1), actions)
        torch.testing.assert_close(energies, model.energy(rolled, goal[:, None]))
        torch.testing.assert_close(start_energy, model.energy(latent[:1], goal))
        torch.testing.assert_close(final_latent, rolled[:, -1])
        torch.testing.assert_close(final_state, last)

    def test_actions_outside_the_box_count_as_on_its_edge(self, model):
        shake(model)
        latent, state, actions = start(model)
        goal = torch.zeros(1, model.config.latent)
        edge = actions.clone()
        edge[..., 0], edge[..., 3] = model.action_high[0], model.action_low[3]
        beyond = edge.clone()
        beyond[..., 0], beyond[..., 3] = 7, -7
        for inside, outside in zip(RolloutGraph(model)(latent[:1], state[:1], edge, goal), RolloutGraph(model)(latent[:1], state[:1], beyond, goal)):
            assert torch.equal(inside, outside)


class TestEnergy:
    def test_zero_at_the_goal(self, model):
        z = torch.randn(10, model.config.latent)
        assert float(model.energy(z, z).abs().max()) == 0

    def test_two_for_strangers_where_no_displacement_is_read(self, model):
        torch.nn.init.zeros_(model.displacement.weight)
        z = torch.randn(2000, model.config.latent)
        assert float(model.energy(z[:1000], z[1000:]).mean()) == pytest.approx(2, abs=0.15)

    def test_adds_the_mean_square_of_the_displacement(self, model):
        with torch.no_grad():
            model.displacement.weight.zero_()
            model.displacement.weight[0, 0] = 2.0
        z = torch.zeros(1, model.config.latent)
        moved = z.clone()
        moved[0, 0] = 0.5
        assert float(model.energy(moved, z)) == pytest.approx(0.25 / model.config.latent + model.config.energy_displacement_weight * 1.0 / 3)
