"""Shards to a LeRobot data set and back, with real parquet and video; and what a reader of other people's data sets must refuse."""

import json
import sys
from fractions import Fraction

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import to_lerobot
from conftest import SIZE, STEPS, make_episodes, write_data, write_shard
from jepa.lerobot import TRUTH, Features, load_any, load_lerobot

IMAGE = Features.image
EPISODES = 7


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Two shards, of 3 and 4 episodes."""
    return write_data(tmp_path_factory.mktemp("lerobot") / "data", make_episodes(EPISODES))


@pytest.fixture(scope="module")
def made(shards):
    out = shards.parent / "made"
    run(shards, out, "--episodes-per-file", "4")
    return out


def run(data, out, *more):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["to_lerobot.py", "--data", str(data), "--out", str(out), *more])
        to_lerobot.main()


def numbered(folder, lengths, *, fps=10, width=64, height=48, stored="video", names=("robot.joints", "robot.command", "observation.images.wrist"), **change):
    """A data set as another robot's recorder leaves it: other names, episodes of `lengths` frames, one video; each number and pixel says its frame."""
    state, action, image = names
    rows = [(episode, frame) for episode, length in enumerate(lengths) for frame in range(length)]
    grey = lambda episode, frame: 20 + 40 * episode + 3 * frame
    picture = lambda episode, frame: np.full((height, width, 3), grey(episode, frame), np.uint8)
    (folder / "data/chunk-000").mkdir(parents=True)
    (folder / "meta/episodes/chunk-000").mkdir(parents=True)
    columns = {
        state: pa.array([[float(100 * e + t), 1.0] for e, t in rows], pa.list_(pa.float32())),
        action: pa.array([[float(100 * e + t)] * 3 for e, t in rows], pa.list_(pa.float32())),
        "timestamp": pa.array([t / change.get("real_fps", fps) for _, t in rows], pa.float32()),
        "frame_index": pa.array([t for _, t in rows], pa.int64()),
        "episode_index": pa.array([e for e, _ in rows], pa.int64()),
    }
    if stored == "image":
        columns[image] = pa.array([{"bytes": png(picture(e, t)), "path": None} for e, t in rows])
    # Not in order, as after merging data sets.
    order = np.argsort([t % 2 for _, t in rows], kind="stable")
    pq.write_table(pa.table(columns).take(order), folder / "data/chunk-000/file-000.parquet")
    starts = np.r_[0, np.cumsum(lengths)[:-1]]
    pq.write_table(pa.table({
        "episode_index": list(range(len(lengths))), f"videos/{image}/chunk_index": [0] * len(lengths), f"videos/{image}/file_index": [0] * len(lengths),
        f"videos/{image}/from_timestamp": [float(start / fps) for start in starts],
    }), folder / "meta/episodes/chunk-000/file-000.parquet")
    if stored == "video":
        file = folder / "videos" / image / "chunk-000/file-000.mp4"
        file.parent.mkdir(parents=True)
        with av.open(str(file), "w") as container:
            stream = container.add_stream("libx264rgb", fps, options={"qp": "0"})
            stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
            for row in rows[: len(rows) - change.get("lost", 0)]:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(*row), format="rgb24")))
            container.mux(stream.encode())
    (folder / "meta/info.json").write_text(json.dumps({
        "codebase_version": change.get("version", "v3.0"), "fps": fps, "total_frames": change.get("total", len(rows)), "total_episodes": len(lengths),
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
        "features": {
            state: {"dtype": "float32", "shape": [2], "names": {"motors": ["shoulder", "elbow"]}},
            action: {"dtype": "float32", "shape": [3], "names": None},
            image: {"dtype": stored, "shape": [height, width, 3], "names": ["height", "width", "channels"]},
        },
    }))
    return folder, grey


