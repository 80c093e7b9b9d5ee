"""Report: answers and figures as tables for people, and JSON or CSV for programs."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lawrec.decision.recommend import Recommendation
from lawrec.decision.thresholds import RARE

if TYPE_CHECKING:  # these import TensorFlow, which `lawrec --help` must not wait for
    from lawrec.corpus.manifest import Records, Verification
    from lawrec.delivery.doctor import Advice
    from lawrec.delivery.inspect import RunInfo
    from lawrec.delivery.predict import Answer
    from lawrec.delivery.tune import Tuning
    from lawrec.network.training import Evaluation

HEADLINES = ("cail_score", "micro_f1", "macro_f1_supported")
WIDTH = 100
"""Columns of a table that is not printed on a terminal."""
HEAD_WIDTH = 81
"""Columns of the line above a table, which shows the start of the fact."""

FIGURES = {
    "cail_score": "CAIL score",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1, all articles",
    "macro_f1_supported": "macro-F1, articles with cases",
    "hamming_loss": "Hamming loss",
    "exact_match": "exact match",
}


def answer_table(
    answers: Iterable["Answer"], width: int = WIDTH, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give a table a case: article, title, score, threshold, and whether it is recommended.

    The recommended articles' texts stand below it where they are given.
    """
    for answer in answers:
        case = f"Case {_plain(answer.case_id)}: "
        if answer.error:
            yield f"{case}not answered. {_plain(str(answer.error))}\n"
            continue
        head = Text(case + _plain(answer.fact))
        head.truncate(min(width, HEAD_WIDTH), overflow="ellipsis")
        table = Table("Article", "Title", box=box.SIMPLE_HEAD)
        for name in ("Score", "Probability", "Threshold"):
            table.add_column(name, justify="right")
        table.add_column("Recommended")
        for entry in answer.decision.recommendations:
            table.add_row(*_cells(entry))
        notes = "".join(f"  {note}\n" for note in _notes(answer))
        yield f"{head.plain}\n{rendered(table, width)}{notes}" + _texts_below(
            answer.decision.recommendations, texts or {}
        )


