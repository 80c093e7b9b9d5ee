"""Errors that a user can fix: where, what was expected, what came instead, what to do next.

The library raises these errors and never prints. The command line prints their message without a
traceback and exits with status 1.
"""

from enum import StrEnum
from functools import partial
from typing import Any, Self

from lawrec.text import encodable


class ErrorKind(StrEnum):
    """Why a case was refused, for code that treats some reasons differently."""

    BAD_LABEL = "bad label"
    BROKEN_JSON = "broken JSON"
    DAMAGED = "damaged file"
    EMPTY_FACT = "empty fact"
    ENCODING = "encoding"
    NO_CASE = "no case"
    NO_COLUMN = "no column"
    OTHER_FORMAT = "other format"
    UNKNOWN_LABEL = "unknown label"
    OTHER = "other"


class LawrecError(Exception):
    """A mistake that the user can fix.

    Args:
        where: File and line, option, or folder where the mistake is.
        expected: What must hold there, as a clause with "must".
        got: What came instead, as the user wrote it; or the error of reading the file.
        todo: What to do next, as a sentence.
    """

    def __init__(self, where: object, *, expected: str, got: object, todo: str) -> None:
        self.where = encodable(str(where))
        self.expected = expected
        self.got = "no such file" if isinstance(got, FileNotFoundError) else encodable(str(got))
        self.todo = todo
        super().__init__(f"{self.where}: {expected}, got {self.got}. {todo}")

    def at(self, where: object) -> Self:
        """Return the same error about something that has another name for the user."""
        make, _ = self.__reduce__()
        error: Self = make(where)
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle needs: an error of a worker process keeps its parts.

        By default, pickle would call the class with the whole message as its only argument.
        """
        parts = dict(vars(self))
        where = parts.pop("where")
        return partial(type(self), **parts), (where,)


class ConfigError(LawrecError):
    """A configuration file or option is wrong."""


class CaseError(LawrecError):
    """A case, or the file that holds it, cannot be read.

    Args:
        where: See `LawrecError`.
        expected: See `LawrecError`.
        got: See `LawrecError`.
        todo: See `LawrecError`.
        kind: The reason, which code can test; nothing compares message texts.
        case_id: The case's own id, else its line; "" for a file.
    """

    def __init__(
        self,
        where: object,
        *,
        expected: str,
        got: object,
        todo: str,
        kind: ErrorKind = ErrorKind.OTHER,
        case_id: str = "",
    ) -> None:
        super().__init__(where, expected=expected, got=got, todo=todo)
        self.kind = kind
        self.case_id = case_id


class StatuteError(LawrecError):
    """An article is unknown, or the text of a statute is missing or damaged."""


class UnknownArticleError(StatuteError):
    """An article is unknown."""


class RecordsError(LawrecError):
    """Records are missing, incomplete or damaged."""


class RunError(LawrecError):
    """A run is missing, unfinished, or does not fit what is asked of it."""


def quoted(value: Any, limit: int = 40) -> str:
    """Return `repr(value)`, shortened to `limit` characters, for the `got` of an error.

    Example:
        >>> quoted("264")
        "'264'"
        >>> quoted("盗窃" * 100, limit=10)
        "'盗窃盗窃盗窃盗窃…"
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of more than 4,300 digits, or nested too deep
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
