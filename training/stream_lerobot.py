#!/usr/bin/env python3
"""Hands a LeRobot data set (version 3) over to `jepa-mpc import`, which resamples it: a line of JSON with the names, then for each frame a line of JSON with its time
and numbers, followed by the bytes of its picture (RGB, square).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from jepa.lerobot import INFO_FILE, Features, _names, _Pictures, _read_frames, _read_info

OPTIONS = {"--data-state": "--joint-states-topic", "--data-action": "--command-topic", "--data-image": "--image-topic"}


def chosen_picture(folder: Path, wanted: str | None) -> str:
    """The feature with the pictures. Raises ValueError where it is not clear which is meant."""
    file = folder / INFO_FILE
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing: {folder} is no LeRobot data set of version 3")
    pictures = [name for name, feature in json.loads(file.read_text())["features"].items() if feature["dtype"] in ("video", "image")]
    if wanted is None and len(pictures) != 1:
        raise ValueError(f"{folder} has {len(pictures)} features with pictures ({', '.join(pictures) or 'none'}); say which with --image-topic")
    return pictures[0] if wanted is None else wanted


def joint_names(feature: dict) -> list[str]:
    """LeRobot calls a joint's position `shoulder_pan.pos`."""
    return [str(name).removesuffix(".pos") for name in _names(feature)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--image")
    parser.add_argument("--state", default=Features.state)
    parser.add_argument("--action")
    arguments = parser.parse_args()
    # Without commands the positions stand for them: they are in every data set.
    wanted = Features(state=arguments.state, action=arguments.action or arguments.state, image=chosen_picture(arguments.data, arguments.image), image_size=arguments.image_size)
    info = _read_info(arguments.data, wanted)
    frames = _read_frames(arguments.data, info, replace(wanted), False)
    out = sys.stdout.buffer
    names = {"state": joint_names(info["features"][wanted.state])} | ({"action": joint_names(info["features"][wanted.action])} if arguments.action else {})
    out.write(json.dumps(names | {"fps": info["fps"]}).encode() + b"\n")
    for episode in np.unique(frames["episode_index"]):
        rows = np.flatnonzero(frames["episode_index"] == episode)
        images = _Pictures(arguments.data, info, wanted, rows[None]).read(frames)[0]
        for row, image in zip(rows, images):
            line = {"episode": int(episode), "time_s": float(frames["frame_index"][row]) / info["fps"], "state": frames[wanted.state][row].tolist()}
            if arguments.action:
                line["action"] = frames[wanted.action][row].tolist()
            out.write(json.dumps(line).encode() + b"\n" + image.tobytes())
    out.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
    except (OSError, ValueError) as error:
        message = str(error)
        # Whoever imports knows them by the names of topics.
        for ours, theirs in OPTIONS.items():
            message = message.replace(ours, theirs)
        sys.exit(message)
