"""Audit page: one HTML file that needs no network and runs no script."""

import math
import re
from collections.abc import Mapping
from html import escape
from string import Template

from lawrec.config import shipped
from lawrec.corpus.articles import load_catalogue, titles
from lawrec.corpus.audit import AuditReport, Finding, SplitCounts
from lawrec.delivery.audit_report import shortened

WIDTH, HEIGHT, LEFT, BOTTOM = 1000, 220, 44, 6
"""The bar chart, in the units of its own view box."""


_CODE = re.compile("`(.*?)`")


def audit_html(report: AuditReport) -> str:
    """Return an audit as a page."""
    names = titles(load_catalogue(shipped("vocab/articles.csv")))
    warnings = len(report.findings) - report.errors
    return _PAGE.substitute(
        style=_STYLE,
        data=escape(report.data),
        tone="bad" if report.errors else "fair" if warnings else "good",
        verdict=_verdict(report.errors, warnings),
        splits="".join(_card(name, counts) for name, counts in report.splits.items()),
        findings="".join(map(_finding, shortened(report))) or "<p>Nothing was found.</p>",
        tail=_tail(report),
        chart=_chart(report.articles, names),
        head="".join(f"<th>{escape(name)}</th>" for name in report.splits),
        rows="".join(_row(name, counts, names) for name, counts in report.articles.items()),
    )


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
        _bar(LEFT + place * step, step * 0.82, _height(count, top), _label(name, count, names))
        for place, (name, count) in enumerate(totals.items())
    )
    ticks = "".join(_tick(10**power, top) for power in range(int(math.log10(top)) + 1))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + BOTTOM}" role="img" '
        f'aria-label="Cases of each article">{ticks}{bars}</svg>'
    )


def _height(count: int, top: int) -> float:
    return (HEIGHT - 12) * math.log1p(count) / math.log1p(top)


def _bar(left: float, width: float, height: float, label: str) -> str:
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


def _label(name: str, count: int, names: Mapping[str, str]) -> str:
    return f"{name} {names.get(name, '')}: {count:,}"


def _row(name: str, counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    cells = "".join(f"<td>{count:,}</td>" for count in counts.values())
    return f"<tr><td>{escape(name)}</td><td>{escape(names.get(name, ''))}</td>{cells}</tr>"


_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667085; --paper: #f6f7f9;
  --card: #fff; --line: #e3e6ec; --bar: #3b6fb6; --bad: #b3261e; --fair: #9a6700; --good: #1a7f4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --paper: #14171d;
  --card: #1c2129; --line: #303743; --bar: #6ea3e8; --bad: #f2867e; --fair: #e0b251;
  --good: #5fd39a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-family:
  system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { margin: 0; font-size: 1.7rem; } h2 { margin: 2.4rem 0 .8rem; font-size: 1.15rem; }
h3 { margin: 0; font-size: .95rem; color: var(--soft); font-weight: 600; }
.path { margin: .2rem 0 1.2rem; color: var(--soft); overflow-wrap: anywhere; }
.verdict { padding: .8rem 1.1rem; border-radius: 10px; background: var(--card);
  border: 1px solid var(--line); border-left: 5px solid var(--tone); font-weight: 600; }
.bad { --tone: var(--bad); } .fair { --tone: var(--fair); } .good { --tone: var(--good); }
.error { --tone: var(--bad); } .warning { --tone: var(--fair); }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); }
.card, details, .chart { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 1rem 1.1rem; }
.big { display: inline-block; margin: .1rem .4rem 0 0; font-size: 2rem; font-weight: 700; }
.unit { display: inline; color: var(--soft); }
.card ul { margin: .4rem 0 0; padding: 0; list-style: none; color: var(--soft);
  font-size: .88rem; }
details { margin-bottom: .6rem; padding: 0; } details[open] summary {
  border-bottom: 1px solid var(--line); }
summary { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: center;
  padding: .7rem 1.1rem; cursor: pointer; }
.pill { padding: .05rem .55rem; border: 1px solid var(--tone); border-radius: 99px;
  color: var(--tone); font-size: .78rem; }
.meaning { flex: 1 1 20rem; color: var(--soft); }
.count { font-size: 1.1rem; font-weight: 700; font-variant-numeric: tabular-nums; }
.todo { margin: .8rem 1.1rem .4rem; }
table { width: 100%; border-collapse: collapse; font-size: .88rem; }
td, th { padding: .35rem 1.1rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
tr + tr td { border-top: 1px solid var(--line); }
details table td:first-child { width: 38%; color: var(--soft);
  font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .82rem; }
.articles td, .articles th { text-align: right; font-variant-numeric: tabular-nums; }
.articles :is(td, th):nth-child(-n+2) { text-align: left; width: auto; }
svg { display: block; width: 100%; height: auto; } rect { fill: var(--bar); }
rect.none { fill: var(--bad); } rect:hover { opacity: .65; } line { stroke: var(--line); }
text { fill: var(--soft); font-size: 12px; text-anchor: end; }
.note { color: var(--soft); font-size: .88rem; margin: .6rem 0 0; }
"""
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit of $data</title>
<style>$style</style>
</head>
<body>
<main>
<h1>Audit of the cases</h1>
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
</main>
</body>
</html>
""")
