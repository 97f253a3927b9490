from dataclasses import replace

import pytest
import torch
from torch import nn

from conftest import shake
from jepa.data import WindowSampler
from jepa.losses import SOFT_BELOW, Losses, sigreg, softened
from jepa.model import ARM


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def statistic(latents):
    return float(sigreg(latents, 128, generator()))


def gaussian(count=512, size=16):
    return torch.randn(count, size, generator=generator(1))


class TestSigreg:
    def test_gaussian_latents_are_nearly_free(self):
        assert statistic(gaussian()) < 1

    @pytest.mark.parametrize("what, spoil", [
        ("collapsed to a point", lambda z: torch.zeros_like(z) + 0.7),
        ("collapsed to the origin", lambda z: 1e-3 * z),
        ("collapsed to a line", lambda z: z[:, :1] * torch.ones(1, z.shape[1])),
        ("entries in pairs", lambda z: torch.cat([z[:, :8], z[:, :8]], 1)),
        ("every picture one of two", lambda z: torch.sign(z[:, :1]) * torch.ones(1, z.shape[1])),
        ("too wide", lambda z: 2 * z),
        ("off the centre", lambda z: z + 0.5),
    ])
    def test_others_cost(self, what, spoil):
        assert statistic(spoil(gaussian())) > 5 * statistic(gaussian()), what

    def test_more_collapse_costs_more(self):
        costs = [statistic(scale * gaussian()) for scale in (1.0, 0.6, 0.3, 0.1)]
        assert costs == sorted(costs)

    def test_gradient_spreads_what_has_nearly_collapsed(self):
        z = (0.1 * gaussian()).requires_grad_()
        sigreg(z, 128, generator()).backward()
        step = z.detach() - 0.1 * z.grad / z.grad.abs().max()
        assert (step.std(0) > 1.05 * z.detach().std(0)).all()

    def test_repeats_with_its_generator(self):
        assert statistic(gaussian()) == statistic(gaussian())
        assert statistic(gaussian()) != float(sigreg(gaussian(), 128, generator(2)))


class TestSoftened:
    def test_is_a_parabola_near_nothing_and_a_distance_far_away(self):
        near, far = torch.tensor([0.0, 0.01, 0.02]), torch.tensor([1.0, 2.0, 4.0])
        torch.testing.assert_close(softened(near.square()), near.square() / (2 * SOFT_BELOW), rtol=0.02, atol=0)
        torch.testing.assert_close(softened(far.square()), far - SOFT_BELOW, rtol=0.01, atol=0)

    def test_its_slope_is_finite_everywhere(self):
        distance = torch.tensor([0.0, 1e-6, 0.1, 100.0], requires_grad=True)
        softened(distance.square()).sum().backward()
        assert distance.grad[0] == 0 and (distance.grad.abs() <= 1).all()


def reveal(model, monkeypatch):
    """An encoder that reads latents off the first numbers of a picture, so that a test can say what pictures look like to it."""
    size = model.latent_size
    monkeypatch.setattr(model.encoder, "encode", lambda pictures: pictures.flatten(1)[:, :size])


def pictures_of(latents):
    """[B, F, D] to pictures [B, F, 3, 8, 8] that the encoder of `reveal` reads them from."""
    pictures = torch.zeros(*latents.shape[:2], 3 * 8 * 8)
    pictures[..., : latents.shape[-1]] = latents
    return pictures.unflatten(-1, (3, 8, 8))


def judge(config, model, latents, states=None):
    """The loss's parts where pictures show these latents."""
    b, count = latents.shape[:2]
    states = torch.zeros(b, count, 7) if states is None else states
    return Losses(config)(model, pictures_of(latents), states, torch.zeros(b, config.horizon, 4), generator())[1]


