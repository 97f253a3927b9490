"""The same graphs as in `graphs.py`, arranged for a runtime: fewer and larger operations, the same numbers up to rounding.

A roll-out is a chain of small layers, and on a CPU a chain of many small operations is slower than its arithmetic. So what does not depend on where things are (proprioception,
which the commands decide, and what the predictor makes of it) is computed for all steps at once, before the chain; and layers whose inputs are differences and copies of the
same numbers take the numbers themselves, with weights summed accordingly.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .graphs import GRIPPER_NOISE, STEP_NOISE
from .model import ACTION, ALONG, ARM, PLACE, STATE, TOUCHING_M, ModulatedBlock, Predictor, WorldModel


class Block(nn.Module):
    """A `ModulatedBlock` with its scale and shift given."""

    def __init__(self, block: ModulatedBlock) -> None:
        super().__init__()
        width = block.up.in_features
        self.norm, self.up, self.down = block.norm, block.up, block.down
        scale, shift = block.modulation.weight.detach().split(width)
        scale_bias, shift_bias = block.modulation.bias.detach().split(width)
        # 1 + scale, as it is needed.
        for name, value in {"scale_weight": scale, "scale_bias": 1 + scale_bias, "shift_weight": shift, "shift_bias": shift_bias}.items():
            self.register_buffer(name, value.clone())

    def modulation(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """[R, C] to scale and shift, [R, W] each."""
        return F.linear(condition, self.scale_weight, self.scale_bias), F.linear(condition, self.shift_weight, self.shift_bias)

    def forward(self, h: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return h + self.down(F.relu(self.up(self.norm(h) * scale + shift)))


class Chain(nn.Module):
    """A `Predictor` in two halves: what is known `before` its steps, and the `step` that waits for the one before it."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        if predictor.history > 1:
            raise ValueError(f"a predictor of history {predictor.history} is not written as a graph; train with --history 1")
        self.predictor = predictor
        self.blocks = nn.ModuleList(Block(block) for block in predictor.blocks)
        weight, things = predictor.enter.weight.detach(), predictor.things
        upright, places = things * (PLACE - ALONG), things * PLACE
        heights, from_hand, from_hand_later, rest = weight.split([upright, places, places, weight.shape[1] - upright - 2 * places], 1)
        metres = predictor.state_std[:PLACE] / TOUCHING_M
        scaled = [part * metres.repeat(things) for part in (from_hand, from_hand_later)]
        objects = scaled[0] + scaled[1]
        for thing in range(things):
            objects[:, thing * PLACE + ALONG : (thing + 1) * PLACE] += heights[:, thing * (PLACE - ALONG) : (thing + 1) * (PLACE - ALONG)]
        hands = [-part.unflatten(1, (things, PLACE)).sum(1) for part in scaled]
        self.register_buffer("objects_weight", objects.T.contiguous())
        self.register_buffer("known_weight", torch.cat([*hands, rest], 1))

    def before(self, s: Tensor, action: Tensor, s_later: Tensor, offset: Tensor) -> list[Tensor]:
        """Standardised proprioception [R, 7] before and after actions [R, 4], offset [1, PLACE]; to what the first layer gets of them [R, W], and of each block scale and shift."""
        a = action / self.predictor.action_scale
        condition = self.predictor.condition(torch.cat([s[:, ALONG:], a], -1))
        known = torch.cat([s[:, :PLACE] + offset, s_later[:, :PLACE] + offset, s[:, ALONG:], a, s_later[:, ALONG:ARM]], -1)
        return [F.linear(known, self.known_weight, self.predictor.enter.bias), *(part for block in self.blocks for part in block.modulation(condition))]

    def step(self, objects: Tensor, known: list[Tensor]) -> Tensor:
        """Things [N, K] one period later."""
        h = torch.addmm(known[0], objects, self.objects_weight)
        for i, block in enumerate(self.blocks):
            h = block(h, known[1 + 2 * i], known[2 + 2 * i])
        return objects + self.predictor.leave(self.predictor.leave_norm(h))


class TowardGoal(nn.Module):
    """A network on `Features` of latents and one goal: its first layer takes the latent alone, what the goal adds is the same for all."""

    def __init__(self, features: nn.Module, network: nn.Sequential, size: int) -> None:
        super().__init__()
        first = network[0]
        one, none = torch.eye(size), torch.zeros(size, size)
        # The features are linear in both.
        self.register_buffer("latent_weight", first.weight.detach() @ features(one, none).T)
        self.register_buffer("goal_weight", first.weight.detach() @ features(none, one).T)
        self.register_buffer("bias", first.bias.detach().clone())
        self.rest = network[1:]

    def of_goal(self, goal: Tensor) -> Tensor:
        """[1, D] to what the first layer gets of it, [1, W]."""
        return F.linear(goal, self.goal_weight, self.bias)

    def forward(self, latent: Tensor, of_goal: Tensor) -> Tensor:
        """[R, D] to [R, outputs]."""
        return self.rest(torch.addmm(of_goal, latent, self.latent_weight.T))


