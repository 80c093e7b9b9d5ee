"""Commands on a run: train, tune-thresholds, evaluate, info."""

import sys
from pathlib import Path
from typing import Any

import click

from lawrec import config
from lawrec.cli.options import (
    FILE,
    checkpoints_option,
    data_options,
    form_of_data,
    format_options,
    run_option,
    skip_bad_option,
    source_of,
    start_tensorflow,
)
from lawrec.corpus.cases import SPLITS
from lawrec.decision.metrics import GAINS
from lawrec.decision.thresholds import STRATEGIES
from lawrec.delivery.progress import shown_on, stopping_between_steps
from lawrec.delivery.report import EVALUATION_WRITERS, INFO_WRITERS

_STOPPED = "Stopped. `lawrec train --resume` goes on from the last checkpoint."


@click.command()
@data_options
@format_options
@skip_bad_option
@run_option
@checkpoints_option
@click.option("--seed", type=int, help="Fixes all random numbers.  [default: 2018]")
@click.option("--resume", is_flag=True, help="Go on with the newest run, or the one of --run.")
@click.option(
    "--start-from",
    metavar="RUN",
    help="Name or path of a run whose best weights the new run starts with.",
)
def train(
    config_file: Path | None,
    assignments: tuple[str, ...],
    run_name: str | None,
    checkpoints: Path,
    seed: int | None,
    resume: bool,
    start_from: str | None,
    **source: Any,
) -> None:
    """Learn from the train cases, watching the valid cases.

    Prepares the cases first where that is needed. A run that was stopped goes on with --resume.

    A run that starts from another one needs layers of the same sizes; tokens, articles and charges
    may differ, and those that both runs have bring their weights along.
    """
    others = (config_file, assignments, seed is not None, start_from, *source.values())
    if resume and any(others):
        raise click.UsageError("--resume goes on with the run's own cases and settings: name none.")
    if seed is not None:
        assignments = (*assignments, f"training.seed={seed}")
    settings = config.load(config_file, assignments)
    config.chosen(STRATEGIES, settings.decision.strategy, "decision.strategy")
    config.chosen(GAINS, settings.training.best_by, "training.best_by")
    start_tensorflow()
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.delivery.report import training_line
    from lawrec.delivery.tune import valid_figures
    from lawrec.network.checkpoint import create_run, find_run, records_of
    from lawrec.network.training import train as train_run

    with shown_on(sys.stderr) as progress:
        if resume:
            run = find_run(checkpoints, run_name)
            records = records_of(run, progress)
        else:
            cases = source_of(source)
            records = prepare_records(cases, settings.corpus, progress)
            other = find_run(checkpoints, start_from) if start_from else None
            run = create_run(checkpoints, settings, records, cases, run_name, other)
        click.echo(f"Training {run.folder}", err=True)
        try:
            with stopping_between_steps(progress) as stoppable:
                for evaluation in train_run(run, records, valid_figures, stoppable):
                    click.echo(training_line(evaluation), err=True)
        except KeyboardInterrupt:
            raise click.ClickException(_STOPPED) from None
    click.echo(run.folder)


@click.command("tune-thresholds")
@run_option
@checkpoints_option
@click.option("--data", type=FILE, help="Labelled cases.  [default: the valid split]")
@format_options
@click.option(
    "--strategy", type=click.Choice(list(STRATEGIES)), help="How to choose.  [default: the run's]"
)
@skip_bad_option
def tune_thresholds(
    run_name: str | None,
    checkpoints: Path,
    data: Path | None,
    strategy: str | None,
    skip_bad: bool,
    **form: str | None,
) -> None:
    """Choose the score from which on each article is recommended."""
    written = form_of_data(data, form)
    start_tensorflow()
    from lawrec.delivery.report import tuning_text
    from lawrec.delivery.tune import tune_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    with shown_on(sys.stderr) as progress:
        tuning = tune_run(run, strategy, data, written, skip_bad, progress)
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
@skip_bad_option
def evaluate(
    run_name: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    output: str,
    skip_bad: bool,
    **form: str | None,
) -> None:
    """Measure the run on cases that it has not seen, beside two trivial answers."""
    written = form_of_data(data, form)
    start_tensorflow()
    from lawrec.delivery.evaluate import evaluate_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    with shown_on(sys.stderr) as progress:
        report = evaluate_run(run, split, data, written, skip_bad, progress)
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
