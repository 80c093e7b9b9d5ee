"""Audit page: one HTML file that needs no network and runs no script."""

import math
import re
from collections.abc import Mapping
from html import escape
from string import Template

from lawrec.corpus.audit.runner import AuditReport, Finding, SplitCounts
from lawrec.law.catalog import article_titles
from lawrec.reporting.audit_text import shortened
from lawrec.reporting.html_page import page_html

WIDTH, HEIGHT, LEFT, BOTTOM = 1000, 220, 44, 6
"""The bar chart, in the units of its own view box."""


_CODE = re.compile("`(.*?)`")


def audit_html(report: AuditReport) -> str:
    """Return an audit as a page."""
    names = article_titles()
    warnings = len(report.findings) - report.errors
    body = _BODY.substitute(
        data=escape(report.data),
        tone="bad" if report.errors else "fair" if warnings else "good",
        verdict=_verdict(report.errors, warnings),
        splits="".join(_card(name, counts) for name, counts in report.splits.items()),
        findings="".join(map(_finding, shortened(report))) or "<p>Nothing was found.</p>",
        tail=_tail(report),
        chart=_chart(report.articles, names),
        head="".join(f"<th>{escape(name)}</th>" for name in report.splits),
        rows="".join(_row(name, counts, names=names) for name, counts in report.articles.items()),
    )
    return page_html(f"Audit of {report.data}", _STYLE, body=body)


def _verdict(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "Nothing is wrong that this audit looks for."
    return f"Kinds of error: {errors}, kinds of warning: {warnings}"


def _card(name: str, counts: SplitCounts) -> str:
    cases = max(1, counts.cases)
    facts = (
        f"{counts.several / cases:.1%} with several articles",
        f"{counts.signs / cases:,.0f} signs on average, {counts.longest:,} at most",
        f"{counts.lines - counts.cases:,} of {counts.lines:,} lines cannot be read",
        f"encoding: {escape(counts.encoding)}",
    )
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    return (
        f'<article class="card"><h3>{escape(name)}</h3><p class="big">{counts.cases:,}</p>'
        f'<p class="unit">cases</p><ul>{items}</ul></article>'
    )


def _finding(finding: Finding) -> str:
    examples = "".join(
        f"<tr><td>{escape(where)}</td><td>{escape(note)}</td></tr>"
        for where, note in finding.examples
    )
    todo = _CODE.sub(r"<code>\1</code>", escape(finding.todo))
    return (
        f'<details class="{finding.severity}"{" open" if finding.severity == "error" else ""}>'
        f'<summary><span class="pill">{finding.severity}</span><b>{escape(finding.kind)}</b>'
        f'<span class="meaning">{escape(finding.meaning)}</span>'
        f'<span class="count">{finding.count:,}</span></summary>'
        f'<p class="todo">{todo}</p><table>{examples}</table></details>'
    )


def _tail(report: AuditReport) -> str:
    tail = report.tail
    share = tail.top / max(1, tail.labels)
    return escape(
        f"{tail.articles} articles. In {next(iter(report.splits))}, {tail.unused} have no case and "
        f"{tail.rare} fewer than {tail.limit}; the 10 most cited hold {share:.0%} of the labels."
    )


def _chart(articles: Mapping[str, Mapping[str, int]], names: Mapping[str, str]) -> str:
    """Draw a bar an article, the most cited first, on a logarithmic scale."""
    totals = {name: sum(counts.values()) for name, counts in articles.items()}
    top = max([1, *totals.values()])
    step = (WIDTH - LEFT) / max(1, len(totals))
    bars = "".join(
        _bar(
            LEFT + place * step,
            step * 0.82,
            height=_height(count, top),
            label=_label(name, count, names=names),
        )
        for place, (name, count) in enumerate(totals.items())
    )
    ticks = "".join(_tick(10**power, top) for power in range(int(math.log10(top)) + 1))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + BOTTOM}" role="img" '
        f'aria-label="Cases of each article">{ticks}{bars}</svg>'
    )


def _height(count: int, top: int) -> float:
    return (HEIGHT - 12) * math.log1p(count) / math.log1p(top)


def _bar(left: float, width: float, *, height: float, label: str) -> str:
    return (
        f'<rect x="{left:.1f}" y="{HEIGHT - height:.1f}" width="{width:.2f}" '
        f'height="{max(height, 1):.1f}"{"" if height else " class=none"}>'
        f"<title>{escape(label)}</title></rect>"
    )


def _tick(count: int, top: int) -> str:
    y = HEIGHT - _height(count, top)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}">{count:,}</text>'
    )


def _label(name: str, count: int, *, names: Mapping[str, str]) -> str:
    return f"{name} {names.get(name, '')}: {count:,}"


def _row(name: str, counts: Mapping[str, int], *, names: Mapping[str, str]) -> str:
    cells = "".join(f"<td>{count:,}</td>" for count in counts.values())
    return f"<tr><td>{escape(name)}</td><td>{escape(names.get(name, ''))}</td>{cells}</tr>"


_STYLE = """details table td:first-child { width: 38%; color: var(--soft);
  font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .82rem; }
.articles td, .articles th { text-align: right; font-variant-numeric: tabular-nums; }
.articles :is(td, th):nth-child(-n+2) { text-align: left; width: auto; }
svg { display: block; width: 100%; height: auto; } rect { fill: var(--bar); }
rect.none { fill: var(--bad); } rect:hover { opacity: .65; } line { stroke: var(--line); }
text { fill: var(--soft); font-size: 12px; text-anchor: end; }
"""
_BODY = Template("""<h1>Audit of the cases</h1>
<p class="path">$data</p>
<p class="verdict $tone">$verdict</p>
<h2>Splits</h2>
<section class="cards">$splits</section>
<h2>Findings</h2>
<section>$findings</section>
<h2>The long tail</h2>
<section class="chart">$chart
<p class="note">$tail One bar an article, the most cited first, on a logarithmic scale; red: no
case. Point at a bar for its article.</p></section>
<h2>Articles</h2>
<details><summary>Cases of each article</summary>
<table class="articles"><tr><th>Article</th><th>Title</th>$head</tr>$rows</table></details>
""")