def png(picture):
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = picture.shape[1], picture.shape[0], "rgb24", Fraction(1)
    return b"".join(bytes(packet) for packet in [*codec.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")), *codec.encode()])


OTHER = dict(state="robot.joints", action="robot.command", image="observation.images.wrist")


class TestRoundTrip:
    def test_everything_comes_back_as_it_was(self, shards, made):
        before, after = load_any(shards), load_any(made)
        for name in ("images", "states", "actions", "truths"):
            one, other = getattr(before, name), getattr(after, name)
            assert one.dtype == other.dtype and one.shape == other.shape, name
            assert (one == other).all(), name
        assert before.images.std() > 10, "pictures of something"
        assert after.description == {**before.description, "format": "LeRobot v3.0"}

    def test_without_pictures_there_are_none_and_the_numbers_are_the_same(self, shards, made):
        after = load_lerobot(made, pictures=False)
        assert after.images.size == 0 and len(after) == EPISODES
        assert (after.states == load_any(shards).states).all()

    def test_cut_into_pieces_that_share_a_frame(self, shards, made):
        before, after = load_any(shards), load_any(made, Features(steps=3))
        assert len(after) == 2 * EPISODES and after.actions.shape[1] == 3 and after.images.shape[1] == 4
        for piece in range(2):
            assert (after.images[piece::2] == before.images[:, 3 * piece : 3 * piece + 4]).all()
            assert (after.states[piece::2] == before.states[:, 3 * piece : 3 * piece + 4]).all()
            assert (after.actions[piece::2] == before.actions[:, 3 * piece : 3 * piece + 3]).all()

    def test_playable_video_is_near(self, shards, tmp_path):
        run(shards, tmp_path / "made", "--video", "playable")
        error = np.abs(load_any(tmp_path / "made").images.astype(int) - load_any(shards).images)
        assert 0 < error.mean() < 6
        info = json.loads((tmp_path / "made/meta/info.json").read_text())
        assert info["features"][IMAGE]["info"]["video.pix_fmt"] == "yuv420p"

    def test_without_truths_they_are_not_numbers(self, shards, tmp_path):
        run(shards, tmp_path / "made", "--no-truths")
        info = json.loads((tmp_path / "made/meta/info.json").read_text())
        assert TRUTH not in info["features"]
        assert TRUTH not in pq.read_schema(tmp_path / "made/data/chunk-000/file-000.parquet").names
        truths = load_any(tmp_path / "made").truths
        assert truths.shape == (EPISODES, STEPS + 1, 9) and np.isnan(truths).all()


class TestLayout:
    """As LeRobot's own code of version 3.0 has it."""

    def test_files(self, made):
        files = {str(file.relative_to(made)) for file in made.rglob("*") if file.is_file()}
        numbered_files = lambda prefix, suffix: {f"{prefix}/chunk-000/file-00{i}.{suffix}" for i in range(2)}
        assert files == {
            "meta/info.json", "meta/stats.json", "meta/tasks.parquet", "meta/collection.json", *numbered_files("meta/episodes", "parquet"),
            *numbered_files("data", "parquet"), *numbered_files(f"videos/{IMAGE}", "mp4"),
        }

    def test_info(self, made):
        info = json.loads((made / "meta/info.json").read_text())
        assert (info["codebase_version"], info["fps"], info["total_episodes"], info["total_frames"], info["total_tasks"]) == ("v3.0", 5, 7, 63, 1)
        assert isinstance(info["fps"], int) and info["splits"] == {"train": "0:7"}
        assert info["data_path"] == "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
        assert info["video_path"] == "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
        features = info["features"]
        assert features["observation.state"]["shape"] == [7] and features["observation.state"]["names"][3] == "gripper_opening"
        assert features["action"] == {"dtype": "float32", "shape": [4], "names": ["dx", "dy", "dz", "gripper"]}
        assert (features[IMAGE]["dtype"], features[IMAGE]["shape"], features[IMAGE]["names"]) == ("video", [SIZE, SIZE, 3], ["height", "width", "channels"])
        assert features[IMAGE]["info"]["video.codec"] == "h264" and features[IMAGE]["info"]["video.fps"] == 5
        for name in ("frame_index", "episode_index", "index", "task_index"):
            assert features[name] == {"dtype": "int64", "shape": [1], "names": None}
        assert features["timestamp"] == {"dtype": "float32", "shape": [1], "names": None}

    def test_frames(self, made):
        tables = [pq.read_table(made / f"data/chunk-000/file-00{i}.parquet") for i in range(2)]
        assert [len(table) for table in tables] == [3 * 9, 4 * 9]
        assert tables[0].schema.field("action").type == pa.list_(pa.float32(), 4)
        assert [pq.read_metadata(made / f"data/chunk-000/file-00{i}.parquet").num_row_groups for i in range(2)] == [3, 4], "one an episode"
        both = pa.concat_tables(tables).to_pydict()
        assert both["index"] == list(range(63)) and both["frame_index"] == list(range(9)) * 7
        assert both["episode_index"] == [e for e in range(7) for _ in range(9)] and set(both["task_index"]) == {0}
        assert np.allclose(both["timestamp"], np.arange(63) % 9 / 5)
        assert both["action"][8] == [0, 0, 0, both["action"][7][3]], "the last frame's action moves nothing"

    def test_episodes(self, made):
        rows = [row for i in range(2) for row in pq.read_table(made / f"meta/episodes/chunk-000/file-00{i}.parquet").to_pylist()]
        assert [row["episode_index"] for row in rows] == list(range(7)) and {row["length"] for row in rows} == {9}
        assert [(row["dataset_from_index"], row["dataset_to_index"]) for row in rows] == [(9 * e, 9 * e + 9) for e in range(7)]
        for kind in ("data", f"videos/{IMAGE}", "meta/episodes"):
            assert [(row[f"{kind}/chunk_index"], row[f"{kind}/file_index"]) for row in rows] == [(0, 0)] * 3 + [(0, 1)] * 4
        begins = [row[f"videos/{IMAGE}/from_timestamp"] for row in rows]
        assert np.allclose(begins, [0, 1.8, 3.6, 0, 1.8, 3.6, 5.4]) and np.allclose(rows[6][f"videos/{IMAGE}/to_timestamp"], 7.2)
        assert all(row["tasks"] == ["explore the table"] for row in rows)

    def test_the_task_is_the_index_of_a_pandas_table(self, made):
        table = pq.read_table(made / "meta/tasks.parquet")
        assert table.to_pydict() == {"task_index": [0], "task": ["explore the table"]}
        assert table.schema.pandas_metadata["index_columns"] == ["task"]

    def test_statistics(self, shards, made):
        episodes, stats = load_any(shards), json.loads((made / "meta/stats.json").read_text())
        states, pixels = episodes.states.reshape(-1, 7).astype(np.float64), episodes.images.reshape(-1, 3) / 255
        for name, exact in (("observation.state", states), (IMAGE, pixels)):
            for key, value in (("mean", exact.mean(0)), ("std", exact.std(0)), ("min", exact.min(0)), ("max", exact.max(0))):
                assert np.allclose(np.ravel(stats[name][key]), value, atol=1e-6), (name, key)
            assert stats[name]["count"] == [63]
        assert np.shape(stats[IMAGE]["q50"]) == (3, 1, 1) and np.shape(stats["timestamp"]["q99"]) == (1,)
        row = pq.read_table(made / "meta/episodes/chunk-000/file-000.parquet").to_pylist()[1]
        assert np.allclose(row["stats/observation.state/q90"], np.quantile(episodes.states[1], 0.9, axis=0), atol=1e-6)
        exact = np.quantile(episodes.images[1].reshape(-1, 3), 0.9, axis=0, method="inverted_cdf") / 255
        assert np.allclose(np.ravel(row[f"stats/{IMAGE}/q90"]), exact)


class TestConversion:
    def test_goes_on_where_it_was_interrupted(self, shards, tmp_path, monkeypatch):
        write_video, calls = to_lerobot.write_video, []

        def interrupted(*arguments):
            calls.append(arguments)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return write_video(*arguments)

        monkeypatch.setattr(to_lerobot, "write_video", interrupted)
        out = tmp_path / "made"
        with pytest.raises(SystemExit, match="run it again to go on"):
            run(shards, out, "--episodes-per-file", "4")
        assert not out.exists(), "what is not whole is not there"
        first = next((tmp_path / "made.part").rglob("*.mp4"))
        before = first.stat().st_mtime_ns
        run(shards, out, "--episodes-per-file", "4")
        assert len(calls) == 3, "the finished file is not made again"
        assert (out / first.relative_to(tmp_path / "made.part")).stat().st_mtime_ns == before
        assert (load_any(out).images == load_any(shards).images).all() and not list(out.rglob("*.part"))

    def test_another_conversion_is_not_mixed_in(self, shards, tmp_path, monkeypatch):
        monkeypatch.setattr(to_lerobot, "write_meta", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(SystemExit):
            run(shards, tmp_path / "made")
        monkeypatch.undo()
        with pytest.raises(SystemExit, match="begun from other shards or with other options"):
            run(shards, tmp_path / "made", "--no-truths")

    def test_refuses_to_overwrite(self, shards, made):
        with pytest.raises(SystemExit, match="is there already"):
            run(shards, made)

    def test_refuses_what_is_not_finite(self, tmp_path):
        episodes = make_episodes(2)
        episodes.states[1, 2, 3] = np.nan
        write_data(tmp_path / "data", episodes)
        with pytest.raises(SystemExit, match="states|observation.state has numbers that are not finite"):
            run(tmp_path / "data", tmp_path / "made")
        assert not (tmp_path / "made").exists()

    def test_refuses_a_period_that_is_no_frame_rate(self, tmp_path):
        data = write_data(tmp_path / "data", make_episodes(2))
        description = json.loads((data / "dataset.json").read_text())
        (data / "dataset.json").write_text(json.dumps({**description, "period_s": 0.3}))
        with pytest.raises(SystemExit, match="period_s is 0.3: LeRobot takes whole frames a second"):
            run(data, tmp_path / "made")

    def test_refuses_a_folder_without_data(self, tmp_path):
        with pytest.raises(SystemExit, match="dataset.json is missing; make the data first"):
            run(tmp_path, tmp_path / "made")

    def test_refuses_pictures_of_another_size(self, tmp_path):
        data = write_data(tmp_path / "data", make_episodes(2))
        odd = make_episodes(1)
        write_shard(data / "shard-00002", type(odd)(odd.images[:, :, ::2, ::2], odd.states, odd.actions, odd.truths, odd.description))
        with pytest.raises(SystemExit, match="collect into a new folder"):
            run(data, tmp_path / "made")


class TestOtherRobots:
    @pytest.mark.parametrize("stored", ["video", "image"])
    def test_other_names_and_episodes_of_several_lengths(self, tmp_path, stored):
        folder, grey = numbered(tmp_path / "robot", [8, 3, 6], stored=stored)
        episodes = load_any(folder, Features(**OTHER, steps=3, image_size=32))
        # 7, 2 and 5 actions: two pieces, none, one.
        at = [(0, 0), (0, 3), (2, 0)]
        assert episodes.images.shape == (3, 4, 32, 32, 3) and episodes.states.shape == (3, 4, 2) and episodes.actions.shape == (3, 3, 3)
        for piece, (episode, start) in enumerate(at):
            assert (episodes.states[piece, :, 0] == 100 * episode + start + np.arange(4)).all()
            assert (episodes.actions[piece, :, 2] == 100 * episode + start + np.arange(3)).all()
            assert (episodes.images[piece, :, 5, 7, 1] == [grey(episode, start + t) for t in range(4)]).all()
        assert np.isnan(episodes.truths).all() and episodes.truths.shape == (3, 4, 9)
        description = episodes.description
        assert description["period_s"] == 0.1 and description["steps"] == 3 and description["image"]["height"] == 32
        assert description["state"] == ["shoulder", "elbow"] and description["action"] == ["0", "1", "2"]

    def test_crops_the_middle(self, tmp_path):
        folder, _ = numbered(tmp_path / "robot", [2], stored="image", width=96, height=48)
        file = folder / "data/chunk-000/file-000.parquet"
        stripes = np.zeros((48, 96, 3), np.uint8)
        stripes[:, 24:72] = 200
        table = pq.read_table(file)
        column = pa.array([{"bytes": png(stripes), "path": None}] * 2)
        pq.write_table(table.set_column(table.schema.get_field_index(OTHER["image"]), OTHER["image"], column), file)
        assert (load_any(folder, Features(**OTHER, image_size=48)).images == 200).all()

    @pytest.mark.parametrize("wanted, change, message", [
        (dict(), dict(), r"state is to be 'observation\.state', no such feature; name one of robot\.joints, robot\.command with --data-state"),
        (dict(OTHER, image="robot.joints"), dict(), r"float32 of shape \[2\] there; name one of observation\.images\.wrist with --data-image"),
        (dict(OTHER), dict(lengths=[5, 3]), r"episodes of 2 to 4 actions; cut them into equal pieces with --data-steps T \(T=2 keeps 100% of the actions\)"),
        (dict(OTHER, steps=9), dict(), r"no episode has 9 actions, the longest has 4; choose fewer with --data-steps"),
        (dict(OTHER, fps=5), dict(), r"has 10 frames a second and 5 are wanted"),
        (dict(OTHER), dict(), r"the pictures are 64x48 and the encoder takes squares; crop them with --data-image-size"),
        (dict(OTHER, image_size=32), dict(real_fps=9), r"timestamps of episode 0 are up to 0\.044 s off 10 frames a second"),
        (dict(OTHER, image_size=32), dict(lost=2), r"file-000\.mp4 lacks 2 pictures, the first at 0\.300 s"),
        (dict(OTHER, image_size=32), dict(total=9), r"has 5 frames and meta/info\.json says 9"),
        (dict(OTHER, image_size=32), dict(version="v2.1"), r"version v2\.1, this reads v3; convert it"),
    ])
    def test_refuses_in_one_line_that_says_what_to_do(self, tmp_path, wanted, change, message):
        change = dict(change)
        folder, _ = numbered(tmp_path / "robot", change.pop("lengths", [5]), **change)
        with pytest.raises(ValueError, match=message) as error:
            load_any(folder, Features(**wanted))
        assert "\n" not in str(error.value)

    def test_refuses_numbers_that_are_not_finite(self, tmp_path):
        folder, _ = numbered(tmp_path / "robot", [4])
        file = folder / "data/chunk-000/file-000.parquet"
        table = pq.read_table(file)
        bad = pa.array([[float("nan"), 0.0]] * 4, pa.list_(pa.float32()))
        pq.write_table(table.set_column(0, "robot.joints", bad), file)
        with pytest.raises(ValueError, match="robot.joints has numbers that are not finite"):
            load_any(folder, Features(**OTHER, image_size=32))

    def test_refuses_an_episode_with_a_frame_missing(self, tmp_path):
        folder, _ = numbered(tmp_path / "robot", [4, 4], total=7)
        file = folder / "data/chunk-000/file-000.parquet"
        table = pq.read_table(file)
        keep = [not (row["episode_index"] == 1 and row["frame_index"] == 2) for row in table.to_pylist()]
        pq.write_table(table.filter(pa.array(keep)), file)
        with pytest.raises(ValueError, match="episode 1 lacks frames"):
            load_any(folder, Features(**OTHER, image_size=32))

    def test_a_folder_that_is_neither_kind(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="dataset.json is missing"):
            load_any(tmp_path)
        with pytest.raises(FileNotFoundError, match=r"meta/info\.json is missing; make a LeRobot data set"):
            load_lerobot(tmp_path)
