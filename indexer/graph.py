"""From a traced ONNX graph to the one that runs: attention fused, rows normalised fast, weights int8, all settled.

Runs in the child process that compiles a model; needs `onnx`, which searches never import. What each step gains is
measured by `benchmarks/embedding.py` and told in docs/benchmarks.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = "model.weights"
"""File beside the graph with what is too large for it: the word embeddings, of which a search maps a few pages."""
_LARGE = 1 << 20
"""Bytes from which a tensor is kept in `WEIGHTS`."""
_FUSED = frozenset(["bert", "roberta", "xlm-roberta", "mpnet", "distilbert"])
"""Architectures whose attention the optimiser knows."""


def finish(traced: Path, target: Path, config: Any) -> None:
    """Make `target` and `WEIGHTS` beside it out of a traced graph; `config` is the transformer's configuration."""
    fused, quick, small = (traced.with_suffix(suffix) for suffix in (".fused", ".quick", ".small"))
    _fuse(traced, fused, config)
    model = onnx.load(fused)
    normalise_rows(model.graph)
    onnx.save(model, quick)
    _quantise(quick, small)
    _settle(small, target)
    for passing in (fused, quick, small):
        passing.unlink()


def _fuse(traced: Path, fused: Path, config: Any) -> None:
    """Fuse attention and GELU where the architecture is BERT's; others are kept as traced.

    `MultiHeadAttention` leaves the products with the weights to MatMul, which int8 serves better than `Attention`,
    whose product it takes apart by head.
    """
    if getattr(config, "model_type", "") not in _FUSED:
        shutil.copyfile(traced, fused)
        return
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    options.use_multi_head_attention = True
    options.enable_skip_layer_norm = False
    optimised = optimizer.optimize_model(
        str(traced), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size,
        optimization_options=options, opt_level=0,
    )  # fmt: skip
    optimised.save_model_to_file(str(fused))


def normalise_rows(graph: onnx.GraphProto) -> None:
    """Replace layer normalisation over the last axis by instance normalisation of rows, which computes the same.

    ONNX Runtime's kernel for the one adds number by number, that for the other uses the processor's vectors: 0.4
    instead of 4.5 ms a text, a tenth of all. Nodes of other shapes stay.
    """
    sizes = {tensor.name: tensor.dims[0] for tensor in graph.initializer if len(tensor.dims) == 1}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        size = sizes.get(node.input[1]) if _is_row_norm(node) else None
        nodes.extend([node] if size is None else _row_norm(node, size))
    for name, values in (("rows.scale", [1.0]), ("rows.shift", [0.0])):
        graph.initializer.append(numpy_helper.from_array(np.array(values, np.float32), name))
    for size in {sizes[node.input[1]] for node in graph.node if _is_row_norm(node) and node.input[1] in sizes}:
        graph.initializer.append(numpy_helper.from_array(np.array([-1, 1, size], np.int64), f"rows.{size}"))
    del graph.node[:]
    graph.node.extend(nodes)


def _is_row_norm(node: onnx.NodeProto) -> bool:
    axis = next((a.i for a in node.attribute if a.name == "axis"), -1)
    return node.op_type == "LayerNormalization" and axis == -1 and len(node.input) == 3 and len(node.output) == 1


def _row_norm(node: onnx.NodeProto, size: int) -> Iterator[onnx.NodeProto]:
    """[…, size] → [rows, 1, size], each row by itself to mean 0 and variance 1, then gain, bias and the old shape."""
    value, gain, bias = node.input
    name = node.name or node.output[0]
    epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)

    def step(kind: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [output], f"{output}/{kind}", **attributes)

    yield step("Reshape", [value, f"rows.{size}"], f"{name}/rows")
    yield step("InstanceNormalization", [f"{name}/rows", "rows.scale", "rows.shift"], f"{name}/even", epsilon=epsilon)
    yield step("Mul", [f"{name}/even", gain], f"{name}/scaled")
    yield step("Add", [f"{name}/scaled", bias], f"{name}/shifted")
    yield step("Shape", [value], f"{name}/shape")
    yield step("Reshape", [f"{name}/shifted", f"{name}/shape"], node.output[0])


def _quantise(source: Path, target: Path) -> None:
    """Weights to 7 of the 8 bits, a scale for each column; activations are quantised as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(source),
        str(target),
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )


def _settle(source: Path, target: Path) -> None:
    """Let ONNX Runtime optimise the graph now, so that no search waits for it, with large tensors in a file to map."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS)
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", str(_LARGE))
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
