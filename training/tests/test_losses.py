from dataclasses import fields, replace

import pytest
import torch

from conftest import shake
from jepa.config import Config
from jepa.data import WindowSampler
from jepa.losses import sigreg, temporal_variance, training_loss


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


class TestTemporalVariance:
    def test_what_never_changes_in_a_window_costs_the_whole_target(self):
        still = torch.randn(20, 1, 8).expand(20, 5, 8)
        assert float(temporal_variance(still, 0.35)) == pytest.approx(0.35, abs=0.011)

    def test_what_changes_enough_is_free(self):
        assert float(temporal_variance(torch.randn(50, 5, 8), 0.35)) == 0

    def test_entries_are_judged_one_by_one(self):
        half = torch.randn(50, 5, 8)
        half[..., :4] = half[:, :1, :4]
        assert float(temporal_variance(half, 0.3)) == pytest.approx(0.15, abs=0.006)

    def test_between_zero_and_the_target_it_is_what_is_missing(self):
        # Two frames at plus and minus a: deviation a.
        pair = torch.tensor([1.0, -1.0]).reshape(1, 2, 1).expand(6, 2, 3)
        assert float(temporal_variance(0.2 * pair, 0.5)) == pytest.approx(0.3, abs=1e-3)

    def test_gradient_moves_the_frames_of_a_window_apart(self):
        z = (0.05 * torch.randn(30, 4, 6)).requires_grad_()
        before = temporal_variance(z, 0.3)
        before.backward()
        assert temporal_variance(z.detach() - z.grad, 0.3) < before


@pytest.fixture
def batch(config, episodes):
    sampler = WindowSampler(episodes, horizon=config.horizon, frames=config.frames, windows=config.windows, moving_share=0.5, seed=0)
    images, states, actions = sampler.draw()
    return images.float().permute(0, 1, 4, 2, 3) / 127.5 - 1, states, actions


def prediction_only(config):
    weights = {field.name: 0.0 for field in fields(Config) if field.name.endswith("_weight")}
    assert {"sigreg_weight", "temporal_weight", "displacement_weight"} <= weights.keys()
    return replace(config, **weights)


def largest_gradient(module):
    return max(float(weight.grad.abs().max()) for weight in module.parameters() if weight.grad is not None)


class TestTrainingLoss:
    def test_the_encoder_learns_through_the_target(self, model, config, batch):
        """Predictions are cut off from the graph: what gradient is left came through the pictures that were to be predicted."""
        forward = model.predictor.forward
        model.predictor.forward = lambda *arguments: forward(*arguments).detach()
        loss, _ = training_loss(model, prediction_only(config), *batch, generator())
        loss.backward()
        assert largest_gradient(model.encoder.stem) > 0
        assert largest_gradient(model.encoder.head) > 0

    def test_every_picture_but_the_first_is_a_target_that_learns(self, model, config, batch):
        """In evaluation mode pictures do not meet in batch statistics, so a picture's gradient is its own."""
        shake(model)
        forward = model.predictor.forward
        model.predictor.forward = lambda *arguments: forward(*arguments).detach()
        images, states, actions = batch
        images.requires_grad_()
        loss, _ = training_loss(model, prediction_only(config), images, states, actions, generator())
        loss.backward()
        gradients = images.grad.abs().amax((0, 2, 3, 4))
        assert gradients[0] == 0 and (gradients[1:] > 0).all(), gradients

    def test_encoder_and_predictor_learn_from_prediction_alone(self, model, config, batch):
        loss, _ = training_loss(model, prediction_only(config), *batch, generator())
        loss.backward()
        assert largest_gradient(model.encoder) > 0 and largest_gradient(model.predictor) > 0

    def test_every_weight_learns(self, model, config, batch):
        # The predictor's modulation starts at zero and holds back the condition's gradient for a step.
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for _ in range(2):
            optimiser.zero_grad()
            loss, _ = training_loss(model, config, *batch, generator())
            loss.backward()
            optimiser.step()
        without = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.abs().max() > 0]
        # A bias before a normalisation has no effect.
        assert [name for name in without if not name.endswith("bias")] == []

    def test_parts_are_finite_and_repeat(self, model, config, batch):
        _, first = training_loss(model, config, *batch, generator())
        _, again = training_loss(model, config, *batch, generator())
        assert first == pytest.approx(again, rel=1e-5)
        assert all(torch.isfinite(torch.tensor(value)) for value in first.values())
        assert {"loss", "multi_step", "sigreg", "temporal", "displacement"} <= first.keys()

    def test_a_few_steps_make_it_less(self, model, config, batch):
        optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
        losses = []
        for _ in range(12):
            loss, _ = training_loss(model, config, *batch, generator())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        assert losses[-1] < 0.9 * losses[0]
