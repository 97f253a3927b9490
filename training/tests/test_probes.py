import pytest
import torch

from jepa.probes import evaluate, linear_probe, nearest_neighbour_probe


def test_linear_probe_finds_what_is_there_and_nothing_else():
    latents = torch.randn(20, 9, 8)
    targets = latents @ torch.randn(8, 3) + torch.tensor([1.0, 2.0, 3.0])
    assert linear_probe(latents, targets) < 1e-5
    assert linear_probe(torch.randn(20, 9, 8), targets) > 1


def test_nearest_neighbour_probe_sees_the_metric():
    places = torch.rand(40, 9, 2)
    seen = nearest_neighbour_probe(places, places)
    drowned = nearest_neighbour_probe(torch.cat([places, 30 * torch.randn(40, 9, 6)], -1), places)
    assert seen < 0.05 and drowned > 4 * seen


def test_evaluate_before_training_predicts_that_nothing_moves(model, episodes):
    result = evaluate(model, episodes)
    assert result["multi_step_ratio"] == pytest.approx([1.0] * model.config.horizon, abs=0.1)
    assert len(result["latent_spectrum"]) == model.config.latent
    assert result["latent_spectrum"] == sorted(result["latent_spectrum"], reverse=True)
    assert 1 <= result["effective_rank"] <= model.config.latent
    for probes in (result["linear_probe_m"], result["nearest_neighbour_m"]):
        assert probes.keys() == {"end_effector", "gripper_opening", "cube", "cup"}
        assert all(0 <= value < 1 for value in probes.values())
