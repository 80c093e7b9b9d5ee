"""The table of figures in Markdown, and the page that keeps one table per folder of cases."""

from collections.abc import Sequence
from pathlib import Path

from lawrec.evaluation.metrics import METRIC_LABELS
from lawrec.files import write_text
from tests.benchmarks.peers.measure import Row
from tests.benchmarks.peers.splits import Splits

README_METRICS = ("micro_f1", "macro_f1_supported", "cail_score", "exact_match")
"""The columns of the table in README.md, in its order."""
COLUMNS = {
    **{name: METRIC_LABELS[name] for name in README_METRICS},
    "lrap": "LRAP",
    "fit_seconds": "training, s",
    "predict_seconds": "predicting, s",
}
"""The columns of figures, by metric."""


def table(rows: Sequence[Row]) -> str:
    """Return a row of figures per peer; of a peer without figures, the reason."""
    head = ["", *COLUMNS.values(), "runs", "package"]
    lines = [head, ["---"] * len(head), *(_cells(row) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def readme_rows(rows: Sequence[Row]) -> str:
    """Return the rows that have figures, with the columns of the table in README.md."""
    return "".join(
        f"| {' | '.join([row.label, *(_figure(row, name) for name in README_METRICS)])} |\n"
        for row in rows
        if not row.missing
    )


def section(rows: Sequence[Row], splits: Splits, *, cores: int) -> str:
    """Return the heading of a folder of cases, how many there are, and their table.

    Args:
        rows: The rows of the table.
        splits: The cases.
        cores: The number of cores that the peers could use.
    """
    train, valid, test = splits.sizes
    return (
        f"## `{splits.name}`\n\n{train:,} train, {valid:,} valid and {test:,} test cases, "
        f"{len(splits.articles):,} articles; figures of the test cases; {cores} cores.\n\n"
        f"{table(rows)}"
    )


def write_section(page: Path, name: str, text: str) -> None:
    """Replace the section of a folder of cases on a page, or add it at the end.

    Args:
        page: The file, created if it is missing.
        name: The name of the folder.
        text: The section.
    """
    begin, end = f"<!-- peers: {name}, made by make peers -->\n", f"<!-- end of peers: {name} -->\n"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else ""
    separator = "" if found or not before else "\n"
    write_text(page, f"{before}{separator}{begin}\n{text}\n{end}{after}")


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
