"""What the roll-outs share whose models take several actions of the robot at once, z-scored."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .robot import Robot


class Blocked(nn.Module):
    """`blocks` actions of the model, each `block` of the robot's; `action` is how many numbers the model takes."""

    def __init__(self, robot: Robot, action: int, blocks: int) -> None:
        super().__init__()
        self.action, self.block, self.blocks = action, action // len(robot.action.names), blocks
        self.register_buffer("action_mean", torch.tensor(robot.action.mean).repeat(self.block))
        self.register_buffer("action_std", torch.tensor(robot.action.std).repeat(self.block))
        self.register_buffer("state_mean", torch.tensor(robot.state.mean))
        self.register_buffer("state_std", torch.tensor(robot.state.std))

    @property
    def horizon(self) -> int:
        """Actions of the robot."""
        return self.block * self.blocks

    def scaled_actions(self, actions: Tensor) -> Tensor:
        """The robot's actions [N, horizon, A] as the model's [N, blocks, action]."""
        return (actions.reshape(-1, self.blocks, self.action) - self.action_mean) / self.action_std

    def scaled_state(self, state: Tensor) -> Tensor:
        """The robot's states [N, S] as the model's."""
        return (state - self.state_mean) / self.state_std
