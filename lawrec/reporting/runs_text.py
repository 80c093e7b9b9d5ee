"""What the commands on records and runs print: a text for people, and JSON for programs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import numpy as np
from rich.table import Table

from lawrec.corpus.records.extra_cases import DUPLICATES, UNKNOWN
from lawrec.corpus.records.manifest import Manifest, Records, Verification
from lawrec.decision.tuning_cases import RARE
from lawrec.diagnostics.reports import DoctorReport, Network, Part, RankerInfo, RunInfo
from lawrec.evaluation.metrics import HEADLINES, METRIC_LABELS
from lawrec.evaluation.report import EvaluationReport
from lawrec.reporting.tables import aligned, render, simple_table
from lawrec.runs.results import FeedbackEffect, GuaranteeCost, TuningResult
from lawrec.runs.run import Run
from lawrec.storage.json_text import json_text
from lawrec.translation import error_message, joined, marked, translate

_OBJECTIVE_LABELS = METRIC_LABELS | {
    "weighted_f1": marked("weighted F1"),
    "samples_f1": marked("samples F1"),
    "f_beta": "F-beta",
    "precision_at_recall": marked("precision at the target recall"),
    "recall_at_precision": marked("recall at the target precision"),
}
SHOWN_FEATURES = 5
"""How many of the most important features of a second stage are shown."""
_MAX_NAMES = 8


def headline_metrics(values: Mapping[str, float]) -> str:
    """Return the most important metrics in one line.

    Example:
        >>> headline_metrics(dict.fromkeys(METRIC_LABELS, 0.5))[:37]
        'CAIL score 0.5000; micro-F1 0.5000; m'
    """
    return joined(
        "; ", (f"{translate(METRIC_LABELS[name])} {values[name]:.4f}" for name in HEADLINES)
    )


def records_text(records: Records) -> str:
    """Return what was prepared, and where it is.

    Example:
        >>> print(records_text(prepare(DatasetSpec(), CorpusConfig())))  # doctest: +SKIP
        data/records/sample-017db7de
        train: 1,800 cases, utf-8, 199,650 tokens
        ...
    """
    lines = [str(records.folder)]
    for name, split in records.manifest.splits.items():
        parts = [
            translate(f"{split.cases:,} cases"),
            split.encoding,
            translate(f"{split.tokens:,} tokens"),
        ]
        if split.skipped:
            parts.append(translate(f"{split.skipped:,} lines skipped (skipped.jsonl)"))
        lines.append(joined(": ", [name, joined(", ", parts)]))
    lines += extra_lines(records.manifest)
    sizes = f"vocabulary: {len(records.tokens):,} tokens, {len(records.articles):,} articles"
    return "\n".join([*lines, translate(sizes)])


def start_text(run: Run, records: Records) -> str:
    """Return what is said before a training: what became of extra cases, and its folder.

    Example:
        >>> start_text(run, records)  # doctest: +SKIP
        'Training checkpoints/20260301-090507-sample-1a2b3c4d'
    """
    return "\n".join([*extra_lines(records.manifest), translate(f"Training {run.folder}")])


def extra_lines(manifest: Manifest) -> list[str]:
    r"""Return which extra cases were left out, and which of their articles are not labels.

    Example:
        >>> left_out = {"valid": 3, "train": 1}
        >>> manifest = Manifest("char", 384, {}, (), left_out=left_out, unlabelled={"300": 7})
        >>> print("\n".join(extra_lines(manifest)))
        left out of extra: 3 copies of valid, 1 copy of train (duplicates.jsonl)
        articles of extra that are no labels, with their cases: 300 (7)
    """
    lines = [translate(f"left out of extra: {parts}")] if (parts := _left_out(manifest)) else []
    if unlabelled := Counter(manifest.unlabelled).most_common():
        names = shorten_list([f"{name} ({n:,})" for name, n in unlabelled])
        lines.append(translate(f"articles of extra that are no labels, with their cases: {names}"))
    return lines


def _left_out(manifest: Manifest) -> str:
    counts = dict(manifest.left_out)
    n_unknown = counts.pop(UNKNOWN, 0)
    copies = [
        translate(f"1 copy of {name}" if n == 1 else f"{n:,} copies of {name}")
        for name, n in counts.items()
    ]
    parts = [f"{', '.join(copies)} ({DUPLICATES})"] if copies else []
    parts += [translate(f"{n_unknown:,} of whose articles nothing is known")] if n_unknown else []
    return ", ".join(parts)


def shorten_list(names: Sequence[str]) -> str:
    """Return the first few names of a list and the number of the others.

    Example:
        >>> shorten_list(["264", "266"])
        '264, 266'
        >>> shorten_list([str(number) for number in range(10)])
        '0, 1, 2, 3, 4, 5, 6, 7 and 2 more'
    """
    others = len(names) - _MAX_NAMES
    shown = ", ".join(names[:_MAX_NAMES])
    return translate(f"{shown} and {others:,} more") if others > 0 else shown


def verification_text(verification: Verification) -> str:
    """Return whether records are as their manifest says, with one line per damaged shard.

    Example:
        >>> verification_text(Verification(Path("records"), 3, 140, ()))  # doctest: +SKIP
        'records: 3 shards, 140 cases, all undamaged'
    """
    if not verification.damage:
        counts = f"{verification.shards:,} shards, {verification.cases:,} cases, all undamaged"
        return joined(": ", [str(verification.folder), translate(counts)])
    return "\n".join(map(error_message, verification.damage))


def cases_note(result: TuningResult | EvaluationReport) -> str:
    """Return what to say after the number of cases: which are missing, and which were trained on.

    Example:
        >>> from types import SimpleNamespace
        >>> counts = {"cases": 50_000, "drawn_from": 1_000_000, "skipped": 2, "trained": 0}
        >>> cases_note(SimpleNamespace(**counts))
        ', drawn at random from 1,000,000, 2 bad lines left out'
        >>> cases_note(SimpleNamespace(**counts | {"drawn_from": 50_000, "skipped": 0}))
        ''
    """
    note = ""
    if result.drawn_from > result.cases:
        note += translate(f", drawn at random from {result.drawn_from:,}")
    if result.skipped == 1:
        note += translate(", 1 bad line left out")
    elif result.skipped:
        note += translate(f", {result.skipped:,} bad lines left out")
    if result.trained == 1:
        note += translate(", of which at least 1 is a train case of the run")
    elif result.trained:
        note += translate(f", of which at least {result.trained:,} are train cases of the run")
    return note


def tuning_text(tuning: TuningResult) -> str:
    """Return what tuning chose, and how the strategies compared.

    Example:
        >>> print(tuning_text(tune_run(find_run(Path("checkpoints"), None))))  # doctest: +SKIP
        Strategies by CAIL score, cross-validated
        ...
    """
    lines = [
        translate(f"{tuning.strategy} on {tuning.cases:,} cases of {tuning.path}")
        + cases_note(tuning)
        + (translate(", out of fold") if tuning.out_of_fold else ""),
        _rule_text(tuning),
    ]
    if tuning.guarantee:
        lines.append(_guarantee_text(tuning.guarantee))
    lines.append(translate(f"on the cases used to tune: {headline_metrics(tuning.metrics)}"))
    if tuning.feedback:
        lines += _feedback_lines(tuning.feedback)
    return _comparison(tuning) + "\n".join(lines)


def _rule_text(tuning: TuningResult) -> str:
    """Return what an article must reach to be listed."""
    rule = tuning.rule
    finite = rule.thresholds[np.isfinite(rule.thresholds)]
    if rule.kind == "expected_f1":
        return translate("each case has the list with the greatest expected F1")
    if rule.kind == "share" and rule.min_articles == rule.max_articles:
        return translate(f"each case has as many articles: {rule.max_articles}")
    if rule.kind == "share" and len(finite):
        return translate(f"an article must reach {finite.min():.3f} of the best score of its case")
    thresholds = f"{len(finite)} of {len(rule.thresholds)} articles have a threshold"
    interval = f", from {finite.min():.3f} to {finite.max():.3f}" if len(finite) else ""
    unseen = int((tuning.support == 0).sum())
    rare = int((tuning.support < RARE).sum()) - unseen
    unreliable = f"unreliable: {rare} with fewer than {RARE} cases, {unseen} without any"
    return joined("; ", [translate(thresholds) + translate(interval), translate(unreliable)])


def _comparison(tuning: TuningResult) -> str:
    if not tuning.compared:
        return ""
    names = list(tuning.compared[0].metrics)
    objective = translate(_OBJECTIVE_LABELS[tuning.objective])
    own = [] if tuning.objective in names else [objective]
    table = simple_table("Strategy", *own, *(METRIC_LABELS[name] for name in names))
    for result in tuning.compared:
        values = [result.objective] * len(own) + list(result.metrics.values())
        table.add_row(result.strategy, *(f"{value:.4f}" for value in values))
    title = translate(f"Strategies by {objective}, cross-validated")
    missed = min(result.objective for result in tuning.compared) < 0
    note = translate("below 0: the target is missed; it is what was reached, minus 1")
    return f"{title}\n{render(table)}" + (f"{note}\n" if missed else "")


def _feedback_lines(effect: FeedbackEffect) -> Iterator[str]:
    """Yield what feedback was used, and the metrics of its cases before and after."""
    before = headline_metrics(effect.before) if effect.before else translate("no thresholds")
    yield translate(f"with the {effect.cases:,} cases of {effect.path}, on which")
    yield translate(f"  before: {before}")
    yield translate(f"  after:  {headline_metrics(effect.after)}")


def _guarantee_text(cost: GuaranteeCost) -> str:
    return translate(
        f"guarantee: {cost.coverage:.0%} of cases get all their articles, or go to a person; "
        f"articles are listed from a score of {cost.score:.4f} on, {cost.articles_per_case:.1f} "
        f"per case, and {cost.abstained:.1%} of cases are left to a person"
    )


def info_table(run: RunInfo) -> str:
    """Return a run's description as text, then one row per layer, or per part of a bundle.

    Example:
        >>> print(info_table(inspect_run(find_run(Path("checkpoints"), None))))  # doctest: +SKIP
        run          checkpoints/20260101-120000-sample-017db7de
        checkpoint   best.ckpt-700
        ...
    """
    changes = [f"{name}={value}" for name, value in run.changed.items()]
    vocabulary = f"{run.tokens:,} tokens ({run.tokenizer}), {run.articles:,} articles"
    rows = [
        (translate("run"), run.run),
        (translate("checkpoint"), run.checkpoint or translate("none yet")),
        *run.splits.items(),
        (translate("vocabulary"), translate(vocabulary)),
        (translate("thresholds"), translate(run.thresholds)),
        *_ranker_rows(run.ranker),
        *_network_rows(run.network),
        (translate("settings"), ", ".join([translate(f"preset {run.preset}"), *changes])),
    ]
    table = _layer_table(run.network) if run.network else _part_table(run.parts)
    return "\n".join(aligned(rows)) + "\n" + render(table).rstrip()


def _network_rows(network: Network | None) -> list[tuple[str, str]]:
    if not network:
        return []
    return [
        (translate("parameters"), f"{network.parameters:,}"),
        (translate("operations"), translate(f"{network.flops:,} for the longest case")),
    ]


def _layer_table(network: Network) -> Table:
    table = simple_table("Layer")
    table.add_column("Output")
    table.add_column("Parameters", justify="right")
    for layer in network.layers:
        table.add_row(layer.name, layer.output, f"{layer.parameters:,}")
    return table


def _part_table(parts: Sequence[Part]) -> Table:
    table = simple_table("Part", "Bytes")
    table.add_column("SHA-256, first half")
    for part in parts:
        table.add_row(part.name, f"{part.size:,}", part.sha256[:32])
    return table


def _ranker_rows(ranker: RankerInfo) -> list[tuple[str, str]]:
    name = translate("ranker")
    if not ranker.models:
        return [(name, translate(ranker.status))]
    parameters = translate(f"{ranker.parameters:,} parameters of linear SVMs")
    models = joined("; ", [joined(", ", ranker.models), parameters])
    if not ranker.importances:
        return [(name, joined("; ", [models, translate("no second stage")]))]
    best = list(ranker.importances.items())[:SHOWN_FEATURES]
    shares = [f"{translate(name)} {share:.1%}" for name, share in best]
    trees = (
        f"{ranker.trees:,} trees on {len(ranker.importances)} features of "
        f"{ranker.candidates:,} candidates per case"
    )
    return [
        (name, models),
        (translate("second stage"), translate(trees)),
        (translate("features"), joined(", ", [*shares, "..."])),
    ]


def report_json(report: RunInfo | DoctorReport) -> str:
    """Return all fields of a report as JSON.

    Example:
        >>> print(report_json(inspect_run(find_run(Path("checkpoints"), None))))  # doctest: +SKIP
        {
         "run": "checkpoints/20260101-120000-sample-017db7de",
        ...
    """
    return json_text(asdict(report))


def doctor_text(report: DoctorReport) -> str:
    """Return as text what this machine computes on, and why it uses no GPU.

    Example:
        >>> print(doctor_text(examine()))  # doctest: +SKIP
        lawrec       0.1.0
        TensorFlow   2.21.0, built for the CPU alone
        ...
    """
    findings = report.findings
    built_for = ", ".join(
        f"{name.split('_')[0]} {version}" for name, version in findings.built_for.items()
    )
    built_for = built_for or translate("the CPU alone")
    rows = [
        ("lawrec", report.lawrec),
        ("TensorFlow", translate(f"{report.tensorflow}, built for {built_for}")),
        ("Keras", report.keras),
        ("CPU", translate(f"{report.cores} cores")),
        *(("GPU", name) for name in findings.gpus or [translate("none is used")]),
    ]
    rows += [(translate("driver"), findings.driver)] if findings.driver else []
    rows += [("", translate(reason)) for reason in report.why_no_gpu]
    if report.difference is not None:
        scores = translate(f"CPU and GPU differ by at most {report.difference:.1e}")
        rows.append((translate("scores"), scores))
    fits = translate(f"--set training.batch_tokens={report.batch_tokens} fits")
    return "\n".join(aligned([*rows, (translate("batch size"), fits)]))


DOCTOR_WRITERS = {"table": doctor_text, "json": report_json}
INFO_WRITERS = {"table": info_table, "json": report_json}
