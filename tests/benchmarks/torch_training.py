"""Train the default model in PyTorch, in a process without TensorFlow, to compare with.

    python tests/benchmarks/torch_training.py BATCHES N_TOKENS N_ARTICLES [SECTION.KEY=VALUE ...]

BATCHES is a .npz file with `token_ids_0`, `articles_0`, `token_ids_1`, ...: the batches of lawrec,
padded with 0. For each line of stdin, "padded" or "packed", it takes a step with each batch and
prints the seconds that all took. "padded" has the same cases in batches of as many tokens, each
padded to the length that its line names: `padded 384`. It computes on the GPU if there is one.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lawrec import config_sources
from lawrec.config import Config

Batch = tuple[Any, Any, Any]
"""Token ids (batch, length), lengths (batch,) from long to short, labels (batch, n_articles)."""


def main() -> None:
    """Print the seconds of each line's steps."""
    path, n_tokens, n_articles, *settings = sys.argv[1:]
    config = config_sources.load(None, settings)
    packed = _read_batches(Path(path))
    step = make_train_step(config, int(n_tokens), int(n_articles))
    for line in sys.stdin:
        kind, *length = line.split()
        batches = _pad_to(packed, config, *map(int, length)) if length else packed
        start = time.perf_counter()
        for batch in batches:
            step(batch, packed=kind == "packed")
        print(time.perf_counter() - start, flush=True)


def _read_batches(path: Path) -> list[Batch]:
    with np.load(path, allow_pickle=False) as file:
        n_batches = len(file.files) // 2
        return [
            _make_batch(file[f"token_ids_{index}"], file[f"articles_{index}"])
            for index in range(n_batches)
        ]


def _make_batch(token_ids: Any, labels: Any) -> Batch:
    lengths = (token_ids > 0).sum(axis=1)
    order = np.argsort(-lengths, kind="stable")
    arrays = token_ids[order].astype(np.int64), lengths[order], labels[order].astype(np.float32)
    ids, sizes, targets = map(torch.from_numpy, arrays)
    return ids, sizes, targets


def _pad_to(batches: Sequence[Batch], config: Config, length: int) -> list[Batch]:
    """Return the same cases in batches of as many tokens, all padded to a length."""
    rows = [
        (np.pad(ids.numpy()[:length], (0, max(0, length - len(ids)))), labels.numpy())
        for batch in batches
        for ids, labels in zip(batch[0], batch[2], strict=True)
    ]
    random.Random(2).shuffle(rows)
    n_rows = max(1, config.training.batch_tokens // length)
    parts = [rows[start : start + n_rows] for start in range(0, len(rows), n_rows)]
    return [
        _make_batch(*(np.stack(column) for column in zip(*part, strict=True))) for part in parts
    ]


class Model(nn.Module):
    """Embedding, stacked bidirectional LSTM, one attention and one weight vector per article."""

    def __init__(self, config: Config, n_tokens: int, n_articles: int) -> None:
        super().__init__()
        sizes = config.model
        self.embedding = nn.Embedding(n_tokens, sizes.embedding_size, padding_idx=0)
        self.channels = nn.Dropout1d(sizes.dropout)
        self.lstm = nn.LSTM(
            sizes.embedding_size,
            sizes.lstm_units,
            sizes.lstm_layers,
            batch_first=True,
            dropout=sizes.dropout,
            bidirectional=True,
        )
        self.dropout = nn.Dropout(sizes.dropout)
        self.attention = nn.Linear(2 * sizes.lstm_units, n_articles, bias=False)
        self.kernel = nn.Parameter(torch.randn(n_articles, 2 * sizes.lstm_units) * 0.1)
        self.bias = nn.Parameter(torch.zeros(n_articles))

    def forward(self, token_ids: Any, lengths: Any, packed: bool) -> Any:
        """Return logits, float32 (batch, n_articles)."""
        states = self.channels(self.embedding(token_ids).mT).mT
        if packed:
            sequence = pack_padded_sequence(states, lengths, batch_first=True)
            states, _ = pad_packed_sequence(self.lstm(sequence)[0], batch_first=True)
        else:
            states, _ = self.lstm(states)
        states = self.dropout(states)
        padding = torch.arange(states.shape[1])[None, :] >= lengths[:, None]
        padding = padding.to(states.device)
        scores = self.attention(states).masked_fill(padding[:, :, None], -1e4)
        features = torch.bmm(scores.softmax(dim=1).mT, states)
        return (features * self.kernel).sum(-1) + self.bias


def make_train_step(
    config: Config, n_tokens: int, n_articles: int
) -> Callable[[Batch, bool], float]:
    """Return the training step: a function of a batch and of whether to pack its sequences."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Model(config, n_tokens, n_articles).to(device)
    optimizer = torch.optim.Adam(model.parameters(), config.optimizer.learning_rate)
    loss_function = nn.BCEWithLogitsLoss(reduction="sum")
    autocast = torch.autocast(
        device, torch.bfloat16, enabled=config.training.precision == "bfloat16"
    )
    torch.backends.cudnn.allow_tf32 = False  # as lawrec trains on a GPU

    def step(batch: Batch, packed: bool) -> float:
        token_ids, lengths, labels = batch
        optimizer.zero_grad()
        with autocast:
            logits = model(token_ids.to(device), lengths, packed)
        loss = loss_function(logits.float(), labels.to(device)) / len(labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.optimizer.global_clipnorm)
        optimizer.step()
        return float(loss.detach())

    return step


if __name__ == "__main__":
    main()
