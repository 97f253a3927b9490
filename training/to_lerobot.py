#!/usr/bin/env python3
"""Writes the shards of sim/collect as a LeRobot data set, version 3: python training/to_lerobot.py --data data/arm --out data/arm-lerobot.

Run it again to go on after an interruption: files that are finished are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jepa.lerobot import COLLECTION_FILE, DATA_PATH, EPISODES_PATH, FILES_PER_CHUNK, INFO_FILE, STATS_FILE, TASKS_FILE, TRUTH, VERSION, VIDEO_PATH, Features

STATE, ACTION, IMAGE = Features.state, Features.action, Features.image
# LeRobot's limits, which its own tools keep to when they append; ours are below with 250 episodes a file and pictures up to 96 pixels wide.
DATA_FILE_MB, VIDEO_FILE_MB = 100, 200
QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)
# A keyframe at every second picture, as LeRobot has it: readers jump to random frames.
KEYFRAMES = 2
# Encoder, pixel format, options. Without loss a model learns the same from the copy; with the subsampled colours of ordinary video,
# which every player shows, objects of a few pixels smear.
VIDEOS = {
    "lossless": ("libx264rgb", "rgb24", {"qp": "0"}),
    "playable": ("libx264", "yuv420p", {"crf": "18"}),
}
INDICES = ("timestamp", "frame_index", "episode_index", "index", "task_index")


@dataclass(frozen=True)
class Conversion:
    """What decides the bytes of the result; an interrupted conversion goes on with the same."""

    video: str
    truths: bool
    episodes_per_file: int
    task: str
    robot: str


@dataclass(frozen=True)
class Part:
    """Shards that go into one file."""

    shards: list[Path]
    first_episode: int
    episodes: int


def read_description(data: Path) -> dict:
    file = data / "dataset.json"
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; make the data first: node dist/sim/collect.js --out {data}")
    return json.loads(file.read_text())


def divide(data: Path, episodes_per_file: int) -> list[Part]:
    shards = sorted(path for path in data.glob("shard-*") if path.suffix != ".part")
    if not shards:
        raise FileNotFoundError(f"{data} has no finished shard; run the collection again")
    parts: list[Part] = []
    for shard in shards:
        count = len(np.load(shard / "states.npy", mmap_mode="r"))
        last = parts[-1] if parts else None
        if last is not None and last.episodes + count <= episodes_per_file:
            parts[-1] = Part([*last.shards, shard], last.first_episode, last.episodes + count)
        else:
            parts.append(Part([shard], last.first_episode + last.episodes if last else 0, count))
    return parts


def describe_features(description: dict, conversion: Conversion) -> dict[str, dict]:
    vector = lambda names: {"dtype": "float32", "shape": [len(names)], "names": list(names)}
    image = description["image"]
    features = {
        STATE: vector(description["state"]),
        ACTION: vector(description["action"]),
        IMAGE: {"dtype": "video", "shape": [image["height"], image["width"], 3], "names": ["height", "width", "channels"]},
    }
    if conversion.truths:
        features[TRUTH] = vector(description["truth"])
    for name in INDICES:
        features[name] = {"dtype": "float32" if name == "timestamp" else "int64", "shape": [1], "names": None}
    return features


def frame_rate(description: dict) -> int:
    rate = 1 / description["period_s"]
    if abs(rate - round(rate)) > 1e-6:
        raise ValueError(f"period_s is {description['period_s']}: LeRobot takes whole frames a second; collect with a period of 1/N s")
    return round(rate)


def with_last_action(actions: np.ndarray, names: list[str]) -> np.ndarray:
    """[E, T, A] to [E, T + 1, A]: LeRobot has an action in every frame. The last leads nowhere: no motion, the gripper as it was."""
    last = actions[:, -1:] * np.array([name == "gripper" for name in names], actions.dtype)
    return np.concatenate([actions, last], axis=1)


def columns_of(part: Part, description: dict, conversion: Conversion, fps: int) -> dict[str, np.ndarray]:
    """Every feature but the pictures, [episodes, T + 1, ...]."""
    read = lambda name: np.concatenate([np.load(shard / f"{name}.npy") for shard in part.shards])
    columns = {STATE: read("states"), ACTION: with_last_action(read("actions"), description["action"])}
    if conversion.truths:
        columns[TRUTH] = read("truths")
    shape = columns[STATE].shape[:2]
    for name, column in columns.items():
        if column.shape[:2] != shape or not np.isfinite(column).all():
            raise ValueError(f"{part.shards[0]}…{part.shards[-1].name}: {name} has numbers that are not finite, or another length; collect it again")
    frame, episode = np.broadcast_to(np.arange(shape[1]), shape), part.first_episode + np.arange(shape[0])[:, None]
    columns["timestamp"] = (frame / fps).astype(np.float32)
    columns["frame_index"] = frame.astype(np.int64)
    columns["episode_index"] = np.broadcast_to(episode, shape).astype(np.int64)
    columns["index"] = (episode * shape[1] + frame).astype(np.int64)
    columns["task_index"] = np.zeros(shape, np.int64)
    return columns


def write_data(file: Path, columns: dict[str, np.ndarray]) -> None:
    """One row group an episode, so that a reader fetches single episodes."""

    def to_arrow(values: np.ndarray) -> pa.Array:
        flat = pa.array(np.ascontiguousarray(values).ravel())
        return flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])

    with Finished(file) as beside:
        writer = None
        for episode in range(len(columns["index"])):
            table = pa.table({name: to_arrow(column[episode]) for name, column in columns.items()})
            writer = writer or pq.ParquetWriter(beside, table.schema, compression="snappy", use_dictionary=True)
            writer.write_table(table)
        writer.close()


class Finished:
    """A file is written beside its place and renamed when it is whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._beside = file.with_name(file.name + ".part")

    def __enter__(self) -> Path:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        return self._beside

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._beside.rename(self._file)


