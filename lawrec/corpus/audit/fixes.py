"""Fixes: a copy of the splits without the errors, and a log of each change with its reason."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lawrec.corpus.audit.case_checks import AuditReference
from lawrec.corpus.audit.duplicate_checks import DuplicateIndex
from lawrec.corpus.case_lines import CaseLine, case_to_json, line_to_json, read_lines
from lawrec.corpus.cases import Case
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError
from lawrec.law.labels import article_names
from lawrec.progress import Progress
from lawrec.storage.files import atomic_folder, check_new_folder, write_lines
from lawrec.storage.json_text import json_line


@dataclass(frozen=True)
class Fix:
    """One change to a line: where it was made, what was changed, and why."""

    where: str
    what: str
    why: str


def write_fixed_copy(
    folder: Path,
    index: DuplicateIndex,
    *,
    reference: AuditReference,
    case_format: CaseFormat,
    progress: Progress,
) -> int:
    """Write the splits as JSON lines without their errors; return the number of changes.

    Dropped are lines that cannot be read, duplicates of a fact, and articles outside the list with
    the cases that have no other article. An article that a case cites more than once is kept once.
    All other lines keep their bytes, and no text of a fact is ever changed. Each change is logged
    in `changes.jsonl`.

    Args:
        folder: A folder that is new or empty.
        index: All cases of the splits that have an article in the list, or none at all.
        reference: What the cases were checked against; its list is written to `law.txt`.
        case_format: How the cases are written.
        progress: Where to report the number of lines done.

    Raises:
        CaseError: The folder is in use, or a file has changed since it was indexed.

    Example:
        >>> write_fixed_copy(  # doctest: +SKIP
        ...     Path("fixed"),
        ...     index,
        ...     reference=reference,
        ...     case_format=CaseFormat(),
        ...     progress=SILENT,
        ... )
        3
    """
    check_new_folder(folder)
    changes, duplicates = 0, _Duplicates(index)
    with atomic_folder(folder, overwrite=False) as new, (new / "changes.jsonl").open("wb") as log:
        for split, path in index.files.items():
            with (new / f"{split}.json").open("wb") as out:
                for done, line in enumerate(read_lines(path, case_format), 1):
                    raw, fixes = _fix_line(line, reference, duplicates=duplicates)
                    log.writelines(json_line(asdict(fix)) + b"\n" for fix in fixes)
                    out.write(raw + b"\n" if raw else b"")
                    changes += len(fixes)
                    progress.update(f"fix {split}", done, None)
        index.check_unchanged()
        if reference.listed:
            write_lines(new / "law.txt", reference.listed)
    return changes


def _fix_line(
    line: CaseLine, reference: AuditReference, *, duplicates: "_Duplicates"
) -> tuple[bytes, list[Fix]]:
    """Return a line without its errors, b"" if it is dropped, and what was changed.

    Args:
        line: A line of a split.
        reference: What cases are checked against.
        duplicates: The duplicates from this line on.
    """
    if isinstance(line.case, CaseError):
        why = f"{line.case.expected}, got {line.case.got}"
        return b"", [Fix(line.where, "dropped the line", why)]
    kept = reference.kept(line.case)
    unlisted = reference.known.unknown_in(line.case)
    if reference.has_no_listed_article(line.case):
        why = f"no article is in {reference.known.source}: {', '.join(unlisted)}"
        return b"", [Fix(line.where, "dropped the case", why)]
    if reason := duplicates.reason(line.where):
        return b"", [Fix(line.where, "dropped the case", reason)]
    fixes = list(_label_fixes(line.case, unlisted, source=reference.known.source))
    return (_relabelled(line, kept, unlisted=unlisted) if fixes else line_to_json(line)), fixes


def _label_fixes(case: Case, unlisted: list[str], *, source: str) -> Iterator[Fix]:
    if unlisted:
        yield Fix(case.where, f"dropped {', '.join(unlisted)}", f"not in {source}")
    repeated = [name for name, count in Counter(case.cited).items() if count > 1]
    if repeated:
        yield Fix(case.where, f"kept {', '.join(repeated)} once", "cited more than once")


def _relabelled(line: CaseLine, articles: tuple[str, ...], *, unlisted: list[str]) -> bytes:
    """Return the line with these of its articles, as they were written; other fields stay."""
    assert isinstance(line.case, Case)
    unknown = [name for name in line.case.unknown_articles if name not in unlisted]
    if not line.raw:
        return case_to_json(replace(line.case, unknown_articles=tuple(unknown)), articles)
    record = json.loads(line.source)
    fields, name = (record.get("meta"), "relevant_articles")
    if not isinstance(fields, dict):
        fields, name = record, "articles"
    else:
        record.pop("articles", None)  # the same articles once more
    # With ["第264条", 264, 266], of which 264 is to be kept: "第264条".
    items = reversed(fields[name] if isinstance(fields[name], list) else [])
    written = {names[0]: item for item in items if len(names := article_names([item])) == 1}
    fields[name] = [written.get(article, article) for article in articles]
    for owner in (record, fields):
        if "unknown_articles" in owner:
            owner["unknown_articles"] = unknown
    return json_line(record)


class _Duplicates:
    """The duplicates of an index, which come in the order of the lines."""

    def __init__(self, index: DuplicateIndex) -> None:
        self._upcoming = (
            (index.where(case), _duplicate_reason(index, case, original=original))
            for case, original in index.duplicates()
        )
        self._next = next(self._upcoming, None)

    def reason(self, where: str) -> str:
        """Return why the next line is dropped, "" if it is not a duplicate."""
        if self._next is None or self._next[0] != where:
            return ""
        (_, reason), self._next = self._next, next(self._upcoming, None)
        return reason


def _duplicate_reason(index: DuplicateIndex, case: int, *, original: int) -> str:
    same_labels = index.labels(case) == index.labels(original)
    return f"the same fact as {index.where(original)}" + (
        "" if same_labels else ", which has other articles"
    )
