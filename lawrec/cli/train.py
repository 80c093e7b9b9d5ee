"""The command train."""

import sys
from pathlib import Path
from typing import Any

import click

from lawrec import config
from lawrec.cli.options import (
    checkpoints_option,
    data_options,
    dataset_spec_from_options,
    device_option,
    format_options,
    run_option,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.decision.cross_fitting import check_choices
from lawrec.evaluation.metrics import HIGHER_IS_BETTER
from lawrec.models.word2vec_format import check_embedding_init
from lawrec.registry import lookup
from lawrec.reporting.progress_bars import progress_on, stopping_between_steps

_CHECK_FAILED = "A check of the first batch failed: what it names is not as the model needs it."
_STOPPED = "Stopped. `lawrec train --resume` goes on from the last checkpoint."


def _as_steps(_: click.Context, __: click.Parameter, value: str | None) -> range:
    """Return the steps of FIRST:LAST, both included."""
    if value is None:
        return range(0)
    first, _colon, last = value.partition(":")
    steps = range(int(first), int(last) + 1) if first.isdecimal() and last.isdecimal() else None
    if not steps or steps[0] < 1:
        raise click.BadParameter("name the first and the last step, from 1, for example 100:110.")
    return steps


@click.command()
@data_options
@format_options
@skip_bad_option
@run_option
@checkpoints_option
@click.option("--seed", type=int, help="Fixes all random numbers.  [default: 2018]")
@click.option("--epochs", type=int, help="How often each train case is seen.  [default: 8]")
@click.option("--resume", is_flag=True, help="Go on with the newest run, or the one of --run.")
@click.option(
    "--dry-run", is_flag=True, help="Take two steps, show sizes and speed, and make no run."
)
@click.option("--debug", is_flag=True, help="Show the first batch, check it, and make no run.")
@click.option(
    "--profile",
    callback=_as_steps,
    metavar="FIRST:LAST",
    help="Trace these steps for TensorBoard, for example 100:110.",
)
@click.option(
    "--start-from",
    metavar="RUN",
    help="Name or path of a run whose best weights the new run starts with.",
)
@device_option
@click.option("--log-placement", is_flag=True, help="Say where each operation runs.")
def train(
    preset: str | None,
    config_file: Path | None,
    assignments: tuple[str, ...],
    run_name: str | None,
    checkpoints: Path,
    seed: int | None,
    epochs: int | None,
    resume: bool,
    dry_run: bool,
    debug: bool,
    profile: range,
    start_from: str | None,
    device: str | None,
    log_placement: bool,
    **source: Any,
) -> None:
    """Learn from the train cases, watching the valid cases.

    Prepares the cases first where that is needed. A run that was stopped goes on with --resume.

    A run that starts from another one needs layers of the same sizes; tokens, articles and charges
    may differ, and those that both runs have bring their weights along.

    On several machines, start it on each with TF_CONFIG set, the same --run and a shared folder of
    runs.
    """
    short = {"seed": seed, "epochs": epochs}
    given = [f"training.{name}={value}" for name, value in short.items() if value is not None]
    if resume and any((preset, config_file, assignments, given, start_from, *source.values())):
        raise click.UsageError("--resume goes on with the run's own cases and settings: name none.")
    if resume and (dry_run or debug):
        raise click.UsageError("--dry-run and --debug are for a new training: leave out --resume.")
    settings = _checked(config.load(config_file, (*assignments, *given), preset=preset))
    start_tensorflow(talkative=log_placement)
    from lawrec.reporting.training_text import first_batch_text, rehearsal_text, training_line
    from lawrec.training.dry_run import preview
    from lawrec.training.loop import train as train_run
    from lawrec.training.setup import RunSpec, set_up_training

    new = None if resume else RunSpec(settings, dataset_spec_from_options(source), start_from)
    with progress_on(sys.stderr) as progress:
        if dry_run or debug:
            batch, report = preview(
                settings,
                dataset_spec_from_options(source),
                device=device,
                first_batch=debug,
                two_steps=dry_run,
                progress=progress,
            )
            if batch:
                click.echo(first_batch_text(batch))
                if any(batch.checks.values()):
                    raise click.ClickException(_CHECK_FAILED)
            if report:
                click.echo(rehearsal_text(report))
            return
        strategy, run, records = set_up_training(
            checkpoints,
            run_name,
            new=new,
            device=device,
            log_placement=log_placement,
            progress=progress,
        )
        click.echo(f"Training {run.folder}", err=True)
        try:
            with stopping_between_steps(progress) as stoppable:
                evaluations = train_run(
                    run, records, progress=stoppable, profile=profile, strategy=strategy
                )
                for evaluation in evaluations:
                    click.echo(training_line(evaluation), err=True)
        except KeyboardInterrupt:
            raise click.ClickException(_STOPPED) from None
    click.echo(run.folder)


def _checked(settings: config.Config) -> config.Config:
    """Refuse what only the end of a long training would find out."""
    check_choices(settings.decision)
    lookup(HIGHER_IS_BETTER, settings.training.monitor, where="training.monitor")
    check_embedding_init(settings.model)
    return settings
