"""A peer's planner as a process that is asked by lines of JSON (`protocol.ts`): the exported model in PyTorch, the search of stable-worldmodel, DINO-WM or V-JEPA 2-AC.

    .env-bench/bin/python bench/peers/torch_solver.py --bundle models/NAME --threads 1 --weights W,W,...

Every search is given the latents of start and goal and the same cost: the weighted energies of the steps.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[2] / "training"))

from cem_loops import dino_wm, vjepa2_ac  # noqa: E402
from jepa.exported import ExportedModel  # noqa: E402


class Solver:
    def __init__(self, bundle: Path, weights: list[float]) -> None:
        self.model = ExportedModel(bundle)
        self.weights = torch.tensor(weights)
        low, high = self.model.action_low, self.model.action_high
        self.middle, self.half = (low + high) / 2, (high - low) / 2

    def scene(self, problem: dict) -> tuple[Tensor, Tensor, Tensor]:
        return tuple(torch.tensor([problem[name]], dtype=torch.float32) for name in ("latent", "state", "goal"))

    def energies(self, problem: dict, actions: Tensor) -> Tensor:
        """[N, H, A] to [N, H]."""
        latent, state, goal = self.scene(problem)
        return self.model.rollout(latent, state, actions, goal)[0]

    def plan(self, solver: str, problem: dict, search: dict) -> dict:
        latent, state, goal = self.scene(problem)
        rolled_out = 0

        def cost(actions: Tensor) -> Tensor:
            """[N, H, A] in the robot's units to [N]."""
            nonlocal rolled_out
            rolled_out += len(actions)
            return self.model.rollout(latent, state, actions, goal)[0] @ self.weights

        switched = search.pop("switched")
        begin = time.perf_counter()
        actions = self.at_bounds(self.search(solver, lambda actions: cost(self.at_bounds(actions, switched)), **search), switched)
        ms = 1000 * (time.perf_counter() - begin)
        return {"ms": ms, "actions": actions.flatten().tolist(), "rollouts": rolled_out}

    def at_bounds(self, actions: Tensor, switched: list[int]) -> Tensor:
        """Brings the switched dimensions to the nearer of their bounds, as the robot would have them."""
        if not switched:
            return actions
        actions = actions.clone()
        for dim in switched:
            actions[..., dim] = torch.where(actions[..., dim] > self.middle[dim], self.model.action_high[dim], self.model.action_low[dim])
        return actions

    def search(self, solver: str, cost, candidates: int, elites: int, iterations: int, seed: int, std: float) -> Tensor:
        horizon = self.model.horizon
        middle, half = self.middle.repeat(horizon, 1), self.half.repeat(horizon, 1)
        if solver == "dino_wm":
            return dino_wm(cost, middle, std * half, candidates, elites, iterations, torch.Generator().manual_seed(seed))
        if solver == "vjepa2_ac":
            # Its first samples are as wide as the box, and cut off there.
            return vjepa2_ac(cost, middle, half, candidates, elites, iterations, torch.Generator().manual_seed(seed), self.model.action_low, self.model.action_high)
        from swm_solvers import search

        unit = std * half
        return middle + unit * search(solver, lambda actions: cost(middle + unit * actions), horizon, len(self.half), candidates, elites, iterations, seed, 1 / std)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--weights", required=True, help="of the steps' energies, with commas between them")
    arguments = parser.parse_args()
    # What others print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = open(os.devnull, "w")
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    solver = Solver(arguments.bundle, [float(weight) for weight in arguments.weights.split(",")])
    from swm_solvers import VERSION

    python = ".".join(map(str, sys.version_info[:3]))
    print(json.dumps({"ready": f"Python {python}, PyTorch {torch.__version__.split('+')[0]} {arguments.threads} thread(s), stable-worldmodel {VERSION}"}), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "plan":
            answer = solver.plan(request["solver"], request["problem"], request["search"])
        elif request["do"] == "score":
            actions = torch.tensor(request["actions"], dtype=torch.float32).reshape(-1, solver.model.horizon, len(solver.half))
            answer = {"energies": solver.energies(request["problem"], actions).flatten().tolist()}
        else:
            side = solver.model.encoder_side
            pixels = torch.frombuffer(bytearray(base64.b64decode(request["pixels"])), dtype=torch.uint8).reshape(1, side, side, 3)
            answer = {"latent": solver.model.encode(pixels)[0].tolist()}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
