"""How well joints are read from pictures, and how well they are predicted, on episodes that training never had."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from jepa.data import Episodes

from .model import JointsModel

BATCH = 128


@torch.no_grad()
def encode_all(model: JointsModel, images: np.ndarray) -> Tensor:
    """Pictures uint8 [E, T, H, W, 3] to latents [E, T, J]."""
    flat = images.reshape(-1, *images.shape[2:])
    model.eval()
    return torch.cat([model.encoder(torch.from_numpy(flat[i : i + BATCH])) for i in range(0, len(flat), BATCH)]).unflatten(0, images.shape[:2])


@torch.no_grad()
def errors(model: JointsModel, validation: Episodes) -> dict:
    """Medians and 90 % quantiles of absolute errors a joint, rad (m): read from the picture, and predicted a horizon ahead beside standing still."""
    horizon = model.config.horizon
    states, actions = torch.from_numpy(validation.states), torch.from_numpy(validation.actions)
    read = (encode_all(model, validation.images) - model.standardised(states)).abs() * model.dynamics.state_std
    starts = range(0, actions.shape[1] - horizon + 1, horizon)
    first = torch.cat([states[:, start] for start in starts])
    last = torch.cat([states[:, start + horizon] for start in starts])
    sent = torch.cat([actions[:, start : start + horizon] for start in starts])
    _, rolled = model.rollout(model.standardised(first), first, sent)
    flat = read.flatten(0, 1)
    return {
        "joints": list(validation.description["action"]),
        "read_median": flat.median(0).values.tolist(),
        "read_p90": flat.quantile(0.9, 0).tolist(),
        "predicted_median": (rolled[:, -1] - last).abs().median(0).values.tolist(),
        "still_median": (first - last).abs().median(0).values.tolist(),
    }


def in_words(result: dict) -> str:
    pairs = (f"{name} {read:.3f}/{tail:.3f}" for name, read, tail in zip(result["joints"], result["read_median"], result["read_p90"]))
    ratio = np.median(np.array(result["predicted_median"]) / np.maximum(result["still_median"], 1e-9))
    return f"read from the picture, median/90 % rad: {', '.join(pairs)}; predicted {100 * ratio:.0f} % of standing still"