class TestPersistence:
    @pytest.fixture(autouse=True)
    def readable(self, model, monkeypatch):
        reveal(model, monkeypatch)

    def still(self, model, windows=50, frames=2):
        return torch.randn(windows, 1, model.latent_size).repeat(1, frames, 1)

    def test_entries_that_stay_cost_nothing(self, config, model):
        assert judge(config, model, self.still(model))["persistence"] == pytest.approx(0, abs=1e-6)

    def test_the_arm_may_go_about(self, config, model):
        latents = self.still(model)
        latents[..., :ARM] = torch.randn(50, 2, ARM)
        assert judge(config, model, latents)["persistence"] == pytest.approx(0, abs=1e-6)

    def test_what_every_picture_has_anew_costs(self, config, model):
        latents = self.still(model)
        latents[..., ARM] = torch.randn(50, 2)
        one = judge(config, model, latents)["persistence"]
        latents[..., ARM:] = torch.randn(50, 2, config.object_latent)
        assert 0.2 < one < judge(config, model, latents)["persistence"]

    def test_few_large_moves_cost_their_distance_not_its_square(self, config, model):
        latents, costs = self.still(model), []
        for distance in (5.0, 10.0, 20.0):
            latents[:3, 1] = latents[:3, 0] + distance
            costs.append(judge(config, model, latents)["persistence"])
        assert costs[1] / costs[0] == pytest.approx(2, rel=0.05) and costs[2] / costs[1] == pytest.approx(2, rel=0.05)

    def test_every_pair_of_pictures_counts(self, config, model):
        """One picture of three is unlike the others: two of three pairs differ by 1."""
        config = replace(config, frames=(0, 4, 8))
        for odd in range(3):
            latents = self.still(model, frames=3)
            latents[:, odd, ARM:] += 1
            assert judge(config, model, latents)["persistence"] == pytest.approx(2 / 3 * float(softened(torch.tensor(1.0))), rel=1e-4)


class LinearEncoder(nn.Module):
    """What `Encoder` ends with, on pictures that are a few numbers."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.objects = nn.Linear(inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs, affine=False)

    def encode(self, pictures):
        x = pictures.flatten(1)[:, : self.objects.in_features]
        return torch.cat([torch.zeros(len(x), ARM), self.norm(self.objects(x).float())], -1)


def test_an_encoder_learns_where_objects_are_and_gets_blind_to_rooms(config, model):
    """Numbers 0 and 1 of a picture are an object's place, the same in a window; 2 to 5 are the room and the arm, new in every picture."""
    config = replace(config, object_latent=2)
    model.encoder, losses, random = LinearEncoder(6, 2), Losses(config), generator(3)
    optimiser = torch.optim.Adam([*model.encoder.parameters(), *losses.parameters()], lr=0.02)
    for _ in range(200):
        place, room = torch.randn(64, 1, 2, generator=random).expand(64, 2, 2), torch.randn(64, 2, 4, generator=random)
        loss, parts = losses(model, pictures_of(torch.cat([place, room], -1)), torch.zeros(64, 2, 7), torch.zeros(64, 8, 4), random)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    weight = model.encoder.objects.weight.detach()
    seen, unseen = weight[:, :2].norm(), weight[:, 2:].norm()
    assert seen > 8 * unseen, weight
    assert parts["persistence"] < 0.1
    # Both coordinates, not one of them twice.
    assert torch.linalg.svdvals(weight[:, :2])[1] > 0.3 * torch.linalg.svdvals(weight[:, :2])[0]


