"""Commands on a run: train, tune-thresholds, evaluate, info."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lawrec import config
from lawrec.cli.options import (
    FILE,
    checkpoints_option,
    data_options,
    device_option,
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
@device_option
@click.option("--log-placement", is_flag=True, help="Say where each operation runs.")
def train(
    config_file: Path | None,
    assignments: tuple[str, ...],
    run_name: str | None,
    checkpoints: Path,
    seed: int | None,
    resume: bool,
    device: str | None,
    log_placement: bool,
    **source: Any,
) -> None:
    """Learn from the train cases, watching the valid cases.

    Prepares the cases first where that is needed. A run that was stopped goes on with --resume.

    On several machines, start it on each with TF_CONFIG set, the same --run and a shared folder of
    runs.
    """
    if resume and (config_file or assignments or seed is not None or any(source.values())):
        raise click.UsageError("--resume goes on with the run's own cases and settings: name none.")
    if seed is not None:
        assignments = (*assignments, f"training.seed={seed}")
    settings = config.load(config_file, assignments)
    config.chosen(STRATEGIES, settings.decision.strategy, "decision.strategy")
    config.chosen(GAINS, settings.training.best_by, "training.best_by")
    start_tensorflow(talkative=log_placement)
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.delivery.report import training_line
    from lawrec.delivery.tune import valid_figures
    from lawrec.network.checkpoint import Run, create_run, find_run, records_of
    from lawrec.network.devices import chief_first, find_cluster, is_chief, start_devices
    from lawrec.network.training import train as train_run

    if not run_name and find_cluster():
        raise click.UsageError("TF_CONFIG names several machines: name the run of all with --run.")
    if resume:
        settings = find_run(checkpoints, run_name).config
    computing = replace(settings.training, device=device or settings.training.device)
    settings = replace(settings, training=computing)

    def open_training() -> tuple[Run, Any]:
        if resume or not is_chief(strategy):
            run = find_run(checkpoints, run_name)
            return run, records_of(run, progress)
        cases = source_of(source)
        records = prepare_records(cases, settings.corpus, progress)
        return create_run(checkpoints, settings, records, cases, run_name), records

    with shown_on(sys.stderr) as progress:
        strategy = start_devices(settings.training, log_placement, progress)
        run, records = chief_first(strategy, open_training)
        click.echo(f"Training {run.folder}", err=True)
        try:
            with stopping_between_steps(progress) as stoppable:
                for evaluation in train_run(run, records, valid_figures, stoppable, strategy):
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
@device_option
@skip_bad_option
def evaluate(
    run_name: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    output: str,
    device: str | None,
    skip_bad: bool,
    **form: str | None,
) -> None:
    """Measure the run on cases that it has not seen, beside two trivial answers."""
    written = form_of_data(data, form)
    start_tensorflow()
    from lawrec.delivery.evaluate import evaluate_run
    from lawrec.network.checkpoint import find_run
    from lawrec.network.devices import use_device

    use_device(device or "auto")
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
