"""The world model: a picture encoder and an action-conditioned predictor that meet in latent space."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Config
from .touch import THINGS

STATE = 7
ACTION = 4
# Entries of the latent that are the arm's: tool x, y, z and the gripper's opening.
ARM = 4
# Entries of one thing: its place in the hand's coordinates.
PLACE = 3
# Entries of a place that lie along the table: x, y.
ALONG = 2
# What of the configuration decides the size of the encoder, and of predictor, value and policy.
ENCODER_FIELDS = ("things", "channels", "context", "keypoints", "features", "head_width")
DYNAMICS_FIELDS = ("predictor_width", "predictor_blocks", "predictor_expansion", "history", "condition_width", "value_width")
# Distances are summed in units of this, m.
UNIT_M = 0.1
# Keeps the slope of a root finite at the goal, m².
NO_DISTANCE = 1e-6
# A thing so near is about to be touched: the unit of places relative to the hand, m.
TOUCHING_M = 0.04
# A picture tells the tool's and a thing's place to about so much, in units of UNIT_M: in the energy a distance counts in full beyond it.
TOOL_TOLD, THING_TOLD = 0.05, 0.2


def normalised(images: Tensor) -> Tensor:
    """Pictures uint8 [..., H, W, 3] to [..., 3, H, W] in [-1, 1]."""
    last = images.dim() - 1
    # Not -1 and -3: the ONNX exporter writes them down as they are.
    return images.movedim(last, last - 2).float() / 127.5 - 1.0


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(h)))


class Context(nn.Module):
    """Adds to feature maps [B, C, S, S] what lies around: a level of half the resolution and back, with which a place sees 112 pixels of the picture and not only 40.

    Begins as nothing: an encoder that was trained without goes on as it is.
    """

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, inner, 3, stride=2, padding=1, bias=False)
        self.down_norm = nn.BatchNorm2d(inner)
        self.blocks = nn.Sequential(ResidualBlock(inner), ResidualBlock(inner))
        self.up = nn.Conv2d(inner, channels, 1)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        around = self.up(self.blocks(F.relu(self.down_norm(self.down(x)))))
        return x + F.interpolate(around, scale_factor=2, mode="nearest")


class SpatialSoftmax(nn.Module):
    """Feature maps to keypoints: where each map is active, in [-1, 1], and how sharply (Finn et al. 2016).

    The maps are instance-normalised first: nearly uniform maps would give keypoints that hardly vary, and nothing would learn.
    """

    def __init__(self, size: int, temperature: float = 4.0) -> None:
        super().__init__()
        axis = torch.linspace(-1, 1, size)
        self.register_buffer("grid", torch.stack([axis.repeat(size), axis.repeat_interleave(size)], 1), persistent=False)
        self.temperature = nn.Parameter(torch.tensor(float(temperature)))

    def forward(self, maps: Tensor) -> Tensor:
        """[B, K, S, S] to [B, 3K]."""
        flat = maps.flatten(2).float()
        centred = flat - flat.mean(-1, keepdim=True)
        normal = centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-5)
        attention = torch.softmax(normal * self.temperature, -1)
        place = attention @ self.grid
        sharpness = (attention * normal).sum(-1)
        return torch.cat([place[..., 0], place[..., 1], sharpness], -1)


def strided(channels: int, size: int, outputs: int) -> nn.Sequential:
    """Feature maps [B, C, S, S] to a vector [B, outputs] without places of its own: two strided convolutions, and all that is left of the picture."""
    half = lambda: (nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())
    return nn.Sequential(*half(), *half(), nn.Flatten(), nn.Linear(channels * math.ceil(size / 4) ** 2, outputs))


class Encoder(nn.Module):
    """uint8 pictures [B, H, W, 3] to latents [B, ARM + things * PLACE]: the arm as its picture shows it, and a place for each thing.

    The arm's entries are tool place and opening in standard deviations of proprioception, and so are the things'.
    """

    def __init__(self, config: Config, image_size: int) -> None:
        super().__init__()
        c = config.channels
        self.stem = nn.Sequential(nn.Conv2d(3, c, 8, stride=4, padding=2, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.blocks = nn.Sequential(ResidualBlock(c), ResidualBlock(c))
        size = image_size // 4
        if config.context > 0 and size % 2 == 1:
            raise ValueError(f"context is {config.context}, which takes pictures whose side is a multiple of 8; it is {image_size}")
        self.context: nn.Module = Context(c, config.context) if config.context > 0 else nn.Identity()
        if config.features == "keypoints":
            self.maps: nn.Module = nn.Conv2d(c, config.keypoints, 1)
            self.keypoints: nn.Module = SpatialSoftmax(size)
        elif config.features == "vector":
            self.maps, self.keypoints = nn.Identity(), strided(c, size, 3 * config.keypoints)
        else:
            raise ValueError(f'features is "{config.features}": must be "keypoints" or "vector"')
        self.keypoint_norm = nn.BatchNorm1d(3 * config.keypoints)
        self.arm = self._head(config, ARM)
        self.objects = self._head(config, config.things * PLACE)

    @staticmethod
    def _head(config: Config, outputs: int) -> nn.Sequential:
        w = config.head_width
        return nn.Sequential(
            nn.Linear(3 * config.keypoints, w), nn.LayerNorm(w), nn.GELU(), nn.Linear(w, w), nn.LayerNorm(w), nn.GELU(), nn.Linear(w, outputs)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encode(normalised(pixels))

    def encode(self, x: Tensor) -> Tensor:
        """Normalised pictures [B, 3, H, W] in [-1, 1] to latents."""
        return self.read(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Normalised pictures [B, 3, H, W] to features [B, 3 * keypoints]."""
        return self.keypoint_norm(self.keypoints(self.maps(self.context(self.blocks(self.stem(x))))))

    def read(self, features: Tensor) -> Tensor:
        """Features to latents."""
        return torch.cat([self.arm(features).float(), self.objects(features).float()], -1)


