"""Audit page: the result of an audit as one HTML file that needs no network and has no script."""

import math
import re
from collections.abc import Mapping
from html import escape

from lawrec.corpus.audit.audit import AuditReport, Finding, SplitSizes
from lawrec.law.catalog import article_titles
from lawrec.reporting.audit_text import long_tail, verdict, with_short_paths
from lawrec.reporting.html_page import page_html, table_rows, template
from lawrec.translation import translate

WIDTH, HEIGHT, LEFT, BOTTOM = 1000, 220, 44, 6
"""The bar chart, and its margins for the numbers and the axis, in units of its view box."""
TOP = 12
"""The margin above the highest bar."""

# `lawrec split` in a text -> <code>lawrec split</code>
_CODE = re.compile("`(.*?)`")


def audit_html(report: AuditReport) -> str:
    """Return an audit as a page.

    Example:
        >>> Path("audit.html").write_text(audit_html(report), encoding="utf-8")  # doctest: +SKIP
    """
    names = article_titles()
    body = template("audit.html").substitute(
        data=escape(report.data),
        tone="bad" if report.errors else "fair" if report.warnings else "good",
        verdict=verdict(report),
        splits="".join(_card(name, sizes) for name, sizes in report.splits.items()),
        findings="".join(map(_finding, with_short_paths(report)))
        or f"<p>{translate('No findings.')}</p>",
        tail=escape(long_tail(report)),
        chart=_chart(report.articles, names),
        head="".join(f"<th>{escape(name)}</th>" for name in report.splits),
        rows=table_rows(
            (name, names.get(name, ""), *(f"{count:,}" for count in counts.values()))
            for name, counts in report.articles.items()
        ),
    )
    return page_html(translate(f"Audit of {report.data}"), body, stylesheet="audit.css")


def _card(name: str, sizes: SplitSizes) -> str:
    cases = max(1, sizes.cases)
    facts = (
        translate(f"{sizes.several / cases:.1%} with several articles"),
        translate(
            f"{sizes.characters / cases:,.0f} characters on average, {sizes.longest:,} at most"
        ),
        translate(f"{sizes.lines - sizes.cases:,} of {sizes.lines:,} lines cannot be read"),
        translate(f"encoding: {escape(sizes.encoding)}"),
    )
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    return (
        f'<article class="card"><h3>{escape(name)}</h3><p class="big">{sizes.cases:,}</p>'
        f'<p class="unit">{translate("cases")}</p><ul>{items}</ul></article>'
    )


def _finding(finding: Finding) -> str:
    examples = table_rows((where, translate(note)) for where, note in finding.examples)
    pill = f'<span class="pill">{translate(finding.severity)}</span>'
    todo = _CODE.sub(r"<code>\1</code>", escape(translate(finding.todo)))
    return (
        f'<details class="{finding.severity}"{" open" if finding.severity == "error" else ""}>'
        f"<summary>{pill}<b>{escape(finding.kind)}</b>"
        f'<span class="meaning">{escape(translate(finding.meaning))}</span>'
        f'<span class="count">{finding.count:,}</span></summary>'
        f'<p class="todo">{todo}</p><table>{examples}</table></details>'
    )


def _chart(articles: Mapping[str, Mapping[str, int]], names: Mapping[str, str]) -> str:
    """Return an SVG with one bar per article, the most cited first, on a logarithmic scale."""
    totals = {article: sum(counts.values()) for article, counts in articles.items()}
    most = max([1, *totals.values()])
    step = (WIDTH - LEFT) / max(1, len(totals))
    bars = "".join(
        _bar(
            LEFT + index * step,
            step * 0.82,
            height=_height(count, most),
            label=f"{article} {names.get(article, '')}: {count:,}",
        )
        for index, (article, count) in enumerate(totals.items())
    )
    ticks = "".join(_tick(10**power, most) for power in range(int(math.log10(most)) + 1))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + BOTTOM}" role="img" '
        f'aria-label="{translate("Cases of each article")}">{ticks}{bars}</svg>'
    )


def _height(count: int, most: int) -> float:
    return (HEIGHT - TOP) * math.log1p(count) / math.log1p(most)


def _bar(left: float, width: float, *, height: float, label: str) -> str:
    return (
        f'<rect x="{left:.1f}" y="{HEIGHT - height:.1f}" width="{width:.2f}" '
        f'height="{max(height, 1):.1f}"{"" if height else " class=none"}>'
        f"<title>{escape(label)}</title></rect>"
    )


def _tick(count: int, most: int) -> str:
    y = HEIGHT - _height(count, most)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}">{count:,}</text>'
    )
