"""The episodes of docs/memory.md, read by MCAP's own Python library: what others open them with shares no code with what wrote them."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

reader = pytest.importorskip("mcap.reader")
decoder = pytest.importorskip("mcap_ros2.decoder")
ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "dist" / "test" / "memory" / "write-made-up.js"


@pytest.mark.skipif(shutil.which("node") is None or not PROGRAM.exists(), reason="node or the compiled tests are not here: npm run build")
def test_an_episode_is_an_mcap_file_of_ros_2_messages(tmp_path):
    said = subprocess.run(["node", PROGRAM, tmp_path], capture_output=True, text=True, check=True, timeout=60)
    expected = json.loads(said.stdout)
    messages = {}
    with open(expected["file"], "rb") as file:
        mcap = reader.make_reader(file, validate_crcs=True, decoder_factories=[decoder.DecoderFactory()])
        assert mcap.get_header().profile == "ros2"
        # A file with an index, which seeking readers want.
        assert mcap.get_summary().statistics.message_count > 0 and mcap.get_summary().chunk_indexes
        metadata = {record.name: json.loads(record.metadata["json"]) for record in mcap.iter_metadata()}
        for _schema, channel, _message, decoded in mcap.iter_decoded_messages():
            messages.setdefault(channel.topic, []).append(decoded)
    assert metadata["jepa_mpc.episode"]["id"] == expected["id"]
    assert metadata["jepa_mpc.outcome"]["kind"] == expected["outcome"]
    assert [m.message for m in messages["/jepa_mpc/status"]] == expected["sentences"]
    steps = expected["steps"]
    np.testing.assert_array_equal([m.data for m in messages["/jepa_mpc/latent"]], [s["latent"] for s in steps])
    np.testing.assert_array_equal([m.position for m in messages["/joint_states"]], [s["positions"] for s in steps])
    np.testing.assert_array_equal([m.data for m in messages["/jepa_mpc/plan"]], [s["plan"] for s in steps])
    assert [m.data for m in messages["/jepa_mpc/step/plan_ms"]] == [s["planMs"] for s in steps]
    assert [d.size for d in messages["/jepa_mpc/plan"][0].layout.dim] == [6, 4]
    # Through another library than the one that packed them.
    image = pytest.importorskip("matplotlib.image")
    for message, step in zip(messages["/camera/image_raw/compressed"], steps, strict=True):
        pixels = np.round(255 * image.imread(io.BytesIO(bytes(message.data)), format="png")).astype(int)
        np.testing.assert_array_equal(pixels[..., :3].ravel(), step["pixels"])