def image_stats(images: np.ndarray) -> dict[str, list]:
    """Statistics of pictures uint8 [T, H, W, 3] per channel, of 0..1 and in the shape [3, 1, 1], as LeRobot has them."""
    counts = np.stack([np.bincount(images[..., channel].ravel(), minlength=256) for channel in range(3)])
    levels, share = np.arange(256) / 255, counts / counts.sum(1, keepdims=True)
    mean = share @ levels
    below = np.cumsum(share, axis=1)
    stats = {
        "min": levels[(counts > 0).argmax(1)],
        "max": levels[255 - (counts[:, ::-1] > 0).argmax(1)],
        "mean": mean,
        "std": np.sqrt(np.maximum(0, share @ levels**2 - mean**2)),
        **{quantile_name(q): levels[(below >= q - 1e-12).argmax(1)] for q in QUANTILES},
    }
    return {name: value.reshape(3, 1, 1).tolist() for name, value in stats.items()} | {"count": [len(images)]}


def vector_stats(values: np.ndarray) -> dict[str, list]:
    """Statistics of [T, size] or [T] over the episode."""
    values = values.reshape(len(values), -1).astype(np.float64)
    stats = {"min": values.min(0), "max": values.max(0), "mean": values.mean(0), "std": values.std(0)}
    stats |= {quantile_name(q): value for q, value in zip(QUANTILES, np.quantile(values, QUANTILES, axis=0))}
    return {name: value.tolist() for name, value in stats.items()} | {"count": [len(values)]}


def quantile_name(q: float) -> str:
    return f"q{round(100 * q):02d}"


def merge_stats(episodes: list[dict[str, list]]) -> dict[str, list]:
    """One feature's statistics over all episodes, by LeRobot's rule: lower quantiles are the least of the episodes, upper ones the greatest."""
    stack = lambda name: np.array([episode[name] for episode in episodes], np.float64)
    count = stack("count")
    weight = (count / count.sum()).reshape(-1, *[1] * (stack("mean").ndim - 1))
    mean = (weight * stack("mean")).sum(0)
    variance = (weight * (stack("std") ** 2 + (stack("mean") - mean) ** 2)).sum(0)
    least = ("min", *(quantile_name(q) for q in QUANTILES if q <= 0.5))
    greatest = ("max", *(quantile_name(q) for q in QUANTILES if q > 0.5))
    merged = {**{name: stack(name).min(0) for name in least}, **{name: stack(name).max(0) for name in greatest}, "mean": mean, "std": np.sqrt(variance)}
    return {name: value.tolist() for name, value in merged.items()} | {"count": [int(count.sum())]}


