"""Commands on a trained run: tune-thresholds, evaluate, info."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lawrec.cli.options import (
    FILE,
    checkpoints_option,
    device_option,
    form_of_data,
    format_options,
    labels_option,
    run_option,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.config import assigned
from lawrec.corpus.cases import SPLITS
from lawrec.decision.calibration import CALIBRATIONS
from lawrec.decision.crossfit import BEST
from lawrec.decision.objectives import OBJECTIVES
from lawrec.decision.thresholds import STRATEGIES
from lawrec.delivery.evaluation_report import EVALUATION_WRITERS
from lawrec.delivery.progress import shown_on
from lawrec.delivery.report import INFO_WRITERS


@click.command("tune-thresholds")
@run_option
@checkpoints_option
@click.option("--data", type=FILE, help="Labelled cases.  [default: the valid split]")
@format_options
@click.option(
    "--strategy",
    type=click.Choice([BEST, *STRATEGIES]),
    help="How to choose; best: as cross-validation finds.  [default: the run's, best]",
)
@click.option(
    "--objective",
    type=click.Choice(list(OBJECTIVES)),
    help="What to make large.  [default: the run's, cail_score]",
)
@click.option(
    "--calibration",
    type=click.Choice(list(CALIBRATIONS)),
    help="How scores become probabilities.  [default: the run's, isotonic]",
)
@click.option(
    "--guarantee",
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of cases whose list shall hold every article.  [default: the run's, none]",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="decision.KEY=VALUE",
    help="Change one setting of decision; may be repeated.",
)
@skip_bad_option
def tune_thresholds(
    run_name: str | None,
    checkpoints: Path,
    data: Path | None,
    assignments: tuple[str, ...],
    skip_bad: bool,
    strategy: str | None,
    objective: str | None,
    calibration: str | None,
    guarantee: float | None,
    **form: str | None,
) -> None:
    """Choose the score from which on each article is recommended."""
    written = form_of_data(data, form)
    chosen = {
        "strategy": strategy,
        "objective": objective,
        "calibration": calibration,
        "guarantee": guarantee,
    }
    if others := [text for text in assignments if not text.startswith("decision.")]:
        raise click.UsageError(f"{others[0]} is for `lawrec train`: here, set decision.KEY=VALUE.")
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    start_tensorflow()
    from lawrec.delivery.report import tuning_text
    from lawrec.delivery.tune import tune_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    config = replace(assigned(run.config, assignments).decision, **given)
    with shown_on(sys.stderr) as progress:
        tuning = tune_run(run, config, data, written, skip_bad, progress)
    click.echo(tuning_text(tuning))


@click.command()
@run_option
@checkpoints_option
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True)
@click.option("--data", type=FILE, help="Labelled cases, in place of a split.")
@format_options
@click.option(
    "--output", type=click.Choice(list(EVALUATION_WRITERS)), default="table", show_default=True
)
@click.option(
    "--cail",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the answers for CAIL2018's judge to this file, their truth beside it, and judge.",
)
@labels_option
@click.option("--html", "page", type=FILE, help="Write figures, plots and cases as a page.")
@click.option(
    "--compare",
    "others",
    multiple=True,
    metavar="RUN",
    help="Set another tuned run beside it on the same cases; may be repeated.",
)
@device_option
@skip_bad_option
def evaluate(
    run_name: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    output: str,
    cail: Path | None,
    labels: Path | None,
    page: Path | None,
    others: tuple[str, ...],
    device: str | None,
    skip_bad: bool,
    **form: str | None,
) -> None:
    """Measure the run on cases that it has not seen, beside two trivial answers.

    Each figure has the interval in which it lies in 95 of 100 resamples of the cases. Another run
    differs from this one where the p-value is small.
    """
    written = form_of_data(data, form)
    if labels and not cail:
        raise click.UsageError("--labels is for --cail: name the file to write as well.")
    start_tensorflow()
    from lawrec.delivery.cail import cail_file
    from lawrec.delivery.evaluate import evaluate_run
    from lawrec.network.checkpoint import find_run
    from lawrec.network.devices import use_device

    use_device(device or "auto")
    run = find_run(checkpoints, run_name)
    judged = cail_file(run, cail, labels) if cail else None
    beside = [find_run(checkpoints, name) for name in others]
    with shown_on(sys.stderr) as progress:
        report = evaluate_run(
            run, split, data, written, skip_bad, progress, judged, others=beside, page=page
        )
    click.echo(EVALUATION_WRITERS[output](report))


@click.command()
@run_option
@checkpoints_option
@click.option("--output", type=click.Choice(list(INFO_WRITERS)), default="table", show_default=True)
def info(run_name: str | None, checkpoints: Path, output: str) -> None:
    """Show what a run is made of: cases, layers, settings, thresholds."""
    start_tensorflow()
    from lawrec.delivery.inspect import inspect_run
    from lawrec.network.checkpoint import find_run

    run_info = inspect_run(find_run(checkpoints, run_name))
    click.echo(INFO_WRITERS[output](run_info))
