from dataclasses import replace

import torch

from jepa.losses import Losses
from jepa.pixels import SIDE, PixelDecoder


def test_pictures_come_out_at_their_range_and_size():
    pictures = PixelDecoder(18)(torch.randn(5, 18))
    assert pictures.shape == (5, 3, SIDE, SIDE) and pictures.abs().max() <= 1


def test_it_learns_where_a_square_is():
    torch.manual_seed(0)
    decoder = PixelDecoder(2)
    place = torch.rand(32, 2) * 2 - 1
    grid = torch.linspace(-1, 1, 96)
    inside = ((grid[None, None, :] - place[:, 0, None, None]).abs() < 0.3) & ((grid[None, :, None] - place[:, 1, None, None]).abs() < 0.3)
    pixels = (inside.float() * 200 + 25).byte()[..., None].expand(-1, -1, -1, 3)
    optimiser = torch.optim.Adam(decoder.parameters(), lr=2e-3)
    first = decoder.error(place, pixels).item()
    for _ in range(200):
        loss = decoder.error(place, pixels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.4 * first


def test_a_jepa_has_no_decoder_and_its_twin_has(config):
    assert not hasattr(Losses(config), "decoder")
    assert isinstance(Losses(replace(config, pixel_weight=1.0)).decoder, PixelDecoder)
