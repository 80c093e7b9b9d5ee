"""Tokenizers: from the text of a fact to its tokens."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus import entities
from lawrec.errors import ConfigError
from lawrec.registry import lookup
from lawrec.text import normalize
from lawrec.text_files import read_text

TokenizeFunction = Callable[[str], list[str]]

# Part of every fingerprint: write "rules 2", and so on, when the rules below cut text otherwise.
_RULES = ""
# jieba takes quadratic time for a stretch without a comma or full stop: a long one is broken.
_STRETCH = re.compile("[^,。]{1,1024}[,。]?|[,。]")


@dataclass(frozen=True)
class Tokenizer:
    """A way to cut text; `fingerprint` changes when the same text may be cut differently.

    `quick` says that to cut a fact takes less time than to send it to another process.
    """

    cut: TokenizeFunction
    fingerprint: str
    quick: bool = True


def load_tokenizer(config: CorpusConfig, dictionaries: Sequence[Path] = ()) -> Tokenizer:
    """Return the tokenizer of the settings, with the words of user dictionaries.

    Args:
        config: Its `tokenizer`, `classes` and `stop_words` decide.
        dictionaries: One word a line, as jieba's user dictionaries are.

    Raises:
        ConfigError: There is no tokenizer or class of that name, or its package is missing.
        CaseError: A dictionary or the list of stop words cannot be read.
    """
    cutter = lookup(TOKENIZERS, config.tokenizer, where="corpus.tokenizer")(dictionaries)
    stop_words = listed_words(config.stop_words)
    parts = [cutter.fingerprint, _RULES]
    if config.entity_types:
        parts.append(f"classes {'+'.join(config.entity_types)} (rules {entities.RULES})")
    if stop_words:
        parts.append(f"stop words {_digest(stop_words)}")
    cut = _without(stop_words, _with_classes(config.entity_types, cutter.cut))
    fingerprint = ", ".join(filter(None, parts))
    return Tokenizer(lambda text: cut(normalize(text)), fingerprint, cutter.quick)


def read_words(paths: Iterable[Path]) -> list[str]:
    """Return the first word of each line of several files, normalized, each once.

    Raises:
        CaseError: A file cannot be read.
    """
    texts = (read_text(path, "the list of words") for path in paths)
    lines = (line for text in texts for line in text.splitlines())
    return list(dict.fromkeys(normalize(line.split()[0]) for line in lines if line.strip()))


def listed_words(setting: str) -> list[str]:
    """Return the words of the file that a setting names; none where it is empty.

    Raises:
        CaseError: The file cannot be read.
    """
    return read_words([Path(setting)]) if setting else []


def _with_classes(names: Sequence[str], cut: TokenizeFunction) -> TokenizeFunction:
    """Cut what stands between the amounts, dates and names, which are tokens themselves."""
    if not names:
        return cut
    recognize = entities.recognizer(names)
    return lambda text: [
        token
        for piece, class_token in recognize(text)
        for token in ([class_token] if class_token else cut(piece))
    ]


def _without(stop_words: Iterable[str], cut: TokenizeFunction) -> TokenizeFunction:
    dropped = frozenset(stop_words)
    return (lambda text: [token for token in cut(text) if token not in dropped]) if dropped else cut


def _jieba(dictionaries: Sequence[Path]) -> Tokenizer:
    words = read_words(dictionaries)
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    for word in words:
        tokenizer.add_word(word)

    def cut(text: str) -> list[str]:
        return [token for part in _STRETCH.findall(text) for token in tokenizer.cut(part)]

    return Tokenizer(cut, f"jieba {version('jieba')}, dictionary {_digest(words)}", quick=False)


def _rjieba(dictionaries: Sequence[Path]) -> Tokenizer:
    words = read_words(dictionaries)
    try:
        import rjieba
    except ImportError as error:
        raise ConfigError(
            "corpus.tokenizer",
            expected="rjieba must be installed",
            got="no such package",
            todo="Run pip install 'lawrec[fast]', or choose jieba.",
        ) from error
    tokenizer = rjieba.Jieba()
    for word in words:
        tokenizer.add_word(word, None, None)
    return Tokenizer(tokenizer.cut, f"rjieba {version('rjieba')}, dictionary {_digest(words)}")


def _char(dictionaries: Sequence[Path]) -> Tokenizer:
    return Tokenizer(list, "char")


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]


TOKENIZERS: dict[str, Callable[[Sequence[Path]], Tokenizer]] = {
    "jieba": _jieba,
    "rjieba": _rjieba,
    "char": _char,
}
