"""What compiling does to a graph must not change what it computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder
from ask.indexer.errors import ModelProblem
from ask.indexer.graph import WEIGHTS, normalise_rows
from onnx import TensorProto, helper, numpy_helper


def _normalising(size: int, epsilon: float) -> onnx.ModelProto:
    """Two layer normalisations one after the other, each with its own gain and bias."""
    random = np.random.default_rng(0)
    tensors = [
        numpy_helper.from_array(random.standard_normal(size).astype(np.float32), name)
        for name in ("gain1", "bias1", "gain2", "bias2")
    ]
    nodes = [
        helper.make_node("LayerNormalization", ["x", "gain1", "bias1"], ["h"], epsilon=epsilon, axis=-1),
        helper.make_node("LayerNormalization", ["h", "gain2", "bias2"], ["y"], "named", epsilon=epsilon),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", "s", size]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _run(model: onnx.ModelProto, values: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": values})[0]


@pytest.mark.parametrize("shape", [(1, 1, 8), (3, 17, 8), (2, 5, 384)])
def test_rows_are_normalised_as_layers_are(shape: tuple[int, int, int]) -> None:
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32) * 50 + 3
    model = _normalising(shape[-1], 1e-12)
    wanted = _run(model, values)
    normalise_rows(model.graph)
    kinds = [node.op_type for node in model.graph.node]
    assert "LayerNormalization" not in kinds
    assert kinds.count("InstanceNormalization") == 2
    np.testing.assert_allclose(_run(model, values), wanted, rtol=1e-4, atol=1e-4)


def test_the_small_term_below_the_root_is_kept() -> None:
    values = np.full((1, 2, 8), 1e-4, np.float32) * np.arange(8, dtype=np.float32)
    model = _normalising(8, 1e-3)  # larger than the variance: it decides the result
    wanted = _run(model, values)
    normalise_rows(model.graph)
    np.testing.assert_allclose(_run(model, values), wanted, rtol=1e-4, atol=1e-5)


def test_normalisation_over_other_axes_is_left_alone() -> None:
    model = _normalising(8, 1e-5)
    axis = next(attribute for attribute in model.graph.node[0].attribute if attribute.name == "axis")
    axis.i = 1
    normalise_rows(model.graph)
    assert [node.op_type for node in model.graph.node].count("LayerNormalization") == 1


def test_a_compiled_model_is_settled(compiled: Compiled) -> None:
    model = onnx.load(compiled.folder / "model.onnx", load_external_data=False)
    kinds = {node.op_type for node in model.graph.node}
    assert {"DynamicQuantizeMatMul", "MultiHeadAttention", "InstanceNormalization"} <= kinds
    assert (compiled.folder / WEIGHTS).stat().st_size > 4 * (compiled.folder / "model.onnx").stat().st_size


def test_a_compiled_model_needs_both_of_its_files(compiled: Compiled, tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (half / name).symlink_to(compiled.folder / name)
    with pytest.raises(ModelProblem, match="cannot be loaded"):
        Embedder(replace(compiled, folder=half))