class ModulatedBlock(nn.Module):
    """Residual MLP whose normalised input is scaled and shifted by the condition (adaptive layer norm, Peebles and Xie 2023)."""

    def __init__(self, width: int, expansion: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(condition, 2 * width)
        self.up = nn.Linear(width, expansion * width)
        self.down = nn.Linear(expansion * width, width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.modulation(condition).chunk(2, -1)
        # ReLU rather than GELU: the roll-out is called thousands of times a second and accuracy is the same.
        return h + self.down(F.relu(self.up(self.norm(h) * (1 + scale) + shift)))


class StateModel(nn.Module):
    """Proprioception one period later, analytically: where the tool was sent is where it will be, inside the workspace."""

    def __init__(self, period_s: float, low: Tensor, high: Tensor, max_opening_m: float) -> None:
        super().__init__()
        self.period_s = period_s
        self.max_opening_m = max_opening_m
        self.register_buffer("low", low)
        self.register_buffer("high", high)

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """[N, 7], [N, 4] to [N, 7]; m, m/s."""
        position = torch.minimum(torch.maximum(state[:, :3] + action[:, :3], self.low), self.high)
        opening = action[:, 3:4] * self.max_opening_m
        velocity = (position - state[:, :3]) / self.period_s
        return torch.cat([position, opening, velocity], -1)


class Predictor(nn.Module):
    """The objects' entries one period later, from themselves, proprioception and the action: z' = z + f(z, s, a).

    What happens to a thing does not depend on where on the table it happens: of places along the table f is given only those relative to the hand.
    """

    # Of proprioception without its place along the table: height, opening, velocity; one period later height and opening.
    UPRIGHT = STATE - ALONG
    UPRIGHT_LATER = ARM - ALONG

    def __init__(self, config: Config, state_mean: Tensor, state_std: Tensor, action_scale: Tensor) -> None:
        super().__init__()
        w = config.predictor_width
        self.things = config.things
        self.history = config.history
        if self.history not in (1, 2):
            raise ValueError(f"history is {self.history}: must be 1 or 2")
        self.register_buffer("state_mean", state_mean)
        self.register_buffer("state_std", state_std)
        self.register_buffer("action_scale", action_scale)
        c = config.condition_width
        self.condition = nn.Sequential(nn.Linear(self.UPRIGHT + ACTION, c), nn.ReLU(), nn.Linear(c, c), nn.ReLU())
        self.enter = nn.Linear(self.things * (PLACE - ALONG + (1 + self.history) * PLACE) + self.UPRIGHT + ACTION + self.UPRIGHT_LATER, w)
        self.blocks = nn.ModuleList(ModulatedBlock(w, config.predictor_expansion, c) for _ in range(config.predictor_blocks))
        self.leave_norm = nn.LayerNorm(w, elementwise_affine=False)
        self.leave = nn.Linear(w, self.things * PLACE)
        nn.init.normal_(self.leave.weight, std=1e-3)
        nn.init.zeros_(self.leave.bias)

    def forward(self, objects: Tensor, state: Tensor, action: Tensor, following: Tensor, offset: Tensor, before: Tensor | None = None) -> Tensor:
        """[N, K], [N, 7], [N, 4], proprioception one period later [N, 7], what the picture says of the arm less what proprioception says [N, ARM], and the objects
        one period before [N, K] if that is known and `history` is 2.

        The offset tells how the camera is displaced: objects are seen with the same error as the arm.
        """
        s, s_later = self.standardised(state), self.standardised(following)
        a = action / self.action_scale
        condition = self.condition(torch.cat([s[:, ALONG:], a], -1))
        hand, hand_later = s[:, :PLACE] + offset[:, :PLACE], s_later[:, :PLACE] + offset[:, :PLACE]
        # Where things are from the hand decides what happens to them, and a centimetre decides it.
        metres = self.state_std[:PLACE].repeat(self.things) / TOUCHING_M
        from_hand = [(objects - where.repeat(1, self.things)) * metres for where in (hand, hand_later)]
        if self.history > 1:
            from_hand.append((objects - (objects if before is None else before)) * metres)
        heights = objects.unflatten(-1, (self.things, PLACE))[..., ALONG:].flatten(-2)
        h = self.enter(torch.cat([heights, *from_hand, s[:, ALONG:], a, s_later[:, ALONG:ARM]], -1))
        for block in self.blocks:
            h = block(h, condition)
        return objects + self.leave(self.leave_norm(h))

    def standardised(self, state: Tensor) -> Tensor:
        """Proprioception in standard deviations, the unit of the latent's arm entries."""
        return (state - self.state_mean) / self.state_std


class Features(nn.Module):
    """What value and policy look at: latent, goal, the way between them, and where things are, and are to be, from the hand.

    [..., D], [..., D] to [..., size]; D = ARM + things * PLACE. The last ones could be learned from the first, but slowly.
    """

    def __init__(self, things: int = THINGS) -> None:
        super().__init__()
        self.things = things
        self.size = 3 * ARM + 5 * things * PLACE

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        hand = latent[..., :PLACE].repeat(*[1] * (latent.dim() - 1), self.things)
        return torch.cat([latent, goal, goal - latent, latent[..., ARM:] - hand, goal[..., ARM:] - hand], -1)


def _network(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, outputs)
    )


class Value(nn.Module):
    """Discounted number of periods from one latent to another, as the explored behaviour at its best would take (at least 0)."""

    def __init__(self, width: int, things: int = THINGS) -> None:
        super().__init__()
        self.features = Features(things)
        self.network = _network(self.features.size, width, 1)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """[..., D], [..., D] to [...]."""
        return F.softplus(self.network(self.features(latent, goal)).squeeze(-1))


class Policy(nn.Module):
    """An action that the explored behaviour took where it got nearer to a goal: a source of proposals for the search, never a command."""

    def __init__(self, width: int, things: int = THINGS) -> None:
        super().__init__()
        self.features = Features(things)
        self.network = _network(self.features.size, width, ACTION)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """[..., D], [..., D] to [..., 4]: steps in units of the longest, -1 to 1, and the logit of an open gripper."""
        out = self.network(self.features(latent, goal))
        return torch.cat([torch.tanh(out[..., :3]), out[..., 3:]], -1)


class WorldModel(nn.Module):
    """Encoder, predictor and proprioception model.

    The latent of a picture is [arm, objects]. In a roll-out the arm is what proprioception will be, which the commands decide; the objects are the
    predictor's.
    """

    def __init__(self, config: Config, *, image_size: int, period_s: float, state_mean: Tensor, state_std: Tensor,
                 action_low: Tensor, action_high: Tensor, workspace_low: Tensor, workspace_high: Tensor, max_opening_m: float) -> None:
        super().__init__()
        self.config = config
        self.image_size = image_size
        self.register_buffer("action_low", action_low)
        self.register_buffer("action_high", action_high)
        self.encoder = Encoder(config, image_size)
        self.state_model = StateModel(period_s, workspace_low, workspace_high, max_opening_m)
        self.predictor = Predictor(config, state_mean, state_std, action_high)
        self.value = Value(config.value_width, config.things)
        self.policy = Policy(config.value_width, config.things)

    @property
    def latent_size(self) -> int:
        return ARM + self.config.things * PLACE

    def check_fits(self, config: Config, names: tuple[str, ...], what: str) -> None:
        """Raises ValueError when one of these fields is not that with which what is to be kept was trained."""
        for name in names:
            old, new = getattr(self.config, name), getattr(config, name)
            if old != new:
                raise ValueError(f"{name} is {new} and the {what} was trained with {old}; leave --{name.replace('_', '-')} out")

    def with_config(self, config: Config) -> "WorldModel":
        """A model with this one's encoder and statistics and new networks for the rest."""
        self.check_fits(config, ENCODER_FIELDS, "encoder")
        predictor = self.predictor
        model = WorldModel(
            config, image_size=self.image_size, period_s=self.state_model.period_s, state_mean=predictor.state_mean, state_std=predictor.state_std,
            action_low=self.action_low, action_high=self.action_high, workspace_low=self.state_model.low, workspace_high=self.state_model.high,
            max_opening_m=self.state_model.max_opening_m,
        )
        model.encoder.load_state_dict(self.encoder.state_dict())
        return model

    def places(self, latent: Tensor) -> Tensor:
        """Where the things are, m. [..., D] to [..., things, PLACE]."""
        return self.places_of(latent[..., ARM:])

    def places_of(self, objects: Tensor) -> Tensor:
        """Where the things are, m, from their entries alone. [..., things * PLACE] to [..., things, PLACE]."""
        predictor = self.predictor
        return objects.unflatten(-1, (self.config.things, PLACE)) * predictor.state_std[:PLACE] + predictor.state_mean[:PLACE]

    def latent_of(self, state: Tensor, places: Tensor) -> Tensor:
        """The latent of a picture that shows the arm where proprioception [..., 7] says and things at places [..., things, PLACE] (m). To [..., D]."""
        predictor = self.predictor
        things = (places - predictor.state_mean[:PLACE]) / predictor.state_std[:PLACE]
        return torch.cat([predictor.standardised(state)[..., :ARM], things.flatten(-2)], -1)

    def offset(self, latent: Tensor, state: Tensor) -> Tensor:
        """What the picture says of the arm less what proprioception says, [N, ARM]: a roll-out keeps it."""
        return latent[:, :ARM] - self.predictor.standardised(state)[:, :ARM]

    def step(self, latent: Tensor, state: Tensor, action: Tensor, offset: Tensor, before: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Latent [N, D] and state [N, 7] one action later; `before`: the latent one action earlier, if it is known."""
        following = self.state_model(state, action)
        objects = self.predictor(latent[:, ARM:], state, action, following, offset, None if before is None else before[:, ARM:])
        return torch.cat([self.predictor.standardised(following)[:, :ARM] + offset, objects], -1), following

    def rollout(self, latent: Tensor, state: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Start latents [N, D], states [N, 7], actions [N, H, 4] to latents [N, H, D] and states [N, H, 7]."""
        offset = self.offset(latent, state)
        latents, states = [], []
        before = None
        for step in range(actions.shape[1]):
            (latent, state), before = self.step(latent, state, actions[:, step], offset, before), latent
            latents.append(latent)
            states.append(state)
        return torch.stack(latents, 1), torch.stack(states, 1)

    def distances(self, latent: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Between two latents [..., D]: of the tool [...] and of each thing [..., things] in units of UNIT_M, of the opening [...] as a share of the widest."""
        std = self.predictor.state_std
        difference = latent - goal
        tool = _norm(difference[..., :PLACE] * std[:PLACE])
        opening = difference[..., PLACE].abs() * std[PLACE] / self.state_model.max_opening_m
        things = _norm(self.places(latent) - self.places(goal))
        return tool / UNIT_M, things / UNIT_M, opening

    def energy(self, latent: Tensor, goal: Tensor) -> Tensor:
        """How far a latent is from the goal's. [..., D] to [...].

        A weighted sum of distances, which are exact near the goal, and the value, which knows that an object is pushed from behind and that a
        gripper opens before it closes. Distances, not their squares: an arm far from its place must not outweigh an object that is near.
        """
        return self.nearness(latent, goal) + self.config.value_energy * self.value(latent, goal.expand_as(latent))

    def nearness(self, latent: Tensor, goal: Tensor) -> Tensor:
        """The distances' part of the energy."""
        config = self.config
        tool, things, opening = self.distances(latent, goal)
        return config.arm_energy * _beyond(tool, TOOL_TOLD) + config.grip_energy * opening + config.object_energy * _beyond(things, THING_TOLD).sum(-1)


def _beyond(distance: Tensor, told: float) -> Tensor:
    return (distance.square() + told**2).sqrt() - told


def _norm(metres: Tensor) -> Tensor:
    return metres.square().sum(-1).add(NO_DISTANCE).sqrt()
