"""An ONNX file as a model of Triton's Python backend, for servers without its ONNX Runtime backend. `training/model_repository.py` puts a copy beside the file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import onnxruntime
import triton_python_backend_utils as utils


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        parameters = {name: entry["string_value"] for name, entry in config["parameters"].items()}
        file = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        model = file.read_bytes()
        # The version is made of this sum, and the robot goes by the version: what runs must be what was summed.
        found = hashlib.sha256(model).hexdigest()
        if found != parameters["sha256"]:
            raise utils.TritonModelException(f"{file} has the SHA-256 {found}, its config.pbtxt says {parameters['sha256']}: write the model repository again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(parameters["intra_op_thread_count"])
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        gpu = args["model_instance_kind"] == "GPU"
        self._session = onnxruntime.InferenceSession(model, options, providers=["CUDAExecutionProvider"] if gpu else ["CPUExecutionProvider"])

    def execute(self, requests: list) -> list:
        return [self._answer(request) for request in requests]

    def _answer(self, request: object) -> object:
        # A set.
        names = list(request.requested_output_names())
        try:
            arrays = self._session.run(names, {tensor.name(): tensor.as_numpy() for tensor in request.inputs()})
        except Exception as error:
            return utils.InferenceResponse(error=utils.TritonError(" ".join(str(error).split())))
        return utils.InferenceResponse([utils.Tensor(name, array) for name, array in zip(names, arrays, strict=True)])
