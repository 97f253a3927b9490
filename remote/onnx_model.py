"""An ONNX file as a model of MLServer, which has no runtime of its own for them. `training/model_repository.py` puts a copy beside each model."""

from __future__ import annotations

import asyncio
import hashlib

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput
from mlserver.utils import get_model_uri

DTYPES = {"FP32": np.float32, "UINT8": np.uint8}
DATATYPES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


class OnnxModel(MLModel):
    """Settings: `parameters.uri` is the file, `parameters.extra` has its `sha256` and the session's `threads`."""

    async def load(self) -> bool:
        uri = await get_model_uri(self.settings)
        with open(uri, "rb") as stream:
            model = stream.read()
        extra = self.settings.parameters.extra
        # The version is made of this sum, and the robot goes by the version: what runs must be what was summed.
        found = hashlib.sha256(model).hexdigest()
        if found != extra["sha256"]:
            raise ValueError(f"{uri} has the SHA-256 {found}, its model-settings.json says {extra['sha256']}: write the model repository again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = extra["threads"]
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # GPU builds of ONNX Runtime bring a provider; the CPU is what is left.
        providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in onnxruntime.get_available_providers()]
        self._session = onnxruntime.InferenceSession(model, options, providers=providers)
        self._outputs = [output.name for output in self._session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        names = [output.name for output in payload.outputs or []] or self._outputs
        try:
            inputs = {tensor.name: _array(tensor) for tensor in payload.inputs}
            # The run lets go of the interpreter, so that the server goes on answering whether it is alive.
            arrays = await asyncio.to_thread(self._session.run, names, inputs)
        except Exception as error:
            raise InferenceError(f"{self.name}: {' '.join(str(error).split())}") from error
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[_output(*pair) for pair in zip(names, arrays, strict=True)])


def _array(tensor: RequestInput) -> np.ndarray:
    if tensor.datatype not in DTYPES:
        raise ValueError(f"input {tensor.name} is {tensor.datatype}: must be one of {', '.join(DTYPES)}")
    return np.array(tensor.data.root, DTYPES[tensor.datatype]).reshape(tensor.shape)


def _output(name: str, array: np.ndarray) -> ResponseOutput:
    return ResponseOutput(name=name, datatype=DATATYPES[array.dtype], shape=list(array.shape), data=array.ravel().tolist())
