"""The ONNX graph of a model: standard operators that compute its logits without TensorFlow.

The graph is written node by node from the weights, with ONNX's own LSTM operator, which takes the
number of tokens of each case. Converters of whole Keras models write a loop over the tokens
instead, which is several times as slow.

It computes what `lawrec.models.lstm_classifier` computes for the articles. The poolings are in
`ONNX_POOLINGS`; a setting that has no entry there cannot be exported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import PAD_ID
from lawrec.models.pooling import MASKED_LOGIT, POOLINGS
from lawrec.registry import lookup
from lawrec.runs.onnx_file import LOGITS, TOKEN_IDS
from lawrec.types import NumberArray

OPSET = 17
"""The version of the operators: the first one that all supported ONNX Runtimes know well."""
_IR_VERSION = 8  # the version of the file format that came with those operators
_NORM_EPSILON = 1e-3  # Keras's default of BatchNormalization
_KERAS_GATES = ("input", "forget", "candidate", "output")
_ONNX_GATES = ("input", "output", "forget", "candidate")
_ORDER = [_KERAS_GATES.index(gate) for gate in _ONNX_GATES]


@dataclass(frozen=True)
class _Graph:
    """A graph that is being written: the weights by name, and the nodes and constants so far."""

    weights: Mapping[str, NumberArray]
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output, and return the name of the output."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """Add an array that never changes, and return its name."""
        name = f"constant_{len(self.constants)}"
        array = np.ascontiguousarray(values, dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str) -> str:
        """Add a weight of the model as a constant."""
        return self.constant(self.weights[name])


@dataclass(frozen=True)
class _States:
    """The names of what a pooling may use.

    Attributes:
        states: The states of the last LSTM layer, (batch, length, features), zeros for padding.
        last: The last state of each direction, (directions, batch, units).
        mask: Whether there is a token, bool (batch, length, 1).
    """

    states: str
    last: str
    mask: str


def onnx_model(
    config: ModelConfig, weights: Mapping[str, NumberArray], *, int8_embedding: bool = False
) -> bytes:
    """Return a model as an ONNX file.

    Its input "token_ids", int32 (batch, length), is right-padded with `PAD_ID`; each row has at
    least one token. Its output "logits", float32 (batch, n_articles), has the articles alone.

    Args:
        config: The sizes and parts of the model.
        weights: The weights of the model, by the names that Keras gives them.
        int8_embedding: Whether to store the token vectors with 8 bits per number.

    Raises:
        ConfigError: The pooling cannot be exported.

    Example:
        >>> weights = {weight.path: weight.numpy() for weight in model.weights}  # doctest: +SKIP
        >>> len(onnx_model(ModelConfig(), weights))  # doctest: +SKIP
        20118734
    """
    pool = lookup(ONNX_POOLINGS, config.pooling, where="model.pooling, for `lawrec export onnx`")
    graph = _Graph(weights)
    embed = _int8_vectors if int8_embedding else _vectors
    features = pool(graph, _lstm_states(graph, config, embed=embed))
    if config.batch_normalization:
        features = _normalized(graph, features)
    per_label = POOLINGS[config.pooling].per_label
    graph.add("Identity", _logits(graph, features, per_label=per_label))
    graph.nodes[-1].output[0] = LOGITS
    n_articles = len(weights["articles/bias"])
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "lawrec",
            [helper.make_tensor_value_info(TOKEN_IDS, TensorProto.INT32, ["batch", "length"])],
            [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["batch", n_articles])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="lawrec",
    )
    checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _lstm_states(
    graph: _Graph, config: ModelConfig, *, embed: Callable[[_Graph, str], str]
) -> _States:
    """Add the embedding and the LSTM layers.

    ONNX's LSTM takes the tokens first: (length, batch, features). The token ids are transposed
    before their vectors are looked up, which is far less to transpose.
    """
    is_token = graph.add("Not", graph.add("Equal", TOKEN_IDS, graph.constant(PAD_ID, np.int32)))
    counts = graph.add("Cast", is_token, to=TensorProto.INT32)
    lengths = graph.add("ReduceSum", counts, graph.constant([1], np.int64), keepdims=0)
    by_step = graph.add("Transpose", TOKEN_IDS, perm=[1, 0])
    steps = embed(graph, by_step)
    last = ""
    for index in range(config.lstm_layers):
        steps, last = _lstm(graph, config, index=index, steps=steps, lengths=lengths)
    states = graph.add("Transpose", steps, perm=[1, 0, 2])
    return _States(states, last, graph.add("Unsqueeze", is_token, graph.constant([2], np.int64)))


def _vectors(graph: _Graph, token_ids: str) -> str:
    return graph.add("Gather", graph.weight("embedding/embeddings"), token_ids)


def _int8_vectors(graph: _Graph, token_ids: str) -> str:
    """The vectors of tokens, as whole numbers from -127 to 127 times a scale per token.

    With one scale for all tokens, as ONNX Runtime's quantization has it, the logits differ by four
    times as much.
    """
    vectors = graph.weights["embedding/embeddings"]
    scales = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9) / 127
    rounded = graph.constant(np.round(vectors / scales), np.int8)
    numbers = graph.add("Cast", graph.add("Gather", rounded, token_ids), to=TensorProto.FLOAT)
    return graph.add("Mul", numbers, graph.add("Gather", graph.constant(scales), token_ids))


def _lstm(
    graph: _Graph, config: ModelConfig, *, index: int, steps: str, lengths: str
) -> tuple[str, str]:
    """Add an LSTM layer; return its states (length, batch, features) and its last states."""
    prefixes = [f"lstm_{index}/lstm_cell"]
    if config.bidirectional:
        prefixes = [
            f"bilstm_{index}/{way}_lstm_{index}/lstm_cell" for way in ("forward", "backward")
        ]
    cells = [_cell(graph.weights, prefix) for prefix in prefixes]
    inputs = [graph.constant(np.stack(arrays)) for arrays in zip(*cells, strict=True)]
    outputs = f"states_{index}", f"last_{index}"
    graph.nodes.append(
        helper.make_node(
            "LSTM",
            [steps, *inputs, lengths],
            outputs,
            hidden_size=config.lstm_units,
            direction="bidirectional" if config.bidirectional else "forward",
        )
    )
    # (length, directions, batch, units) -> (length, batch, directions x units)
    states = graph.add("Transpose", outputs[0], perm=[0, 2, 1, 3])
    return graph.add("Reshape", states, graph.constant([0, 0, -1], np.int64)), outputs[1]


def _cell(weights: Mapping[str, NumberArray], prefix: str) -> tuple[NumberArray, ...]:
    """Return the kernels and the bias of a direction as ONNX has them: gate by gate, transposed."""

    def gates(name: str) -> NumberArray:
        return np.concatenate([np.split(weights[f"{prefix}/{name}"], 4, -1)[i] for i in _ORDER], -1)

    bias = gates("bias")
    # ONNX has a second bias, of the recurrent kernel.
    return gates("kernel").T, gates("recurrent_kernel").T, np.concatenate([bias, 0 * bias])


def _normalized(graph: _Graph, features: str) -> str:
    """Add the batch normalization, which is a scale and a shift once it is trained."""
    gamma, beta, mean, variance = (
        graph.weights[f"articles_norm/{name}"]
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + _NORM_EPSILON)
    scaled = graph.add("Mul", features, graph.constant(scale))
    return graph.add("Add", scaled, graph.constant(beta - mean * scale))


def _logits(graph: _Graph, features: str, *, per_label: bool) -> str:
    """Add the output layer, to features (batch, f), or (batch, labels, f) if `per_label`."""
    kernel = graph.weight("articles/kernel")
    if per_label:
        products = graph.add("Mul", features, kernel)
        sums = graph.add("ReduceSum", products, graph.constant([2], np.int64), keepdims=0)
    else:
        sums = graph.add("MatMul", features, kernel)
    return graph.add("Add", sums, graph.weight("articles/bias"))


def _last(graph: _Graph, states: _States) -> str:
    """The last state of each direction, (batch, directions x units)."""
    by_case = graph.add("Transpose", states.last, perm=[1, 0, 2])
    return graph.add("Reshape", by_case, graph.constant([0, -1], np.int64))


def _max(graph: _Graph, states: _States) -> str:
    masked = graph.add("Where", states.mask, states.states, graph.constant(MASKED_LOGIT))
    return graph.add("ReduceMax", masked, axes=[1], keepdims=0)


def _mean(graph: _Graph, states: _States) -> str:
    """The sum of the states, of which those of padding are 0, over the number of tokens."""
    tokens = graph.constant([1], np.int64)
    counts = graph.add("Cast", states.mask, to=TensorProto.FLOAT)
    sums, n_tokens = (
        graph.add("ReduceSum", x, tokens, keepdims=0) for x in (states.states, counts)
    )
    return graph.add("Div", sums, n_tokens)


def _attention(graph: _Graph, states: _States) -> str:
    hidden = graph.add("MatMul", states.states, graph.weight("articles_attention_hidden/kernel"))
    hidden = graph.add("Add", hidden, graph.weight("articles_attention_hidden/bias"))
    scores = graph.add(
        "MatMul", graph.add("Tanh", hidden), graph.weight("articles_attention/kernel")
    )
    weighted = graph.add("Mul", states.states, _attention_weights(graph, scores, mask=states.mask))
    return graph.add("ReduceSum", weighted, graph.constant([1], np.int64), keepdims=0)


def _article_attention(graph: _Graph, states: _States) -> str:
    scores = graph.add("MatMul", states.states, graph.weight("articles_attention/kernel"))
    weights = _attention_weights(graph, scores, mask=states.mask)
    # (batch, labels, length) x (batch, length, features)
    return graph.add("MatMul", graph.add("Transpose", weights, perm=[0, 2, 1]), states.states)


def _attention_weights(graph: _Graph, scores: str, *, mask: str) -> str:
    masked = graph.add("Where", mask, scores, graph.constant(MASKED_LOGIT))
    return graph.add("Softmax", masked, axis=1)


ONNX_POOLINGS: dict[str, Callable[[_Graph, _States], str]] = {
    "last": _last,
    "max": _max,
    "mean": _mean,
    "attention": _attention,
    "article-attention": _article_attention,
}
"""From the name of a pooling, as in `POOLINGS`, to the function that adds its nodes."""
