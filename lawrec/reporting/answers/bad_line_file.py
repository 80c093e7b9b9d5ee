"""Bad-line file: lines that are not cases, in a file of their own instead of among the answers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lawrec.corpus.bad_lines import bad_line_values
from lawrec.runs.results import Answer
from lawrec.storage.files import atomic_file
from lawrec.storage.json_text import json_line


@contextmanager
def without_bad_lines(answers: Iterable[Answer], path: Path | None) -> Iterator[Iterable[Answer]]:
    """Yield the answers without errors, which become JSON lines of a file, whole or not at all.

    Args:
        answers: Answers and errors.
        path: The file, which is empty if there is no error; None: nothing is changed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "bad.jsonl")
        ...     with without_bad_lines([Answer("1", "被告人盗窃。")], path) as answers:
        ...         [answer.case_id for answer in answers]
        ...     path.read_text()
        ['1']
        ''
    """
    if path is None:
        yield answers
        return
    with atomic_file(path) as temporary, temporary.open("wb") as file:

        def good_answers() -> Iterator[Answer]:
            for answer in answers:
                if answer.error:
                    values = bad_line_values(answer.error)
                    file.write(json_line({"case_id": answer.case_id, **values}) + b"\n")
                else:
                    yield answer

        yield good_answers()
