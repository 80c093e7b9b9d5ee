"""Case files: the facts of an uploaded file, in any format and encoding that `predict` reads."""

import io
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from lawrec.corpus.cases import read_stream
from lawrec.corpus.readers import DEFAULT_FORMAT, choose_reader
from lawrec.errors import CaseError
from lawrec.serving.problems import ProblemError, as_problem
from lawrec.text_files import DECOMPRESSORS

MOST_CASES = 10_000
"""Cases of one upload: a larger file is for `lawrec predict`."""


def cases_in(content: bytes, name: str, *, fact_field: str = "fact") -> list[dict[str, Any]]:
    r"""Return the id of each case of a file, and its fact or its error, in the order of the file.

    Args:
        content: The bytes of the file.
        name: Its name, whose suffix says how it is written.
        fact_field: The field or column of the fact.

    Raises:
        ProblemError: The format is unknown (415), the file cannot be read (422) or has too many
            cases (413).

    Example:
        >>> cases_in("盗窃。\ntheft\n".encode(), "facts.txt")[0]
        {'case_id': '1', 'fact': '盗窃。'}
    """
    path = Path(Path(name.replace("\\", "/")).name)
    if path.suffix.lower() in DECOMPRESSORS:
        raise _unpacked(path)
    try:
        reader = choose_reader(path, io.BytesIO())
    except CaseError as error:
        raise as_problem(error, 415) from error
    case_format = replace(DEFAULT_FORMAT, reader=reader, fact_field=fact_field)
    stream = io.BufferedReader(io.BytesIO(content))
    read = read_stream(stream, str(path), labelled=False, case_format=case_format)
    cases = list(islice(read, MOST_CASES + 1))
    if len(cases) > MOST_CASES:
        raise ProblemError(
            413,
            path,
            expected=f"a file must have at most {MOST_CASES:,} cases",
            got="more",
            todo="Use `lawrec predict` for it, or send it in parts.",
        )
    return [
        {"case_id": case.case_id, "error": str(case)}
        if isinstance(case, CaseError)
        else {"case_id": case.case_id, "fact": case.fact}
        for case in cases
    ]


def _unpacked(path: Path) -> ProblemError:
    return ProblemError(
        415, path, expected="the file must not be packed", got=path.suffix, todo="Unpack it."
    )
