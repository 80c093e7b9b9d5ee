"""Token spans: where the tokens of a fact are in the text as it was given.

Facts are normalized before they are tokenized: full-width characters become their usual forms,
white space and invisible characters disappear, and an entity or a stop word is not in the tokens as
it is in the text. So the characters of the normalized text are traced back to the fact, and the
tokens to both.
"""

import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lawrec.corpus.tokenization.tokenizers import Tokenizer
from lawrec.text import nfkc, visible


class Span(NamedTuple):
    """Characters of a text, from `start` up to but without `end`."""

    start: int
    end: int


def token_spans(
    tokenizer: Tokenizer, fact: str, *, split: Callable[[str], list[str]] = lambda token: [token]
) -> list[tuple[str, Span]]:
    """Return the tokens of a fact, each with its characters in the fact as it is.

    Args:
        tokenizer: A loaded tokenizer.
        fact: Any text.
        split: From a token that is as in the text to its pieces.

    Returns:
        The pieces of what `tokenizer.tokenize` returns, with spans in ascending order. White space
        within a piece is part of its span. Two tokens share a character that becomes
        several, such as "㎏".

    Example:
        >>> from lawrec.config import CorpusConfig
        >>> from lawrec.corpus.tokenization.tokenizers import load_tokenizer
        >>> tokenizer = load_tokenizer(CorpusConfig(tokenizer="char", entity_types=("money",)))
        >>> token_spans(tokenizer, "窃 ５０元")
        [('窃', Span(start=0, end=1)), ('<money2>', Span(start=2, end=5))]
    """
    text, origins = normalize_with_origins(fact)
    tokens, end = [], 0
    for stretch, token in tokenizer.stretches(text):
        pieces = split(token) if token == stretch else [stretch]
        for piece in pieces:
            start, end = end, end + len(piece)
            if token is not None:
                name = piece if token == stretch else token
                tokens.append((name, Span(origins[start].start, origins[end - 1].end)))
    return tokens


def normalize_with_origins(text: str) -> tuple[str, list[Span]]:
    r"""Return what `lawrec.text.normalize` returns, and where each of its characters comes from.

    Example:
        >>> normalize_with_origins("ＡＴ e\u0301")
        ('ATé', [Span(start=0, end=1), Span(start=1, end=2), Span(start=3, end=5)])
    """
    seen = [position for position, character in enumerate(text) if visible(character)]
    shown = "".join(text[position] for position in seen)
    origins = [
        (character, Span(seen[span.start], seen[span.end - 1] + 1))
        for span in _independent_spans(shown)
        for character in nfkc(shown[span.start : span.end])
        if not character.isspace()
    ]
    return "".join(character for character, _ in origins), [span for _, span in origins]


def _independent_spans(text: str) -> Iterator[Span]:
    """Yield the shortest spans, in order, that can be normalized one by one."""
    if "".join(unicodedata.normalize("NFKC", character) for character in text) == nfkc(text):
        yield from (Span(position, position + 1) for position in range(len(text)))
        return
    start = 0
    for position in range(1, len(text)):
        if not _is_mark(text[position]) and _is_independent(text, start, position=position):
            yield Span(start, position)
            start = position
    yield Span(start, len(text))


def _is_mark(character: str) -> bool:
    """Return whether a character belongs to the one before, such as an accent."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


def _is_independent(text: str, start: int, *, position: int) -> bool:
    """Return whether a character does not combine with those before it, from `start` on."""
    before, character = text[start:position], text[position]
    return nfkc(before + character) == nfkc(before) + nfkc(character)
