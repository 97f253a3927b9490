"""What the benchmark against other planners has of its own in Python: the shipped bundle taken back into PyTorch, and the loops of DINO-WM and V-JEPA 2-AC."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from jepa.exported import ExportedModel, fill
from vjepa2_layout import pictures

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "models" / "arm-objects-jepa"
sys.path.append(str(ROOT / "bench" / "peers"))

from cem_loops import dino_wm, vjepa2_ac  # noqa: E402


@torch.no_grad()
def test_the_shipped_bundle_is_the_same_in_pytorch():
    model = ExportedModel(BUNDLE)
    sessions = {name: onnxruntime.InferenceSession(BUNDLE / f"{name}.onnx") for name in ("encoder", "rollout")}
    pixels = pictures(2, model.encoder_side, model.encoder_side)
    latents = sessions["encoder"].run(["latent"], {"pixels": pixels.numpy()})[0]
    np.testing.assert_allclose(model.encode(pixels), latents, atol=1e-4)
    generator = torch.Generator().manual_seed(0)
    # Half as wide again as the box: the model brings them into it.
    middle, half = (model.action_low + model.action_high) / 2, (model.action_high - model.action_low) / 2
    actions = middle + 1.5 * half * (2 * torch.rand(64, model.horizon, 4, generator=generator) - 1)
    state = torch.tensor([[0.5, 0.05, 0.2, 0.04, 0.0, 0.1, 0.0]])
    energy = model.rollout(torch.from_numpy(latents[:1]), state, actions, torch.from_numpy(latents[1:]))[0]
    wanted = sessions["rollout"].run(["energy"], {"latent": latents[:1], "state": state.numpy(), "actions": actions.numpy(), "goal": latents[1:]})[0]
    np.testing.assert_allclose(energy, wanted, atol=1e-4)
    assert wanted.std() > 0.05


def test_a_bundle_of_another_version_is_refused():
    with pytest.raises(ValueError, match="has no weight of shape"):
        fill(torch.nn.Linear(2, 3), {"weight": torch.zeros(3, 3), "bias": torch.zeros(3)}, but=())


GOAL = torch.tensor([[0.3, -0.2], [0.1, 0.4], [-0.35, 0.0]])


def bowl(actions):
    return (actions - GOAL).square().sum((1, 2))


@pytest.mark.parametrize(("loop", "more"), [(dino_wm, ()), (vjepa2_ac, (torch.tensor([-0.5, -0.5]), torch.tensor([0.5, 0.5])))])
def test_the_loops_find_the_bottom_of_a_bowl(loop, more):
    sizes = []

    def cost(actions):
        sizes.append(len(actions))
        return bowl(actions)

    found = loop(cost, torch.zeros(3, 2), 0.3 * torch.ones(3, 2), 200, 20, 12, torch.Generator().manual_seed(1), *more)
    assert bowl(found[None]).item() < 1e-3
    assert sizes == [200] * 12
    again = loop(bowl, torch.zeros(3, 2), 0.3 * torch.ones(3, 2), 200, 20, 12, torch.Generator().manual_seed(1), *more)
    assert torch.equal(found, again)


def test_dino_wm_scores_its_mean_and_vjepa2_ac_stays_in_the_box():
    seen = []

    def cost(actions):
        seen.append(actions.clone())
        return bowl(actions)

    mean = torch.full((3, 2), 0.05)
    dino_wm(cost, mean, torch.ones(3, 2), 50, 5, 1, torch.Generator().manual_seed(2))
    assert torch.equal(seen[0][0], mean)
    low, high = torch.tensor([-0.5, -0.1]), torch.tensor([0.5, 0.2])
    vjepa2_ac(cost, mean, torch.ones(3, 2), 50, 5, 2, torch.Generator().manual_seed(2), low, high)
    assert all((one >= low).all() and (one <= high).all() for one in seen[1:])
    assert (seen[1] == high).any() and (seen[1] == low).any()
