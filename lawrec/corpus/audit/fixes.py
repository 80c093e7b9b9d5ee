"""Mend: write a cleaned copy of the splits, and each change with its reason."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lawrec.corpus.audit.case_checks import AuditReference
from lawrec.corpus.audit.duplicate_checks import Copies
from lawrec.corpus.case_lines import CaseLine, case_to_json, line_to_json, read_lines
from lawrec.corpus.cases import Case
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError
from lawrec.files import atomic_folder, check_new_folder, json_line, write_text
from lawrec.progress import Progress


@dataclass(frozen=True)
class Change:
    """One thing that was changed; the facts' text never is."""

    where: str
    what: str
    why: str


def write_fixed_copy(
    files: Mapping[str, Path],
    rules: AuditReference,
    *,
    copies: Copies,
    folder: Path,
    case_format: CaseFormat,
    progress: Progress,
) -> int:
    """Write the splits as JSON lines without what is wrong; return the number of changes.

    Dropped are lines that cannot be read, copies of a fact, and labels outside the list with the
    cases that have no other; repeated labels are collapsed. Other lines keep their bytes.

    Raises:
        CaseError: The folder is in use.
    """
    check_new_folder(folder)
    dropped = {
        copies.where(case): _why(copies, case, original=kept) for case, kept in copies.surplus()
    }
    changes = 0
    with atomic_folder(folder) as new, (new / "changes.jsonl").open("wb") as log:
        for split, path in files.items():
            with (new / f"{split}.json").open("wb") as out:
                for done, line in enumerate(read_lines(path, case_format), 1):
                    mended = _mended(line, rules, copy=dropped.get(line.where, ""))
                    log.writelines(json_line(asdict(change)) + b"\n" for change in mended.changes)
                    out.write(mended.raw + b"\n" if mended.raw else b"")
                    changes += len(mended.changes)
                    progress.update(f"mend {split}", done, None)
        if rules.listed:
            write_text(new / "law.txt", "".join(f"{name}\n" for name in rules.listed))
    return changes


@dataclass(frozen=True)
class _Mended:
    raw: bytes  # b"": the line is dropped
    changes: tuple[Change, ...] = ()


def _mended(line: CaseLine, rules: AuditReference, *, copy: str) -> _Mended:
    if isinstance(line.case, CaseError):
        why = f"{line.case.expected}, got {line.case.got}"
        return _Mended(b"", (Change(line.where, "dropped the line", why),))
    kept = rules.kept(line.case)
    unlisted = [name for name in line.case.articles if name not in kept]
    if rules.has_no_listed_article(line.case):
        why = f"no article is in the list: {', '.join(unlisted)}"
        return _Mended(b"", (Change(line.where, "dropped the case", why),))
    if copy:
        return _Mended(b"", (Change(line.where, "dropped the case", copy),))
    changes = tuple(_label_changes(line.case, unlisted))
    return _Mended(_relabelled(line, kept) if changes else line_to_json(line), changes)


def _label_changes(case: Case, unlisted: list[str]) -> Iterator[Change]:
    if unlisted:
        yield Change(case.where, f"dropped {', '.join(unlisted)}", "not in the list of articles")
    repeated = [name for name, count in Counter(case.cited).items() if count > 1]
    if repeated:
        yield Change(case.where, f"collapsed {', '.join(repeated)}", "given more than once")


def _relabelled(line: CaseLine, kept: tuple[str, ...]) -> bytes:
    """Return the line with these articles, written as they were; its other fields stay."""
    assert isinstance(line.case, Case)
    if not line.raw:
        return case_to_json(line.case, kept)
    record = json.loads(line.source)
    fields, name = (record.get("meta"), "relevant_articles")
    if not isinstance(fields, dict):
        fields, name = record, "articles"
    places = [line.case.cited.index(article) for article in kept]
    fields[name] = [fields[name][place] for place in places]
    return json_line(record)


def _why(copies: Copies, case: int, *, original: int) -> str:
    labels = "" if copies.labels(case) == copies.labels(original) else ", which has other articles"
    return f"the fact of {copies.where(original)}{labels}"
