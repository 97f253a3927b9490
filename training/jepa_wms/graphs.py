"""The roll-out of a bundle: a population's whole horizon to energies."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bundle.blocked import Blocked
from bundle.robot import Robot
from dino_wm.graphs import distance
from vjepa2_ac.conventions import ACTION, STATE
from vjepa2_ac.pose import moved

from .load import JepaWM


class RolloutGraph(Blocked):
    """A population in one call: only energies need to come back.

    `latent` [1, D], `state` [1, S], `actions` [N, H, A] of the robot, `goal` [1, D] to `energy` [N, H], `start_energy` [1], `final_latent` [N, D], `final_state` [N, S].
    The predictor sees the last frames; the proprioception of the next one is what it predicts, or, where it takes a pose as it is, the pose moved by the action. The energy
    is the mean squared difference of the patches; the authors may add that of proprioception, which a goal picture does not show. Where the model takes several actions of
    the robot at once, their energy stands at each. A state and an action as V-JEPA 2-AC's (pose and gripper) are moved on; any other state goes out as it came.
    """

    def __init__(self, model: JepaWM, robot: Robot, blocks: int) -> None:
        config = model.config
        super().__init__(robot, config.action, blocks)
        self.model = model
        self.moves = self.block == 1 and tuple(robot.state.names) == STATE and tuple(robot.action.names) == ACTION
        if config.proprio_inside and not self.moves:
            raise ValueError(f"this predictor takes a pose as it is, which the action moves: give --robot with the state {','.join(STATE)} and the action {','.join(ACTION)}")

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        model, config = self.model, self.model.config
        encoded = model.encode_action(self.scaled_actions(actions))
        # One batch dimension from the start keeps the graph simple.
        pose = state + torch.zeros_like(actions[:, 0, :1])
        visual = [latent.reshape(-1, config.patches, config.width) + torch.zeros_like(actions[:, 0, :1])[..., None]]
        proprio = [self._encoded(pose)] if config.proprio else []
        energies = []
        for step in range(self.blocks):
            window = slice(max(0, step + 1 - config.frames), step + 1)
            after, felt = model.predictor(torch.stack(visual[-config.frames:], 1), encoded[:, window], torch.stack(proprio[-config.frames:], 1) if proprio else None)
            if config.normalize_reps:
                after = F.layer_norm(after, (config.width,))
            visual.append(after)
            if self.moves:
                pose = moved(pose, actions[:, step])
            if proprio:
                proprio.append(self._encoded(pose) if config.proprio_inside else felt)
            energies += [distance(after.flatten(1), goal)] * self.block
        return torch.stack(energies, 1), distance(latent, goal), visual[-1].flatten(1), pose

    def _encoded(self, pose: Tensor) -> Tensor:
        return self.model.encode_proprio(self.scaled_state(pose)[:, None])[:, 0]
