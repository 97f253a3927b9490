"""Where a training begins: with the encoder of a run or of a bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from conftest import save_run, shake
from jepa.build import new_model
from jepa.init_encoder import load_encoder
from test_things import of_things
from vjepa2_layout import pictures

BUNDLE = Path(__file__).resolve().parents[2] / "models" / "arm-objects-jepa"
NO_PICTURES = torch.zeros(0, 64, 64, 3, dtype=torch.uint8)


def test_an_encoder_is_taken_and_nothing_else(model, config, episodes, tmp_path):
    shake(model)
    run = save_run(tmp_path / "run", model, episodes)
    other = new_model(replace(config, predictor_width=24), episodes)
    load_encoder(other.encoder, run, NO_PICTURES)
    assert all(torch.equal(other.encoder.state_dict()[name], value) for name, value in model.encoder.state_dict().items())


def test_an_encoder_of_another_size_is_refused(model, config, episodes, tmp_path):
    run = save_run(tmp_path / "run", model, episodes)
    other = new_model(replace(config, channels=4), episodes)
    with pytest.raises(ValueError, match="has an encoder of another size; give the options that it was trained with"):
        load_encoder(other.encoder, run, NO_PICTURES)


def test_nothing_to_take_an_encoder_from(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="has neither checkpoint.pt nor manifest.json; give a run that was trained, or a bundle"):
        load_encoder(model.encoder, tmp_path, NO_PICTURES)


def test_an_encoder_of_fewer_things_is_gone_on_from(config, episodes, tmp_path):
    two = shake(new_model(config, episodes))
    run = save_run(tmp_path / "run", two, episodes)
    three = new_model(replace(config, things=3), of_things(episodes, 3))
    last = three.encoder.objects[-1].weight.clone()
    load_encoder(three.encoder, run, NO_PICTURES)
    assert torch.equal(three.encoder.objects[-1].weight, last)
    assert torch.equal(three.encoder.maps.weight, two.encoder.maps.weight) and torch.equal(three.encoder.objects[0].weight, two.encoder.objects[0].weight)


@torch.no_grad()
def test_the_shipped_bundle_s_encoder_sees_the_same_and_can_learn_on(config, episodes):
    shapes = replace(config, channels=64, keypoints=48, head_width=256)
    encoder = new_model(shapes, replace(episodes, description={**episodes.description, "image": {"height": 96, "width": 96}})).encoder
    seen = pictures(12, 96, 96)
    load_encoder(encoder, BUNDLE, seen)
    wanted = onnxruntime.InferenceSession(BUNDLE / "encoder.onnx").run(["latent"], {"pixels": seen.numpy()})[0]
    np.testing.assert_allclose(encoder.eval()(seen), wanted, atol=1e-3)
    # In training its norms take the statistics of the batch, which are those that they were given; the last one kept its own, of pictures of a table.
    encoder.train().keypoint_norm.eval()
    np.testing.assert_allclose(encoder(seen), wanted, atol=1e-3)
    assert all(parameter.requires_grad for parameter in encoder.parameters())


def test_a_bundle_takes_pictures_of_its_own_size(config, episodes):
    with pytest.raises(ValueError, match="takes pictures of 96 pixels, the data has 64 x 64"):
        load_encoder(new_model(config, episodes).encoder, BUNDLE, NO_PICTURES)
