"""The way from two graphs to a bundle, the same for every model: trace, compare, measure the energy's scale, write the manifest, rename."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from .energies import scale
from .onnx_graph import write_graph
from .parity import measure
from .pictures import fit, made_up, read_trajectory, with_noise
from .write import graph_entry, new_bundle, write_manifest

SCENES = 3
MADE_UP = "made-up pictures: measure again with --trajectory"


class Sections(Protocol):
    """What says what the numbers of state and action mean."""

    def state_section(self) -> dict: ...

    def action_section(self) -> dict: ...

    def example_state(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Plan:
    """What a bundle is made of. `size` is (height, width); `exact` as in `write_graph`; `positions` [T, 3] of the tool in the trajectory's frames, where known."""

    source: str
    size: tuple[int, int]
    latent: int
    encoder: nn.Module
    rollout: nn.Module
    horizon: int
    robot: Sections
    energy: dict
    distance: Callable[[Tensor, Tensor], Tensor]
    planning: dict
    exact: tuple[str, ...]
    config: dict
    frames: np.ndarray | None = None
    positions: np.ndarray | None = None
    training: dict = field(default_factory=dict)


def export(arguments: argparse.Namespace, plan: Plan) -> None:
    """Writes `arguments.bundle`, or raises ValueError with nothing written when the graphs do not give what the modules give."""
    frames = plan.frames if plan.frames is not None or arguments.trajectory is None else read_trajectory(arguments.trajectory)[0]
    pictures = made_up(2 * SCENES, *plan.size) if frames is None else fit(frames, *plan.size)
    state, action = plan.robot.state_section(), plan.robot.action_section()
    with new_bundle(arguments.bundle) as part:
        write_graph(plan.encoder, {"pixels": torch.zeros(2, *plan.size, 3, dtype=torch.uint8)}, ["latent"], part / "encoder.onnx",
                    dynamic={"pixels": "batch", "latent": "batch"}, precision=arguments.precision, exact=plan.exact)
        latent = torch.zeros(1, plan.latent)
        inputs = {"latent": latent, "state": torch.zeros(1, len(state["names"])), "actions": torch.zeros(2, plan.horizon, len(action["names"])), "goal": latent}
        write_graph(plan.rollout, inputs, ["energy", "start_energy", "final_latent", "final_state"], part / "rollout.onnx",
                    dynamic={name: "candidates" for name in ("actions", "energy", "final_latent", "final_state")}, precision=arguments.precision, exact=plan.exact)
        chosen = pictures[np.linspace(0, len(pictures) - 1, 2 * SCENES).round().astype(int)]
        parity = measure(part, plan.encoder, plan.rollout, chosen, plan.robot.example_state(), (np.array(action["low"]), np.array(action["high"])), plan.horizon, arguments.precision)
        print("parity:", json.dumps(parity.to_dict()))
        faults = parity.faults()
        if faults and not arguments.force:
            raise ValueError(f"as {arguments.precision}, {'; '.join(faults)}: nothing was written; --force keeps it all the same")
        for fault in faults:
            print(f"warning: {fault}; kept because of --force", file=sys.stderr)
        files = {name: graph_entry(part / name) for name in ("encoder.onnx", "rollout.onnx")}
        write_manifest(part, {
            "schema_version": 1,
            "name": arguments.bundle.resolve().name,
            "source": f"{plan.source}, {arguments.checkpoint.name}",
            "license": arguments.license,
            "created": time.strftime("%Y-%m-%d"),
            "image": {"width": plan.size[1], "height": plan.size[0], "channels": "rgb", "crop": "center_square", "frames": 1},
            "latent": {"shape": [plan.latent], "dtype": "float32"},
            "state": state,
            "action": action,
            "horizon": plan.horizon,
            "energy": plan.energy | energies(plan, pictures, arguments.reached_below),
            "planning": plan.planning,
            "files": files,
            "training": {"config": plan.config, "precision": arguments.precision, "parity": parity.to_dict(), "kept_against": faults, **plan.training,
                         "energies_measured_on": MADE_UP if frames is None else f"{len(frames)} frames of {arguments.trajectory.name}"},
        })
    note = " (its energies are those of made-up pictures: export again with --trajectory)" if frames is None else ""
    print(f"export: wrote {arguments.bundle} ({sum(part['bytes'] for entry in files.values() for part in (entry, *entry.get('side_files', []))) / 1e6:.1f} MB){note}")


def energies(plan: Plan, pictures: np.ndarray, reached_below: float | None) -> dict:
    @torch.no_grad()
    def encode(images: np.ndarray) -> np.ndarray:
        return torch.cat([plan.encoder(torch.from_numpy(image[None])) for image in images]).numpy()

    found = scale(encode, lambda a, b: plan.distance(torch.from_numpy(a), torch.from_numpy(b)).numpy(), pictures, with_noise(pictures), plan.positions)
    return found if reached_below is None else found | {"reached_below": reached_below}