def write_video(file: Path, part: Part, fps: int, kind: str, threads: int) -> list[dict[str, list]]:
    """All pictures of a part one after the other; statistics of every episode's."""
    encoder, pixels, options = VIDEOS[kind]
    stats = []
    with Finished(file) as beside, av.open(str(beside), "w", format="mp4") as container:
        stream = None
        for shard in part.shards:
            for images in np.load(shard / "images.npy", mmap_mode="r"):
                if stream is None:
                    stream = container.add_stream(encoder, fps, options={**options, "g": str(KEYFRAMES), "threads": str(threads)})
                    stream.height, stream.width = images.shape[1:3]
                    stream.pix_fmt = pixels
                if images.shape[1:] != (stream.height, stream.width, 3):
                    raise ValueError(f"{shard} has pictures of {images.shape[1:]}, others {stream.height}x{stream.width}; collect into a new folder")
                stats.append(image_stats(images))
                for image in images:
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return stats


def write_part(out: Path, number: int, part: Part, description: dict, conversion: Conversion, threads: int) -> None:
    """Data and video of a part, and last what meta/episodes says of it: where that is, the part is finished."""
    fps = frame_rate(description)
    place = {"chunk_index": number // FILES_PER_CHUNK, "file_index": number % FILES_PER_CHUNK}
    columns = columns_of(part, description, conversion, fps)
    write_data(out / DATA_PATH.format(**place), columns)
    pictures = write_video(out / VIDEO_PATH.format(video_key=IMAGE, **place), part, fps, conversion.video, threads)
    frames = columns["index"].shape[1]
    rows = []
    for i in range(part.episodes):
        stats = {IMAGE: pictures[i], **{name: vector_stats(column[i]) for name, column in columns.items()}}
        rows.append({
            "episode_index": part.first_episode + i,
            "tasks": [conversion.task],
            "length": frames,
            **{f"data/{name}": value for name, value in place.items()},
            "dataset_from_index": (part.first_episode + i) * frames,
            "dataset_to_index": (part.first_episode + i + 1) * frames,
            **{f"videos/{IMAGE}/{name}": value for name, value in place.items()},
            f"videos/{IMAGE}/from_timestamp": i * frames / fps,
            f"videos/{IMAGE}/to_timestamp": (i + 1) * frames / fps,
            **{f"stats/{feature}/{name}": value for feature, one in stats.items() for name, value in one.items()},
            **{f"meta/episodes/{name}": value for name, value in place.items()},
        })
    with Finished(out / EPISODES_PATH.format(**place)) as beside:
        pq.write_table(pa.Table.from_pylist(rows), beside, compression="snappy")


def write_tasks(file: Path, task: str) -> None:
    """The text is the index of a table of pandas, which LeRobot reads it with; pandas finds that in the file's metadata."""
    column = lambda name, kind, numpy: {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy, "metadata": None}
    pandas = {
        "index_columns": ["task"],
        "column_indexes": [{"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object", "metadata": {"encoding": "UTF-8"}}],
        "columns": [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
        "pandas_version": "2.3.3",
    }
    table = pa.table({"task_index": pa.array([0], pa.int64()), "task": pa.array([task])})
    with Finished(file) as beside:
        pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), beside)


def write_meta(out: Path, parts: list[Part], description: dict, conversion: Conversion) -> None:
    """info.json, stats.json and tasks.parquet, from the finished parts."""
    fps = frame_rate(description)
    features = describe_features(description, conversion)
    with av.open(str(out / VIDEO_PATH.format(video_key=IMAGE, chunk_index=0, file_index=0))) as container:
        stream = container.streams.video[0]
        features[IMAGE]["info"] = {
            "video.height": stream.height, "video.width": stream.width, "video.codec": stream.codec.canonical_name, "video.pix_fmt": stream.pix_fmt,
            "video.fps": fps, "video.channels": 3, "video.g": KEYFRAMES, "has_audio": False, "is_depth_map": False,
        }
    rows = [row for file in sorted((out / "meta/episodes").glob("*/*.parquet")) for row in pq.read_table(file).to_pylist()]
    episodes, frames = sum(part.episodes for part in parts), sum(row["length"] for row in rows)
    assert [row["episode_index"] for row in rows] == list(range(episodes)), "parts are numbered in order"
    names = (*("min", "max", "mean", "std", "count"), *(quantile_name(q) for q in QUANTILES))
    stats = {feature: merge_stats([{name: row[f"stats/{feature}/{name}"] for name in names} for row in rows]) for feature in features}
    info = {
        "codebase_version": VERSION,
        "fps": fps,
        "features": features,
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": 1,
        "chunks_size": FILES_PER_CHUNK,
        "data_files_size_in_mb": DATA_FILE_MB,
        "video_files_size_in_mb": VIDEO_FILE_MB,
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH,
        "robot_type": conversion.robot,
        "splits": {"train": f"0:{episodes}"},
    }
    write_tasks(out / TASKS_FILE, conversion.task)
    for file, content in ((STATS_FILE, stats), (INFO_FILE, info)):
        with Finished(out / file) as beside:
            beside.write_text(json.dumps(content, indent=4) + "\n")


