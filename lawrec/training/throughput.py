"""Throughput: how many cases and tokens per second a training processes."""

import time
from collections import deque

import numpy as np

from lawrec.corpus.vocabulary import PAD_ID
from lawrec.types import Tensor

WINDOW = 50
"""Number of steps that the throughput is averaged over."""


class Throughput:
    """The throughput of the last steps.

    The first step, which compiles the model, and pauses do not count.

    Example:
        >>> throughput = Throughput()
        >>> for _ in range(3):
        ...     throughput.add([[5, 6, 7, 0], [8, 0, 0, 0]])
        >>> throughput.rates()["padding_efficiency"]
        0.5
    """

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int, int, int]] = deque(maxlen=WINDOW)
        self._last_end: float | None = None

    def add(self, token_ids: Tensor) -> None:
        """Count a step that has just ended; its token ids are int32 (batch, length)."""
        now = time.monotonic()
        if self._last_end is not None:
            ids = np.asarray(token_ids)
            tokens = np.count_nonzero(ids != PAD_ID)
            self._steps.append((now - self._last_end, len(ids), int(tokens), ids.size))
        self._last_end = now

    def pause(self) -> None:
        """Leave out the time until the next step ends, and that step."""
        self._last_end = None

    def rates(self) -> dict[str, float]:
        """Return the rates of the last steps, empty before two steps have ended.

        Returns:
            "cases_per_second", "tokens_per_second" (without padding) and "padding_efficiency", the
            share of the batches that is not padding.
        """
        if not self._steps:
            return {}
        seconds, cases, tokens, size = (sum(column) for column in zip(*self._steps, strict=True))
        seconds = max(seconds, 1e-9)
        return {
            "cases_per_second": cases / seconds,
            "tokens_per_second": tokens / seconds,
            "padding_efficiency": tokens / size,
        }
