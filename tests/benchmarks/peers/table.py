"""The table of figures in Markdown, and the page that keeps one table per folder of cases."""

from collections.abc import Sequence
from pathlib import Path

from lawrec.evaluation.metrics import METRIC_LABELS
from lawrec.storage.files import write_text
from tests.benchmarks.peers.measure import Row
from tests.benchmarks.peers.splits import Splits

README_METRICS = ("micro_f1", "macro_f1_supported", "cail_score", "exact_match")
"""The columns of the table in README.md, in its order."""
COLUMNS = {
    **{name: METRIC_LABELS[name] for name in README_METRICS},
    "lrap": "LRAP",
    "fit_seconds": "training, CPU s",
    "predict_seconds": "predicting, CPU s",
}
"""The columns of figures, by metric."""
_N_CELLS = len(COLUMNS) + 3


def table(rows: Sequence[Row]) -> str:
    """Return a row of figures per peer; of a peer without figures, the reason."""
    head = ["", *COLUMNS.values(), "runs", "package"]
    return "".join(map(_line, [head, ["---"] * _N_CELLS, *map(_cells, rows)]))


def readme_rows(rows: Sequence[Row]) -> str:
    """Return the rows that have figures, with the columns of the table in README.md."""
    return "".join(
        _line([row.label, *(_figure(row, name) for name in README_METRICS)])
        for row in rows
        if not row.missing
    )


def section(rows: Sequence[Row], splits: Splits) -> str:
    """Return the heading of a folder of cases, how many there are, and their table."""
    train, valid, test = splits.sizes
    return (
        f"## `{splits.name}`\n\n{train:,} train, {valid:,} valid and {test:,} test cases, "
        f"{len(splits.articles):,} articles; figures of the test cases.\n\n"
        f"{table(rows)}"
    )


def write_section(page: Path, name: str, text: str) -> None:
    """Update the section of a folder of cases on a page, or add it at the end.

    Rows that were measured before, on as many cases, stay unless the section has them again.

    Args:
        page: The file, created if it is missing.
        name: The name of the folder.
        text: The section.
    """
    begin, end = f"<!-- peers: {name}, made by make peers -->\n", f"<!-- end of peers: {name} -->\n"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    before, found, rest = old.partition(begin)
    previous, _, after = rest.partition(end)
    separator = "" if found or not before else "\n"
    write_text(page, f"{before}{separator}{begin}\n{_merged(previous, text)}\n{end}{after}")


def _merged(previous: str, text: str) -> str:
    """Return a section with the rows of a previous one that it lacks, if both begin alike."""
    rule = _line(["---"] * _N_CELLS)
    old_head, old_rule, old_rows = previous.lstrip().partition(rule)
    head, _, rows = text.partition(rule)
    if not old_rule or old_head != head:
        return text
    lines = [*old_rows.strip().splitlines(), *rows.splitlines()]
    by_label = {line.split(" | ")[0]: line for line in lines}
    return f"{head}{rule}" + "".join(f"{line}\n" for line in by_label.values())


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cells(row: Row) -> list[str]:
    if row.missing:
        return [row.label, *[""] * len(COLUMNS), "", _one_line(f"{row.version}: {row.missing}")]
    return [row.label, *(_figure(row, name) for name in COLUMNS), str(row.runs), row.version]


def _figure(row: Row, name: str) -> str:
    if name not in row.metrics:
        return ""
    return f"{row.metrics[name]:.{1 if name.endswith('_seconds') else 3}f}"


def _one_line(text: str, limit: int = 120) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
