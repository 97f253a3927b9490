from dataclasses import replace

import pytest
import torch

from jepa.augment import augment
from jepa.config import Config

NOTHING = replace(Config(), gain=0.0, pixel_noise=0.0, colour_jitter=0.0, camera_jitter=0.0, light_jitter=0.0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pixels():
    """The same picture four times: a grey bar that is no mirror of itself."""
    picture = torch.full((3, 32, 32), -0.8)
    picture[:, 4:10, 6:28] = 0.2
    return picture.expand(2, 2, 3, 32, 32).clone()


def test_without_jitter_pictures_stay_as_they_are(pixels):
    torch.testing.assert_close(augment(pixels, NOTHING, generator()), pixels)


@pytest.mark.parametrize("option", ["gain", "pixel_noise", "colour_jitter", "camera_jitter", "light_jitter"])
def test_every_picture_is_changed_on_its_own(pixels, option):
    changed = augment(pixels, replace(NOTHING, **{option: 0.1}), generator()).flatten(0, 1)
    assert changed.shape == (4, 3, 32, 32) and changed.isfinite().all()
    for i in range(4):
        assert not torch.equal(changed[i], pixels[0, 0])
        for j in range(i):
            assert not torch.equal(changed[i], changed[j])


def test_the_same_seed_changes_the_same(pixels):
    config = replace(Config(), colour_jitter=0.1, camera_jitter=0.1, light_jitter=0.1)
    assert torch.equal(augment(pixels, config, generator(3)), augment(pixels, config, generator(3)))


def test_a_moved_camera_keeps_colours_and_moves_no_farther_than_it_may(pixels):
    share, half = 0.1, 16
    moved = augment(pixels.repeat(4, 1, 1, 1, 1), replace(NOTHING, camera_jitter=share), generator(1)).flatten(0, 1)
    assert moved.min() >= pixels.min() - 1e-5 and moved.max() <= pixels.max() + 1e-5
    # The bar's middle (row 6.5, column 16.5; the picture's is 15.5): shifted by a tenth of half a picture, turned and zoomed about the picture's middle.
    most = share * half * 2**0.5 + 2 * share * 9.1 + 0.6
    ways = []
    for picture in moved:
        weight = (picture[0] + 0.8).clamp_min(0)
        row, column = (weight.sum(1) @ torch.arange(32.0)) / weight.sum(), (weight.sum(0) @ torch.arange(32.0)) / weight.sum()
        ways.append(float(((row - 6.5) ** 2 + (column - 16.5) ** 2) ** 0.5))
    assert max(ways) <= most and max(ways) > 1.5


def test_mixed_colours_leave_black_black_and_places_alone(pixels):
    pixels[..., :2, :] = -1.0
    tinted = augment(pixels, replace(NOTHING, colour_jitter=0.1), generator())
    torch.testing.assert_close(tinted[..., :2, :], pixels[..., :2, :])
    bar, rest = tinted[..., 6, 10], tinted[..., 20, 10]
    assert not torch.allclose(bar[..., 0], bar[..., 1], atol=1e-3)
    assert (bar > rest).all()


def test_patches_of_light_keep_hues_and_black_and_some_have_sharp_borders():
    grey = torch.full((32, 1, 3, 32, 32), -0.4)
    grey[:, :, 0] = -0.2
    grey[..., :2, :] = -1.0
    lit = augment(grey, replace(NOTHING, light_jitter=0.2), generator()).flatten(0, 1)
    torch.testing.assert_close(lit[..., :2, :], grey.flatten(0, 1)[..., :2, :])
    light = (lit + 1)[:, :, 2:]
    torch.testing.assert_close(light[:, 0] / light[:, 1], torch.full_like(light[:, 0], 0.8 / 0.6))
    # The logarithm of the light has the deviation that was asked for; under hard borders most neighbours are alike.
    field = torch.log(light[:, 1] / 0.6)
    assert 0.12 < float(field.std()) < 0.25
    alike = ((field[..., 1:] - field[..., :-1]).abs() < 1e-5).float().mean((1, 2))
    assert (alike > 0.6).any() and (alike < 0.05).any()
