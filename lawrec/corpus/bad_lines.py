"""Bad lines: what a command does with lines that cannot be used, and the cases that remain."""

from collections.abc import Generator, Iterator
from pathlib import Path

from lawrec.corpus.cases import Case, Cases
from lawrec.errors import CaseError
from lawrec.storage.json_text import json_line
from lawrec.translation import marked

SKIPPED = "skipped.jsonl"
"""The file of skipped lines, beside what was made of the other lines."""


class BadLines:
    """What to do with lines that cannot be used: stop at the first, or skip and count them.

    Args:
        skip: Whether to skip them.
        log: A file to which each skipped line is appended as JSON: where it was, and why.

    Attributes:
        skipped: How many lines were skipped so far.
    """

    def __init__(self, *, skip: bool, log: Path | None = None) -> None:
        self.skipped = 0
        self._skip = skip
        self._log = log

    def handle(self, error: CaseError) -> None:
        """Count and log a line, or raise its error, which then advises to skip it as well."""
        if not self._skip:
            todo = marked(f"{error.todo} Or skip such lines with --skip-bad.")
            raise CaseError(**{**vars(error), "todo": todo})
        self.skipped += 1
        if self._log:
            with self._log.open("ab") as file:
                file.write(json_line(bad_line_values(error)) + b"\n")


def bad_line_values(error: CaseError) -> dict[str, str]:
    """Return what a file of bad lines says of each: where it is, and why it cannot be used.

    Example:
        >>> bad_line_values(CaseError("a:1", expected="a text", got="nothing", todo="Fix it."))
        {'where': 'a:1', 'error': 'a:1: a text, got nothing. Fix it.'}
    """
    return {"where": error.where, "error": str(error)}


def usable_cases(cases: Cases, bad_lines: BadLines | None = None) -> Iterator[Case]:
    r"""Yield the cases, and pass each line that cannot be used to `bad_lines`.

    Args:
        cases: Cases and errors, as `read_cases` yields them.
        bad_lines: What to do with errors; by default, the first one is raised.

    Raises:
        CaseError: A line cannot be used and is not to be skipped.

    Example:
        >>> empty = CaseError("a:1", expected="a text", got="nothing", todo="Fix it.")
        >>> bad_lines = BadLines(skip=True)
        >>> cases = usable_cases(iter([empty, Case("a:2", "2", "盗窃")]), bad_lines)
        >>> [case.case_id for case in cases], bad_lines.skipped
        (['2'], 1)
    """
    bad_lines = bad_lines or BadLines(skip=False)
    try:
        for case in cases:
            if isinstance(case, CaseError):
                bad_lines.handle(case)
            else:
                yield case
    finally:
        # A raised error refers to this frame by its traceback, and this frame to the error: only
        # closing the generator closes its file at once.
        if isinstance(cases, Generator):
            cases.close()
