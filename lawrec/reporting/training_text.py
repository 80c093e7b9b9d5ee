"""What `lawrec train` and `lawrec embed` print, as text."""

from collections.abc import Iterator
from pathlib import Path

from lawrec.reporting.runs_text import extra_lines, headline_metrics
from lawrec.reporting.tables import aligned
from lawrec.runs.results import DryRunReport, FirstBatch, ShownCase, TrainingEvaluation
from lawrec.translation import joined, marked, translate
from lawrec.types import Float32Array

CASES_SHOWN = 8
"""Cases of the first batch that are shown as text."""
_NO_RUN = marked("No run was created. The prepared records are kept.")


def training_line(evaluation: TrainingEvaluation) -> str:
    """Return the line about one evaluation on the valid cases, such as the one after each epoch.

    Example:
        >>> values = {"cail_score": 0.5, "micro_f1": 0.25}
        >>> values |= {"macro_f1_supported": 0.75, "exact_match": 0.125}
        >>> training_line(TrainingEvaluation(1200, 3, 0.01234, values, True))[:55]
        'epoch 3, step 1200: loss 0.0123, valid CAIL score 0.500'
    """
    line = translate(
        f"epoch {evaluation.epoch}, step {evaluation.step}: loss {evaluation.loss:.4f}"
    )
    if not evaluation.valid:
        return line
    best = translate(" (best)") if evaluation.best else ""
    return translate(f"{line}, valid {headline_metrics(evaluation.valid)}") + best


def dry_run_text(report: DryRunReport) -> str:
    """Return the sizes and the speed that a dry run measured.

    Example:
        >>> print(dry_run_text(take_two_steps(config, records, dataset=dataset)))  # doctest: +SKIP
        records               data/records/sample-017db7de
        cases                 train 1,800, valid 300, test 300
        ...
    """
    speed, records = report.speed, report.records
    splits = records.manifest.splits.items()
    cases, tokens = (speed[f"{name}_per_second"] for name in ("cases", "tokens"))
    rows = {
        translate("records"): str(records.folder),
        translate("cases"): ", ".join(f"{name} {split.cases:,}" for name, split in splits),
        translate("tokens"): f"{len(records.tokens):,}",
        translate("articles"): f"{len(records.articles):,}",
        translate("parameters"): f"{report.parameters:,}",
        translate("weights"): _mebibytes(report.weight_bytes),
        translate("optimizer"): _mebibytes(report.optimizer_bytes),
        **{translate(f"batch {name}"): shape for name, shape in report.shapes.items()},
        translate("padding"): translate(f"{1 - speed['padding_efficiency']:.0%} of the batch"),
        translate("loss"): f"{report.loss:.4f}",
        translate("first step"): translate(f"{report.first_seconds:.1f} s, compiling included"),
        translate("next steps"): translate(f"{cases:,.0f} cases/s, {tokens:,.0f} tokens/s"),
    }
    lines = [*aligned(rows.items()), *extra_lines(records.manifest)]
    return "\n".join([*lines, "", translate(_NO_RUN)])


def first_batch_text(batch: FirstBatch) -> str:
    """Return the first cases of a batch, the shapes of its parts and the results of its checks.

    Example:
        >>> batch = check_first_batch(config, records, dataset=dataset)  # doctest: +SKIP
        >>> print(first_batch_text(batch))  # doctest: +SKIP
        Row 0: articles 264
        被告人 张某 秘密窃取 钱包
        ...
    """
    shown = batch.cases[:CASES_SHOWN]
    lines = [line for row, case in enumerate(shown) for line in _case_lines(row, case)]
    if more := len(batch.cases) - len(shown):
        lines += [translate(f"... and {more} more rows."), ""]
    checks = {
        translate(name): joined(": ", [translate("no"), ", ".join(failures)])
        if failures
        else translate("yes")
        for name, failures in batch.checks.items()
    }
    tables = [*aligned(batch.shapes.items()), "", *aligned(checks.items())]
    return "\n".join([*lines, *tables, "", translate(_NO_RUN)])


def embedding_text(path: Path, vectors: Float32Array, *, facts: int, skipped: int) -> str:
    """Return how many word vectors were trained, and on what.

    Args:
        path: The file of the vectors.
        vectors: The vectors, float32 (n_tokens, embedding_size).
        facts: The number of facts that they were trained on.
        skipped: The number of lines that were left out.

    Example:
        >>> import numpy as np
        >>> vectors = np.zeros((1200, 8), np.float32)
        >>> print(embedding_text(Path("vectors.txt"), vectors, facts=110, skipped=0))
        vectors.txt: 1,200 tokens, 8 numbers each
        from 110 facts
    """
    tokens, size = vectors.shape
    left_out = translate(f", {skipped:,} lines skipped") if skipped else ""
    counts = translate(f"{tokens:,} tokens, {size} numbers each")
    return f"{path}: {counts}\n{translate(f'from {facts:,} facts')}{left_out}"


def _case_lines(row: int, case: ShownCase) -> Iterator[str]:
    parts = [translate(f"Row {row}: articles {', '.join(case.articles) or translate('none')}")]
    parts += [translate(f"charges {', '.join(case.charges)}")] if case.charges else []
    parts += [translate(f"weight {case.weight:g}")] if case.weight != 1 else []
    yield joined("; ", parts)
    yield case.text
    yield ""


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
