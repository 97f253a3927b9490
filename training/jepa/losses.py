"""The terms of the training loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Config
from .model import ARM, WorldModel

# Below this distance (standard deviations) persistence is a parabola.
PERSISTENCE_ROUNDING = 0.1


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


def temporal_variance(latents: Tensor, target: float) -> Tensor:
    """Hinge on the deviation within each window: features that never change in an episode predict well and are useless.

    [B, L, D] to a scalar.
    """
    deviation = (latents - latents.mean(1, keepdim=True)).square().mean((0, 1)).add(1e-4).sqrt()
    return F.relu(target - deviation).mean()


class Losses(nn.Module):
    """The terms, and the network that says what of the objects' entries proprioception explains."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        w = 128
        self.explained = nn.Sequential(nn.Linear(ARM, w), nn.ReLU(), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, config.object_latent))
        half = config.object_latent // 2
        self.repeated = nn.Sequential(nn.Linear(half, w), nn.ReLU(), nn.Linear(w, w), nn.ReLU(), nn.Linear(w, config.object_latent - half))

    def forward(self, model: WorldModel, images: Tensor, states: Tensor, actions: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch of windows and its parts; no gradient is stopped between encoder and predictor.

        images [B, F, 3, H, W] in [-1, 1] and states [B, F, 7] at `config.frames`, actions [B, horizon, 4].
        """
        config = self.config
        b, count = images.shape[:2]
        with torch.autocast("cpu", torch.bfloat16):
            z = model.encoder.encode(images.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        z = z.float().unflatten(0, (b, count))
        body = model.predictor.standardised(states)[..., :ARM]
        arm = (z[..., :ARM] - body).square().mean()
        objects = z[..., ARM:]

        if not config.with_actions:
            return self._persistence(arm, objects, generator)

        seen = torch.tensor(config.frames[1:])
        rolled, _ = model.rollout(z[:, 0], states[:, 0], actions)
        multi_step = (rolled[:, seen - 1, ARM:] - objects[:, 1:]).square().mean()
        # From a frame in the middle on, so that the predictor also starts where an action is under way.
        middle = count // 2
        later, _ = model.rollout(z[:, middle], states[:, middle], actions[:, config.frames[middle] :])
        onward = (later[:, seen[middle:] - config.frames[middle] - 1, ARM:] - objects[:, middle + 1 :]).square().mean()

        # Functions of the arm are the easiest to see and to predict and would fill the latent. What a regression on proprioception explains does not
        # count against collapse: only the rest has to be spread out. The regression itself learns from latents that it does not move.
        flat, known = objects.flatten(0, 1), body.flatten(0, 1)
        explained = self.explained(known)
        regression = (explained - flat.detach()).square().mean()
        rest = flat - explained.detach()
        gaussian = sigreg(rest, config.sigreg_projections, generator)
        temporal = temporal_variance(rest.unflatten(0, (b, count)), config.temporal_target)

        loss = multi_step + onward + config.arm_weight * arm + regression + config.sigreg_weight * gaussian + config.temporal_weight * temporal
        parts = {
            "loss": loss, "multi_step": multi_step, "onward": onward, "arm": arm, "sigreg": gaussian, "temporal": temporal,
            "explained": 1 - rest.square().mean() / flat.square().mean(),
        }
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def _persistence(self, arm: Tensor, objects: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """The first stage, from video without actions: each picture predicts the others of its window, whose rooms are all different.

        The arm is elsewhere in each of them, rooms change, so that what a picture can know of another one is where the objects are. Some of them
        move: the distance is not squared, so that these few do not blur the rest.
        """
        count = objects.shape[1]
        one, other = torch.triu_indices(count, count, 1)
        apart = (objects[:, one] - objects[:, other]).square().mean(-1)
        persistence = (apart + PERSISTENCE_ROUNDING**2).sqrt().mean()
        flat = objects.flatten(0, 1)
        half = self.config.object_latent // 2
        first, second = flat[:, :half], flat[:, half:]
        repeated = self.repeated(first.detach())
        regression = (repeated - second.detach()).square().mean()
        rest = torch.cat([first, second - repeated.detach()], -1)
        gaussian = sigreg(rest, self.config.sigreg_projections, generator)
        loss = persistence + self.config.arm_weight * arm + regression + self.config.sigreg_weight * gaussian
        parts = {"loss": loss, "persistence": persistence, "arm": arm, "sigreg": gaussian, "repeated": 1 - (second - repeated).square().mean()}
        return loss, {name: float(value.detach()) for name, value in parts.items()}
