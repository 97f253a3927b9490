"""What the numbers of a V-JEPA 2-AC state and action mean, as the manifest says it, and how degrees are found out.

As in the DROID data set that the model was trained on: base frame of the arm, metres, extrinsic xyz Euler angles in radians, gripper 0 open and 1 closed, 4 frames a
second. The authors' planner samples translations of at most 5 to 7.5 cm an axis and gripper changes of at most 0.75, and never turns the hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STATE = ("ee_x", "ee_y", "ee_z", "ee_roll", "ee_pitch", "ee_yaw", "gripper_closedness")
ACTION = ("dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper")
UNITS = ["m", "m", "m", "rad", "rad", "rad", "1"]
PERIOD_S = 0.25
ANGLES = slice(3, 6)
# Rounded up, so that pi itself, as a float32, is inside.
PI = 3.1416
# Farther from its base than any arm this model knows; a gripper's sensor may say a little more than open or closed.
STATE_LOW, STATE_HIGH = [-2.0, -2.0, -2.0, -PI, -PI, -PI, -0.05], [2.0, 2.0, 2.0, PI, PI, PI, 1.05]
# A hand that points down in front of the arm, half open; not at pi itself, where rounding decides between pi and -pi.
READY = [0.45, 0.0, 0.35, 3.0, 0.0, 0.0, 0.5]


def check_state(state: np.ndarray, what: str) -> np.ndarray:
    """A state [..., 7] as float32. Raises ValueError, one line, for one that no arm can have, and names degrees where it sees them."""
    values = np.asarray(state, dtype=np.float64)
    if values.shape[-1] != len(STATE):
        raise ValueError(f"{what} has {values.shape[-1]} values: must have {len(STATE)}, {', '.join(STATE)}")
    rows = values.reshape(-1, len(STATE))
    for i, name in enumerate(STATE):
        bad = rows[(rows[:, i] < STATE_LOW[i]) | (rows[:, i] > STATE_HIGH[i]) | ~np.isfinite(rows[:, i]), i]
        if len(bad):
            worst = bad[np.argmax(np.abs(bad))]
            hint = "it looks like degrees: give radians" if 3 <= i < 6 else "give 0 (open) to 1 (closed)" if i == 6 else "give metres in the arm's base frame"
            raise ValueError(f"{what}: {name} is {worst:g}, outside {STATE_LOW[i]:g} to {STATE_HIGH[i]:g} {UNITS[i]}: {hint}")
    return values.astype(np.float32)


def check_extrinsics(values: tuple[float, ...]) -> tuple[float, ...]:
    """The camera's place, x, y, z (m) and roll, pitch, yaw (rad). Raises ValueError for degrees."""
    for name, value in zip(("roll", "pitch", "yaw"), values[3:]):
        if not abs(value) <= PI:
            raise ValueError(f"--extrinsics: {name} is {value:g}, outside -{PI:g} to {PI:g} rad: it looks like degrees: give radians")
    return values


@dataclass(frozen=True)
class Franka:
    """State and action as a manifest has them; `state` [7] is an example of the first. Bounds a period: metres, radians (0: the hand is never turned), share of the gripper."""

    state: np.ndarray
    max_step_m: float
    max_turn_rad: float
    max_gripper: float

    def state_section(self) -> dict:
        return {"names": list(STATE), "units": UNITS, "frame": "base", "low": STATE_LOW, "high": STATE_HIGH, "euler": "extrinsic_xyz", "gripper": "closedness"}

    def action_section(self) -> dict:
        high = [self.max_step_m] * 3 + [self.max_turn_rad] * 3 + [self.max_gripper]
        # Minus zero would be another number in JSON.
        return {"kind": "ee_delta", "names": list(ACTION), "units": UNITS, "low": [-value if value else 0.0 for value in high], "high": high, "period_s": PERIOD_S, "frame": "base",
                "euler": "extrinsic_xyz", "gripper": "closedness_change"}

    def example_state(self) -> np.ndarray:
        return self.state
