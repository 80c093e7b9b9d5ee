"""The errors of lawrec: each says where, what was expected, what came, and what to do next."""

from functools import partial
from typing import Any


class LawrecError(Exception):
    """A mistake that the user can mend; the command line prints it without a traceback.

    Args:
        where: File and line, option, or folder where the mistake lies.
        expected: What must hold there, as a full clause.
        got: What came instead, as the user wrote it.
        todo: What to do next, as a sentence.
    """

    def __init__(self, where: object, *, expected: str, got: object, todo: str) -> None:
        self.where = str(where)
        self.expected = expected
        self.got = str(got)
        self.todo = todo
        super().__init__(f"{self.where}: {expected}, got {self.got}. {todo}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error come whole from another process."""
        values = {"expected": self.expected, "got": self.got, "todo": self.todo}
        return partial(type(self), **values), (self.where,)


class ConfigError(LawrecError):
    """A configuration file or option is wrong."""


class CaseError(LawrecError):
    """A case, or the file that holds it, cannot be read."""


class StatuteError(LawrecError):
    """An article is unknown, or the text of a statute is missing or cannot be read."""


class RecordsError(LawrecError):
    """Records are missing, incomplete or damaged."""


class RunError(LawrecError):
    """A run is missing, unfinished, or does not fit what is asked of it."""


def quoted(value: Any, limit: int = 40) -> str:
    """Return `value` as Python writes it, cut to `limit` characters, for the `got` of an error."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
