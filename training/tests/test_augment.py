from dataclasses import replace

import pytest
import torch

from jepa.augment import augment
from jepa.config import Config

NOTHING = replace(Config(), gain=0.0, pixel_noise=0.0, colour_jitter=0.0, camera_jitter=0.0)


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


@pytest.mark.parametrize("option", ["gain", "pixel_noise", "colour_jitter", "camera_jitter"])
def test_every_picture_is_changed_on_its_own(pixels, option):
    changed = augment(pixels, replace(NOTHING, **{option: 0.1}), generator()).flatten(0, 1)
    assert changed.shape == (4, 3, 32, 32) and changed.isfinite().all()
    for i in range(4):
        assert not torch.equal(changed[i], pixels[0, 0])
        for j in range(i):
            assert not torch.equal(changed[i], changed[j])


def test_the_same_seed_changes_the_same(pixels):
    config = replace(Config(), colour_jitter=0.1, camera_jitter=0.1)
    assert torch.equal(augment(pixels, config, generator(3)), augment(pixels, config, generator(3)))


def test_a_moved_camera_keeps_colours_and_moves_no_farther_than_it_may(pixels):
    share = 0.1
    moved = augment(pixels, replace(NOTHING, camera_jitter=share), generator(1)).flatten(0, 1)
    assert moved.min() >= pixels.min() - 1e-5 and moved.max() <= pixels.max() + 1e-5
    for picture in moved:
        rows, columns = torch.nonzero(picture[0] > -0.3, as_tuple=True)
        # Half a picture is 16 pixels; shift, turn and zoom each move what is at the edge by at most a tenth of it.
        for found, middle in ((rows, 6.5), (columns, 16.5)):
            assert abs((found.min() + found.max()) / 2 - middle) <= 3 * share * 16 + 1


def test_mixed_colours_leave_black_black_and_places_alone(pixels):
    pixels[..., :2, :] = -1.0
    tinted = augment(pixels, replace(NOTHING, colour_jitter=0.1), generator())
    torch.testing.assert_close(tinted[..., :2, :], pixels[..., :2, :])
    bar, rest = tinted[..., 6, 10], tinted[..., 20, 10]
    assert not torch.allclose(bar[..., 0], bar[..., 1], atol=1e-3)
    assert (bar > rest).all()
