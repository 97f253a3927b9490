from dataclasses import replace

import numpy as np
import pytest
import torch

from conftest import save_run, shake
from jepa.build import WORKSPACE_HIGH, WORKSPACE_LOW, load_checkpoint, new_model
from jepa.data import check_alike


def test_a_checkpoint_gives_the_same_model_back(model, episodes, tmp_path):
    shake(model)
    run = save_run(tmp_path / "run", model, episodes)
    read, checkpoint = load_checkpoint(run / "checkpoint.pt")
    assert read.config == model.config and not read.training and checkpoint["step"] == 321
    assert read.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(read.state_dict()[name], value) for name, value in model.state_dict().items())
    assert (read.image_size, read.state_model.period_s, read.state_model.max_opening_m) == (64, 0.2, 0.08)


def test_a_checkpoint_of_another_version_is_one_line(tmp_path, config):
    torch.save({"config": {**config.to_dict(), "temporal_weight": 1.0}, "model": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"checkpoint\.pt is of another version of this program \(.*temporal_weight.*\); train again"):
        load_checkpoint(tmp_path / "checkpoint.pt")


def test_a_checkpoint_with_networks_of_another_shape_is_one_line(model, episodes, tmp_path):
    file = save_run(tmp_path / "run", model, episodes) / "checkpoint.pt"
    checkpoint = torch.load(file, weights_only=True)
    checkpoint["model"]["encoder.of_before"] = torch.zeros(3)
    torch.save(checkpoint, file)
    with pytest.raises(ValueError, match=r"checkpoint\.pt has networks of another shape than this version of the program; train again"):
        load_checkpoint(file)


def test_statistics_are_the_data_s(model, episodes):
    states = episodes.states.reshape(-1, 7)
    np.testing.assert_allclose(model.predictor.state_mean, states.mean(0), atol=1e-5)
    np.testing.assert_allclose(model.predictor.state_std, states.std(0), rtol=1e-2)


def test_what_never_moves_is_not_blown_up(config, episodes):
    states = episodes.states.copy()
    states[..., 3] = 0.08
    assert float(new_model(config, replace(episodes, states=states)).predictor.state_std[3]) == pytest.approx(1e-3)


def test_axes_that_go_with_the_camera_have_room_for_the_workspace_however_it_is_turned(config, episodes):
    low, high = np.array(WORKSPACE_LOW), np.array(WORKSPACE_HIGH)
    plain = new_model(config, episodes).state_model
    np.testing.assert_allclose(plain.low, low, atol=1e-6)
    turned = new_model(config, replace(episodes, description={**episodes.description, "frame": "camera"})).state_model
    middle = (low[:2] + high[:2]) / 2
    for corner in ([low[0], low[1]], [low[0], high[1]], [high[0], low[1]]):
        for angle in np.linspace(-np.pi, np.pi, 9):
            x, y = np.array(corner) - middle
            place = middle + [np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y]
            assert (turned.low[:2].numpy() <= place + 1e-6).all() and (place - 1e-6 <= turned.high[:2].numpy()).all()
    assert float(turned.low[2]) == pytest.approx(low[2]) and float(turned.high[2]) == pytest.approx(high[2])


def test_data_of_other_axes_is_not_mixed_in(episodes):
    with pytest.raises(ValueError, match="the data sets have different frame: .None, 'camera'."):
        check_alike([episodes, replace(episodes, description={**episodes.description, "frame": "camera"})])


def test_another_robot_s_vectors_are_refused(config, episodes):
    joints = replace(episodes, states=np.zeros((*episodes.states.shape[:2], 14), np.float32))
    with pytest.raises(ValueError, match="the data has states of 14 and actions of 4 numbers, the model takes 7 and 4"):
        new_model(config, joints)
