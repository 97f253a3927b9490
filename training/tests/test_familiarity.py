"""How unlike the training's pictures a picture is."""

import numpy as np
import pytest
import torch

from jepa.familiarity import Familiarity
from jepa.model import normalised


def unlikeness(model, familiarity, images):
    with torch.no_grad():
        features = familiarity(model.encoder.features(normalised(torch.from_numpy(images))))
    return features.square().mean(-1).sqrt()


@pytest.fixture
def quiet(model):
    return model.eval()


def test_pictures_of_training_are_one_unit_away(quiet, episodes):
    flat = episodes.images.reshape(-1, *episodes.images.shape[2:])
    away = unlikeness(quiet, Familiarity.fitted(quiet, episodes.images), flat)
    assert 0.8 < float(away.square().mean().sqrt()) <= 1.02


def test_a_covered_lens_is_far_from_them(quiet, episodes):
    familiarity = Familiarity.fitted(quiet, episodes.images)
    flat = episodes.images.reshape(-1, *episodes.images.shape[2:])
    assert unlikeness(quiet, familiarity, np.zeros_like(flat[:1])).min() > unlikeness(quiet, familiarity, flat).max()


def test_too_few_pictures_are_refused(quiet, episodes):
    with pytest.raises(ValueError, match="cannot tell how .* features vary; give more episodes"):
        Familiarity.fitted(quiet, episodes.images[:1, :5])
