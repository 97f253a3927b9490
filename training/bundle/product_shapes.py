"""Writes into a graph how many rows its matrix products have, for whoever counts its arithmetic: exporters lose it where rows are of several steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

# Populations that no other size of a graph is.
FEW, MANY = 1013, 2027


def note_product_shapes(file: Path, name: str, axis: str) -> None:
    """Adds the shapes of what goes into products, found by running `file` with two populations of input `name`; a size that grows with them is written as `axis` or `10*axis`.

    Raises ValueError for sizes that grow in another way.
    """
    model = onnx.load(file)
    graph = model.graph
    given = {value.name for value in [*graph.input, *graph.initializer]}
    watched = sorted({node.input[0] for node in graph.node if node.op_type in ("Gemm", "MatMul")} - given)
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    known = {value.name for value in graph.output}
    probe.graph.output.extend(helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in watched if value not in known)
    options = onnxruntime.SessionOptions()
    # What is fused is not there to be watched.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
    few, many = ([value.shape for value in session.run(watched, _feed(session, name, count))] for count in (FEW, MANY))
    for value, first, second in zip(watched, few, many):
        graph.value_info.append(helper.make_tensor_value_info(value, TensorProto.FLOAT, [_size(value, a, b, axis) for a, b in zip(first, second)]))
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _feed(session: onnxruntime.InferenceSession, name: str, count: int) -> dict[str, np.ndarray]:
    return {value.name: np.zeros([count if value.name == name and at == 0 else size for at, size in enumerate(value.shape)], np.float32) for value in session.get_inputs()}


def _size(value: str, few: int, many: int, axis: str) -> int | str:
    if few == many:
        return few
    if few % FEW or few // FEW * MANY != many:
        raise ValueError(f"{value} has a size of {few} with {FEW} candidates and {many} with {MANY}: not a multiple of them")
    return axis if few == FEW else f"{few // FEW}*{axis}"
