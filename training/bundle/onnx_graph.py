"""Writes a module as one ONNX file, with its weights in the precision that is asked for."""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

PRECISIONS = ("fp32", "fp16", "int8")
OPSET = 18
# A Protocol Buffers message, and so an ONNX file without side files, ends here; some of it is the graph itself.
LARGEST_FILE_BYTES = 2**31 - 1 - 2**24
# Node reads files of less than 2 GiB at once.
SIDE_FILE_BYTES = 2**30
# Smaller tensors stay in the graph: the runtime wants shapes and axes at hand, and norms and biases are little.
SMALLEST_ASIDE = 1024
# Processors read whole lines of their caches.
ALIGNMENT = 64
# Smaller tensors stay float32: they are norms, biases and tables, where 16 bits cost accuracy and save nothing.
SMALLEST_HALF = 1024


def write_graph(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], file: Path, *, dynamic: dict[str, str], precision: str = "fp32",
                exact: tuple[str, ...] = (), largest: int = LARGEST_FILE_BYTES, side: int = SIDE_FILE_BYTES) -> None:
    """Traces `module` with `inputs` (name to example, in the order of its arguments) and writes it to `file`.

    `dynamic` names the first dimension of the inputs and outputs that have a free one. `precision`: `fp32`; `fp16` keeps weights as 16-bit floats that are
    widened when the file is loaded (ONNX Runtime's CPU kernels compute in 32 bits anyhow); `int8` quantises the weights of matrix products by channel, and
    their inputs at run time, but for products with a weight whose name has one of `exact` in it. Where the weights take more than `largest` bytes they lie in side files of about `side` bytes,
    `<file>.data0` and so on (ONNX's external data). Raises ValueError for a weight that 16 bits cannot hold, or quantised weights that are larger than one file.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision}: must be one of {', '.join(PRECISIONS)}")
    traced = io.BytesIO()
    # Without its weights a graph of any size can be traced: they are put in below, each once.
    with warnings.catch_warnings():
        # Of sizes that the trace takes as fixed, which they are, and of the exporter's age.
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), tuple(inputs.values()), traced, input_names=list(inputs), output_names=outputs,
                          dynamic_axes={name: {0: axis} for name, axis in dynamic.items()}, opset_version=OPSET, dynamo=False, export_params=False,
                          do_constant_folding=False)
    model = onnx.load_from_string(traced.getvalue())
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    bare = [value for value in model.graph.input if value.name not in inputs]
    weights = {value.name: tensors[value.name].detach().numpy() for value in bare}
    for value in bare:
        model.graph.input.remove(value)
    weights = _fold_transposes(model, weights)
    if precision == "fp16":
        _store_half(model, weights)
    if precision == "int8":
        _refuse_large(file, sum(w.size for w in weights.values()), largest)
    elif sum(w.nbytes for w in weights.values()) > largest:
        _put_aside(model, weights, file, side)
    # One by one, so that a model of gigabytes is not there once more than it has to be.
    for name in list(weights):
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weights.pop(name)), name))
    if precision == "int8":
        _write_quantised(model, file, exact)
    else:
        onnx.save(model, file)
    onnx.checker.check_model(str(file))


def side_files(file: Path) -> list[Path]:
    """The side files of `file` that `write_graph` wrote, in their order."""
    return sorted(file.parent.glob(f"{file.name}.data*"), key=lambda path: int(path.name.removeprefix(f"{file.name}.data")))


def _refuse_large(file: Path, size: int, largest: int) -> None:
    if size > largest:
        raise ValueError(f"{file.name} would hold {size / 1e9:.2f} GB of quantised weights, and one ONNX file holds {largest / 1e9:.2f}: give --precision fp16 or fp32, which may lie in side files")


def _put_aside(model: onnx.ModelProto, weights: dict[str, np.ndarray], file: Path, side: int) -> None:
    """Moves the large ones of `weights` to side files, one after the other, each file up to `side` bytes or one tensor."""
    written, stream = 0, None
    for name in [name for name, array in weights.items() if array.nbytes >= SMALLEST_ASIDE]:
        array = np.ascontiguousarray(weights.pop(name))
        offset = 0 if stream is None else -(-stream.tell() // ALIGNMENT) * ALIGNMENT
        if stream is None or offset + array.nbytes > side:
            if stream is not None:
                stream.close()
            stream, offset = open(f"{file}.data{written}", "wb"), 0
            written += 1
        stream.seek(offset)
        stream.write(array.data)
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape, data_location=TensorProto.EXTERNAL)
        for key, value in {"location": Path(stream.name).name, "offset": str(offset), "length": str(array.nbytes)}.items():
            tensor.external_data.add(key=key, value=value)
        model.graph.initializer.append(tensor)
    if stream is not None:
        stream.close()


def _fold_transposes(model: onnx.ModelProto, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Transposes weights here, once: left in the graph, each use of a shared weight would be folded to a copy of its own."""
    graph, turned, renamed, kept = model.graph, {}, {}, []
    for node in graph.node:
        if node.op_type == "Transpose" and node.input[0] in weights:
            order = tuple(next(attribute.ints for attribute in node.attribute if attribute.name == "perm"))
            key = (node.input[0], order)
            if key not in turned:
                turned[key] = f"{node.input[0]}.{''.join(map(str, order))}"
            renamed[node.output[0]] = turned[key]
        else:
            kept.append(node)
    for node in kept:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in graph.node for name in node.input}
    result = {name: array for name, array in weights.items() if name in used}
    return result | {name: weights[source].transpose(order) for (source, order), name in turned.items()}


def _store_half(model: onnx.ModelProto, weights: dict[str, np.ndarray]) -> None:
    casts = []
    for name, array in list(weights.items()):
        if array.dtype != np.float32 or array.size < SMALLEST_HALF:
            continue
        largest = float(np.abs(array).max())
        if largest > float(np.finfo(np.float16).max):
            raise ValueError(f"{name} reaches {largest:g}, more than 16 bits hold: give --precision fp32")
        del weights[name]
        weights[f"{name}.half"] = array.astype(np.float16)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.widen", to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)


def _write_quantised(model: onnx.ModelProto, file: Path, exact: tuple[str, ...]) -> None:
    # Imported late: the quantiser is slow to import and seldom wanted.
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kept = [node.name for node in model.graph.node if node.op_type == "MatMul" and any(part in node.input[1] for part in exact)]
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        wide = Path(folder) / "wide.onnx"
        onnx.save(model, wide, save_as_external_data=True, location="wide.data")
        # It advises a pre-processing whose folding of constants is done here already.
        logging.disable(logging.WARNING)
        try:
            quantize_dynamic(wide, file, op_types_to_quantize=["MatMul"], nodes_to_exclude=kept, per_channel=True, weight_type=QuantType.QInt8,
                             extra_options={"MatMulConstBOnly": True})
        finally:
            logging.disable(logging.NOTSET)
