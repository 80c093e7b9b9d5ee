"""Tokenizers: from the fact of a case to its tokens.

Text is normalized first, so that full-width characters and white space make no difference. Entities
(see `lawrec.corpus.tokenization.entities`) become placeholder tokens, the text between them is
tokenized, and stop words are dropped.

The fingerprint of a tokenizer names all that its tokens depend on, except for this code, whose
version is `SCORING_VERSION`: the package and its version, the words of the user's dictionaries, the
entity types, the stop words. A run keeps it and refuses to predict with a tokenizer of another
fingerprint. `jieba` and `rjieba` have different ones because they differ: both read the same
dictionary and the user's words, but in one fact of twelve they disagree on some word.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus.tokenization.entities import compile_entity_types, split_at_entities
from lawrec.errors import CaseError, ConfigError, quoted
from lawrec.registry import lookup
from lawrec.storage.text_files import read_text
from lawrec.text import normalize, visible
from lawrec.translation import marked

TokenizeFunction = Callable[[str], list[str]]
StretchFunction = Callable[[str], Iterable[tuple[str, str | None]]]
"""From a normalized text to its stretches, which joined are the text, and the token of each; None
if it has none, since it is a stop word."""

_MOST_CHARACTERS = 100
"""In a word: jieba's dictionary holds every beginning of each word."""
_FREQUENCY_AND_TAG = re.compile(r"(?:[0-9]+(?: [a-z]+)?|[a-z]+)?")


