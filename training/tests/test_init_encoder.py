"""Where a training begins: with the encoder of a run or of a bundle."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import export
from conftest import save_run, shake, write_data
from jepa.build import new_model
from jepa.init_encoder import encoder_key, load_encoder
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
    with pytest.raises(ValueError, match="has an encoder of another size; give the --channels, --context, --keypoints, --features and --head-width that it was trained with"):
        load_encoder(other.encoder, run, NO_PICTURES)


def test_encoders_are_told_apart_by_their_weights(model, config, episodes, tmp_path):
    run, again = save_run(tmp_path / "run", model, episodes), save_run(tmp_path / "again", model, episodes, done=["predictor"])
    other = save_run(tmp_path / "other", new_model(config, episodes), episodes)
    assert encoder_key(run) == encoder_key(again) and len({encoder_key(folder) for folder in (run, other, BUNDLE)}) == 3


def test_nothing_to_take_an_encoder_from(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="has neither checkpoint.pt nor manifest.json; give a run that was trained, or a bundle"):
        load_encoder(model.encoder, tmp_path, NO_PICTURES)
    with pytest.raises(FileNotFoundError, match="has neither checkpoint.pt nor manifest.json"):
        encoder_key(tmp_path)


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
    shapes = replace(config, channels=64, context=64, keypoints=48, head_width=256)
    encoder = new_model(shapes, replace(episodes, description={**episodes.description, "image": {"height": 96, "width": 96}})).encoder
    seen = pictures(12, 96, 96)
    load_encoder(encoder, BUNDLE, seen)
    wanted = onnxruntime.InferenceSession(BUNDLE / "encoder.onnx").run(["latent"], {"pixels": seen.numpy()})[0]
    np.testing.assert_allclose(encoder.eval()(seen), wanted, atol=1e-3)
    # In training its norms take the statistics of the batch, which are those that they were given; the last one kept its own, of pictures of a table.
    encoder.train().keypoint_norm.eval()
    # Of standard deviations of some 10 cm: a fifth of a millimetre.
    np.testing.assert_allclose(encoder(seen), wanted, atol=2e-3)
    assert all(parameter.requires_grad for parameter in encoder.parameters())


def test_a_bundle_takes_pictures_of_its_own_size(config, episodes):
    with pytest.raises(ValueError, match="takes pictures of 96 pixels, the data has 64 x 64"):
        load_encoder(new_model(config, episodes).encoder, BUNDLE, NO_PICTURES)


@torch.no_grad()
def test_context_begins_as_nothing_and_learns(config, episodes, tmp_path):
    without = shake(new_model(config, episodes))
    run = save_run(tmp_path / "run", without, episodes)
    encoder = new_model(replace(config, context=12), episodes).encoder
    load_encoder(encoder, run, NO_PICTURES)
    seen = pictures(6, 64, 64)
    assert torch.equal(encoder.eval()(seen), without.encoder(seen))
    with torch.enable_grad():
        encoder.train()(seen).square().sum().backward()
    assert encoder.context.up.weight.grad.abs().max() > 0


@torch.no_grad()
def test_a_place_sees_farther_with_context(config, episodes):
    maps = torch.zeros(2, config.channels, 16, 16)
    maps[1, :, 0, 0] = 1
    reaches = [(encoder.context(maps)[1] - encoder.context(maps)[0])[:, 8, 8].abs().max() for context in (0, 12)
               for encoder in [shake(new_model(replace(config, context=context), episodes)).encoder]]
    assert reaches[0] == 0 and reaches[1] > 0


def test_context_wants_a_side_that_halves(config, episodes):
    odd = replace(episodes, description={**episodes.description, "image": {"height": 68, "width": 68}})
    with pytest.raises(ValueError, match="context is 12, which takes pictures whose side is a multiple of 8; it is 68"):
        new_model(replace(config, context=12), odd)


@torch.no_grad()
def test_a_bundle_with_context_is_gone_on_from(config, episodes, tmp_path, monkeypatch):
    model = shake(new_model(replace(config, context=12), episodes))
    save_run(tmp_path / "run", model, episodes, done=["predictor", "value"])
    data = write_data(tmp_path / "data", episodes)
    monkeypatch.setattr(sys, "argv", ["export.py", "--run", str(tmp_path / "run"), "--data", str(data), "--bundle", str(tmp_path / "bundle")])
    export.main()
    encoder = new_model(replace(config, context=12), episodes).encoder
    seen = torch.from_numpy(episodes.images[:6, 0])
    load_encoder(encoder, tmp_path / "bundle", seen)
    np.testing.assert_allclose(encoder.eval()(seen), model.encoder(seen), atol=1e-3)
