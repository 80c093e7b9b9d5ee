"""`lawrec baseline`: train and tune a run of linear SVMs, to compare other runs with."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.corpus.records.dataset_spec import RunSpec


@click.command(cls=option_types.HeadedCommand)
@options.data
@click.option("--run", "run_name", default="baseline", help="Name of the new run.")
@options.checkpoints
@options.device
@options.messages
def baseline(
    run_name: str,
    checkpoints: Path,
    device: str | None,
    **arguments: Unpack[option_values.DataOptions],
) -> None:
    """Train linear SVMs on the words of the train cases, and tune their thresholds on valid.

    There must be valid cases. With the same options, the cases are prepared as `lawrec train`
    prepares them. The model is always that of the preset linear, whatever the other settings are.

    The new run is one like any other, but other commands use it only where it is named, for example
    in `lawrec evaluate --compare baseline`.
    """
    settings = option_values.check_settings(option_values.settings_from(arguments))
    dataset = option_values.dataset_spec_from(arguments, settings)
    option_values.start_tensorflow()
    from lawrec.inference.baseline import baseline_config, train_and_tune
    from lawrec.reporting.runs_text import start_text, tuning_text
    from lawrec.training.setup import set_up_training

    with option_values.show_progress() as progress:
        setup = set_up_training(
            checkpoints,
            run_name,
            new=RunSpec(baseline_config(settings), dataset),
            device=device,
            progress=progress,
        )
        progress.message(start_text(setup.run, setup.records))
        tuning = train_and_tune(setup)
    print_result(f"{setup.run.folder}\n{tuning_text(tuning)}")
