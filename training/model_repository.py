"""Writes a bundle as a model repository for inference servers: Triton's layout, and in the same folders what MLServer needs.

    python training/model_repository.py --bundle models/arm-objects-jepa --out repository

Each graph becomes a model `<bundle>-<graph>` with one version, whose number is made of the file's SHA-256, so that the robot can tell whether a server has the graph of its
bundle. How the servers are started and the robot is told of them: docs/remote.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from bundle.pbtxt import Enum, text
from bundle.write import new_folder

REMOTE = Path(__file__).parent.parent / "remote"
MLSERVER_RUNTIME = REMOTE / "onnx_model.py"
TRITON_PYTHON_MODEL = REMOTE / "triton_model.py"
# Says that a folder was made here and may be replaced.
MARKER = "jepa-mpc-repository.json"
# The element types of bundles: in ONNX Runtime, in Triton's configurations, in the protocol.
TYPES = {"tensor(float)": ("TYPE_FP32", "FP32", np.float32), "tensor(uint8)": ("TYPE_UINT8", "UINT8", np.uint8)}
# MLServer's gRPC would take no more than 4 MB.
LARGEST_MESSAGE = 2**31 - 1


@dataclass(frozen=True)
class Tensor:
    """`shape` has -1 for a size that is only known at run time."""

    name: str
    element: str
    shape: tuple[int, ...]

    def triton(self) -> dict:
        return {"name": self.name, "data_type": Enum(TYPES[self.element][0]), "dims": list(self.shape)}

    def protocol(self) -> dict:
        return {"name": self.name, "datatype": TYPES[self.element][1], "shape": list(self.shape)}


@dataclass(frozen=True)
class Options:
    """`threads` of each session on a CPU; `instances` of each model that a server runs at once; `backend` of Triton, `onnxruntime` or `python`."""

    device: str = "cpu"
    instances: int = 1
    threads: int = 1
    host: str = "127.0.0.1"
    backend: str = "onnxruntime"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="where Triton runs the models (default: cpu)")
    parser.add_argument("--instances", type=int, default=1, help="of each model at once, in Triton: one for each robot (default: 1)")
    parser.add_argument("--threads", type=int, default=1, help="of a run on a CPU (default: 1)")
    parser.add_argument("--host", default="127.0.0.1", help="address on which MLServer listens, without encryption (default: 127.0.0.1)")
    parser.add_argument("--triton-backend", choices=("onnxruntime", "python"), default="onnxruntime",
                        help="python: for a Triton that has no backend for ONNX Runtime, but Python with the package onnxruntime (default: onnxruntime)")
    arguments = parser.parse_args(argv)
    try:
        for name in ("instances", "threads"):
            if getattr(arguments, name) < 1:
                raise ValueError(f"--{name} is {getattr(arguments, name)}: must be at least 1")
        models = write_repository(arguments.bundle, arguments.out, Options(arguments.device, arguments.instances, arguments.threads, arguments.host, arguments.triton_backend))
    except (OSError, ValueError) as error:
        print(f"model_repository: {error}", file=sys.stderr)
        return 1
    for model in models:
        print(f"{model['name']} version {model['version']}")
    return 0


def write_repository(bundle: Path, out: Path, options: Options = Options()) -> list[dict]:
    """Writes `out` whole or not at all and returns name, version and sha256 of each model. Raises ValueError for a bundle that does not hold what its manifest says."""
    manifest = _read_manifest(bundle)
    models = []
    with new_folder(out, MARKER, "model repository") as part:
        for file, entry in manifest["files"].items():
            model = _read_graph(bundle, file, entry)
            name, version = served_name(manifest["name"], file), served_version(entry["sha256"])
            session = _load(model, file)
            inputs, outputs = tensors(file, session.get_inputs()), tensors(file, session.get_outputs())
            _check_shapes(session, file, inputs, outputs)
            folder = part / name
            (folder / str(version)).mkdir(parents=True)
            (folder / str(version) / "model.onnx").write_bytes(model)
            (folder / "config.pbtxt").write_text(triton_config(name, version, entry["sha256"], inputs, outputs, options))
            _write_json(folder / "model-settings.json", mlserver_settings(name, version, entry["sha256"], inputs, outputs, options))
            shutil.copyfile(MLSERVER_RUNTIME, folder / MLSERVER_RUNTIME.name)
            if options.backend == "python":
                shutil.copyfile(TRITON_PYTHON_MODEL, folder / str(version) / "model.py")
            models.append({"name": name, "version": str(version), "sha256": entry["sha256"]})
        # No workers of its own: a run lets go of the interpreter, and a picture more between processes costs more than it gains.
        _write_json(part / "settings.json", {"host": options.host, "parallel_workers": 0, "metrics_endpoint": None, "grpc_max_message_length": LARGEST_MESSAGE})
        _write_json(part / MARKER, {"bundle": manifest["name"], "models": models})
    return models


def served_name(bundle: str, file: str) -> str:
    """What a graph is called on a server; src/world-model/backends/kserve/served-model.ts says the same."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', bundle)}-{Path(file).stem}"