def answer_json(
    answers: Iterable["Answer"], width: int = WIDTH, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give a JSON line a case; where `texts` are given, null is that of an article without."""
    for answer in answers:
        line: dict[str, Any] = {"case_id": answer.case_id}
        if answer.error:
            line["error"] = str(answer.error)
        else:
            entries = answer.decision.recommendations
            line["articles"] = [entry.article for entry in entries if entry.recommended]
            line["recommendations"] = [_fields(entry, texts) for entry in entries]
            line["abstained"] = answer.decision.abstained
            line["breaks"] = [asdict(found) for found in answer.decision.breaks]
            line["truncated"] = answer.truncated
        yield json.dumps(line, ensure_ascii=False)


def answer_csv(
    answers: Iterable["Answer"], width: int = WIDTH, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give a CSV row an article, with a header; a case without any has its error, if one."""
    names = [field.name for field in fields(Recommendation)]
    names += [] if texts is None else ["text"]
    yield _csv_row(["case_id", *names, "error"])
    for answer in answers:
        if not answer.decision.recommendations:
            yield _csv_row([answer.case_id, *[""] * len(names), answer.error or ""])
        for entry in answer.decision.recommendations:
            yield _csv_row([answer.case_id, *_fields(entry, texts).values(), ""])


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


def training_line(evaluation: "Evaluation") -> str:
    """Return the line that ends an epoch."""
    figures = ", ".join(f"{FIGURES[name]} {evaluation.valid[name]:.4f}" for name in HEADLINES)
    return (
        f"epoch {evaluation.epoch}, step {evaluation.step}: loss {evaluation.loss:.4f}, "
        f"valid {figures}{' (best)' if evaluation.best else ''}"
    )


def tuning_text(tuning: "Tuning") -> str:
    """Return what tuning chose, and how the strategies compared."""
    cuts = tuning.cuts
    firing = cuts.thresholds[np.isfinite(cuts.thresholds)]
    spread = f", from {firing.min():.3f} to {firing.max():.3f}" if len(firing) else ""
    figures = ", ".join(f"{FIGURES[name]} {tuning.figures[name]:.4f}" for name in HEADLINES)
    seen = int((tuning.support > 0).sum())
    few = seen - int((tuning.support >= RARE).sum())
    return (
        f"{_comparison(tuning)}{tuning.strategy} on {tuning.cases:,} cases of {tuning.path}\n"
        f"{len(firing)} of {len(cuts.thresholds)} articles have a threshold{spread}; {seen} have a "
        f"case there to choose it by, {few} fewer than {RARE}: unreliable"
        f"{_promised(tuning)}\non just these cases: {figures}"
    )


def _comparison(tuning: "Tuning") -> str:
    if not tuning.compared:
        return ""
    table = Table("Strategy", box=box.SIMPLE_HEAD)
    names = list(tuning.compared[0].figures)
    shown = [FIGURES[name] for name in names]
    own = [] if tuning.objective in names else [tuning.objective]
    for name in own + shown:
        table.add_column(name, justify="right")
    for entry in tuning.compared:
        values = [entry.objective] * len(own) + list(entry.figures.values())
        table.add_row(entry.strategy, *(f"{value:.4f}" for value in values))
    title = f"Strategies by {FIGURES.get(tuning.objective, tuning.objective)}, cross-validated"
    return f"{title}\n{rendered(table, WIDTH)}"


def _promised(tuning: "Tuning") -> str:
    if not tuning.promise:
        return ""
    promise = tuning.promise
    return (
        f"\nguarantee: {promise.level:.0%} of cases get all their articles, or a person; it takes "
        f"all from a score of {promise.score:.4f} on, {promise.articles:.1f} articles a case, and "
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
    return "\n".join(lines) + "\n" + rendered(table, WIDTH)


def _assigned(settings: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


def info_json(run: "RunInfo") -> str:
    """Return a run's description as JSON, its settings included."""
    return json.dumps(asdict(run), ensure_ascii=False, indent=1)


def doctor_text(advice: "Advice") -> str:
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


def doctor_json(advice: "Advice") -> str:
    """Return all that was found as JSON."""
    return json.dumps(asdict(advice), ensure_ascii=False, indent=1)


def _notes(answer: "Answer") -> Iterator[str]:
    """Give what a reader should know of an answer beside its table."""
    if answer.decision.abstained:
        yield "For a person to decide: the guarantee would take too long a list."
    for found in answer.decision.breaks:
        yield _BREAKS[found.kind].format(found.article, found.other)
    if answer.truncated:
        yield "The fact is longer than the model reads: its end was not considered."


_BREAKS = {
    "missing": "In training, {0} hardly ever stands without {1}, which is missing here.",
    "unheard": "In training, {0} and {1} never stand together.",
}


def _plain(text: str) -> str:
    """Return one line without the control characters that would steer a terminal."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _cells(entry: Recommendation) -> tuple[str, ...]:
    threshold = "none" if entry.threshold is None else f"{entry.threshold:.3f}"
    verdict = f"{'yes' if entry.recommended else 'no'}: {entry.reason}"
    probability = "" if entry.probability is None else f"{entry.probability:.3f}"
    return (entry.article, entry.title, f"{entry.score:.3f}", probability, threshold, verdict)


def rendered(table: Table, width: int) -> str:
    """Return a table as text."""
    # Facts, titles and paths are not markup: "[/]" and ":a:" in them stay as they are.
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, emoji=False)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _fields(entry: Recommendation, texts: Mapping[str, str] | None) -> dict[str, Any]:
    return asdict(entry) | ({} if texts is None else {"text": texts.get(entry.article)})


def _texts_below(entries: Iterable[Recommendation], texts: Mapping[str, str]) -> str:
    named = [entry for entry in entries if entry.recommended and entry.article in texts]
    return "\n".join(
        f"  {entry.article} {entry.title}\n{indented(texts[entry.article])}\n" for entry in named
    )


def indented(text: str) -> str:
    """Return the paragraphs of an article's text, a line each."""
    return "\n".join(f"    {_plain(paragraph)}" for paragraph in text.splitlines())


def _csv_row(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)  # it quotes only the line ends that it writes itself
    return line.getvalue().removesuffix("\r\n")


ANSWER_WRITERS: dict[str, Callable[..., Iterator[str]]] = {
    "table": answer_table,
    "json": answer_json,
    "csv": answer_csv,
}
DOCTOR_WRITERS: dict[str, Callable[["Advice"], str]] = {
    "table": doctor_text,
    "json": doctor_json,
}
INFO_WRITERS: dict[str, Callable[["RunInfo"], str]] = {"table": info_table, "json": info_json}
