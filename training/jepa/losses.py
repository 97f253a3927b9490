"""The terms of the training loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from .config import Config
from .data import Windows
from .model import ACTION, ALONG, ARM, PLACE, WorldModel
from .pixels import PixelDecoder
from .touch import Touch

# Different places that a distribution is taken from, and its least width, m.
ENOUGH_PLACES, LEAST_SPREAD_M = 10, 0.01
# Between the quartiles of a Gaussian, in standard deviations.
QUARTILES_APART = 1.349
# Distances below this are squared, m.
SOFT_BELOW_M = 0.01


def sigreg(latents: Tensor, projections: int, generator: torch.Generator) -> Tensor:
    """How far the latents are from an isotropic Gaussian: the Epps–Pulley statistic, averaged over random directions.

    Sketched isotropic Gaussian regularisation (LeJEPA, Balestriero and LeCun 2025, section 4). [N, D] to a scalar.
    """
    directions = torch.randn(latents.shape[1], projections, generator=generator, device=latents.device)
    directions = directions / directions.norm(dim=0)
    projected = latents @ directions
    t = torch.linspace(0.2, 3.0, 9, device=latents.device)
    gaussian = torch.exp(-0.5 * t.square())
    phase = projected[:, :, None] * t
    real = torch.cos(phase).mean(0) - gaussian
    imaginary = torch.sin(phase).mean(0)
    statistic = ((real.square() + imaginary.square()) * gaussian).mean(-1)
    return latents.shape[0] * statistic.mean()


def softened(metres: Tensor) -> Tensor:
    """Length of vectors [..., PLACE], in units of 10 cm, a parabola below SOFT_BELOW_M: unlike a square it lets few large errors be."""
    return 10 * ((metres.square().sum(-1) + SOFT_BELOW_M**2).sqrt() - SOFT_BELOW_M)


class Losses(nn.Module):
    """The terms of the encoder's training, and the networks that say what a thing's entries repeat of those before it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        w = 128
        self.repeated = nn.ModuleList(nn.Sequential(nn.Linear(before * ALONG, w), nn.ReLU(), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, ALONG)) for before in range(1, config.things))
        if config.pixel_weight > 0:
            self.decoder = PixelDecoder(3 * config.keypoints)
        if config.inverse_weight > 0:
            self.inverse = nn.Sequential(nn.Linear(2 * (ARM + config.things * PLACE), w), nn.ReLU(), nn.Linear(w, ACTION))
        # Where things were felt to lie along the table, m: the distribution that the entries must have in all pictures, not only where something was felt.
        self.register_buffer("lying_mean", torch.zeros(config.things, ALONG))
        self.register_buffer("lying_std", torch.ones(config.things, ALONG))

    def expect(self, touches: list[Touch], hand_mean: Tensor, hand_std: Tensor) -> None:
        """Takes the distribution of places from what was felt; of a thing that hardly anything was felt of, the hand's: things lie where it goes."""
        for thing in range(self.config.things):
            self.lying_mean[thing], self.lying_std[thing] = hand_mean[:ALONG], hand_std[:ALONG]
            lying = np.concatenate([touch.places[:, :, thing, :ALONG][~touch.held[:, :, thing]] for touch in touches])
            lying = lying[np.isfinite(lying).all(-1)]
            if len(np.unique(lying, axis=0)) >= ENOUGH_PLACES:
                # Median and quartiles: some of the places are another thing's.
                low, middle, high = np.quantile(lying, [0.25, 0.5, 0.75], axis=0)
                self.lying_mean[thing] = torch.from_numpy(middle)
                self.lying_std[thing] = torch.from_numpy(((high - low) / QUARTILES_APART).clip(min=LEAST_SPREAD_M))

    def forward(self, model: WorldModel, windows: Windows, pixels: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch of windows, whose pictures are given as pixels [B, F, 3, H, W] in [-1, 1], and its parts.

        No gradient is stopped between encoder and predictor.
        """
        config = self.config
        b, count = pixels.shape[:2]
        with torch.autocast(pixels.device.type, torch.bfloat16):
            features = model.encoder.features(pixels.flatten(0, 1).contiguous(memory_format=torch.channels_last))
            z = model.encoder.read(features)
        z = z.float().unflatten(0, (b, count))
        standardised = model.predictor.standardised(windows.states)
        arm = (z[..., :ARM] - standardised[..., :ARM]).square().mean()
        places = model.places(z)
        parts = {"arm": arm, "touch": self.touch(places, windows.felt), "persistence": self._persistence(places, windows.held)}
        loss = config.arm_weight * arm + config.touch_weight * parts["touch"] + config.persistence_weight * parts["persistence"]
        if config.sigreg_weight > 0:
            along = (places[..., :ALONG] - self.lying_mean) / self.lying_std
            spread, regression, repeated = self._spread(along[~windows.held.any(-1)], generator)
            loss = loss + config.sigreg_weight * spread + regression
            parts |= {"sigreg": spread, "repeated": repeated}
        if config.pixel_weight > 0:
            with torch.autocast(pixels.device.type, torch.bfloat16):
                parts["pixels"] = self.decoder.error(features, windows.images.flatten(0, 1))
            loss = loss + config.pixel_weight * parts["pixels"]
        if config.inverse_weight > 0:
            between = (windows.actions[:, config.frames[0] : config.frames[-1]] / model.action_high).mean(1)
            parts["inverse"] = (self.inverse(torch.cat([z[:, 0], z[:, -1]], -1)) - between).square().mean()
            loss = loss + config.inverse_weight * parts["inverse"]
        if config.with_actions:
            seen = torch.tensor(config.frames[1:], device=pixels.device)
            rolled, _ = model.rollout(z[:, 0], windows.states[:, 0], windows.actions)
            parts["multi_step"] = softened(model.places(rolled[:, seen - 1]) - places[:, 1:]).mean()
            loss = loss + config.rollout_weight * parts["multi_step"]
        return loss, {"loss": float(loss.detach()), **{name: float(value.detach()) for name, value in parts.items()}}

    @staticmethod
    def touch(places: Tensor, felt: Tensor, length: Callable[[Tensor], Tensor] = softened) -> Tensor:
        """Each thing is where it was felt. [..., things, PLACE] both, the felt NaN where nothing was; `length` of what is between them [..., PLACE].

        A long thing gripped askew feels like the wide one; the softened distance lets the few be. To take whichever thing is seen nearer instead does not work:
        one thing then becomes "what is in the hand", and the other nothing (measured).
        """
        known = felt.isfinite().all(-1)
        target = felt.where(known[..., None], 0.0)
        return (length(places - target) * known).sum() / known.sum().clamp_min(1)

    @staticmethod
    def _persistence(places: Tensor, held: Tensor) -> Tensor:
        """Each picture predicts the others of its window, whose rooms are all different and in which the arm is elsewhere.

        What a picture can know of another one is then where the things are. Some of them move: the distance is softened, so that these do not blur the
        rest; and of a thing in the hand it is known that it moves. [B, F, things, PLACE], [B, F, things].
        """
        one, other = torch.triu_indices(places.shape[1], places.shape[1], 1, device=places.device)
        rests = ~(held[:, one] | held[:, other])
        return (softened(places[:, one] - places[:, other]) * rests).sum() / rests.sum().clamp_min(1)

    def _spread(self, along: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """SIGReg of places along the table [N, things, ALONG], standardised; of a thing's only as far as those before it do not explain them: otherwise
        functions of the thing that is found first fill all. The regressions that say so learn from latents that they do not move; the last value is the share
        they explain.
        """
        rest, regressions = [along[:, 0]], []
        for thing, network in enumerate(self.repeated, 1):
            repeated = network(along[:, :thing].flatten(1).detach())
            regressions.append((repeated - along[:, thing].detach()).square().mean())
            rest.append(along[:, thing] - repeated.detach())
        regression = torch.stack(regressions).mean()
        return sigreg(torch.cat(rest, -1), self.config.sigreg_projections, generator), regression, 1 - regression.detach()