def served_version(sha256: str) -> int:
    """The first 48 bits of the sum, above 2^48: servers pass over versions that begin with a 0."""
    return 2**48 + int(sha256[:12], 16)


def tensors(file: str, values: list[onnxruntime.NodeArg]) -> list[Tensor]:
    """Inputs or outputs as ONNX Runtime sees them: it finds sizes that the file does not say, and servers hold a configuration against those. Raises ValueError for a type that bundles do not have."""
    for value in values:
        if value.type not in TYPES:
            raise ValueError(f"{file}: {value.name} is {value.type}: a bundle has float and uint8 tensors")
    return [Tensor(value.name, value.type, tuple(size if isinstance(size, int) else -1 for size in value.shape)) for value in values]


def triton_config(name: str, version: int, sha256: str, inputs: list[Tensor], outputs: list[Tensor], options: Options) -> str:
    """config.pbtxt. Batching is off: a population is one request, and its shape is the graph's."""
    return text({
        "name": name,
        "backend": options.backend,
        "max_batch_size": 0,
        "default_model_filename": {"onnxruntime": "model.onnx", "python": "model.py"}[options.backend],
        "input": [tensor.triton() for tensor in inputs],
        "output": [tensor.triton() for tensor in outputs],
        "version_policy": {"specific": {"versions": [version]}},
        "instance_group": [{"count": options.instances, "kind": Enum("KIND_GPU" if options.device == "gpu" else "KIND_CPU")}],
        "parameters": [
            {"key": "intra_op_thread_count", "value": {"string_value": str(options.threads)}},
            {"key": "inter_op_thread_count", "value": {"string_value": "1"}},
            {"key": "sha256", "value": {"string_value": sha256}},
        ],
    })


def mlserver_settings(name: str, version: int, sha256: str, inputs: list[Tensor], outputs: list[Tensor], options: Options) -> dict:
    return {
        "name": name,
        "implementation": f"{MLSERVER_RUNTIME.stem}.OnnxModel",
        "platform": "onnxruntime_onnx",
        "versions": [str(version)],
        "inputs": [tensor.protocol() for tensor in inputs],
        "outputs": [tensor.protocol() for tensor in outputs],
        "parameters": {"uri": f"./{version}/model.onnx", "version": str(version), "extra": {"sha256": sha256, "threads": options.threads}},
    }


def _read_manifest(bundle: Path) -> dict:
    file = bundle / "manifest.json"
    try:
        manifest = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}): give the folder of a bundle") from error
    except ValueError as error:
        raise ValueError(f"{file} is not JSON: export the bundle again") from error
    files = manifest.get("files") if isinstance(manifest, dict) else None
    whole = isinstance(files, dict) and {"encoder.onnx", "rollout.onnx"} <= files.keys() and all(
        re.fullmatch(r"[a-z]+\.onnx", name) and isinstance(entry, dict) and re.fullmatch("[0-9a-f]{64}", str(entry.get("sha256"))) for name, entry in files.items())
    if not whole or not isinstance(manifest.get("name"), str) or manifest["name"] == "":
        raise ValueError(f"{file} lists no name, encoder.onnx and rollout.onnx with their sha256: export the bundle again")
    for name, entry in files.items():
        if entry.get("side_files"):
            # The version that a server is asked for says only what the graph's own file is.
            raise ValueError(f"{file}: {name} keeps weights in side files, which a repository cannot hold: export the bundle with --precision fp16")
    return manifest


def _read_graph(bundle: Path, file: str, entry: dict) -> bytes:
    try:
        model = (bundle / file).read_bytes()
    except OSError as error:
        raise ValueError(f"{bundle / file} cannot be read ({error.strerror}): copy or export the bundle again") from error
    found = hashlib.sha256(model).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(f"{bundle / file} has the SHA-256 {found}, the manifest says {entry['sha256']}: copy or export the bundle again")
    return model


def _load(model: bytes, file: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime has a class for each of its codes, and no other name for all of them.
        raise ValueError(f"{file} cannot be loaded ({' '.join(str(error).split())}): export the bundle again") from error


def _check_shapes(session: onnxruntime.InferenceSession, file: str, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    """Runs the graph once, on zeros and with 1 for free sizes: a server refuses a graph whose outputs are not as its configuration says."""
    zeros = {tensor.name: np.zeros([abs(size) for size in tensor.shape], TYPES[tensor.element][2]) for tensor in inputs}
    for tensor, array in zip(outputs, session.run([tensor.name for tensor in outputs], zeros), strict=True):
        if len(array.shape) != len(tensor.shape) or any(said not in (-1, size) for said, size in zip(tensor.shape, array.shape, strict=True)):
            raise ValueError(f"{file}: output {tensor.name} says {list(tensor.shape)} and gives {list(array.shape)}: export the bundle again")


def _write_json(file: Path, value: dict) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
