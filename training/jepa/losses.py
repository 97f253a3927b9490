"""The terms of the training loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import Config
from .model import WorldModel


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


def standardised(values: Tensor) -> Tensor:
    return (values - values.mean(0)) / values.std(0).clamp_min(1e-3)


def decorrelation(latents: Tensor) -> Tensor:
    """Squared correlations between different entries, summed a row and averaged over rows (VICReg, Bardes et al. 2022, section 4).

    SIGReg alone left most of the latent repeating the arm; this makes room for what else there is to see. [N, D] to a scalar.
    """
    normal = standardised(latents)
    correlation = normal.T @ normal / (len(latents) - 1)
    return (correlation - torch.diag(correlation.diag())).square().sum() / latents.shape[1]


def independence(latents: Tensor, known: Tensor, features: int, generator: torch.Generator) -> Tensor:
    """Mean squared correlation between latents and random smooth functions of what is known (random Fourier features, as in HSIC).

    [N, D], [N, S] standardised to a scalar.
    """
    width = known.shape[1]
    frequencies = 2.4 / width**0.5 * torch.randn(width, features, generator=generator)
    phases = 2 * torch.pi * torch.rand(features, generator=generator)
    random = standardised(torch.cos(known @ frequencies + phases))
    correlation = standardised(latents).T @ random / (len(latents) - 1)
    return correlation.square().mean()


def object_independence(latents: Tensor, proprioception: Tensor, config: Config, generator: torch.Generator) -> Tensor:
    """Independence of each object group from proprioception and from the groups before it. [N, D], [N, S] standardised to a scalar.

    Functions of the arm are the easiest things to see and to predict, and decorrelated ones never run out: without this term they
    fill the latent and objects stay unseen. With one group, functions of the object that is found first fill that.
    """
    known = [proprioception]
    start = latents.shape[1] - sum(config.object_groups)
    total = latents.new_zeros(())
    for size in config.object_groups:
        group = latents[:, start : start + size]
        for source in known:
            total = total + independence(group, source, config.independence_features, generator)
        known.append(standardised(group).detach())
        start += size
    return total


def temporal_variance(latents: Tensor, target: float) -> Tensor:
    """Hinge on the deviation within each window: features that never change in an episode predict well and are useless.

    [B, L, D] to a scalar.
    """
    deviation = (latents - latents.mean(1, keepdim=True)).square().mean((0, 1)).add(1e-4).sqrt()
    return F.relu(target - deviation).mean()


def training_loss(model: WorldModel, config: Config, images: Tensor, states: Tensor, actions: Tensor,
                  generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
    """Loss of a batch of windows and its parts; no gradient is stopped anywhere.

    images [B, F, 3, H, W] in [-1, 1] and states [B, F, 7] at `config.frames`, actions [B, horizon, 4].
    """
    b, count = images.shape[:2]
    with torch.autocast("cpu", torch.bfloat16):
        z = model.encoder.encode(images.flatten(0, 1).contiguous(memory_format=torch.channels_last))
    z = z.float().unflatten(0, (b, count))

    rolled, _ = model.rollout(z[:, 0], states[:, 0], actions)
    seen = torch.tensor(config.frames[1:])
    multi_step = (rolled[:, seen - 1] - z[:, 1:]).square().mean((0, 2))
    # From a frame in the middle on, so that the predictor also starts where an action is under way.
    middle = count // 2
    later, _ = model.rollout(z[:, middle], states[:, middle], actions[:, config.frames[middle] :])
    onward = (later[:, seen[middle:] - config.frames[middle] - 1] - z[:, middle + 1 :]).square().mean()

    # Displacement of the tool between two frames of a window, from the difference of their latents (inverse dynamics over many steps).
    first = torch.randint(0, count - 1, (b,), generator=generator)
    second = first + 1 + (torch.rand(b, generator=generator) * (count - 1 - first)).long()
    rows = torch.arange(b)
    moved = (states[rows, second, :3] - states[rows, first, :3]) / model.predictor.state_std[:3]
    displacement = (model.displacement(z[rows, second] - z[rows, first]) - moved).square().mean()
    opening = (states[..., 3:4] - model.predictor.state_mean[3]) / model.predictor.state_std[3]
    gripper = (model.opening(z) - opening).square().mean()

    gaussian = sigreg(z.flatten(0, 1), config.sigreg_projections, generator)
    correlated = decorrelation(z.flatten(0, 1))
    body = ((states - model.predictor.state_mean) / model.predictor.state_std)[..., :4].flatten(0, 1)
    dependent = object_independence(z.flatten(0, 1), body, config, generator)
    temporal = temporal_variance(z[..., : config.latent - sum(config.object_groups)], config.temporal_target)
    loss = (
        multi_step.mean() + onward
        + config.sigreg_weight * gaussian
        + config.decorrelation_weight * correlated
        + config.independence_weight * dependent
        + config.temporal_weight * temporal
        + config.displacement_weight * (displacement + 0.3 * gripper)
    )
    parts = {
        "loss": loss, "multi_step": multi_step.mean(), "onward": onward, "sigreg": gaussian, "decorrelation": correlated, "independence": dependent,
        "temporal": temporal, "displacement": displacement, "gripper": gripper,
    }
    return loss, {name: float(value.detach()) for name, value in parts.items()}
