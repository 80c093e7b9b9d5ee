"""Answers of lawrec for the test cases, as `lawrec predict --format json` writes them."""

import json
from collections.abc import Sequence
from pathlib import Path

from lawrec.errors import CaseError


def read_answers(path: Path, case_ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the recommended articles of each case.

    Raises:
        CaseError: The file cannot be read, a case is not answered, or the answers are not those of
            the cases, in their order.
    """
    todo = "Write it with lawrec predict --format json --output FILE, from the same test file."
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        answers = [json.loads(line) for line in lines]
        ids = [answer["case_id"] for answer in answers]
        lists = [tuple(answer["articles"]) for answer in answers if "error" not in answer]
    except (OSError, ValueError, KeyError, TypeError) as error:
        expected = "the file must hold an answer of lawrec predict in each line"
        raise CaseError(path, expected=expected, got=repr(error), todo=todo) from error
    if len(lists) != len(case_ids) or ids != list(case_ids):
        raise CaseError(
            path,
            expected=f"there must be an answer to each of the {len(case_ids):,} test cases",
            got=f"{len(lists):,} answers, with {len(set(ids) & set(case_ids)):,} of their ids",
            todo=todo,
        )
    return lists
