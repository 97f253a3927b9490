"""Every number that decides what is trained, in one place; a checkpoint carries its own copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Config:
    # Latent and networks. The latent has four entries for the arm and `object_latent` for what else there is.
    object_latent: int = 8
    channels: int = 64
    keypoints: int = 48
    head_width: int = 256
    predictor_width: int = 192
    predictor_blocks: int = 2
    predictor_expansion: int = 2
    condition_width: int = 64
    value_width: int = 256

    # Windows of the data: `horizon` actions; of the pictures only those at `frames` are encoded, so that a batch has more windows.
    horizon: int = 6
    frames: tuple[int, ...] = (0, 1, 3, 6)
    windows: int = 42
    # Share of windows drawn from those in which an object moves (known from the simulator; it curates, it is in no loss).
    moving_share: float = 0.5

    # What is predicted: "latent" (the JEPA) or "pixels" (the contrast: the same encoder and predictor, trained through a decoder).
    predict: str = "latent"
    # Whether the predictor is told the actions; without, the first of two stages is trained from video.
    with_actions: bool = True

    # Loss weights. Guard against collapse: SIGReg (LeJEPA, Balestriero and LeCun 2025) of what proprioception does not explain.
    arm_weight: float = 1.0
    sigreg_weight: float = 0.2
    sigreg_projections: int = 128
    temporal_weight: float = 0.5
    temporal_target: float = 0.2

    # Second stage: predictor and value on the latents of the frozen encoder. Windows of `rollout` actions, which is the bundle's horizon too.
    rollout: int = 10
    rollout_windows: int = 512
    rollout_moving_share: float = 0.6
    rollout_minutes: float = 6.0
    value_minutes: float = 6.0
    value_batch: int = 1024
    # Implicit value learning (IQL, Kostrikov et al. 2022; without actions: HIQL, Park et al. 2023).
    discount: float = 0.97
    expectile: float = 0.9
    random_goals: float = 0.2

    # The energy; no part of the training.
    arm_energy: float = 0.2
    object_energy: float = 1.0
    value_energy: float = 0.1

    # Optimisation. The budget is in minutes of training; the learning rate follows the share that is spent.
    minutes: float = 60.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 300
    gradient_clip: float = 1.0
    seed: int = 0

    # Augmentation: gain a picture, noise a pixel (share of full scale).
    gain: float = 0.05
    pixel_noise: float = 0.01

    # Episodes at the end of the data set that only measure.
    validation_episodes: int = 100

    def __post_init__(self) -> None:
        if self.predict not in ("latent", "pixels"):
            raise ValueError(f"predict is {self.predict!r}: choose latent or pixels")

    def to_dict(self) -> dict:
        return asdict(self)
