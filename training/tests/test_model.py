from dataclasses import replace

import pytest
import torch

from conftest import shake
from jepa.build import new_model
from jepa.familiarity import Familiarity
from jepa.graphs import EncoderGraph, RolloutGraph
from jepa.model import ACTION, ARM, Features, NO_DISTANCE, PLACE, Policy, SpatialSoftmax, STATE, StateModel, THING_TOLD, TOOL_TOLD, UNIT_M, Value, normalised
from jepa.touch import THINGS

LOW, HIGH = torch.tensor([0.35, -0.22, 0.02]), torch.tensor([0.65, 0.22, 0.32])
STEPS = 7


def start(model, count=5, seed=3):
    random = torch.Generator().manual_seed(seed)
    latent = torch.randn(count, model.latent_size, generator=random)
    state = torch.cat([LOW + (HIGH - LOW) * torch.rand(count, 3, generator=random), 0.08 * torch.rand(count, 1, generator=random), torch.zeros(count, 3)], 1)
    actions = model.action_low + (model.action_high - model.action_low) * torch.rand(count, STEPS, ACTION, generator=random)
    return latent, state, actions


class TestRollout:
    def test_the_arm_is_proprioception_and_the_picture_s_offset(self, model):
        """A camera that stands elsewhere shows the arm elsewhere, by the same at every step; otherwise the commands decide where it is."""
        shake(model)
        latent, state, actions = start(model)
        standardised = lambda s: ((s - model.predictor.state_mean) / model.predictor.state_std)[:, :ARM]
        offset = latent[:, :ARM] - standardised(state)
        rolled, states = model.rollout(latent, state, actions)
        assert rolled.shape == (5, STEPS, model.latent_size) and states.shape == (5, STEPS, STATE)
        for step in range(STEPS):
            state = model.state_model(state, actions[:, step])
            torch.testing.assert_close(rolled[:, step, :ARM], standardised(state) + offset)
            torch.testing.assert_close(states[:, step], state)

    def test_it_is_one_step_after_the_other_and_keeps_the_offset(self, model):
        shake(model)
        latent, state, actions = start(model)
        rolled, states = model.rollout(latent, state, actions)
        offset = model.offset(latent, state)
        assert offset.shape == (5, ARM) and offset.abs().min() > 1e-3
        for step in range(STEPS):
            latent, state = model.step(latent, state, actions[:, step], offset)
            torch.testing.assert_close(latent, rolled[:, step])
            torch.testing.assert_close(model.offset(latent, state), offset, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(state, states[:, step])

    def test_with_history_it_matters_how_things_moved_before(self, config, episodes):
        torch.manual_seed(0)
        model = new_model(replace(config, history=2), episodes)
        shake(model)
        latent, state, actions = start(model)
        offset = model.offset(latent, state)
        alone, _ = model.step(latent, state, actions[:, 0], offset)
        torch.testing.assert_close(model.step(latent, state, actions[:, 0], offset, latent)[0], alone, msg="nothing moved")
        moved = latent + 0.3 * (torch.arange(model.latent_size) >= ARM)
        assert (model.step(latent, state, actions[:, 0], offset, moved)[0] - alone).abs().max() > 1e-3
        rolled, _ = model.rollout(latent, state, actions)
        first, state = model.step(latent, state, actions[:, 0], offset)
        torch.testing.assert_close(rolled[:, 1], model.step(first, state, actions[:, 1], offset, latent)[0])
        with pytest.raises(ValueError, match="history is 3: must be 1 or 2"):
            new_model(replace(config, history=3), episodes)

    def test_a_picture_that_agrees_with_proprioception_needs_no_offset(self, model):
        shake(model)
        latent, state, actions = start(model)
        latent[:, :ARM] = model.predictor.standardised(state)[:, :ARM]
        rolled, states = model.rollout(latent, state, actions)
        torch.testing.assert_close(rolled[:, -1, :ARM], model.predictor.standardised(states[:, -1])[:, :ARM])

    def test_the_objects_are_the_predictor_s_step_by_step(self, model):
        shake(model)
        latent, state, actions = start(model)
        rolled, _ = model.rollout(latent, state, actions)
        objects, offset = latent[:, ARM:], latent[:, :ARM] - model.predictor.standardised(state)[:, :ARM]
        for step in range(STEPS):
            following = model.state_model(state, actions[:, step])
            objects = model.predictor(objects, state, actions[:, step], following, offset)
            torch.testing.assert_close(rolled[:, step, ARM:], objects)
            state = following

    def test_what_the_picture_says_of_the_arm_tells_the_predictor_where_the_camera_is(self, model):
        shake(model)
        latent, state, actions = start(model)
        displaced = latent.clone()
        displaced[:, :ARM] += 0.3
        one, other = model.rollout(latent, state, actions)[0], model.rollout(displaced, state, actions)[0]
        torch.testing.assert_close(other[..., :ARM], one[..., :ARM] + 0.3)
        assert ((one - other)[..., ARM:].abs().amax((0, 2)) > 1e-3).all()

    def test_an_action_changes_what_comes_after_it_and_nothing_before(self, model):
        shake(model)
        latent, state, actions = start(model)
        changed = actions.clone()
        changed[:, 3, 0] = -changed[:, 3, 0] + 0.01
        one, other = model.rollout(latent, state, actions)[0], model.rollout(latent, state, changed)[0]
        assert torch.equal(one[:, :3], other[:, :3])
        for entries in (slice(0, ARM), slice(ARM, None)):
            assert ((one[:, 3:, entries] - other[:, 3:, entries]).abs().amax((0, 2)) > 1e-4).all()

    def test_windows_do_not_see_each_other(self, model):
        shake(model)
        latent, state, actions = start(model)
        together, _ = model.rollout(latent, state, actions)
        alone, _ = model.rollout(latent[2:3], state[2:3], actions[2:3])
        torch.testing.assert_close(together[2:3], alone)

    def test_before_training_it_predicts_that_no_object_moves(self, model):
        latent, state, actions = start(model)
        rolled, _ = model.rollout(latent, state, actions)
        assert float((rolled - latent[:, None])[..., ARM:].detach().abs().max()) < 0.1


class TestPredictor:
    def test_where_on_the_table_makes_no_difference(self, model):
        """Hand and things moved along the table together: what happens is moved by as much. Upwards it is another thing: the table is below."""
        shake(model)
        predictor = model.predictor
        latent, state, actions = start(model)
        following = model.state_model(state, actions[:, 0])

        def predict(metres):
            by = torch.tensor(metres)
            moved = [torch.cat([value[:, :PLACE] + by, value[:, PLACE:]], 1) for value in (state, following)]
            things = by / predictor.state_std[:PLACE]
            later = predictor(latent[:, ARM:] + things.repeat(THINGS), moved[0], actions[:, 0], moved[1], model.offset(latent, state))
            return later - things.repeat(THINGS)

        here = predict([0.0, 0, 0])
        torch.testing.assert_close(predict([0.1, -0.2, 0]), here, atol=1e-4, rtol=1e-4)
        assert (predict([0.0, 0, 0.05]) - here).abs().max() > 0.01


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
        latent, features = EncoderGraph(model, Familiarity(3 * model.config.keypoints))(pixels)
        torch.testing.assert_close(latent, model.encoder.encode(normal))
        torch.testing.assert_close(features, model.encoder.features(normal))

    def test_a_picture_does_not_depend_on_its_batch(self, model, episodes):
        shake(model)
        pixels = torch.from_numpy(episodes.images[:4, 0])
        torch.testing.assert_close(model.encoder(pixels)[1:2], model.encoder(pixels[1:2]), atol=1e-5, rtol=1e-4)

    def test_there_is_a_place_for_each_thing(self, model, episodes):
        latents = model.train().encoder(torch.from_numpy(episodes.images[:16, ::4].reshape(-1, 64, 64, 3)))
        assert latents.shape == (48, ARM + THINGS * PLACE) and model.latent_size == ARM + THINGS * PLACE == 10

    def test_a_vector_instead_of_keypoints(self, config, episodes):
        torch.manual_seed(0)
        model = new_model(replace(config, features="vector"), episodes).train()
        pixels = torch.from_numpy(episodes.images[:16, 0])
        assert model.encoder.features(normalised(pixels)).shape == (16, 3 * config.keypoints)
        model.encoder(pixels).square().sum().backward()
        assert model.encoder.stem[0].weight.grad.abs().max() > 0
        with pytest.raises(ValueError, match='features is "places": must be "keypoints" or "vector"'):
            new_model(replace(config, features="places"), episodes)

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
        goal = torch.randn(1, model.latent_size)
        energies, start_energy, final_latent, final_state, states, next_latent = RolloutGraph(model)(latent[:1], state[:1], actions, goal)
        rolled, wanted = model.rollout(latent[:1].expand(5, -1), state[:1].expand(5, -1), actions)
        torch.testing.assert_close(energies, model.energy(rolled, goal[:, None]))
        torch.testing.assert_close(start_energy, model.energy(latent[:1], goal))
        torch.testing.assert_close(final_latent, rolled[:, -1])
        torch.testing.assert_close(next_latent, rolled[:, 0])
        torch.testing.assert_close(final_state, wanted[:, -1])
        torch.testing.assert_close(states, wanted)

    def test_actions_outside_the_box_count_as_on_its_edge(self, model):
        shake(model)
        latent, state, actions = start(model)
        goal = torch.zeros(1, model.latent_size)
        edge = actions.clone()
        edge[..., 0], edge[..., 3] = model.action_high[0], model.action_low[3]
        beyond = edge.clone()
        beyond[..., 0], beyond[..., 3] = 7, -7
        for inside, outside in zip(RolloutGraph(model)(latent[:1], state[:1], edge, goal), RolloutGraph(model)(latent[:1], state[:1], beyond, goal)):
            assert torch.equal(inside, outside)


def randomise(network):
    for weight in network.parameters():
        torch.nn.init.normal_(weight)


class TestFeatures:
    def test_where_things_and_the_goal_s_things_are_from_the_hand(self):
        hand, things, goal_things = torch.tensor([1.0, 2, 3]), torch.tensor([4.0, 5, 6, 7, 8, 9]), torch.tensor([10.0, 20, 30, 40, 50, 60])
        latent = torch.cat([hand, torch.tensor([-5.0]), things])
        goal = torch.cat([torch.tensor([0.1, 0.2, 0.3, 0.4]), goal_things])
        features = Features()(latent, goal)
        assert features.shape == (Features().size,)
        wanted = [*latent, *goal, *(goal - latent), 3, 3, 3, 6, 6, 6, 9, 18, 27, 39, 48, 57]
        torch.testing.assert_close(features, torch.tensor([float(value) for value in wanted]))

    @pytest.mark.parametrize("shape", [(), (7,), (7, 3), (2, 3, 4)])
    def test_of_any_number_of_latents_each_by_itself(self, shape):
        latent, goal = torch.randn(*shape, ARM + THINGS * PLACE), torch.randn(*shape, ARM + THINGS * PLACE)
        features = Features()(latent, goal)
        assert features.shape == (*shape, Features().size)
        last = tuple(size - 1 for size in shape)
        torch.testing.assert_close(features[last], Features()(latent[last], goal[last]))

    def test_relative_places_do_not_change_when_everything_is_elsewhere(self):
        latent, goal = torch.randn(5, ARM + THINGS * PLACE), torch.randn(5, ARM + THINGS * PLACE)
        shift = torch.randn(5, PLACE)
        shifted = lambda z: torch.cat([z[:, :PLACE] + shift, z[:, PLACE:ARM], z[:, ARM:] + shift.repeat(1, THINGS)], -1)
        one, other = Features()(latent, goal), Features()(shifted(latent), shifted(goal))
        torch.testing.assert_close(one[:, 2 * (ARM + THINGS * PLACE) :], other[:, 2 * (ARM + THINGS * PLACE) :], atol=1e-5, rtol=1e-4)


class TestValue:
    def test_is_a_number_of_periods_for_each_pair(self):
        value = Value(8)
        randomise(value)
        latents, goals = 10 * torch.randn(200, 3, ARM + THINGS * PLACE), 10 * torch.randn(200, 3, ARM + THINGS * PLACE)
        periods = value(latents, goals)
        assert periods.shape == (200, 3) and (periods >= 0).all()
        torch.testing.assert_close(periods[7, 1], value(latents[7, 1], goals[7, 1]))
        assert not torch.allclose(periods, value(goals, latents)), "there and back are not the same"


class TestPolicy:
    def test_steps_are_at_most_the_longest_and_the_gripper_is_a_logit(self):
        policy = Policy(8)
        randomise(policy)
        latents, goals = 10 * torch.randn(200, 3, ARM + THINGS * PLACE), 10 * torch.randn(200, 3, ARM + THINGS * PLACE)
        chosen = policy(latents, goals)
        assert chosen.shape == (200, 3, ACTION)
        assert (chosen[..., :3].abs() <= 1).all() and (chosen[..., :3].abs().amax((0, 1)) > 0.5).all()
        assert chosen[..., 3].abs().max() > 1
        torch.testing.assert_close(chosen[7, 1], policy(latents[7, 1], goals[7, 1]))


def set_value(model, periods):
    """A value of the same number of periods everywhere."""
    last = model.value.network[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, float(torch.tensor(periods).expm1().log()))


def standing(model, tool, opening, *things):
    """The latent [D] of places in m."""
    predictor = model.predictor
    arm = predictor.standardised(torch.tensor([*tool, opening, 0, 0, 0]))[:ARM]
    places = [(torch.tensor(thing) - predictor.state_mean[:PLACE]) / predictor.state_std[:PLACE] for thing in things]
    return torch.cat([arm, *places])


class TestDistances:
    def test_are_metres_in_units_of_10_cm_and_shares_of_the_opening(self, model):
        one = standing(model, (0.50, 0.00, 0.10), 0.08, (0.40, 0.1, 0.03), (0.6, -0.1, 0.05))
        other = standing(model, (0.53, 0.04, 0.10), 0.02, (0.40, 0.1, 0.03), (0.4, -0.1, 0.05))
        tool, things, opening = model.distances(one, other)
        assert UNIT_M == 0.1
        assert tool.item() == pytest.approx(0.5, abs=1e-3) and opening.item() == pytest.approx(0.75, rel=1e-4)
        assert things.tolist() == pytest.approx([NO_DISTANCE**0.5 / UNIT_M, 2.0], abs=1e-3)

    def test_each_axis_is_as_long_as_the_others(self, model):
        """Although proprioception varies more along one than along another."""
        assert model.predictor.state_std[:PLACE].max() > 1.2 * model.predictor.state_std[:PLACE].min()
        places = [(0.5, 0.0, 0.1), 0.05, (0.4, 0.1, 0.05), (0.6, -0.1, 0.05)]
        start = standing(model, *places)
        for part, measured in ((0, lambda d: d[0]), (2, lambda d: d[1][0]), (3, lambda d: d[1][1])):
            for axis in range(PLACE):
                moved = list(places)
                moved[part] = tuple(value + 0.2 * (i == axis) for i, value in enumerate(places[part]))
                assert measured(model.distances(start, standing(model, *moved))).item() == pytest.approx(2.0, rel=1e-3)

    def test_of_many_to_one_goal(self, model):
        latents, goal = torch.randn(6, 4, model.latent_size), torch.randn(1, 1, model.latent_size)
        tool, things, opening = model.distances(latents, goal)
        assert tool.shape == opening.shape == (6, 4) and things.shape == (6, 4, THINGS)
        torch.testing.assert_close(things[2, 3], model.distances(latents[2, 3], goal[0, 0])[1])


WEIGHTS = ("arm_energy", "grip_energy", "object_energy", "value_energy")


def beyond(distance, told):
    """A distance in units of 10 cm, less what pictures do not tell."""
    return (distance**2 + told**2) ** 0.5 - told


class TestEnergy:
    def test_is_the_weighted_sum_of_distances_and_periods(self, model):
        config = model.config
        set_value(model, 4.0)
        one = standing(model, (0.5, 0.0, 0.1), 0.08, (0.4, 0.1, 0.03), (0.6, -0.1, 0.05))
        other = standing(model, (0.5, 0.3, 0.1), 0.04, (0.4, 0.1, 0.13), (0.4, -0.1, 0.05))
        things = beyond(1, THING_TOLD) + beyond(2, THING_TOLD)
        wanted = config.arm_energy * beyond(3, TOOL_TOLD) + config.grip_energy * 0.5 + config.object_energy * things + config.value_energy * 4
        assert model.energy(one[None], other[None]).item() == pytest.approx(wanted, rel=1e-3)

    @pytest.mark.parametrize("weight", WEIGHTS)
    def test_each_part_by_itself(self, model, weight):
        shake(model)
        model.config = replace(model.config, **{**dict.fromkeys(WEIGHTS, 0.0), weight: 2.0})
        z, goal = torch.randn(9, model.latent_size), torch.randn(9, model.latent_size)
        std = model.predictor.state_std
        apart = (z - goal).abs()
        length = lambda entries: (apart[:, entries] * std[:PLACE]).norm(dim=-1) / 0.1
        part = {
            "arm_energy": beyond(length(slice(0, 3)), TOOL_TOLD),
            "grip_energy": apart[:, 3] * std[3] / 0.08,
            "object_energy": beyond(length(slice(4, 7)), THING_TOLD) + beyond(length(slice(7, 10)), THING_TOLD),
            "value_energy": model.value(z, goal),
        }[weight]
        torch.testing.assert_close(model.energy(z, goal), 2 * part, rtol=2e-3, atol=1e-4)

    def test_at_the_goal_only_the_value_is_left(self, model):
        config = model.config
        set_value(model, 0.5)
        z = torch.randn(10, model.latent_size)
        torch.testing.assert_close(model.energy(z, z), torch.full((10,), config.value_energy * 0.5), rtol=0, atol=2e-3)

    def test_a_centimetre_counts_little_where_pictures_do_not_tell_it_and_in_full_farther_off(self, model):
        set_value(model, 0.01)
        goal = standing(model, (0.5, 0.0, 0.1), 0.08, (0.4, 0.1, 0.03), (0.6, -0.1, 0.05))
        at = lambda metres: model.energy(standing(model, (0.5, 0.0, 0.1), 0.08, (0.4, 0.1 + metres, 0.03), (0.6, -0.1, 0.05)), goal).item()
        assert 0 < at(0.01) - at(0) < 0.35 * (at(0.11) - at(0.1)) and at(0.11) - at(0.1) == pytest.approx(0.1 * model.config.object_energy, rel=0.05)

    def test_an_arm_far_away_does_not_outweigh_a_thing(self, model):
        """The last centimetres of a thing are worth as much with the arm far away as near: that is why distances are summed."""
        set_value(model, 0.01)
        goal = standing(model, (0.5, 0.0, 0.1), 0.08, (0.4, 0.1, 0.03), (0.6, -0.1, 0.05))
        gains = []
        for arm in (0.0, 0.3):
            near, far = (standing(model, (0.5, arm, 0.1), 0.08, (0.4, 0.1 + metres, 0.03), (0.6, -0.1, 0.05)) for metres in (0.0, 0.03))
            gains.append((model.energy(far, goal) - model.energy(near, goal)).item())
        assert gains[0] == pytest.approx(gains[1], rel=1e-3) and gains[0] > 0.1

    def test_its_gradient_at_the_goal_is_finite(self, model):
        z = torch.zeros(3, model.latent_size, requires_grad=True)
        model.energy(z, torch.zeros(1, model.latent_size)).sum().backward()
        assert torch.isfinite(z.grad).all()


class TestWithConfig:
    def test_keeps_the_encoder_and_makes_the_rest_anew(self, model, config, episodes):
        shake(model)
        other = model.with_config(replace(config, predictor_width=24, value_width=8)).eval()
        pixels = torch.from_numpy(episodes.images[:3, 0])
        torch.testing.assert_close(other.encoder(pixels), model.encoder(pixels), rtol=0, atol=0)
        assert other.predictor.enter.out_features == 24 and other.value.network[0].out_features == other.policy.network[0].out_features == 8
        latent, state, actions = start(model)
        rolled, states = other.rollout(latent, state, actions)
        torch.testing.assert_close(states, model.rollout(latent, state, actions)[1], rtol=0, atol=0)
        torch.testing.assert_close(rolled[..., :ARM], model.rollout(latent, state, actions)[0][..., :ARM])

    def test_refuses_another_encoder(self, model, config):
        with pytest.raises(ValueError, match="head_width is 32 and the encoder was trained with 24; leave --head-width out"):
            model.with_config(replace(config, head_width=32))
