"""Audit text: the results of an audit and of a split as text, and an audit as JSON."""

from collections.abc import Iterator
from dataclasses import replace

from lawrec.corpus.audit.audit import AuditReport, Finding
from lawrec.corpus.audit.duplicate_checks import Occurrence
from lawrec.corpus.splitting.stratified_split import SplitReport
from lawrec.reporting.tables import render, simple_table
from lawrec.text import plain
from lawrec.translation import joined, translate

SHOWN = 3
"""Examples per finding that the text shows; JSON and the page have all that were kept."""


def audit_text(report: AuditReport) -> str:
    """Return an audit as text: sizes, findings and a verdict.

    Example:
        >>> print(audit_text(report))  # doctest: +SKIP
    """
    parts = [_split_table(report), long_tail(report), ""]
    if report.findings:
        parts += [*map(_finding, with_short_paths(report)), ""]
    return "\n".join([*parts, verdict(report)])


def split_text(report: SplitReport) -> str:
    """Return what splitting did as text.

    Example:
        >>> print(split_text(split_files([Path("mine.json")], Path("out"))))  # doctest: +SKIP
    """
    table = simple_table("Split", "Cases", "Share", "Articles")
    cases = sum(report.cases.values())
    for name, count in report.cases.items():
        articles = translate(f"{report.articles[name]:,} of {report.total_articles:,}")
        table.add_row(name, f"{count:,}", f"{count / max(1, cases):.1%}", articles)
    n = report.articles_in_every_split
    groups = f"{cases:,} cases in {report.groups:,} groups of near-duplicates, none divided"
    parts = [
        translate(groups),
        translate("1 article in every split" if n == 1 else f"{n:,} articles in every split"),
    ]
    if report.skipped:
        parts.append(translate(f"{report.skipped:,} lines skipped (skipped.jsonl)"))
    return f"{report.folder}\n{render(table)}{joined('; ', parts)}"


def with_short_paths(report: AuditReport) -> Iterator[Finding]:
    """Yield the findings with the paths of their examples relative to the audited folder.

    Example:
        >>> [finding.examples for finding in with_short_paths(report)]  # doctest: +SKIP
        [(Occurrence(where='train.json:9', note='the same fact as test.json:5'),)]
    """
    folder = f"{report.data}/"
    for finding in report.findings:
        examples = tuple(
            Occurrence(where.removeprefix(folder), note.replace(folder, ""))
            for where, note in finding.examples
        )
        yield replace(finding, examples=examples)


def long_tail(report: AuditReport) -> str:
    """Return how unevenly the labels are spread over the articles, in sentences.

    Example:
        >>> long_tail(report)  # doctest: +SKIP
        '183 articles: 3 without a case in train, 41 with fewer than 10. The 10 most cited ...'
    """
    tail, first = report.tail, next(iter(report.splits))
    return translate(
        f"{tail.articles} article{'s' if tail.articles != 1 else ''}: {tail.unused} without a case "
        f"in {first}, {tail.rare} with fewer than {tail.limit}. The 10 most cited have "
        f"{tail.top / max(1, tail.labels):.0%} of labels."
    )


def verdict(report: AuditReport) -> str:
    """Return how many kinds of error and warning there are, and how many changes were made.

    Example:
        >>> verdict(report)  # doctest: +SKIP
        '1 kind of error, 2 kinds of warning'
    """
    errors, warnings = report.errors, report.warnings
    parts = [
        translate(f"{errors} kind{_plural(errors)} of error" if errors else "No errors"),
        translate(f"{warnings} kind{_plural(warnings)} of warning" if warnings else "no warnings"),
    ]
    if report.changes is None:
        return joined(", ", parts)
    n = report.changes
    changes = "1 change made (changes.jsonl)" if n == 1 else f"{n:,} changes made (changes.jsonl)"
    return joined("; ", [joined(", ", parts), translate(changes)])


def _plural(number: int) -> str:
    return "s" if number > 1 else ""


def _split_table(report: AuditReport) -> str:
    table = simple_table(
        *("Split", "Lines", "Cases", "Several articles", "Characters, mean", "longest", "Encoding")
    )
    for name, sizes in report.splits.items():
        cases = max(1, sizes.cases)
        table.add_row(
            name,
            f"{sizes.lines:,}",
            f"{sizes.cases:,}",
            f"{sizes.several / cases:.1%}",
            f"{sizes.characters / cases:,.0f}",
            f"{sizes.longest:,}",
            sizes.encoding,
        )
    return f"{report.data}\n{render(table).rstrip()}\n"


def _finding(finding: Finding) -> str:
    severity, meaning = translate(finding.severity).upper(), translate(finding.meaning)
    lines = [
        joined(": ", [f"{severity} {finding.kind}", meaning, f"{finding.count:,}"]),
        *(
            f"    {joined(': ', [plain(where), plain(translate(note))])}"
            for where, note in finding.examples[:SHOWN]
        ),
        f"    {translate(finding.todo)}",
    ]
    return "\n".join(lines)
