"""LeRobot data sets, version 3 (parquet and video): their layout, and a reader that gives the same `Episodes` as the shards of sim/collect."""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from .data import Episodes, load_episodes

# Names and templates of LeRobot's own code (lerobot/datasets/utils.py of version 3.0).
VERSION = "v3.0"
FILES_PER_CHUNK = 1000
_NUMBERED = "chunk-{chunk_index:03d}/file-{file_index:03d}"
INFO_FILE = "meta/info.json"
STATS_FILE = "meta/stats.json"
TASKS_FILE = "meta/tasks.parquet"
EPISODES_PATH = f"meta/episodes/{_NUMBERED}.parquet"
DATA_PATH = f"data/{_NUMBERED}.parquet"
VIDEO_PATH = f"videos/{{video_key}}/{_NUMBERED}.mp4"

# Ours: where things are, which a robot does not know. The name keeps LeRobot's policies from taking it: they take "observation…" and "action…".
TRUTH = "privileged.positions"
TRUTH_SIZE = 9
# Ours: what sim/collect said of the data, which other readers do without.
COLLECTION_FILE = "meta/collection.json"

# Timestamps are single precision and count from the start of the episode.
TIMESTAMP_TOLERANCE_S = 1e-3


@dataclass(frozen=True)
class Features:
    """Which features of a data set to read, and how to cut them; the defaults fit what to_lerobot.py writes."""

    state: str = "observation.state"
    action: str = "action"
    image: str = "observation.images.front"
    steps: int = 0
    fps: int = 0
    image_size: int = 0


