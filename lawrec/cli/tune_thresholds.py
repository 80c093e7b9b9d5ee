"""`lawrec tune-thresholds`: tune the scores from which on articles are recommended."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import click

from lawrec.cli.options import (
    DATA,
    FILE,
    FloatRange,
    HeadedCommand,
    InputFormatOptions,
    case_format_of_data,
    input_format_options,
    option,
    progress_options,
    run_option,
    show_progress,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.config import DecisionConfig, assign
from lawrec.decision.calibration import CALIBRATIONS
from lawrec.decision.cross_fitting import BEST
from lawrec.decision.objectives import OBJECTIVES
from lawrec.decision.strategies import STRATEGIES

THRESHOLDS = "Thresholds"


def _default(setting: str) -> str:
    """Return the default of an option that a run's own settings decide."""
    return f"of the run: {getattr(DecisionConfig(), setting)} unless changed"


@click.command("tune-thresholds", cls=HeadedCommand)
@run_option
@option("--data", heading=DATA, type=FILE, show_default="the valid split", help="Labelled cases.")
@skip_bad_option
@input_format_options
@option(
    "--strategy",
    heading=THRESHOLDS,
    type=click.Choice([BEST, *STRATEGIES]),
    show_default=_default("strategy"),
    help=f"How to choose thresholds; {BEST}: the one that is best in cross-validation.",
)
@option(
    "--objective",
    heading=THRESHOLDS,
    type=click.Choice(list(OBJECTIVES)),
    show_default=_default("objective"),
    help="Metric to maximize.",
)
@option(
    "--calibration",
    heading=THRESHOLDS,
    type=click.Choice(list(CALIBRATIONS)),
    show_default=_default("calibration"),
    help="How scores become probabilities.",
)
@option(
    "--coverage",
    heading=THRESHOLDS,
    type=FloatRange(0, 1, max_open=True),
    show_default=_default("coverage"),
    help="Guaranteed share of cases whose list has all their articles; 0: no guarantee.",
)
@option(
    "--set",
    "assignments",
    heading=THRESHOLDS,
    multiple=True,
    metavar="decision.KEY=VALUE",
    help="Change one setting of [decision]; may be repeated.",
)
@progress_options
def tune_thresholds(
    run_name: str | None,
    checkpoints: Path,
    data: Path | None,
    skip_bad: bool,
    strategy: str | None,
    objective: str | None,
    calibration: str | None,
    coverage: float | None,
    assignments: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    **options: Unpack[InputFormatOptions],
) -> None:
    """Tune the score from which on each article is recommended."""
    case_format = case_format_of_data(data, options)
    if others := [text for text in assignments if not text.startswith("decision.")]:
        raise click.UsageError(f"{others[0]} is for `lawrec train`: here, set decision.KEY=VALUE.")
    named: dict[str, Any] = {
        "strategy": strategy,
        "objective": objective,
        "calibration": calibration,
        "coverage": coverage,
    }
    start_tensorflow(verbose)
    from lawrec.inference.tune import tune_run
    from lawrec.reporting.runs_text import tuning_text
    from lawrec.runs.run import find_run

    run = find_run(checkpoints, run_name)
    config = replace(
        assign(run.config, assignments).decision,
        **{name: value for name, value in named.items() if value is not None},
    )
    with show_progress(quiet) as progress:
        tuning = tune_run(
            run, config, path=data, case_format=case_format, skip_bad=skip_bad, progress=progress
        )
    click.echo(tuning_text(tuning))
