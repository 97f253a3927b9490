"""Every number that decides what is trained, in one place; a checkpoint carries its own copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Config:
    # Latent and networks. The latent has four entries for the arm and `object_latent` for what else there is.
    object_latent: int = 6
    channels: int = 64
    keypoints: int = 48
    head_width: int = 256
    predictor_width: int = 128
    predictor_blocks: int = 2
    predictor_expansion: int = 2
    condition_width: int = 64
    value_width: int = 256

    # Windows of the data: `horizon` actions; of the pictures only those at `frames` are encoded, so that a batch has more windows.
    horizon: int = 8
    frames: tuple[int, ...] = (0, 8)
    windows: int = 84
    # Share of windows drawn from those in which an object moves (known from the simulator; it curates, it is in no loss).
    moving_share: float = 0.0

    # Whether actions are used. Without, what persists in a video is learned; with them, also what the predictor makes of the actions.
    with_actions: bool = False

    # Loss weights. Guard against collapse: SIGReg (LeJEPA, Balestriero and LeCun 2025).
    arm_weight: float = 1.0
    persistence_weight: float = 1.0
    rollout_weight: float = 1.0
    sigreg_weight: float = 0.2
    sigreg_projections: int = 128

    # Last stage: predictor and value on the latents of the frozen encoder. Windows of `rollout` actions, which is the bundle's horizon too.
    rollout: int = 10
    rollout_windows: int = 256
    rollout_moving_share: float = 0.6
    rollout_minutes: float = 6.0
    value_minutes: float = 6.0
    value_batch: int = 1024
    # Implicit value learning (IQL, Kostrikov et al. 2022; without actions: HIQL, Park et al. 2023).
    discount: float = 0.97
    expectile: float = 0.9
    random_goals: float = 0.2

    # The energy; no part of the training.
    arm_energy: float = 0.3
    object_energy: float = 1.0
    value_energy: float = 0.1

    # Optimisation. The budget is in minutes of training; the learning rate follows the share that is spent.
    minutes: float = 45.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 300
    gradient_clip: float = 1.0
    seed: int = 0

    # Augmentation: gain a picture, noise a pixel (share of full scale).
    gain: float = 0.05
    pixel_noise: float = 0.01

    # Episodes at the end of the data set that only measure.
    validation_episodes: int = 50

    def to_dict(self) -> dict:
        return asdict(self)
