"""The pose beside the latent: moved by an action as arithmetic, not predicted.

A pose is [x, y, z (m, base frame), roll, pitch, yaw (rad), gripper (0 open .. 1 closed)]; an action is the change of each. Angles are Euler angles about the fixed
axes x, then y, then z (extrinsic xyz): R = Rz(yaw) Ry(pitch) Rx(roll).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Below this, roll and yaw turn about the same axis and only their difference is known.
GIMBAL = 1e-6


def moved(pose: Tensor, action: Tensor) -> Tensor:
    """The pose [..., 7] after `action` [..., 7]: position added, rotation turned about the base frame's axes, gripper added and kept in 0 .. 1."""
    rotation = matrix(action[..., 3:6]) @ matrix(pose[..., 3:6])
    gripper = (pose[..., 6:] + action[..., 6:]).clamp(0, 1)
    return torch.cat([pose[..., :3] + action[..., :3], euler(rotation), gripper], -1)


def matrix(angles: Tensor) -> Tensor:
    """Rotation matrix [..., 3, 3] of extrinsic xyz Euler angles [..., 3]."""
    (a, b, c), (sa, sb, sc) = angles.cos().unbind(-1), angles.sin().unbind(-1)
    rows = [
        [c * b, c * sb * sa - sc * a, c * sb * a + sc * sa],
        [sc * b, sc * sb * sa + c * a, sc * sb * a - c * sa],
        [-sb, b * sa, b * a],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def euler(rotation: Tensor) -> Tensor:
    """Extrinsic xyz Euler angles [..., 3] of a rotation matrix [..., 3, 3]: roll and yaw in -pi .. pi, pitch in -pi/2 .. pi/2; yaw is 0 where the arm's pitch leaves it open."""
    level = (rotation[..., 2, 1].square() + rotation[..., 2, 2].square()).sqrt()
    pitch = atan2(-rotation[..., 2, 0], level)
    known = level > GIMBAL
    # Without it, R = Ry(+-pi/2) Rx(roll): its second row is [0, cos roll, -sin roll].
    roll = torch.where(known, atan2(rotation[..., 2, 1], rotation[..., 2, 2]), atan2(-rotation[..., 1, 2], rotation[..., 1, 1]))
    yaw = torch.where(known, atan2(rotation[..., 1, 0], rotation[..., 0, 0]), torch.zeros_like(pitch))
    return torch.stack([roll, pitch, yaw], -1)


def atan2(y: Tensor, x: Tensor) -> Tensor:
    """The angle of (x, y). ONNX has only atan, and y / x loses all digits near x = 0: so the smaller is divided by the larger and the octant put right."""
    ay, ax = y.abs(), x.abs()
    # Not smaller: 0 / 1e-30 is still 0, and no float32 here comes near it otherwise.
    angle = (torch.minimum(ay, ax) / torch.maximum(ay, ax).clamp(min=1e-30)).atan()
    angle = torch.where(ay > ax, math.pi / 2 - angle, angle)
    angle = torch.where(x < 0, math.pi - angle, angle)
    return torch.where(y < 0, -angle, angle)
