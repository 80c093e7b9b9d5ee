"""Report: answers and figures as tables for people, and JSON or CSV for programs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from lawrec.corpus.manifest import Records, Verification
from lawrec.decision.tuning_cases import RARE
from lawrec.evaluation.metrics import HEADLINES
from lawrec.reporting.tables import WIDTH, render
from lawrec.runs.results import DoctorReport, RunInfo, TuningResult

FIGURES = {
    "cail_score": "CAIL score",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1, all articles",
    "macro_f1_supported": "macro-F1, articles with cases",
    "hamming_loss": "Hamming loss",
    "exact_match": "exact match",
}


def records_text(records: "Records") -> str:
    """Return what was prepared, and where it is."""
    lines = [str(records.folder)]
    for name, split in records.manifest.splits.items():
        skipped = f", {split.skipped:,} lines skipped (skipped.jsonl)" if split.skipped else ""
        lines.append(
            f"{name}: {split.cases:,} cases, {split.encoding}, {split.tokens:,} tokens{skipped}"
        )
    lines.append(f"{len(records.tokens):,} tokens known, {len(records.articles):,} articles")
    return "\n".join(lines)


def verification_text(found: "Verification") -> str:
    """Return whether records are as their manifest says, a damaged shard a line."""
    if not found.damage:
        return f"{found.folder}: {found.shards:,} shards, {found.cases:,} cases, all whole"
    return "\n".join(str(error) for error in found.damage)


def tuning_text(tuning: TuningResult) -> str:
    """Return what tuning chose, and how the strategies compared."""
    rule = tuning.rule
    firing = rule.thresholds[np.isfinite(rule.thresholds)]
    spread = f", from {firing.min():.3f} to {firing.max():.3f}" if len(firing) else ""
    figures = ", ".join(f"{FIGURES[name]} {tuning.metrics[name]:.4f}" for name in HEADLINES)
    seen = int((tuning.support > 0).sum())
    few = seen - int((tuning.support >= RARE).sum())
    return (
        f"{_comparison(tuning)}{tuning.strategy} on {tuning.cases:,} cases of {tuning.path}\n"
        f"{len(firing)} of {len(rule.thresholds)} articles have a threshold{spread}; {seen} have a "
        f"case there to choose it by, {few} fewer than {RARE}: unreliable"
        f"{_promised(tuning)}\non just these cases: {figures}"
    )


def _comparison(tuning: TuningResult) -> str:
    if not tuning.compared:
        return ""
    table = Table("Strategy", box=box.SIMPLE_HEAD)
    names = list(tuning.compared[0].metrics)
    shown = [FIGURES[name] for name in names]
    own = [] if tuning.objective in names else [tuning.objective]
    for name in own + shown:
        table.add_column(name, justify="right")
    for entry in tuning.compared:
        values = [entry.objective] * len(own) + list(entry.metrics.values())
        table.add_row(entry.strategy, *(f"{value:.4f}" for value in values))
    title = f"Strategies by {FIGURES.get(tuning.objective, tuning.objective)}, cross-validated"
    return f"{title}\n{render(table, WIDTH)}"


def _promised(tuning: TuningResult) -> str:
    if not tuning.guarantee:
        return ""
    promise = tuning.guarantee
    return (
        f"\nguarantee: {promise.coverage:.0%} of cases get all their articles, or a person; "
        f"it takes all from a score of {promise.score:.4f} on, "
        f"{promise.articles_per_case:.1f} articles a case, and "
        f"leaves {promise.abstained:.1%} of cases to a person"
    )


def info_table(run: "RunInfo") -> str:
    """Return a run's description for people."""
    lines = [f"run          {run.run}", f"checkpoint   {run.checkpoint or 'none yet'}"]
    lines += [f"{name:<12} {path}" for name, path in run.splits.items()]
    lines += [
        f"vocabulary   {run.tokens:,} tokens ({run.tokenizer}), {run.articles:,} articles",
        f"thresholds   {run.thresholds}",
        f"parameters   {run.parameters:,}",
        f"operations   {run.flops:,} for the longest case",
        f"settings     {', '.join([f'preset {run.preset}', *_assigned(run.changed)])}",
    ]
    table = Table("Layer", "Output", box=box.SIMPLE_HEAD)
    table.add_column("Parameters", justify="right")
    for layer in run.layers:
        table.add_row(layer.name, layer.output, f"{layer.parameters:,}")
    return "\n".join(lines) + "\n" + render(table, WIDTH)


def _assigned(settings: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


def info_json(run: "RunInfo") -> str:
    """Return a run's description as JSON, its settings included."""
    return json.dumps(asdict(run), ensure_ascii=False, indent=1)


def doctor_text(advice: DoctorReport) -> str:
    """Return what computes here, and what is in the way of a GPU, for people."""
    found = advice.findings
    built = ", ".join(f"{name.split('_')[0]} {of}" for name, of in found.built_for.items())
    lines = [
        f"lawrec       {advice.lawrec}",
        f"TensorFlow   {advice.tensorflow}, built for {built or 'the CPU alone'}",
        f"Keras        {advice.keras}",
        f"CPU          {advice.cores} cores",
        *(f"GPU          {name}" for name in found.gpus or ["none is used"]),
    ]
    lines += [f"driver       {found.driver}"] if found.driver else []
    lines += [f"             {reason}" for reason in advice.why_no_gpu]
    if advice.difference is not None:
        lines.append(f"scores       CPU and GPU differ by at most {advice.difference:.1e}")
    lines.append(f"batch size   --set training.batch_tokens={advice.batch_tokens} fits")
    return "\n".join(lines)


def doctor_json(advice: DoctorReport) -> str:
    """Return all that was found as JSON."""
    return json.dumps(asdict(advice), ensure_ascii=False, indent=1)


DOCTOR_WRITERS: dict[str, Callable[[DoctorReport], str]] = {
    "table": doctor_text,
    "json": doctor_json,
}
INFO_WRITERS: dict[str, Callable[["RunInfo"], str]] = {"table": info_table, "json": info_json}
