"""TODO iterables."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
CHUNK_CASES = 2_048


def batched(items: Iterable[T], size: int = CHUNK_CASES) -> Iterator[list[T]]:
    """Cut a stream into lists of `size` items; the last may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
