"""`lawrec search`: search for good hyperparameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.interrupts import stopping_between_steps
from lawrec.cli.shared.printing import print_result
from lawrec.search.space import search_space
from lawrec.search.study import PRUNERS, SAMPLERS, SearchPlan, require_optuna
from lawrec.search.trial_process import Start

_PLAN = SearchPlan()
_SETTINGS = {"preset", "config_file", "assignments"}
"""The options of training that best.toml takes the place of."""


@click.command(cls=option_types.HeadedCommand)
@options.data
@click.option(
    "--trials",
    type=click.IntRange(1, 10**6),
    default=_PLAN.trials,
    help="Number of trials, those of a continued search included.",
)
@click.option(
    "--minutes",
    type=option_types.FloatRange(0, 10**6),
    default=_PLAN.minutes,
    help="Minutes until the search stops; 0: no limit.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=_PLAN.jobs,
    help="Trials at the same time, each in a process.",
)
@options.cluster
@click.option(
    "--fixed",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Change one setting and do not search it; may be repeated.",
)
@click.option(
    "--sampler",
    type=click.Choice(list(SAMPLERS)),
    default=_PLAN.sampler,
    help="How to choose the settings of a trial.",
)
@click.option(
    "--pruner",
    type=click.Choice(list(PRUNERS)),
    default=_PLAN.pruner,
    help="How to stop trials that lag behind.",
)
@click.option(
    "--seed",
    "sampler_seed",
    type=click.IntRange(0, 2**32 - 1),
    default=_PLAN.seed,
    help="Random seed of the sampler.",
)
@click.option("--keep-runs", is_flag=True, help="Keep the runs of all trials, not only the best.")
@options.device
@options.output(
    "Folder of the study; one that exists is continued.  [default: checkpoints/search-TIME]",
    folder=True,
)
@options.output_format("reporting.search_text.SEARCH_WRITERS")
@options.messages
def search(
    trials: int,
    minutes: float,
    jobs: int,
    cluster: str | None,
    fixed: tuple[str, ...],
    sampler: str,
    pruner: str,
    sampler_seed: int,
    keep_runs: bool,
    device: str | None,
    output: Path | None,
    output_format: str,
    **arguments: Unpack[option_values.DataOptions],
) -> None:
    """Search for the settings that are best on the valid cases, by training many runs.

    The settings that are searched, and their ranges, are in lawrec/config.py. The first trial has
    the settings that --preset, --config and --set choose, so that the result is never worse than
    theirs on the valid cases. A trial that lags behind others is pruned after an evaluation.

    The folder of the study gets best.toml for `lawrec train --config`, search.html with plots, the
    run of the best trial, and journal.log, from which the same command with --output FOLDER
    continues. `optuna-dashboard FOLDER/journal.log` shows the journal while the search is running.

    Needs pip install 'lawrec[search]'.
    """
    require_optuna()
    space = search_space(option_values.settings_from(arguments), fixed)
    option_values.check_settings(space.start)
    plan = SearchPlan(
        trials=trials,
        jobs=jobs,
        minutes=minutes,
        seed=sampler_seed,
        sampler=sampler,
        pruner=pruner,
        keep_runs=keep_runs,
    )
    folder = output or Path("checkpoints", f"search-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    dataset = option_values.dataset_spec_from(arguments, space.start)
    option_values.start_tensorflow()
    from lawrec.reporting.plots import require_plots
    from lawrec.reporting.search_html import write_page
    from lawrec.reporting.search_text import SEARCH_WRITERS
    from lawrec.search.hyperparameter_search import search as run_search
    from lawrec.search.results import write_best

    require_plots()
    with _starter(cluster) as start, option_values.show_progress() as progress:
        progress.message(f"Searching in {folder}")
        try:
            with stopping_between_steps(progress) as stoppable:
                result = run_search(
                    folder,
                    space,
                    dataset=dataset,
                    plan=replace(plan, start=start),
                    device=device,
                    preset=arguments["preset"],
                    progress=stoppable,
                )
        except KeyboardInterrupt:
            raise click.ClickException(
                f"Stopped. The same command with --output {folder} continues."
            ) from None
    case_options = option_values.given_arguments(arguments.keys() - _SETTINGS)
    result = replace(result, case_options=case_options)
    write_best(result)
    write_page(result)
    print_result(SEARCH_WRITERS[output_format](result), exact=output_format == "json")


@contextmanager
def _starter(cluster: str | None) -> Iterator[Start]:
    """Yield what starts a trial: in a process of this machine, or of a cluster."""
    if cluster is None:
        yield _PLAN.start
        return
    from lawrec.cluster.cluster_trials import start_on_cluster
    from lawrec.cluster.ray_cluster import connected

    with connected(cluster):
        yield start_on_cluster