_HELP = {
    "state": "LeRobot data: feature with the proprioceptive state",
    "action": "LeRobot data: feature with the action",
    "image": "LeRobot data: feature with the camera's pictures",
    "steps": "LeRobot data: actions a piece that episodes are cut into (0: whole episodes, which must be equally long)",
    "fps": "LeRobot data: refuse another frame rate than this (0: take any)",
    "image_size": "LeRobot data: scale and crop the pictures to a square of so many pixels (0: as they are)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--data-state, --data-action, … for programs that take a data set of either kind."""
    for field in fields(Features):
        parser.add_argument(f"--data-{field.name.replace('_', '-')}", type=type(field.default), default=field.default, help=_HELP[field.name])


def from_arguments(arguments: argparse.Namespace) -> Features:
    return Features(**{field.name: getattr(arguments, f"data_{field.name}") for field in fields(Features)})


def load_any(folder: Path, wanted: Features = Features()) -> Episodes:
    """A data set of either kind: a LeRobot data set where there is a meta/info.json, else the shards of sim/collect."""
    return load_lerobot(folder, wanted) if (folder / INFO_FILE).exists() else load_episodes(folder)


def load_lerobot(folder: Path, wanted: Features = Features(), *, pictures: bool = True) -> Episodes:
    """Reads a LeRobot data set of version 3 whole into memory.

    An episode of n frames has n - 1 actions that lead to a frame; the last frame's action is left out. Episodes are cut into pieces
    of `wanted.steps` actions, neighbours sharing a frame, and what remains is left out. `truths` are NaN where the data set has none.
    With `pictures` false the images have no pixels: for reports on the numbers.

    Raises FileNotFoundError or ValueError, with what to do, when the data set is not what is wanted.
    """
    info = _read_info(folder, wanted)
    has_truth = TRUTH in info["features"]
    frames = _read_frames(folder, info, wanted, has_truth)
    rows = _cut(folder, frames["episode_index"], wanted.steps)
    steps = rows.shape[1] - 1
    if pictures:
        images = _Pictures(folder, info, wanted, rows).read(frames)
    else:
        images = np.empty((*rows.shape, 0, 0, 3), np.uint8)
    truths = frames[TRUTH][rows] if has_truth else np.full((*rows.shape, TRUTH_SIZE), np.nan, np.float32)
    collection = folder / COLLECTION_FILE
    described = json.loads(collection.read_text())["description"] if collection.exists() else {}
    description = {
        **described,
        "format": f"LeRobot {info['codebase_version']}",
        "period_s": 1 / info["fps"],
        "steps": steps,
        "image": {"width": images.shape[3], "height": images.shape[2], "channels": "rgb"},
        "state": _names(info["features"][wanted.state]),
        "action": _names(info["features"][wanted.action]),
    }
    return Episodes(images, frames[wanted.state][rows], frames[wanted.action][rows[:, :-1]], truths, description)


def _read_info(folder: Path, wanted: Features) -> dict:
    file = folder / INFO_FILE
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; make a LeRobot data set: python training/to_lerobot.py --data DIR --out {folder}")
    info = json.loads(file.read_text())
    version = str(info.get("codebase_version"))
    if not version.startswith("v3."):
        raise ValueError(f"{folder} is a LeRobot data set of version {version}, this reads v3; convert it with lerobot's convert_dataset_v21_to_v30")
    features = info["features"]
    for role in ("state", "action", "image"):
        name = getattr(wanted, role)
        kinds = ("video", "image") if role == "image" else ("float32", "float64")
        fitting = [other for other, feature in features.items() if feature["dtype"] in kinds and (role == "image" or len(feature["shape"]) == 1)]
        if name not in fitting:
            has = "no such feature" if name not in features else f"{features[name]['dtype']} of shape {list(features[name]['shape'])} there"
            raise ValueError(f"{folder}: the {role} is to be {name!r}, {has}; name one of {', '.join(fitting) or '(none fits)'} with --data-{role}")
    if wanted.fps and info["fps"] != wanted.fps:
        raise ValueError(f"{folder} has {info['fps']} frames a second and {wanted.fps} are wanted; record it at {wanted.fps}, or give --data-fps {info['fps']}")
    if TRUTH in features and list(features[TRUTH]["shape"]) != [TRUTH_SIZE]:
        raise ValueError(f"{folder}: {TRUTH} has the shape {list(features[TRUTH]['shape'])}, not [{TRUTH_SIZE}]; convert it again, with --no-truths if need be")
    return info


def _read_frames(folder: Path, info: dict, wanted: Features, has_truth: bool) -> dict[str, np.ndarray]:
    """Columns of all frames, episode after episode: vectors float32 [N, size], indices int64 [N], pictures stored as images object [N]."""
    import pyarrow as pa  # Here: training on shards needs neither pyarrow nor av.
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    # One feature may be both.
    vectors = list(dict.fromkeys([wanted.state, wanted.action, *([TRUTH] if has_truth else [])]))
    stored = [wanted.image] if info["features"][wanted.image]["dtype"] == "image" else []
    files = sorted((folder / "data").glob("*/*.parquet"))
    if not files:
        raise FileNotFoundError(f"{folder}/data has no parquet file; copy or convert the data set again")
    columns = ["episode_index", "frame_index", "timestamp", *vectors, *stored]
    table = pa.concat_tables([pq.read_table(file, columns=columns) for file in files])
    table = table.sort_by([("episode_index", "ascending"), ("frame_index", "ascending")])
    frames: dict[str, np.ndarray] = {name: table[name].to_numpy() for name in ("episode_index", "frame_index", "timestamp")}
    for name in vectors:
        column = table[name]
        values = pc.list_flatten(column).to_numpy() if pa.types.is_nested(column.type) else column.to_numpy()
        frames[name] = values.astype(np.float32).reshape(len(table), -1)
        if frames[name].shape[1:] != tuple(info["features"][name]["shape"]):
            said = info["features"][name]["shape"]
            raise ValueError(f"{folder}: {name} has {frames[name].shape[1]} numbers a frame and meta/info.json says {said}; convert it again")
        if name != TRUTH and not np.isfinite(frames[name]).all():
            raise ValueError(f"{folder}: {name} has numbers that are not finite; record the data again, or leave those episodes out")
    for name in stored:
        frames[name] = np.array([picture["bytes"] for picture in table[name].to_pylist()], dtype=object)
    if len(table) != info["total_frames"]:
        raise ValueError(f"{folder} has {len(table)} frames and meta/info.json says {info['total_frames']}; copy or convert it again")
    first = np.r_[True, np.diff(frames["episode_index"]) != 0]
    started = np.flatnonzero(first)[np.cumsum(first) - 1]
    wrong = np.flatnonzero(frames["frame_index"] != np.arange(len(table)) - started)
    if len(wrong):
        raise ValueError(f"{folder}: episode {frames['episode_index'][wrong[0]]} lacks frames or has some twice; leave it out or record it again")
    late = np.abs(frames["timestamp"] - frames["frame_index"] / info["fps"])
    if late.max() > TIMESTAMP_TOLERANCE_S:
        worst = frames["episode_index"][late.argmax()]
        raise ValueError(f"{folder}: the timestamps of episode {worst} are up to {late.max():.3f} s off {info['fps']} frames a second; resample it to one rate")
    return frames


def _cut(folder: Path, episode_index: np.ndarray, steps: int) -> np.ndarray:
    """Rows of the frames of every piece, int [pieces, steps + 1]."""
    starts = np.flatnonzero(np.r_[True, np.diff(episode_index) != 0])
    actions = np.diff(np.r_[starts, len(episode_index)]) - 1
    if steps == 0:
        if actions.min() != actions.max():
            kept = actions.min() * (actions // max(1, actions.min())).sum() / actions.sum()
            raise ValueError(f"{folder} has episodes of {actions.min()} to {actions.max()} actions; cut them into equal pieces with --data-steps T"
                             f" (T={actions.min()} keeps {kept:.0%} of the actions)")
        steps = int(actions[0])
    pieces = [start + steps * piece for start, count in zip(starts, actions) for piece in range(count // steps if steps else 0)]
    if not pieces:
        raise ValueError(f"{folder}: no episode has {max(1, steps)} actions, the longest has {actions.max()}; choose fewer with --data-steps")
    return np.array(pieces)[:, None] + np.arange(steps + 1)


class _Pictures:
    """Decodes every picture once and puts it where it belongs; a frame that two pieces share goes to both."""

    def __init__(self, folder: Path, info: dict, wanted: Features, rows: np.ndarray) -> None:
        self._folder = folder
        self._info = info
        self._key = wanted.image
        self._size = wanted.image_size
        self._shape = rows.shape
        self._order = np.argsort(rows, axis=None, kind="stable")
        self._sorted = rows.ravel()[self._order]
        self._images: np.ndarray | None = None

    def read(self, frames: dict[str, np.ndarray]) -> np.ndarray:
        """uint8 [pieces, steps + 1, H, W, 3]"""
        needed = np.unique(self._sorted)
        if self._info["features"][self._key]["dtype"] == "image":
            for row in needed:
                self._put(row, self._decode_picture(frames, row))
        else:
            self._read_videos(frames, needed)
        assert self._images is not None
        return self._images

    def _put(self, row: int, frame) -> None:
        picture = self._fit(frame)
        if self._images is None:
            self._images = np.empty((*self._shape, *picture.shape), np.uint8)
        low, high = np.searchsorted(self._sorted, (row, row + 1))
        for place in self._order[low:high]:
            self._images[np.unravel_index(place, self._shape)] = picture

    def _fit(self, frame) -> np.ndarray:
        width, height, size = frame.width, frame.height, self._size
        if not size:
            if width != height:
                raise ValueError(f"{self._folder}: the pictures are {width}x{height} and the encoder takes squares; crop them with --data-image-size")
            return frame.to_ndarray(format="rgb24")
        scale = size / min(width, height)
        scaled = frame.reformat(width=round(scale * width), height=round(scale * height), format="rgb24", interpolation="AREA").to_ndarray()
        top, left = (scaled.shape[0] - size) // 2, (scaled.shape[1] - size) // 2
        return scaled[top : top + size, left : left + size]

    def _decode_picture(self, frames: dict[str, np.ndarray], row: int):
        import av

        stored = frames[self._key][row]
        if stored is None:
            raise ValueError(f"{self._folder}: a picture of episode {frames['episode_index'][row]} lies outside the parquet files; embed the images")
        with av.open(io.BytesIO(stored)) as container:
            return next(container.decode(video=0))

    def _read_videos(self, frames: dict[str, np.ndarray], needed: np.ndarray) -> None:
        import av

        fps = self._info["fps"]
        begins = self._episode_places()
        # Frames by file, and by number in it: videos of many episodes lie one after the other in one file.
        files: dict[tuple[int, int], dict[int, int]] = {}
        for row in needed:
            episode = int(frames["episode_index"][row])
            if episode not in begins:
                raise ValueError(f"{self._folder}: meta/episodes does not say where the video of episode {episode} is; convert the data set again")
            chunk, file, from_s = begins[episode]
            files.setdefault((chunk, file), {})[round(from_s * fps) + int(frames["frame_index"][row])] = int(row)
        for (chunk, file), rows in sorted(files.items()):
            path = self._folder / self._info["video_path"].format(video_key=self._key, chunk_index=chunk, file_index=file)
            if not path.exists():
                raise FileNotFoundError(f"{path} is missing; copy or convert the data set again")
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                for frame in container.decode(stream):
                    at_s = float(frame.pts * stream.time_base)
                    if abs(at_s - round(at_s * fps) / fps) > TIMESTAMP_TOLERANCE_S:
                        raise ValueError(f"{path} has a picture at {at_s:.3f} s, which does not fit {fps} frames a second; convert the data set again")
                    row = rows.pop(round(at_s * fps), None)
                    if row is not None:
                        self._put(row, frame)
            if rows:
                raise ValueError(f"{path} lacks {len(rows)} pictures, the first at {min(rows) / fps:.3f} s; copy or convert the data set again")

    def _episode_places(self) -> dict[int, tuple[int, int, float]]:
        """Chunk, file and begin (s) of every episode's video."""
        import pyarrow.parquet as pq

        names = ["episode_index", *(f"videos/{self._key}/{name}" for name in ("chunk_index", "file_index", "from_timestamp"))]
        places: dict[int, tuple[int, int, float]] = {}
        for file in sorted((self._folder / "meta/episodes").glob("*/*.parquet")):
            table = pq.read_table(file, columns=names)
            for episode, *place in zip(*(table[name].to_pylist() for name in names)):
                places[episode] = tuple(place)
        return places


def _names(feature: dict) -> list[str]:
    """Names of a vector's numbers; data sets have them as a list, in a group, or not at all."""
    names = feature.get("names")
    if isinstance(names, dict):
        names = [name for group in names.values() for name in group] if all(isinstance(group, list) for group in names.values()) else list(names)
    return list(names) if names else [str(i) for i in range(feature["shape"][0])]