@dataclass(frozen=True)
class TokenizerRecipe:
    """All that a tokenizer is made from: another process can make the same one.

    Args:
        name: The key of `TOKENIZERS`.
        words: The user's words, one per line; one text is sent to processes faster than a list.
        entity_types: The entities that become placeholder tokens.
        stop_words: The tokens that are dropped, one per line.
    """

    name: str
    words: str = ""
    entity_types: tuple[str, ...] = ()
    stop_words: str = ""


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer, loaded.

    Args:
        tokenize: From any text to its tokens, none of them empty.
        fingerprint: Changes when the same text may have other tokens.
        is_quick: Whether a fact is tokenized in less time than sending it to another process takes.
        stretches: Which stretch of a normalized text each of its tokens comes from.
        recipe: What it was made from; None if `make_tokenizer` did not make it.
    """

    tokenize: TokenizeFunction
    fingerprint: str
    is_quick: bool
    stretches: StretchFunction
    recipe: TokenizerRecipe | None = None


@dataclass(frozen=True)
class Backend:
    """A tokenizer that the setting `corpus.tokenizer` can name.

    Args:
        load: From the user's words to the function that tokenizes a normalized text.
        is_quick: As in `Tokenizer`.
        package: The package it comes from, whose version is in the fingerprint; None: it is
            built in and takes no words.
    """

    load: Callable[[Sequence[str]], TokenizeFunction]
    is_quick: bool
    package: str | None = None


_SHOWN_WORDS = 3


def load_tokenizer(config: CorpusConfig, dictionaries: Sequence[Path] = ()) -> Tokenizer:
    """Return the tokenizer of the settings, with the words of user dictionaries.

    Args:
        config: Its `tokenizer`, `entity_types` and `stop_words` decide.
        dictionaries: Files with one word per line, as jieba's user dictionaries are.

    Raises:
        ConfigError: There is no tokenizer or entity type of that name, or a package is missing.
        CaseError: A dictionary or the list of stop words cannot be read.

    Example:
        >>> tokenizer = load_tokenizer(CorpusConfig(tokenizer="char", entity_types=("money",)))
        >>> tokenizer.tokenize("盗窃 １，２００元")
        ['盗', '窃', '<money4>']
        >>> tokenizer.fingerprint
        'char, entity types money'
    """
    backend = lookup(TOKENIZERS, config.tokenizer, where="corpus.tokenizer")
    words = read_words(dictionaries) if backend.package else []
    return make_tokenizer(
        TokenizerRecipe(
            config.tokenizer,
            "\n".join(words),
            config.entity_types,
            "\n".join(listed_words(config.stop_words)),
        )
    )


def make_tokenizer(recipe: TokenizerRecipe) -> Tokenizer:
    """Return the tokenizer of a recipe.

    Raises:
        ConfigError: As `load_tokenizer` raises it.

    Example:
        >>> make_tokenizer(TokenizerRecipe("char", stop_words="的")).tokenize("我的")
        ['我']
    """
    backend = lookup(TOKENIZERS, recipe.name, where="corpus.tokenizer")
    words, stop_words = recipe.words.splitlines(), recipe.stop_words.splitlines()
    plain = backend.load(words)
    stretches = _stretches(plain, recipe.entity_types, stop_words=stop_words)
    is_plain = not (recipe.entity_types or stop_words)
    tokenize = plain if is_plain else partial(_kept_tokens, stretches)
    fingerprint = [recipe.name]
    if backend.package:
        fingerprint = [f"{backend.package} {version(backend.package)}", _named("dictionary", words)]
    if recipe.entity_types:
        fingerprint.append(f"entity types {'+'.join(recipe.entity_types)}")
    if stop_words:
        fingerprint.append(_named("stop words", stop_words))
    return Tokenizer(
        lambda text: tokenize(normalize(text)),
        ", ".join(fingerprint),
        is_quick=backend.is_quick,
        stretches=stretches,
        recipe=recipe,
    )


def read_words(paths: Iterable[Path]) -> list[str]:
    r"""Return the word of each line of several files, normalized, each once.

    A line is as in jieba's dictionaries: a word, then if known its frequency and part of speech.
    These two are not used: each word has the frequency with which it is kept whole.

    Raises:
        CaseError: A file cannot be read, or a line has a space within a word, too long a word, or
            none that can be seen.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "words.txt")
        ...     _ = path.write_text("盗窃罪 5 n\n\nＡＴＭ机\n盗窃罪\n", encoding="utf-8")
        ...     read_words([path])
        ['盗窃罪', 'ATM机']
    """
    words = (
        _word(line, f"{path}:{number}")
        for path in paths
        for number, line in enumerate(read_text(path, marked("the list of words")).splitlines(), 1)
        if visible(line).strip()
    )
    return list(dict.fromkeys(words))


def note_on_split_words(tokenizer: Tokenizer) -> str:
    """Return a note on words of the user dictionaries that no fact will ever hold as a token.

    jieba splits a text at most punctuation marks before it looks for words. So a word that has one,
    such as "《刑法》", is never found, and neither is one with an entity in it.

    Returns:
        The note; "" if all words can be tokens.

    Example:
        >>> note_on_split_words(load_tokenizer(CorpusConfig(tokenizer="char")))
        ''
    """
    words = tokenizer.recipe.words.splitlines() if tokenizer.recipe else []
    split = [word for word in words if tokenizer.tokenize(word) != [word]]
    if not split:
        return ""
    shown = ", ".join(f'"{word}"' for word in split[:_SHOWN_WORDS])
    return marked(
        f"{len(split):,} of {len(words):,} words of the dictionaries are split whatever "
        f"the fact, such as {shown}. Leave out their punctuation marks."
    )


def _word(line: str, where: str) -> str:
    """Return the word of a line, normalized."""
    word, *others = line.split()
    # "盗窃罪 5 n", "盗窃罪 5", "盗窃罪 n"; in "Edu Trust认证", the rest is neither.
    is_short = len(word) <= _MOST_CHARACTERS
    if is_short and visible(word) and _FREQUENCY_AND_TAG.fullmatch(" ".join(others)):
        return normalize(word)
    raise CaseError(
        where,
        expected=f"a line must be a word of at most {_MOST_CHARACTERS} characters without a space, "
        "then its frequency and its part of speech, or neither",
        got=quoted(line.strip()),
        todo="Write one word per line, without its spaces: facts are read without them.",
    )


def listed_words(setting: str) -> list[str]:
    """Return the words of the file that a setting names; none where the setting is empty.

    Raises:
        CaseError: The file cannot be read.

    Example:
        >>> listed_words("")
        []
    """
    return read_words([Path(setting)]) if setting else []


def _stretches(
    tokenize: TokenizeFunction, entity_types: Sequence[str], *, stop_words: Iterable[str]
) -> StretchFunction:
    """Return a function that tokenizes the text between entities, and drops the stop words."""
    pattern = compile_entity_types(entity_types) if entity_types else None
    dropped = frozenset(stop_words)

    def stretches(text: str) -> Iterator[tuple[str, str | None]]:
        pieces = split_at_entities(text, pattern) if pattern else [(text, None)]
        for piece, entity in pieces:
            located = [(piece, entity)] if entity else [(token, token) for token in tokenize(piece)]
            yield from (
                (stretch, None if token in dropped else token) for stretch, token in located
            )

    return stretches


def _kept_tokens(stretches: StretchFunction, text: str) -> list[str]:
    return [token for _, token in stretches(text) if token is not None]


def _jieba(words: Sequence[str]) -> TokenizeFunction:
    from lawrec.corpus.tokenization.jieba_dictionary import load_jieba  # imports NumPy

    return load_jieba(words)


def _rjieba(words: Sequence[str]) -> TokenizeFunction:
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
    return lambda text: [token for token, _, _ in tokenizer.tokenize(text)]


def _named(name: str, words: Iterable[str]) -> str:
    """Return a name and a digest of words: "stop words 3fdba35f04dc"."""
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
    return f"{name} {digest[:12]}"


TOKENIZERS = {
    "jieba": Backend(_jieba, is_quick=False, package="jieba"),
    "rjieba": Backend(_rjieba, is_quick=True, package="rjieba"),
    "char": Backend(lambda words: list, is_quick=True),
}
