"""Speed: how fast training goes, in cases and in tokens that are no padding."""

import time
from collections import deque
from typing import Any

import numpy as np

from lawrec.corpus.vocabulary import PAD_ID

WINDOW = 50
"""Steps over which the speed is taken."""


class Throughput:
    """The speed of the last steps; the first, which compiles, and pauses are left out."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int, int, int]] = deque(maxlen=WINDOW)
        self._since: float | None = None

    def add(self, token_ids: Any) -> None:
        """Count a step that just ended; its token ids are int32 (batch, length)."""
        now = time.monotonic()
        if self._since is not None:
            ids = np.asarray(token_ids)
            tokens = np.count_nonzero(ids != PAD_ID)
            self._steps.append((now - self._since, len(ids), int(tokens), ids.size))
        self._since = now

    def pause(self) -> None:
        """Leave out the time until the next step has ended, and that step."""
        self._since = None

    def figures(self) -> dict[str, float]:
        """Return cases and tokens a second, and the share of a batch that is no padding.

        Before two steps have ended there are no figures.
        """
        if not self._steps:
            return {}
        seconds, cases, tokens, places = (sum(column) for column in zip(*self._steps, strict=True))
        seconds = max(seconds, 1e-9)
        return {
            "cases_per_second": cases / seconds,
            "tokens_per_second": tokens / seconds,
            "padding_efficiency": tokens / places,
        }
