"""`lawrec train`: train a model on labelled cases."""

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.interrupts import stopping_between_steps
from lawrec.cli.shared.printing import print_result
from lawrec.config import Config
from lawrec.config_sources import PRESETS
from lawrec.corpus.records.dataset_spec import RunSpec

_CHECK_FAILED = "A check of the first batch failed: the model cannot be trained on such batches."


def _as_steps(_: click.Context, __: click.Parameter, value: str | None) -> range:
    """Return the steps of FIRST:LAST, both included: "100:110" is range(100, 111)."""
    if value is None:
        return range(0)
    first, _colon, last = value.partition(":")
    numbers = [int(text) for text in (first, last) if text.isdecimal() and len(text) <= 12]
    steps = range(numbers[0], numbers[1] + 1) if len(numbers) == 2 else range(0)
    if not steps or steps[0] < 1:
        raise click.BadParameter("name the first and the last step, from 1, for example 100:110.")
    return steps


def _default(setting: str) -> str:
    """Return the default of a training setting, for the help of its option."""
    if any(setting in preset.get("training", {}) for preset in PRESETS.values()):
        return "of the preset"
    return str(getattr(Config().training, setting))


@click.command(cls=option_types.HeadedCommand)
@options.data
@click.option(
    "--run",
    "run_name",
    help="Name of the new run; with --resume, name or path of a run.  "
    "[default: the time; with --resume, the newest]",
)
@options.checkpoints
@click.option(
    "--start-from",
    metavar="RUN",
    help="Name or path of a run whose best weights the new run starts from.",
)
@click.option("--seed", type=int, help=f"Random seed of training.  [default: {_default('seed')}]")
@click.option(
    "--epochs",
    type=int,
    help=f"How often each train case and each extra case is seen.  [default: {_default('epochs')}]",
)
@click.option("--resume", is_flag=True, help="Continue the newest run, or the one of --run.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Take two steps, show sizes and speed, and create no run."
)
@click.option("--debug", is_flag=True, help="Show and check the first batch, and create no run.")
@click.option(
    "--profile",
    callback=_as_steps,
    metavar="FIRST:LAST",
    help="Trace these steps for TensorBoard, for example 100:110.",
)
@options.device
@click.option("--log-placement", is_flag=True, help="Log on which device each operation runs.")
@options.messages
def train(
    run_name: str | None,
    checkpoints: Path,
    start_from: str | None,
    seed: int | None,
    epochs: int | None,
    resume: bool,
    dry_run: bool,
    debug: bool,
    profile: range,
    device: str | None,
    log_placement: bool,
    **arguments: Unpack[option_values.DataOptions],
) -> None:
    """Train a model on the train cases, and keep the weights that are best on the valid cases.

    Without valid cases, the last weights are kept, and thresholds are tuned on train cases, scored
    out of fold. The presets tiny and linear need valid cases, since they make no such scores.

    The cases are prepared first where that is needed. A run that was stopped continues with
    --resume.

    A run that starts from another one needs layers of the same sizes. Tokens, articles and charges
    may differ: the weights of those that both runs have are taken over.

    Several machines train one run when the command is started on each of them with TF_CONFIG set,
    the same --run and a shared folder of runs.
    """
    named = [name for name in arguments if name != "data"]
    if resume and option_values.is_given("start_from", "seed", "epochs", *named):
        raise click.UsageError(
            "--resume uses the run's own cases and settings: leave out all options for them, but "
            "--data if the cases have moved."
        )
    if resume and (dry_run or debug):
        raise click.UsageError("--dry-run and --debug are for a new training: leave out --resume.")
    new = None if resume else _new_run(arguments, start_from, seed=seed, epochs=epochs)
    moved_to = arguments["data"] if resume and option_values.is_given("data") else None
    option_values.start_tensorflow(verbose=log_placement)
    if new and (dry_run or debug):
        _print_preview(checkpoints, new, device=device, dry_run=dry_run, debug=debug)
        return
    from lawrec.reporting.runs_text import start_text
    from lawrec.reporting.training_text import training_line
    from lawrec.training.loop import train as train_run
    from lawrec.training.setup import set_up_training

    with option_values.show_progress() as progress:
        setup = set_up_training(
            checkpoints,
            run_name,
            new=new,
            data=moved_to,
            device=device,
            log_placement=log_placement,
            progress=progress,
        )
        run = setup.run
        progress.message(start_text(run, setup.records))
        try:
            with stopping_between_steps(progress) as stoppable:
                stoppable_setup = replace(setup, progress=stoppable)
                for evaluation in train_run(stoppable_setup, profile=profile):
                    progress.message(training_line(evaluation))
        except KeyboardInterrupt:
            # The run may have no checkpoint yet, and then it is not the newest one.
            name = run.folder.name if checkpoints == Path("checkpoints") else str(run.folder)
            raise click.ClickException(
                f"Stopped. `lawrec train --resume --run {name}` continues from what is complete."
            ) from None
    print_result(str(run.folder))


def _new_run(
    arguments: option_values.DataOptions,
    start_from: str | None,
    *,
    seed: int | None,
    epochs: int | None,
) -> RunSpec:
    """Return the new run that the options choose."""
    for name, value in (("seed", seed), ("epochs", epochs)):
        if value is not None:
            arguments["assignments"] += (f"training.{name}={value}",)
    settings = option_values.check_settings(option_values.settings_from(arguments))
    return RunSpec(settings, option_values.dataset_spec_from(arguments, settings), start_from)


def _print_preview(
    checkpoints: Path, new: RunSpec, *, device: str | None, dry_run: bool, debug: bool
) -> None:
    """Print what --debug and --dry-run show.

    Raises:
        ClickException: A check of the first batch failed.
    """
    from lawrec.reporting.training_text import dry_run_text, first_batch_text
    from lawrec.training.dry_run import preview

    with option_values.show_progress() as progress:
        batch, report = preview(
            checkpoints,
            new,
            device=device,
            first_batch=debug,
            two_steps=dry_run,
            progress=progress,
        )
    if batch:
        print_result(first_batch_text(batch))
        if any(batch.checks.values()):
            raise click.ClickException(_CHECK_FAILED)
    if report:
        print_result(dry_run_text(report))
