"""Training report: what `lawrec train` shows of a training before it starts, as text."""

from collections.abc import Iterator

from lawrec.evaluation.metrics import HEADLINES
from lawrec.reporting.runs_text import FIGURES
from lawrec.runs.results import DryRunReport, FirstBatch, ShownCase, TrainingEvaluation


def training_line(evaluation: TrainingEvaluation) -> str:
    """Return the line that ends an epoch."""
    figures = ", ".join(f"{FIGURES[name]} {evaluation.valid[name]:.4f}" for name in HEADLINES)
    return (
        f"epoch {evaluation.epoch}, step {evaluation.step}: loss {evaluation.loss:.4f}, "
        f"valid {figures}{' (best)' if evaluation.best else ''}"
    )


CASES_SHOWN = 8
"""Cases of the first batch that are shown as text."""


def rehearsal_text(rehearsal: DryRunReport) -> str:
    """Return the sizes of a training that was rehearsed."""
    speed = rehearsal.speed
    cases = ", ".join(f"{name} {cases:,}" for name, cases in rehearsal.cases.items())
    rows = {
        "records": str(rehearsal.records),
        "cases": cases,
        "tokens": f"{rehearsal.tokens:,}",
        "articles": f"{rehearsal.articles:,}",
        "parameters": f"{rehearsal.parameters:,}",
        "weights": _mebibytes(rehearsal.weight_bytes),
        "optimizer": _mebibytes(rehearsal.optimizer_bytes),
        **{f"batch {name}": shape for name, shape in rehearsal.shapes.items()},
        "padding": f"{1 - speed['padding_efficiency']:.0%} of the batch",
        "loss": f"{rehearsal.loss:.4f}",
        "first step": f"{rehearsal.first_seconds:.1f} s, compiling included",
        "next steps": f"{speed['cases_per_second']:,.0f} cases/s, "
        f"{speed['tokens_per_second']:,.0f} tokens/s",
    }
    return "\n".join([*_columns(rows), "", "No run was made. The records stay."])


def first_batch_text(batch: FirstBatch) -> str:
    """Return the first cases of a batch, the shapes of its parts and the checks."""
    shown = batch.cases[:CASES_SHOWN]
    cases = [line for row, case in enumerate(shown) for line in _case_lines(row, case)]
    checks = {
        name: f"no: {', '.join(failed)}" if failed else "yes"
        for name, failed in batch.checks.items()
    }
    more = len(batch.cases) - len(shown)
    return "\n".join(
        [
            *cases,
            *([f"... and {more} more rows.", ""] if more else []),
            *_columns(batch.shapes),
            "",
            *_columns(checks),
            "",
            "No run was made. The records stay.",
        ]
    )


def _case_lines(row: int, case: ShownCase) -> Iterator[str]:
    yield (
        f"Row {row}: articles {', '.join(case.articles) or 'none'}"
        + (f"; charges {', '.join(case.charges)}" if case.charges else "")
        + (f"; weight {case.weight:g}" if case.weight != 1 else "")
    )
    yield case.text
    yield ""


def _columns(rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows))
    return [f"{name:<{width}}  {value}" for name, value in rows.items()]


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
