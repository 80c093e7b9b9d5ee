"""The layers, loss and optimizer of the default model, written in PyTorch, to compare with."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lawrec.config import Config


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
        scores = self.attention(states).masked_fill(padding[:, :, None], -1e4)
        features = torch.bmm(scores.softmax(dim=1).mT, states)
        return (features * self.kernel).sum(-1) + self.bias


def make_train_step(config: Config, n_tokens: int, n_articles: int) -> Callable[..., float]:
    """Return the training step: a function of cases, the length to pad to, and whether to pack."""
    model = Model(config, n_tokens, n_articles)
    optimizer = torch.optim.Adam(model.parameters(), config.optimizer.learning_rate)
    loss_function = nn.BCEWithLogitsLoss(reduction="sum")

    def step(cases: Sequence[Any], length: int | None, packed: bool) -> float:
        ordered = sorted(cases, key=lambda case: -len(case[0]))
        lengths = torch.tensor([len(token_ids) for token_ids, _ in ordered])
        token_ids = torch.zeros((len(ordered), length or int(lengths[0])), dtype=torch.int64)
        for row, case in enumerate(ordered):
            token_ids[row, : len(case[0])] = torch.from_numpy(case[0])
        labels = torch.tensor([case[1].tolist() for case in ordered])
        optimizer.zero_grad()
        loss = loss_function(model(token_ids, lengths, packed), labels) / len(ordered)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.optimizer.global_clipnorm)
        optimizer.step()
        return float(loss.detach())

    return step
