"""The solvers of stable-worldmodel, given a cost instead of its own models. Nothing of them is changed; they print the time of each solve, which the caller has to swallow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace

import numpy as np
import torch
from gymnasium.spaces import Box
from torch import Tensor

# Only the solvers are imported: the package itself imports everything it has, and fails where torchvision was built for another PyTorch than the one that is there.
PACKAGE = ModuleType("stable_worldmodel")
PACKAGE.__path__ = list(find_spec("stable_worldmodel").submodule_search_locations)
sys.modules["stable_worldmodel"] = PACKAGE

from stable_worldmodel.solver import CEMSolver, ICEMSolver, MPPISolver  # noqa: E402

SOLVERS = {"swm_cem": CEMSolver, "swm_icem": ICEMSolver, "swm_mppi": MPPISolver}
VERSION = version("stable-worldmodel")


class Costs:
    """What the solvers ask of a model. One scene: the information that they hand over for each candidate is not looked at."""

    def __init__(self, cost: Callable[[Tensor], Tensor]) -> None:
        self.cost = cost

    def get_cost(self, info: dict, candidates: Tensor) -> Tensor:
        """[1, N, H, A] to [1, N]."""
        return self.cost(candidates[0])[None]


def search(solver: str, cost: Callable[[Tensor], Tensor], horizon: int, width: int, candidates: int, elites: int, iterations: int, seed: int, bound: float) -> Tensor:
    """Actions [horizon, width] in units of the first samples' deviation, in which the box ends at +-`bound`."""
    made = SOLVERS[solver](Costs(cost), num_samples=candidates, topk=elites, n_steps=iterations, seed=seed)
    box = Box(-np.float32(bound), np.float32(bound), (1, width))
    made.configure(action_space=box, n_envs=1, config=SimpleNamespace(horizon=horizon, action_block=1))
    return made.solve({"scene": torch.zeros(1, 1)})["actions"][0]