class FastRolloutGraph(nn.Module):
    """As `RolloutGraph`."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model
        self.chain = Chain(model.predictor)
        self.value = TowardGoal(model.value.features, model.value.network, model.latent_size)

    def forward(self, latent: Tensor, state: Tensor, actions: Tensor, goal: Tensor) -> tuple[Tensor, ...]:
        model, predictor, steps = self.model, self.model.predictor, self.model.config.rollout
        size = model.latent_size
        # [H, N, ...] from here on: a step's rows lie together.
        bounded = torch.minimum(torch.maximum(actions, model.action_low), model.action_high).transpose(0, 1)
        states = self.proprioception(state, bounded)
        standard = predictor.standardised(torch.cat([state[None].expand(1, actions.shape[0], STATE), states], 0))
        offset = model.offset(latent, state)
        s, s_later = (standard[at : at + steps].reshape(-1, STATE) for at in (0, 1))
        known = [part.reshape(steps, -1, part.shape[-1]) for part in self.chain.before(s, bounded.reshape(-1, ACTION), s_later, offset[:, :PLACE])]
        objects, things = latent[:, ARM:].expand(actions.shape[0], size - ARM), []
        for step in range(steps):
            objects = self.chain.step(objects, [part[step] for part in known])
            things.append(objects)
        latents = torch.cat([standard[1:, :, :ARM] + offset, torch.cat(things).reshape(steps, -1, size - ARM)], -1)
        rows = latents.reshape(-1, size)
        energy = self.energy(rows, goal).reshape(steps, -1).transpose(0, 1)
        return energy, self.energy(latent, goal), latents[-1], states[-1], states.transpose(0, 1), latents[0]

    def proprioception(self, state: Tensor, actions: Tensor) -> Tensor:
        """`StateModel` over all steps: [1, 7], [H, N, 4] to [H, N, 7]."""
        model, steps = self.model.state_model, self.model.config.rollout
        position, places, moves = state[:, :PLACE], [], actions[..., :PLACE]
        for step in range(steps):
            position = torch.minimum(torch.maximum(position + moves[step], model.low), model.high)
            places.append(position)
        after = torch.cat(places).reshape(steps, -1, PLACE)
        before = torch.cat([state[None, :, :PLACE].expand(1, actions.shape[1], PLACE), after[:-1]], 0)
        return torch.cat([after, actions[..., PLACE:] * model.max_opening_m, (after - before) / model.period_s], -1)

    def energy(self, latents: Tensor, goal: Tensor) -> Tensor:
        """`WorldModel.energy` of rows: [R, D], [1, D] to [R]."""
        value = F.softplus(self.value(latents, self.value.of_goal(goal)).reshape(-1))
        return self.model.nearness(latents, goal) + self.model.config.value_energy * value


class FastProposalGraph(nn.Module):
    """As `ProposalGraph`."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model
        self.chain = Chain(model.predictor)
        self.policy = TowardGoal(model.policy.features, model.policy.network, model.latent_size)

    def forward(self, latent: Tensor, state: Tensor, goal: Tensor, committed: Tensor, fixed: Tensor, noise: Tensor) -> Tensor:
        model, predictor, count = self.model, self.model.predictor, noise.shape[0]
        longest = model.action_high[:PLACE]
        of_goal = self.policy.of_goal(goal)
        # [H, N, ...], all steps at once.
        shaken = noise.transpose(0, 1)
        moves, grips = STEP_NOISE * shaken[..., :PLACE], GRIPPER_NOISE * shaken[..., PLACE:]
        decided = (fixed > 0)[:, None, None]
        latent, state = latent.expand(count, -1), state.expand(count, -1)
        offset = model.offset(latent[:1], state[:1])
        s = predictor.standardised(state)
        actions: list[Tensor] = []
        for step in range(model.config.rollout):
            chosen = self.policy(latent, of_goal)
            move = (torch.tanh(chosen[:, :PLACE]) + moves[step]).clamp(-1, 1) * longest
            grip = (chosen[:, PLACE:] + grips[step] > 0).float()
            if step > 0:
                # What `ProposalGraph` keeps as a count is a switch: on once the gripper has changed over in a free step.
                grip = torch.where(switched, before, grip)
                switched = switched | ((grip != before) & ~decided[step - 1])
            else:
                switched = torch.zeros_like(grip).bool()
            action = torch.where(decided[step], committed[step], torch.cat([move, grip], -1))
            actions.append(action)
            before = action[:, PLACE:].round()
            state = model.state_model(state, action)
            s_later = predictor.standardised(state)
            objects = self.chain.step(latent[:, ARM:], self.chain.before(s, action, s_later, offset[:, :PLACE]))
            latent, s = torch.cat([s_later[:, :ARM] + offset, objects], -1), s_later
        return torch.cat(actions).reshape(len(actions), -1, ACTION).transpose(0, 1)
