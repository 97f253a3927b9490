"""How unlike the training pictures a picture is: the encoder's features, whitened over pictures that training had."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .model import WorldModel, normalised

# So many pictures tell mean and covariance of the features well enough.
PICTURES = 10_000
# Share of the features' mean variance that is added to each: what hardly varies in training must not decide alone.
SHRINKAGE = 1e-4


class Familiarity(nn.Module):
    """Keypoint features [N, F] to whitened ones [N, F]: over the training's pictures their mean is 0 and their covariance the identity.

    The root of their mean square is the Mahalanobis distance to the training's pictures, 1 for a usual one (Lee et al. 2018, for classes).
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("whiten", torch.eye(features))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) @ self.whiten

    @staticmethod
    def fitted(model: WorldModel, images: np.ndarray) -> "Familiarity":
        """To pictures uint8 [E, T, H, W, 3]: all, or as many as are needed, evenly spaced. Raises ValueError when they are too few."""
        flat = images.reshape(-1, *images.shape[2:])
        # An odd step, so that not the same moments of all episodes are taken.
        step = max(1, len(flat) // PICTURES) | 1
        chosen = range(0, len(flat), step)
        with torch.no_grad():
            features = torch.cat([model.encoder.features(normalised(torch.from_numpy(flat[chosen[i : i + 256]]))) for i in range(0, len(chosen), 256)]).double()
        if len(features) <= features.shape[1]:
            raise ValueError(f"{len(features)} pictures cannot tell how {features.shape[1]} features vary; give more episodes")
        familiarity = Familiarity(features.shape[1])
        covariance = features.T.cov()
        covariance += SHRINKAGE * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=covariance.dtype)
        familiarity.mean.copy_(features.mean(0))
        familiarity.whiten.copy_(torch.linalg.cholesky(torch.linalg.inv(covariance)))
        return familiarity
