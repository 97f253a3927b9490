"""Every number that decides what is trained, in one place; a checkpoint carries its own copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .touch import THINGS


@dataclass(frozen=True)
class Config:
    # Networks. The latent has four entries for the arm and three for each of the things, which are told apart by their width between the fingers.
    things: int = THINGS
    channels: int = 64
    keypoints: int = 48
    # What the heads are given of a picture: where each map is active (keypoints), or as many numbers of a strided convolution over the whole picture (vector).
    features: str = "keypoints"
    # Channels of a level of half the resolution, with which a place of the maps sees 112 pixels of the picture instead of 40; 0 is without.
    context: int = 64
    head_width: int = 256
    predictor_width: int = 128
    predictor_blocks: int = 2
    predictor_expansion: int = 2
    # 2: in a roll-out the predictor is also given how things moved in the step before; for ablations, not exported.
    history: int = 1
    condition_width: int = 64
    value_width: int = 256

    # Windows of the data: `horizon` actions; of the pictures only those at `frames` are encoded, so that a batch has more windows.
    horizon: int = 8
    frames: tuple[int, ...] = (0, 8)
    windows: int = 48
    # Shares of windows that begin with a picture of a thing that lies where it will be, or was, felt, and of one that is in the hand; the rest is drawn from all.
    felt_share: float = 0.6
    held_share: float = 0.15

    # Whether actions are used (training in one stage). Without, what persists in a video is learned; with them, also what the predictor makes of the actions.
    with_actions: bool = False

    # Loss weights. Guard against collapse where nothing was felt: SIGReg (LeJEPA, Balestriero and LeCun 2025).
    arm_weight: float = 1.0
    persistence_weight: float = 1.0
    touch_weight: float = 1.0
    rollout_weight: float = 1.0
    sigreg_weight: float = 0.1
    sigreg_projections: int = 128
    # Which actions lie between two pictures of a window, from their latents (inverse dynamics).
    inverse_weight: float = 0.0
    # Of the twin that reconstructs its pictures, for comparison: 0 is a JEPA, which has no decoder.
    pixel_weight: float = 0.0

    # Looking back at the end of the first stage: times that what was felt is read again, steps and pictures a step for the head.
    look_back_rounds: int = 2
    look_back_steps: int = 2000
    look_back_batch: int = 256

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

    # Advantage-weighted regression of the policy (AWR, Peng et al. 2019): how much better actions count more.
    advantage_scale: float = 1.0

    # The energy; no part of the training. Distances in units of 10 cm, the gripper's as a share of its opening, the value in periods.
    arm_energy: float = 0.4
    grip_energy: float = 0.1
    object_energy: float = 1.0
    value_energy: float = 0.1

    # Optimisation. The budget is in minutes of computing (spent.py); the learning rate follows the share that is spent.
    minutes: float = 45.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 300
    gradient_clip: float = 1.0
    seed: int = 0

    # Augmentation: gain a picture, noise a pixel (share of full scale), how far colours are mixed, how far a picture is shifted, turned and zoomed (share
    # of half its width), and how much patches of shadow and light differ (standard deviation of the logarithm).
    gain: float = 0.05
    pixel_noise: float = 0.01
    colour_jitter: float = 0.1
    camera_jitter: float = 0.06
    light_jitter: float = 0.25

    # Episodes at the end of the data set that only measure.
    validation_episodes: int = 50

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict) -> Config:
        """As a checkpoint or a manifest has it: encoders that are older than the context are without."""
        return cls(**{"context": 0, **given})
