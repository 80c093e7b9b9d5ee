"""Commands on a trained run: tune-thresholds, evaluate, info."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lawrec.cli.options import (
    FILE,
    case_format_of_data,
    checkpoints_option,
    format_options,
    run_option,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.config import assign
from lawrec.decision.calibration import CALIBRATIONS
from lawrec.decision.cross_fitting import BEST
from lawrec.decision.objectives import OBJECTIVES
from lawrec.decision.strategies import STRATEGIES
from lawrec.reporting.progress_bars import progress_on


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
    "--coverage",
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
    coverage: float | None,
    **case_format: str | None,
) -> None:
    """Choose the score from which on each article is recommended."""
    written = case_format_of_data(data, case_format)
    chosen = {
        "strategy": strategy,
        "objective": objective,
        "calibration": calibration,
        "coverage": coverage,
    }
    if others := [text for text in assignments if not text.startswith("decision.")]:
        raise click.UsageError(f"{others[0]} is for `lawrec train`: here, set decision.KEY=VALUE.")
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    start_tensorflow()
    from lawrec.inference.tune import tune_run
    from lawrec.reporting.runs_text import tuning_text
    from lawrec.runs.run import find_run

    run = find_run(checkpoints, run_name)
    config = replace(assign(run.config, assignments).decision, **given)
    with progress_on(sys.stderr) as progress:
        tuning = tune_run(
            run, config, path=data, case_format=written, skip_bad=skip_bad, progress=progress
        )
    click.echo(tuning_text(tuning))
