"""Every number that decides what is trained; a checkpoint carries its own copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class JointsConfig:
    # Networks.
    channels: int = 32
    keypoints: int = 48
    head_width: int = 192
    dynamics_width: int = 64

    # Windows of the data: `horizon` actions, which is the bundle's horizon too; the pictures of the first and the last moment are encoded.
    horizon: int = 8
    windows: int = 48
    dynamics_windows: int = 512

    # Loss weights: proprioception read from the picture, and the latent that the actions lead to against the one that is seen then.
    proprioception_weight: float = 1.0
    prediction_weight: float = 0.3
    dynamics_weight: float = 1.0

    # Optimisation. The budget is in minutes of computing (jepa/spent.py).
    minutes: float = 20.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    gradient_clip: float = 1.0
    seed: int = 0

    # Augmentation, as in jepa/augment.py: a camera that stands still asks for little.
    gain: float = 0.05
    pixel_noise: float = 0.01
    colour_jitter: float = 0.03
    camera_jitter: float = 0.005
    light_jitter: float = 0.0

    # Episodes at the end of the data set that only measure.
    validation_episodes: int = 20

    def to_dict(self) -> dict:
        return asdict(self)
