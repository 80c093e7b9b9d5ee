"""Audit report: what an audit found and what splitting did, as text and JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from lawrec.corpus.audit.runner import AuditReport, Finding
from lawrec.corpus.stratified_split import SplitReport

WIDTH = 100
SHOWN = 3
"""Examples of a finding that the text shows; JSON and the page have all that were kept."""


def audit_text(report: AuditReport) -> str:
    """Return an audit for people."""
    parts = [_splits(report), _tail(report)]
    parts += [_finding(finding) for finding in shortened(report)]
    parts.append(_verdict(report))
    return "\n".join(parts)


def shortened(report: AuditReport) -> Iterator[Finding]:
    """Give the findings with files named as they are within the folder of the cases."""
    folder = f"{report.data}/"
    for finding in report.findings:
        examples = tuple(
            (where.removeprefix(folder), note.replace(folder, ""))
            for where, note in finding.examples
        )
        yield replace(finding, examples=examples)


def audit_json(report: AuditReport) -> str:
    """Return an audit as JSON."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=1)


def split_text(report: SplitReport) -> str:
    """Return what splitting did."""
    table = _table("Split", "Cases", "Share", "Articles")
    cases = sum(report.cases.values())
    for name, count in report.cases.items():
        articles = f"{report.articles[name]} of {report.total_articles}"
        table.add_row(name, f"{count:,}", f"{count / max(1, cases):.1%}", articles)
    skipped = f"; {report.skipped:,} lines skipped (skipped.jsonl)" if report.skipped else ""
    return (
        f"{report.folder}\n{_rendered(table)}"
        f"{cases:,} cases in {report.groups:,} groups of near-duplicates, none divided; "
        f"{report.articles_in_every_split} articles in every split{skipped}"
    )


def _splits(report: AuditReport) -> str:
    table = _table(
        "Split", "Lines", "Cases", "Several articles", "Signs, mean", "longest", "Encoding"
    )
    for name, counts in report.splits.items():
        cases = max(1, counts.cases)
        table.add_row(
            name,
            f"{counts.lines:,}",
            f"{counts.cases:,}",
            f"{counts.several / cases:.1%}",
            f"{counts.signs / cases:,.0f}",
            f"{counts.longest:,}",
            counts.encoding,
        )
    return f"{report.data}\n{_rendered(table)}"


def _tail(report: AuditReport) -> str:
    tail = report.tail
    first, top = next(iter(report.splits)), tail.top / max(1, tail.labels)
    return (
        f"{tail.articles} articles; in {first}: {tail.unused} without a case, {tail.rare} with "
        f"fewer than {tail.limit}\nthe 10 most cited hold {top:.0%} of the labels\n"
    )


def _finding(finding: Finding) -> str:
    lines = [
        f"{finding.severity.upper()} {finding.kind}: {finding.meaning}: {finding.count:,}",
        *(f"    {where}: {_plain(note)}" for where, note in finding.examples[:SHOWN]),
        f"    {finding.todo}",
    ]
    return "\n".join(lines)


def _verdict(report: AuditReport) -> str:
    warnings = len(report.findings) - report.errors
    verdict = f"\nkinds of error: {report.errors}, kinds of warning: {warnings}"
    if report.changes is not None:
        verdict += f"; {report.changes:,} changes made (changes.jsonl)"
    return verdict


def _plain(text: str) -> str:
    """Return one line without the control characters that would steer a terminal."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=box.SIMPLE_HEAD)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _rendered(table: Any) -> str:
    console = Console(file=StringIO(), width=WIDTH, color_system=None, markup=False, emoji=False)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
