"""`lawrec tune-thresholds`: choose the scores that an article needs to be recommended."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.config import DecisionConfig
from lawrec.config_sources import assign


def _default(setting: str) -> str:
    """Return the default of an option that a run's own settings decide."""
    return f"as in training, {getattr(DecisionConfig(), setting)} unless changed there"


@click.command("tune-thresholds", cls=option_types.HeadedCommand)
@options.run
@click.option(
    "--data", type=options.FILE, help="Labelled cases.  [default: as decision.tune_on says]"
)
@click.option(
    "--feedback",
    type=options.FILE,
    help="Also tune on the cases that `lawrec serve --feedback` has kept; of several entries "
    "for a fact, the last one counts.",
)
@options.skip_bad
@options.any_label_of_run
@options.input_format
@click.option(
    "--strategy",
    type=option_types.RegistryChoice("decision.cross_fitting.STRATEGY_CHOICES"),
    help=f"How to choose; best: by cross-validation.  [default: {_default('strategy')}]",
)
@click.option(
    "--objective",
    type=option_types.RegistryChoice("decision.objectives.OBJECTIVES"),
    help="Metric to maximize. One of whole lists, such as exact_match, only chooses between "
    f"strategies, whose thresholds maximize F1.  [default: {_default('objective')}]",
)
@click.option(
    "--calibration",
    type=option_types.RegistryChoice("decision.calibration.CALIBRATIONS"),
    help=f"How scores become probabilities.  [default: {_default('calibration')}]",
)
@click.option(
    "--coverage",
    type=option_types.FloatRange(0, 1, max_open=True),
    help="Guaranteed share of cases whose list has all true articles; 0: none.  "
    f"[default: {_default('coverage')}]",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="decision.KEY=VALUE",
    help="Change one setting of [decision]; may be repeated.",
)
@options.engine
@options.messages
def tune_thresholds(
    run_name: str | None,
    checkpoints: Path,
    data: Path | None,
    feedback: Path | None,
    skip_bad: bool,
    strategy: str | None,
    objective: str | None,
    calibration: str | None,
    coverage: float | None,
    assignments: tuple[str, ...],
    engine: str,
    **arguments: Unpack[option_values.InputFormatOptions],
) -> None:
    """Choose the score that each article needs to be recommended, and calibrate probabilities."""
    case_format = option_values.case_format_of_data(data, arguments)
    if others := [text for text in assignments if not text.startswith("decision.")]:
        raise click.UsageError(f"{others[0]} is for `lawrec train`: here, set decision.KEY=VALUE.")
    named: dict[str, Any] = {
        "strategy": strategy,
        "objective": objective,
        "calibration": calibration,
        "coverage": coverage,
    }
    option_values.set_tensorflow_log()
    from lawrec.inference.engines import EngineChoice
    from lawrec.inference.tune import tune_run
    from lawrec.reporting.runs_text import tuning_text
    from lawrec.runs.run import find_run

    run = find_run(checkpoints, run_name)
    config = replace(
        assign(run.config, assignments).decision,
        **{name: value for name, value in named.items() if value is not None},
    )
    with option_values.show_progress() as progress:
        tuning = tune_run(
            run,
            config,
            data=(data, case_format) if data else None,
            skip_bad=skip_bad,
            engine=EngineChoice(engine),
            feedback=feedback,
            progress=progress,
        )
    print_result(tuning_text(tuning))
