"""Every number that decides what is trained, in one place; a checkpoint carries its own copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Config:
    # Latent and networks.
    latent: int = 32
    channels: int = 64
    keypoints: int = 64
    head_width: int = 512
    predictor_width: int = 256
    predictor_blocks: int = 3
    predictor_expansion: int = 2
    condition_width: int = 128

    # Windows of the data: `horizon` actions; of the pictures only those at `frames` are encoded, so that a batch has more windows.
    horizon: int = 6
    frames: tuple[int, ...] = (0, 1, 3, 6)
    windows: int = 42
    # Share of windows drawn from those in which an object moves (known from the simulator; it curates, it is in no loss).
    moving_share: float = 0.5

    # Loss weights. Guard against collapse: SIGReg (LeJEPA, Balestriero and LeCun 2025), decorrelation of the latent's entries
    # (VICReg, Bardes et al. 2022) and the variance within a window.
    sigreg_weight: float = 0.2
    decorrelation_weight: float = 0.1
    sigreg_projections: int = 128
    # Groups of entries at the end of the latent, room for the objects: none may repeat what proprioception says, nor an earlier group.
    object_groups: tuple[int, ...] = (8, 8)
    independence_weight: float = 4.0
    independence_features: int = 64
    temporal_weight: float = 1.0
    temporal_target: float = 0.25
    displacement_weight: float = 1.0

    # Weight of the displacement in the energy; no part of the training.
    energy_displacement_weight: float = 1.0

    # Optimisation. The budget is in minutes of training; the learning rate follows the share that is spent.
    minutes: float = 27.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 300
    gradient_clip: float = 1.0
    seed: int = 0

    # Augmentation: gain a picture, noise a pixel (share of full scale).
    gain: float = 0.05
    pixel_noise: float = 0.01

    # Episodes at the end of the data set that only measure.
    validation_episodes: int = 150

    def __post_init__(self) -> None:
        if sum(self.object_groups) >= self.latent:
            raise ValueError(f"object_groups {self.object_groups} leave nothing of the latent's {self.latent} entries for the arm; make them smaller")

    def to_dict(self) -> dict:
        return asdict(self)
