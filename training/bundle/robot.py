"""What a checkpoint does not say about the robot it was trained on: names, units and bounds of actions, and how they were normalised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FIELDS = {"action": ("kind", "names", "units", "low", "high", "mean", "std", "period_s", "gripper", "euler"), "state": ("names", "units", "mean", "std", "low", "high", "gripper", "euler")}


# What a manifest may say of angles, and of which way a gripper counts.
CONVENTIONS = {"action": {"euler": ("extrinsic_xyz",), "gripper": ("opening", "closedness_change")}, "state": {"euler": ("extrinsic_xyz",), "gripper": ("opening", "closedness")}}


@dataclass(frozen=True)
class Values:
    """Names, units and z-scoring of an action or a state."""

    names: list[str]
    units: list[str]
    mean: np.ndarray
    std: np.ndarray
    low: list[float] | None
    high: list[float] | None
    # Fields that go into the manifest as they are.
    more: dict[str, str]

    def section(self) -> dict:
        bounds = {} if self.low is None or self.high is None else {"low": self.low, "high": self.high}
        return {"names": self.names, "units": self.units, "frame": "base", **bounds, **self.more}


@dataclass(frozen=True)
class Robot:
    """`described` is False where nobody said anything: then the numbers are the model's own, and no robot can execute them."""

    action: Values
    state: Values
    kind: str
    period_s: float
    described: bool

    def state_section(self) -> dict:
        return self.state.section()

    def example_state(self) -> np.ndarray:
        """The mean of the data it was trained on, as a state that it knows."""
        return self.state.mean.copy()

    def action_section(self) -> dict:
        return {"kind": self.kind, **self.action.section(), "period_s": self.period_s}


def read_robot(file: Path | None, actions: int, states: int | None) -> Robot:
    """The robot that `file` (JSON with `action` and `state`) describes, for a model that takes `actions` numbers an action and `states` of proprioception (None: none).

    Where a model's action holds several of the robot's, `actions` must be a multiple of the names. Without a file the model's own numbers are named a0, a1 … and left
    as they are. Raises ValueError, one line.
    """
    if file is None:
        count = states or 1
        return Robot(_plain([f"a{i}" for i in range(actions)], bounds=(-1.0, 1.0)), _plain([f"s{i}" for i in range(count)] if states else ["none"]), "joint_delta", 1.0, False)
    try:
        content = json.loads(file.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"robot {file} cannot be read as JSON ({' '.join(str(error).split())})") from None
    for part, known in FIELDS.items():
        section = content.get(part) if isinstance(content, dict) else None
        if not isinstance(section, dict):
            raise ValueError(f"robot {file}: {part} is missing: write an object with {', '.join(known)}")
        for field in section:
            if field not in known:
                raise ValueError(f"robot {file}: {part}.{field} is not a field; fields are {', '.join(known)}")
        for field, allowed in CONVENTIONS[part].items():
            if field in section and section[field] not in allowed:
                raise ValueError(f"robot {file}: {part}.{field} is {section[field]!r}: must be {' or '.join(allowed)}")
    action, state = (_values(content[part], f"robot {file}: {part}", need_bounds=part == "action") for part in FIELDS)
    if actions % len(action.names):
        raise ValueError(f"robot {file}: action.names has {len(action.names)}, and the model's actions of {actions} numbers are no multiple of it")
    if states is not None and len(state.names) != states:
        raise ValueError(f"robot {file}: state.names has {len(state.names)}, the model takes {states} numbers of proprioception")
    kind, period = content["action"].get("kind"), content["action"].get("period_s")
    if kind not in ("ee_delta", "joint_delta"):
        raise ValueError(f"robot {file}: action.kind is {kind!r}: must be ee_delta or joint_delta")
    if not isinstance(period, (int, float)) or isinstance(period, bool) or not period > 0:
        raise ValueError(f"robot {file}: action.period_s is {period!r}: must be the time of one action in seconds")
    return Robot(action, state, kind, float(period), True)


def _plain(names: list[str], bounds: tuple[float, float] | None = None) -> Values:
    ones = np.ones(len(names), np.float32)
    low, high = ([bound] * len(names) for bound in bounds) if bounds else (None, None)
    return Values(names, ["1"] * len(names), 0 * ones, ones, low, high, {})


def _values(section: dict, where: str, need_bounds: bool) -> Values:
    names = section.get("names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{where}.names is {names!r}: must be a list of names")
    units = section.get("units")
    if not isinstance(units, list) or len(units) != len(names) or not all(isinstance(unit, str) and unit for unit in units):
        raise ValueError(f"{where}.units is {units!r}: must be one SI unit for each of the {len(names)} names")
    if any("deg" in unit.lower() for unit in units):
        raise ValueError(f"{where}.units has degrees: convert mean, std and bounds to rad")

    def numbers(field: str, default: list[float] | None) -> list[float] | None:
        values = section.get(field, default)
        if values is None:
            return None
        if not isinstance(values, list) or len(values) != len(names) or not all(isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < float("inf") for v in values):
            raise ValueError(f"{where}.{field} is {values!r}: must be one number for each of the {len(names)} names")
        return [float(value) for value in values]

    mean, std = numbers("mean", [0.0] * len(names)), numbers("std", [1.0] * len(names))
    low, high = numbers("low", None), numbers("high", None)
    if need_bounds and (low is None or high is None):
        raise ValueError(f"{where}.{'low' if low is None else 'high'} is missing: write one bound for each of the {len(names)} names")
    if min(std) <= 0:
        raise ValueError(f"{where}.std is {std}: must be above 0")
    more = {field: section[field] for field in ("gripper", "euler") if field in section}
    return Values(names, units, np.array(mean, np.float32), np.array(std, np.float32), low, high, more)