def convert(data: Path, out: Path, conversion: Conversion, *, threads: int = 1) -> None:
    """Raises FileNotFoundError, FileExistsError or ValueError, with what to do."""
    if out.exists():
        raise FileExistsError(f"{out} is there already; choose another --out, or delete it to convert again")
    description = read_description(data)
    frame_rate(description)
    image = description["image"]
    if conversion.video == "playable" and (image["width"] % 2 or image["height"] % 2):
        raise ValueError(f"the pictures are {image['width']}x{image['height']}: playable video takes even sizes; convert with --video lossless")
    parts = divide(data, conversion.episodes_per_file)
    work = out.with_name(out.name + ".part")
    shards = [shard.name for part in parts for shard in part.shards]
    text = json.dumps({"description": description, "conversion": {**conversion.__dict__, "shards": shards}}, indent=2) + "\n"
    collection = work / COLLECTION_FILE
    if collection.exists() and collection.read_text() != text:
        raise FileExistsError(f"{work} was begun from other shards or with other options; delete it, or give the same")
    with Finished(collection) as beside:
        beside.write_text(text)
    total, begun, made = sum(part.episodes for part in parts), time.monotonic(), 0
    for number, part in enumerate(parts):
        finished = work / EPISODES_PATH.format(chunk_index=number // FILES_PER_CHUNK, file_index=number % FILES_PER_CHUNK)
        if not finished.exists():
            write_part(work, number, part, description, conversion, threads)
            made += part.episodes
        done = part.first_episode + part.episodes
        left_s = (time.monotonic() - begun) / max(1, made) * (total - done)
        print(f"to_lerobot: {done} of {total} episodes" + (f", about {left_s:.0f} s left" if made and done < total else ""), file=sys.stderr, flush=True)
    write_meta(work, parts, description, conversion)
    work.rename(out)


def size_mb(folder: Path, pattern: str = "**/*") -> float:
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that sim/collect wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the LeRobot data set, which must not be there yet")
    parser.add_argument("--video", choices=VIDEOS, default="lossless", help="lossless: the same pixels; playable: H.264 that every player shows")
    parser.add_argument("--truths", action=argparse.BooleanOptionalAction, default=True, help=f"the simulator's positions, as {TRUTH}")
    parser.add_argument("--episodes-per-file", type=int, default=250, help="episodes in one parquet file and one video")
    parser.add_argument("--task", default="explore the table", help="the text LeRobot wants for every episode")
    parser.add_argument("--robot", default="fr3", help="robot_type in meta/info.json")
    parser.add_argument("--threads", type=int, default=1, help="threads of the video encoder")
    arguments = parser.parse_args()
    for name, value in (("episodes-per-file", arguments.episodes_per_file), ("threads", arguments.threads)):
        if value < 1:
            sys.exit(f"to_lerobot: --{name} is {value}; give a whole number from 1")
    conversion = Conversion(arguments.video, arguments.truths, arguments.episodes_per_file, arguments.task, arguments.robot)
    try:
        convert(arguments.data, arguments.out, conversion, threads=arguments.threads)
    except (OSError, ValueError) as error:
        sys.exit(f"to_lerobot: {error}")
    except KeyboardInterrupt:
        sys.exit("to_lerobot: interrupted; run it again to go on")
    print(f"to_lerobot: {arguments.out}: {size_mb(arguments.out):.1f} MB, the shards {size_mb(arguments.data, 'shard-*/*.npy'):.1f} MB")


if __name__ == "__main__":
    main()
