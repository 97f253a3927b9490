"""The world model: a picture encoder and an action-conditioned predictor that meet in latent space."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Config

STATE = 7
ACTION = 4


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


class Encoder(nn.Module):
    """uint8 pictures [B, H, W, 3] to latents [B, D] with unit variance (batch normalisation without affine)."""

    def __init__(self, config: Config, image_size: int) -> None:
        super().__init__()
        c = config.channels
        self.stem = nn.Sequential(nn.Conv2d(3, c, 8, stride=4, padding=2, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.blocks = nn.Sequential(ResidualBlock(c), ResidualBlock(c))
        self.maps = nn.Conv2d(c, config.keypoints, 1)
        self.keypoints = SpatialSoftmax(image_size // 4)
        self.keypoint_norm = nn.BatchNorm1d(3 * config.keypoints)
        w = config.head_width
        self.head = nn.Sequential(
            nn.Linear(3 * config.keypoints, w), nn.LayerNorm(w), nn.GELU(), nn.Linear(w, w), nn.LayerNorm(w), nn.GELU(), nn.Linear(w, config.latent)
        )
        self.latent_norm = nn.BatchNorm1d(config.latent, affine=False)

    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        return self.encode(x)

    def encode(self, x: Tensor) -> Tensor:
        """Normalised pictures [B, 3, H, W] in [-1, 1] to latents."""
        keypoints = self.keypoint_norm(self.keypoints(self.maps(self.blocks(self.stem(x)))))
        return self.latent_norm(self.head(keypoints).float())


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
    """Latent and proprioception and action to the next latent: z' = z + f(z, s, a)."""

    def __init__(self, config: Config, state_mean: Tensor, state_std: Tensor, action_scale: Tensor) -> None:
        super().__init__()
        w = config.predictor_width
        self.register_buffer("state_mean", state_mean)
        self.register_buffer("state_std", state_std)
        self.register_buffer("action_scale", action_scale)
        c = config.condition_width
        self.condition = nn.Sequential(nn.Linear(STATE + ACTION, c), nn.ReLU(), nn.Linear(c, c), nn.ReLU())
        self.enter = nn.Linear(config.latent + STATE, w)
        self.blocks = nn.ModuleList(ModulatedBlock(w, config.predictor_expansion, c) for _ in range(config.predictor_blocks))
        self.leave_norm = nn.LayerNorm(w, elementwise_affine=False)
        self.leave = nn.Linear(w, config.latent)
        nn.init.normal_(self.leave.weight, std=1e-3)
        nn.init.zeros_(self.leave.bias)

    def forward(self, latent: Tensor, state: Tensor, action: Tensor) -> Tensor:
        s = (state - self.state_mean) / self.state_std
        condition = self.condition(torch.cat([s, action / self.action_scale], -1))
        h = self.enter(torch.cat([latent, s], -1))
        for block in self.blocks:
            h = block(h, condition)
        return latent + self.leave(self.leave_norm(h))


class WorldModel(nn.Module):
    """Encoder, predictor, proprioception model, and the linear head of the displacement term."""

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
        # Linear on purpose: displacements of the tool become straight lines in latent space, which the energy can follow.
        self.displacement = nn.Linear(config.latent, 3, bias=False)
        self.opening = nn.Linear(config.latent, 1)

    def rollout(self, latent: Tensor, state: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Start latents [N, D], states [N, 7], actions [N, H, 4] to latents [N, H, D] and the last state."""
        latents = []
        for step in range(actions.shape[1]):
            action = actions[:, step]
            latent = self.predictor(latent, state, action)
            state = self.state_model(state, action)
            latents.append(latent)
        return torch.stack(latents, 1), state

    def energy(self, latent: Tensor, goal: Tensor) -> Tensor:
        """How far a latent is from the goal's: mean squared difference of the entries, plus the mean squared displacement of the tool
        (in standard deviations) that the linear head reads from the difference.

        The second part is a metric of the same latent, bowl-shaped in the tool's place; without it the first one, full of curved
        functions of the arm, has valleys beyond about 25 cm in which the search stays. [..., D] to [...].
        """
        difference = latent - goal
        return difference.square().mean(-1) + self.config.energy_displacement_weight * self.displacement(difference).square().mean(-1)
