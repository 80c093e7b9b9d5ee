"""Line checks: all checks of each line of the splits, in this process or in several.

Files of lines are read in parts, each by one process. Packed files and tables can only be read from
their beginning: if there is one, this process reads all.
"""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lawrec.corpus.audit.case_checks import CHECKS, AuditReference
from lawrec.corpus.case_lines import CaseLine, LinePart, line_parts, read_line_part, read_lines
from lawrec.corpus.cases import Case
from lawrec.corpus.readers import CaseFormat
from lawrec.iterables import MapItems, map_here

PART_BYTES = 2**20
"""Bytes of a part, all lines of which are in memory."""


@dataclass(frozen=True)
class CheckedLine:
    """What is known of a line once it is checked.

    Attributes:
        where: The file and line.
        notes: What is wrong with it, by kind.
        is_case: Whether it is a case.
        text: The normalized fact; "" where there is none.
        n_articles: How many articles the case has.
        labels: Those of them that are known; None where the case has others only.
    """

    where: str
    notes: tuple[tuple[str, str], ...] = ()
    is_case: bool = False
    text: str = ""
    n_articles: int = 0
    labels: tuple[str, ...] | None = None


def check_line(line: CaseLine, reference: AuditReference) -> CheckedLine:
    """Return what is known of a line.

    Args:
        line: The line.
        reference: What it is checked against.

    Example:
        >>> line = CaseLine(Case("a.json:1", "1", "盗窃", ("264",)))
        >>> check_line(line, AuditReference()).notes
        (('tiny-fact', '盗窃'),)
    """
    notes = ((kind, check.find(line, reference)) for kind, check in CHECKS.items())
    wrong = tuple((kind, note) for kind, note in notes if note)
    case = line.case
    if not isinstance(case, Case):
        return CheckedLine(line.where, wrong)
    labels = None if reference.has_no_listed_article(case) else reference.kept(case)
    return CheckedLine(line.where, wrong, True, line.text, len(case.articles), labels)


def check_splits(
    files: Mapping[str, Path],
    reference: AuditReference,
    *,
    case_format: CaseFormat,
    map_items: MapItems,
) -> Generator[tuple[str, CheckedLine], None, None]:
    """Yield each line of each split, in order, with the name of the split.

    Args:
        files: The path of each split.
        reference: What the lines are checked against; it can be pickled.
        case_format: How the cases are written.
        map_items: Has other processes check them; `map_here`: this one does.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> files = {"test": shipped_path("data/sample/test.json")}
        >>> checked = check_splits(
        ...     files, AuditReference(), case_format=CaseFormat(), map_items=map_here
        ... )
        >>> next(checked)[1].labels
        ('275',)
    """
    is_here = map_items is map_here
    parts = {
        split: [] if is_here else line_parts(path, case_format, part_bytes=PART_BYTES)
        for split, path in files.items()
    }
    if not all(parts.values()):
        for split, path in files.items():
            for line in read_lines(path, case_format):
                yield split, check_line(line, reference)
        return
    items = [(split, part) for split in parts for part in parts[split]]
    work = partial(_check_part, reference, case_format)
    with closing(map_items(work, items)) as checked:
        for (split, _), lines in checked:
            yield from ((split, line) for line in lines)


def _check_part(
    reference: AuditReference, case_format: CaseFormat, item: tuple[str, LinePart]
) -> list[CheckedLine]:
    return [check_line(line, reference) for line in read_line_part(item[1], case_format)]
