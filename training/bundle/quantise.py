"""Graphs with 8-bit products, made from graphs of 32 bits."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

MODES = ("dynamic", "static")
Feed = dict[str, np.ndarray]


def quantise(source: Path, target: Path, mode: str, feeds: Iterable[Feed], exact: tuple[str, ...] = (), convolutions: bool = False) -> int:
    """Writes `source` to `target` with 8-bit weights by channel, and gives how many products became so.

    `dynamic`: the inputs of products are quantised by their range at run time, a population at once. `static`: by the ranges that they have with `feeds` (QDQ nodes, which
    the runtime fuses). Products with a weight whose name has one of `exact` in it stay as they are. `convolutions` are quantised with `static` only. Raises ValueError
    when nothing is left to quantise.
    """
    # Imported late: the quantiser is slow to import and seldom wanted.
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self.left, None)

    model = onnx.load(source)
    products_of_gemms(model)
    kinds = ["MatMul", *(["Conv"] if convolutions and mode == "static" else [])]
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    chosen = [node.name for node in model.graph.node
              if node.op_type in kinds and node.input[1] in weights and not any(part in node.input[1] for part in exact)]
    if not chosen:
        raise ValueError(f"{source.name} has no product with a weight left to quantise: give fewer --exact")
    options = {"op_types_to_quantize": kinds, "nodes_to_quantize": chosen, "per_channel": True, "weight_type": QuantType.QInt8, "extra_options": {"MatMulConstBOnly": True}}
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        wide = Path(folder) / "wide.onnx"
        onnx.save(model, wide)
        # It advises a pre-processing which changes nothing here.
        logging.disable(logging.WARNING)
        try:
            if mode == "dynamic":
                quantize_dynamic(wide, target, **options)
            else:
                quantize_static(wide, target, Reader(), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, **options)
        finally:
            logging.disable(logging.NOTSET)
    onnx.checker.check_model(str(target))
    return len(chosen)


def products_of_gemms(model: onnx.ModelProto) -> None:
    """Turns each Gemm with a constant weight into MatMul and Add, which the quantiser knows; a weight that several share is transposed once, and stays shared."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    turned: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        plain = attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0 and not attributes.get("transA", 0)
        if node.op_type != "Gemm" or not plain or node.input[1] not in weights:
            nodes.append(node)
            continue
        weight = node.input[1]
        if attributes.get("transB", 0):
            if weight not in turned:
                turned[weight] = f"{weight}.transposed"
                graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weights[weight]).T), turned[weight]))
            weight = turned[weight]
        biased = len(node.input) > 2
        product = f"{node.output[0]}.product" if biased else node.output[0]
        nodes.append(helper.make_node("MatMul", [node.input[0], weight], [product], name=f"{node.name or node.output[0]}.MatMul"))
        if biased:
            nodes.append(helper.make_node("Add", [product, node.input[2]], [node.output[0]], name=f"{node.name or node.output[0]}.Add"))
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
