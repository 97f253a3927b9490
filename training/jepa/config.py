"""Every number that decides what is trained, in one place; a checkpoint carries its own copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .touch import THINGS


def option(default: Any, meaning: str) -> Any:
    """A field, with what --help says of it besides the default: no number is explained twice."""
    return field(default=default, metadata={"help": meaning})


@dataclass(frozen=True)
class Config:
    # Networks. The latent has four entries for the arm and three for each of the things.
    things: int = option(THINGS, "things that the latent has places of, told apart by their width between the fingers")
    channels: int = option(64, "channels of the encoder's maps")
    keypoints: int = option(48, "maps of which a keypoint is read: three numbers each, its place and how sharp it is")
    features: str = option("keypoints", "what the heads are given of a picture: where each map is active (keypoints), or as many numbers of a strided convolution over all "
                           "of it (vector)")
    context: int = option(64, "channels of a level of half the resolution, with which a place of the maps sees 112 pixels of the picture instead of 40; 0 is without")
    head_width: int = option(256, "width of the encoder's heads for arm and things")
    predictor_width: int = option(128, "width of the predictor")
    predictor_blocks: int = option(2, "residual blocks of the predictor")
    predictor_expansion: int = option(2, "how many times as wide a block of the predictor is inside")
    history: int = option(1, "2: in a roll-out the predictor is also given how things moved in the step before; for ablations, not exported")
    condition_width: int = option(64, "width of what tells the predictor's blocks of proprioception and action")
    value_width: int = option(256, "width of value and policy")

    # Windows of the data.
    horizon: int = option(8, "actions of a window of the first stage")
    frames: tuple[int, ...] = option((0, 8), "pictures of a window that are encoded, from 0 to at most the horizon: of fewer of them a batch has more windows")
    windows: int = option(48, "windows a step, of each process")
    felt_share: float = option(0.6, "share of windows that begin with a picture of a thing that lies where it will be, or was, felt")
    held_share: float = option(0.15, "share of windows that begin with a picture of a thing that is in the hand; what both shares leave is drawn from all")

    with_actions: bool = option(False, "learn in one stage, with the encoder also what the predictor makes of the actions; without, only what persists in a video (of the "
                                       "actions then those of the gripper are read, for what was felt)")

    # Loss weights. Guard against collapse where nothing was felt: SIGReg (LeJEPA, Balestriero and LeCun 2025).
    arm_weight: float = option(1.0, "weight of the arm's entries against proprioception")
    persistence_weight: float = option(1.0, "weight of how far apart the pictures of a window see a thing")
    touch_weight: float = option(1.0, "weight of how far from where it was felt a thing is seen")
    rollout_weight: float = option(1.0, "weight of the roll-out's error in one stage (--with-actions); in the last stage it stands alone")
    sigreg_weight: float = option(0.1, "weight of SIGReg, which keeps the places of things spread out; 0 is without")
    sigreg_projections: int = option(128, "random directions that SIGReg looks along")
    inverse_weight: float = option(0.0, "weight of telling from the latents of two pictures which actions lie between them (inverse dynamics); 0 is without")
    pixel_weight: float = option(0.0, "weight of giving the pixels back, for a twin to compare with; 0 is a JEPA, which has no decoder")

    # Looking back at the end of the first stage.
    look_back_rounds: int = option(2, "times that what was felt is read again, with what the encoder then sees")
    look_back_steps: int = option(2000, "steps in which a head is fitted, in each round")
    look_back_batch: int = option(256, "pictures a step for the head")

    # Last stage: predictor and value on the latents of the frozen encoder.
    rollout: int = option(10, "actions of a roll-out that the predictor learns from, and the bundle's horizon")
    rollout_windows: int = option(256, "roll-outs a step")
    rollout_moving_share: float = option(0.6, "share of roll-outs from the quarter of the data in which things move most")
    rollout_minutes: float = option(6.0, "minutes of computing for the predictor in the last stage")
    value_minutes: float = option(6.0, "minutes of computing for value and policy")
    value_batch: int = option(1024, "pairs of latent and goal a step for value and policy")
    # Implicit value learning (IQL, Kostrikov et al. 2022; without actions: HIQL, Park et al. 2023).
    discount: float = option(0.97, "what a period counts of what the one before it counts, below 1")
    expectile: float = option(0.9, "which expectile of what happened stands for the best that could be done; 0.5 is the mean")
    random_goals: float = option(0.2, "share of goals from any episode; the others are of the same one")

    # Advantage-weighted regression (AWR, Peng et al. 2019).
    advantage_scale: float = option(1.0, "how much more the policy learns from better actions: e to the power of this, for each period that was saved")

    # The energy; no part of the training.
    arm_energy: float = option(0.4, "weight of the tool's distance in the energy, in units of 10 cm")
    grip_energy: float = option(0.1, "weight of the gripper's distance in the energy, as a share of its opening")
    object_energy: float = option(1.0, "weight of the things' distances in the energy, in units of 10 cm")
    value_energy: float = option(0.1, "weight of the value in the energy, in periods")

    # Optimisation. The budget is in minutes of computing (spent.py).
    minutes: float = option(45.0, "minutes of computing for the first stage; the learning rate falls with the share that is spent")
    learning_rate: float = option(1.5e-3, "learning rate of the first stage at its highest")
    weight_decay: float = option(1e-4, "weight decay of encoder and predictor")
    warmup_steps: int = option(300, "steps in which the learning rate of the first stage rises")
    gradient_clip: float = option(1.0, "longest gradient, longer ones are cut to it")
    seed: int = option(0, "seed of everything that is drawn")

    # Augmentation, of each picture on its own.
    gain: float = option(0.05, "brightness of a picture, up to this share more or less")
    pixel_noise: float = option(0.01, "noise of a pixel, as a share of full scale")
    colour_jitter: float = option(0.1, "how far colours are mixed (standard deviation of each entry of the matrix that mixes them)")
    camera_jitter: float = option(0.06, "how far a picture is shifted (share of half its width), zoomed (share) and turned (rad), each up to this")
    light_jitter: float = option(0.25, "how much patches of shadow and light differ (standard deviation of the logarithm)")

    validation_episodes: int = option(50, "episodes at the end of each data set that only measure")

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict) -> Config:
        """As a checkpoint or a manifest has it: encoders that are older than the context are without."""
        return cls(**{"context": 0, **given})
