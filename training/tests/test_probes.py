from dataclasses import replace

import numpy as np
import pytest
import torch

from jepa.latents import LatentEpisodes
from jepa.model import ARM, PLACE
from jepa.touch import THINGS
from jepa.probes import evaluate, linear_probe, measure_latents, measure_rollouts, nearest_neighbour_probe, place_errors


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
    for name in ("multi_step_ratio", "multi_step_ratio_object_moves"):
        assert result[name] == pytest.approx([1.0] * model.config.rollout, abs=0.2)
    assert len(result["latent_spectrum"]) == THINGS * PLACE
    assert result["latent_spectrum"] == sorted(result["latent_spectrum"], reverse=True)
    assert 1 <= result["effective_rank"] <= THINGS * PLACE
    assert result["place_error_m"].keys() == {"cube", "cup", "cube_lifted", "cup_lifted"}
    for errors in result["place_error_m"].values():
        assert 0 < errors["p50"] <= errors["p75"] <= errors["p90"] < 10
    for probes in (result["linear_probe_m"], result["nearest_neighbour_m"]):
        assert probes.keys() == {"end_effector", "gripper_opening", "cube", "cup"}
        assert all(0 <= value < 1 for value in probes.values())


def test_without_a_trained_predictor_nothing_is_said_of_it(model, episodes):
    assert not any(name.startswith("multi_step") for name in evaluate(model, episodes, with_rollouts=False))


def test_a_robot_that_does_not_know_where_its_objects_are(model, episodes):
    result = evaluate(model, replace(episodes, truths=np.full_like(episodes.truths, np.nan)))
    assert result["linear_probe_m"].keys() == result["nearest_neighbour_m"].keys() == {"gripper_opening"}
    assert result["place_error_m"] == {} and "multi_step_ratio_object_moves" not in result
    assert np.isfinite(result["multi_step_ratio"]).all()


class TestOfLatentsThatAreKnown:
    """Objects' entries that are the objects' places, an arm that is the tool's."""

    @pytest.fixture
    def known(self, episodes):
        truths = torch.from_numpy(episodes.truths)
        states = torch.from_numpy(episodes.states)
        latents = torch.cat([states[..., :ARM], truths[..., 3:9]], -1)
        return LatentEpisodes(latents, states, torch.from_numpy(episodes.actions), truths)

    def test_probes_read_them(self, model, known):
        result = measure_latents(model, known, with_rollouts=False)
        assert max(result["linear_probe_m"].values()) < 1e-4
        # Objects are looked for by the objects' entries alone.
        elsewhere = replace(known, latents=torch.cat([10 * torch.randn(*known.latents.shape[:2], ARM), known.latents[..., ARM:]], -1))
        assert measure_latents(model, elsewhere, with_rollouts=False)["nearest_neighbour_m"]["cube"] == result["nearest_neighbour_m"]["cube"]

    def test_places_are_told_in_metres_along_the_table(self, model, known):
        std, mean = model.predictor.state_std[:PLACE], model.predictor.state_mean[:PLACE]
        # The cube is seen 3 cm beside its place in most frames and 9 cm in a fifth, the cup too high.
        offset = torch.zeros(*known.latents.shape[:2], 6)
        offset[..., 0], offset[::5, :, 0], offset[..., 5] = 0.03, 0.09, 0.2
        truths = known.truths.clone()
        truths[..., [5, 8]] = 0.03
        truths[7, 2, 5] = 0.1
        places = truths[..., 3:9] + offset
        objects = (places - mean.repeat(2)) / std.repeat(2)
        result = place_errors(model, replace(known, latents=torch.cat([known.latents[..., :ARM], objects], -1), truths=truths))
        assert result.keys() == {"cube", "cup", "cube_lifted"}, "the cup never was in the air"
        assert result["cube"] == pytest.approx({"p50": 0.03, "p75": 0.03, "p90": 0.09}, abs=1e-5)
        assert result["cube_lifted"] == pytest.approx({"p50": 0.03, "p75": 0.03, "p90": 0.03}, abs=1e-5)
        assert max(result["cup"].values()) < 1e-5

    def test_an_error_is_measured_where_something_moves(self, model, known, monkeypatch):
        """A predictor that takes the cube along with the tool is right in every third episode, where it really goes along."""
        def along(objects, state, action, following, offset, before):
            moved = following[:, :3] - state[:, :3]
            return torch.cat([objects[:, :3] + moved, objects[:, 3:]], -1)

        monkeypatch.setattr(model.predictor, "forward", along)
        result = measure_rollouts(model, known)
        assert max(result["multi_step_ratio_object_moves"]) < 0.01
        assert min(result["multi_step_ratio"]) > 0.5
