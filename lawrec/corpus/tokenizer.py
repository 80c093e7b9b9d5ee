"""Tokenizers: from the text of a fact to its tokens."""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from lawrec.config import chosen
from lawrec.errors import CaseError

# jieba takes quadratic time for a stretch without a comma or full stop: a long one is broken.
_STRETCH = re.compile("[^,。]{1,1024}[,。]?|[,。]")


@dataclass(frozen=True)
class Tokenizer:
    """A way to cut text; `fingerprint` changes when the same text may be cut differently."""

    cut: Callable[[str], list[str]]
    fingerprint: str


def load_tokenizer(name: str, dictionary: Path) -> Tokenizer:
    """Return the tokenizer of that name, with the words of a user dictionary.

    Args:
        name: A key of `TOKENIZERS`.
        dictionary: One word a line, as jieba's user dictionaries are.

    Raises:
        ConfigError: There is no tokenizer of that name.
        CaseError: The dictionary cannot be read.
    """
    return chosen(TOKENIZERS, name, "corpus.tokenizer")(dictionary)


def normalize(text: str) -> str:
    """Return the text with full-width letters and digits made plain and white space dropped."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _jieba(dictionary: Path) -> Tokenizer:
    words = _read_dictionary(dictionary)
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    for word in words:
        tokenizer.add_word(word)
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]

    def cut(text: str) -> list[str]:
        stretches = _STRETCH.findall(normalize(text))
        return [token for stretch in stretches for token in tokenizer.cut(stretch)]

    return Tokenizer(
        cut=cut,
        fingerprint=f"jieba {version('jieba')}, dictionary {digest}",
    )


def _char(dictionary: Path) -> Tokenizer:
    return Tokenizer(cut=lambda text: list(normalize(text)), fingerprint="char")


def _read_dictionary(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise CaseError(
            path, "the user dictionary must be readable", error.strerror, "Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise CaseError(
            path, "the user dictionary must be UTF-8", str(error), "Convert it to UTF-8."
        ) from error
    return [line.split()[0] for line in lines if line.strip()]


TOKENIZERS: dict[str, Callable[[Path], Tokenizer]] = {"jieba": _jieba, "char": _char}