class TestRepeated:
    """Whether SIGReg pays for a second half of the entries that says what the first half says."""

    def learned(self, config, model, second):
        """Parts, after the regression had time to learn, for pictures whose second half of the entries is a function of the first and of noise."""
        losses, random = Losses(config), generator(5)
        optimiser = torch.optim.Adam(losses.parameters(), lr=5e-3)
        half = config.object_latent // 2
        for _ in range(250):
            first, noise = torch.randn(128, 2, half, generator=random), torch.randn(128, 2, half, generator=random)
            latents = torch.cat([torch.zeros(128, 2, ARM), first, second(first, noise)], -1)
            loss, parts = losses(model, pictures_of(latents), torch.zeros(128, 2, 7), torch.zeros(128, 8, 4), random)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return parts

    def test_repetition_is_found_and_costs_what_collapse_costs(self, config, model, monkeypatch):
        reveal(model, monkeypatch)
        new = self.learned(config, model, lambda first, noise: noise)
        # The same numbers, far ones with the other sign: Gaussian again and not correlated with the first half, yet nothing new.
        turn = lambda x: torch.where(x.abs() < 1.54, x, -x)
        turned = self.learned(config, model, lambda first, noise: turn(first))
        assert new["repeated"] < 0.1 and turned["repeated"] > 0.6
        first = torch.randn(256, config.object_latent // 2)
        unaware = float(sigreg(torch.cat([first, turn(first)], -1), 128, generator()))
        assert turned["sigreg"] > 5 * new["sigreg"] and turned["sigreg"] > 2 * unaware

    def test_the_regression_moves_no_latents_and_sigreg_no_regression(self, config, model, batch):
        nothing = replace(config, persistence_weight=0, arm_weight=0, sigreg_weight=0)
        gradients = []
        for weight in (0.0, 3.0):
            torch.manual_seed(0)
            losses = Losses(replace(nothing, sigreg_weight=weight))
            model.zero_grad()
            losses(model, *batch, generator())[0].backward()
            gradients.append([w.grad for w in losses.parameters()])
            assert (largest_gradient(model.encoder.objects) > 0) == (weight > 0)
        assert all(torch.equal(one, other) for one, other in zip(*gradients)) and any(g.abs().max() > 0 for g in gradients[0])


def draw(config, episodes):
    sampler = WindowSampler(episodes, horizon=config.horizon, frames=config.frames, windows=config.windows, moving_share=0.5, seed=0)
    images, states, actions = sampler.draw()
    return images.float().permute(0, 1, 4, 2, 3) / 127.5 - 1, states, actions


@pytest.fixture
def batch(config, episodes):
    return draw(config, episodes)


def largest_gradient(module):
    return max((float(weight.grad.abs().max()) for weight in module.parameters() if weight.grad is not None), default=0.0)


def without_gradient(*modules):
    return [name for module in modules for name, weight in module.named_parameters() if weight.grad is None or not weight.grad.abs().max() > 0]


class TestLosses:
    def test_the_picture_is_to_show_what_proprioception_says_of_the_arm(self, config, model, episodes, monkeypatch):
        reveal(model, monkeypatch)
        states = torch.from_numpy(episodes.states[:, :2])
        latents = torch.randn(len(states), 2, model.latent_size)
        latents[..., :ARM] = model.predictor.standardised(states)[..., :ARM]
        assert judge(config, model, latents, states)["arm"] == pytest.approx(0, abs=1e-10)
        latents[..., 3] += 0.5
        assert judge(config, model, latents, states)["arm"] == pytest.approx(0.25 / ARM)

    def test_without_actions_the_predictor_learns_nothing(self, config, model, batch):
        loss, parts = Losses(config)(model, *batch, generator())
        loss.backward()
        assert parts.keys() == {"loss", "persistence", "arm", "sigreg", "repeated"}
        assert largest_gradient(model.encoder) > 0 and largest_gradient(model.predictor) == 0

    def test_actions_change_nothing_without_them(self, config, model, batch):
        images, states, actions = batch
        losses = Losses(config)
        assert losses(model, images, states, actions, generator())[1] == losses(model, images, states, -actions, generator())[1]

    @pytest.mark.parametrize("with_actions", [False, True])
    def test_every_weight_learns(self, config, model, episodes, with_actions):
        config = replace(config, with_actions=with_actions)
        losses, data = Losses(config), draw(config, episodes)
        learning = [model.encoder, losses, *([model.predictor] if with_actions else [])]
        # The predictor's modulation starts at zero and holds back the condition's gradient for a step.
        optimiser = torch.optim.AdamW([weight for module in learning for weight in module.parameters()], lr=1e-3)
        for _ in range(2):
            optimiser.zero_grad()
            losses(model, *data, generator())[0].backward()
            optimiser.step()
        # A bias before a normalisation has no effect.
        assert [name for name in without_gradient(*learning) if not name.endswith("bias")] == []

    def test_parts_add_up_and_repeat(self, config, model, batch):
        config = replace(config, with_actions=True, persistence_weight=2.0, arm_weight=3.0, sigreg_weight=0.5, rollout_weight=4.0)
        torch.manual_seed(0)
        losses = Losses(config)
        (_, first), (_, again) = losses(model, *batch, generator()), losses(model, *batch, generator())
        assert first == pytest.approx(again, rel=1e-5)
        weighted = 2 * first["persistence"] + 3 * first["arm"] + 0.5 * first["sigreg"] + 4 * first["multi_step"] + (1 - first["repeated"])
        assert first["loss"] == pytest.approx(weighted, rel=1e-5)

    @pytest.mark.parametrize("with_actions", [False, True])
    def test_a_few_steps_make_it_less(self, config, model, episodes, with_actions):
        config = replace(config, with_actions=with_actions)
        losses, data = Losses(config), draw(config, episodes)
        optimiser = torch.optim.AdamW([*model.parameters(), *losses.parameters()], lr=2e-3)
        values = []
        for _ in range(12):
            loss, _ = losses(model, *data, generator())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(float(loss.detach()))
        assert values[-1] < 0.9 * values[0]


class TestMultiStep:
    @pytest.fixture
    def config(self, config):
        """Nothing but prediction reaches the encoder."""
        return replace(config, with_actions=True, frames=(0, 2, 5, 8), persistence_weight=0.0, arm_weight=0.0, sigreg_weight=0.0)

    def test_predictions_meet_the_pictures_of_their_time(self, config, model, monkeypatch):
        """The predictor adds 1 a period; pictures of the frames 0, 2, 5, 8 that show just that are predicted without error."""
        reveal(model, monkeypatch)
        monkeypatch.setattr(model.predictor, "forward", lambda objects, *rest: objects + 1)
        start = torch.randn(20, 1, model.latent_size)
        latents = start + torch.tensor([0.0, 2, 5, 8])[:, None]
        assert judge(config, model, latents)["multi_step"] == pytest.approx(0, abs=1e-5)
        latents[:, 2, ARM:] += 1
        assert judge(config, model, latents)["multi_step"] == pytest.approx(float(softened(torch.tensor(1.0))) / 3, rel=1e-4)

    def test_every_picture_but_the_first_is_a_target_that_learns(self, config, model, episodes):
        """Predictions are cut off from the graph: what gradient is left came through the pictures that were to be predicted.

        In evaluation mode pictures do not meet in batch statistics, so a picture's gradient is its own.
        """
        shake(model)
        forward = model.predictor.forward
        model.predictor.forward = lambda *arguments: forward(*arguments).detach()
        images, states, actions = draw(config, episodes)
        images.requires_grad_()
        Losses(config)(model, images, states, actions, generator())[0].backward()
        gradients = images.grad.abs().amax((0, 2, 3, 4))
        assert gradients[0] == 0 and (gradients[1:] > 0).all(), gradients

    def test_the_first_picture_and_the_predictor_learn_from_predictions(self, config, model, episodes):
        shake(model)
        images, states, actions = draw(config, episodes)
        images.requires_grad_()
        Losses(config)(model, images, states, actions, generator())[0].backward()
        assert images.grad[:, 0].abs().max() > 0
        assert largest_gradient(model.encoder) > 0 and largest_gradient(model.predictor) > 0
