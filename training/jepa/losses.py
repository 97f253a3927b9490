"""The terms of the training loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import Config
from .model import ARM, WorldModel

# In standard deviations.
SOFT_BELOW = 0.1


def sigreg(latents: Tensor, projections: int, generator: torch.Generator) -> Tensor:
    """How far the latents are from an isotropic Gaussian: the Epps–Pulley statistic, averaged over random directions.

    Sketched isotropic Gaussian regularisation (LeJEPA, Balestriero and LeCun 2025, section 4). [N, D] to a scalar.
    """
    directions = torch.randn(latents.shape[1], projections, generator=generator)
    directions = directions / directions.norm(dim=0)
    projected = latents @ directions
    t = torch.linspace(0.2, 3.0, 9)
    gaussian = torch.exp(-0.5 * t.square())
    phase = projected[:, :, None] * t
    real = torch.cos(phase).mean(0) - gaussian
    imaginary = torch.sin(phase).mean(0)
    statistic = ((real.square() + imaginary.square()) * gaussian).mean(-1)
    return latents.shape[0] * statistic.mean()


def softened(squared: Tensor) -> Tensor:
    """Distance from a mean square, a parabola below SOFT_BELOW: unlike a square it lets few large errors be. Any shape to the same."""
    return (squared + SOFT_BELOW**2).sqrt() - SOFT_BELOW


class Losses(nn.Module):
    """The terms of both kinds of training, and the network that says what the second half of the objects' entries repeats of the first."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.half = config.object_latent // 2
        w = 128
        self.repeated = nn.Sequential(nn.Linear(self.half, w), nn.ReLU(), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, config.object_latent - self.half))

    def forward(self, model: WorldModel, images: Tensor, states: Tensor, actions: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch of windows and its parts; no gradient is stopped between encoder and predictor.

        images [B, F, 3, H, W] in [-1, 1] and states [B, F, 7] at `config.frames`, actions [B, horizon, 4].
        """
        config = self.config
        b, count = images.shape[:2]
        with torch.autocast("cpu", torch.bfloat16):
            z = model.encoder.encode(images.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        z = z.float().unflatten(0, (b, count))
        objects = z[..., ARM:]
        arm = (z[..., :ARM] - model.predictor.standardised(states)[..., :ARM]).square().mean()
        persistence = self._persistence(objects)
        spread, regression, repeated = self._spread(objects.flatten(0, 1), generator)
        loss = config.persistence_weight * persistence + config.arm_weight * arm + config.sigreg_weight * spread + regression
        parts = {"persistence": persistence, "arm": arm, "sigreg": spread, "repeated": repeated}
        if config.with_actions:
            seen = torch.tensor(config.frames[1:])
            rolled, _ = model.rollout(z[:, 0], states[:, 0], actions)
            multi_step = softened((rolled[:, seen - 1, ARM:] - objects[:, 1:]).square().mean(-1)).mean()
            loss = loss + config.rollout_weight * multi_step
            parts["multi_step"] = multi_step
        return loss, {"loss": float(loss.detach()), **{name: float(value.detach()) for name, value in parts.items()}}

    @staticmethod
    def _persistence(objects: Tensor) -> Tensor:
        """Each picture predicts the others of its window, whose rooms are all different and in which the arm is elsewhere.

        What a picture can know of another one is then where the objects are. Some of them move: the distance is softened, so that these do not blur the
        rest. Without it, in the second stage, functions of the arm, which the commands predict exactly, would take the objects' place.
        """
        one, other = torch.triu_indices(objects.shape[1], objects.shape[1], 1)
        return softened((objects[:, one] - objects[:, other]).square().mean(-1)).mean()

    def _spread(self, objects: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """SIGReg, of the second half of the entries only as far as the first does not explain it: otherwise functions of the object that is found first
        fill both. The regression that says so learns from latents that it does not move; the last value is the share it explains.
        """
        first, second = objects[:, : self.half], objects[:, self.half :]
        repeated = self.repeated(first.detach())
        regression = (repeated - second.detach()).square().mean()
        rest = torch.cat([first, second - repeated.detach()], -1)
        return sigreg(rest, self.config.sigreg_projections, generator), regression, 1 - regression.detach()
