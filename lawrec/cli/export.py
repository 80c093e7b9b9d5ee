"""`lawrec export`: a run, packed for use elsewhere."""

import sys
from pathlib import Path

import click

from lawrec.cli.options import checkpoints_option, labels_option, run_option, start_tensorflow
from lawrec.reporting.progress_bars import progress_on


@click.group()
def export() -> None:
    """Pack a run for use elsewhere."""


@export.command()
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("predictor.zip"),
    show_default=True,
    help="File to write.",
)
@run_option
@checkpoints_option
@labels_option
def cail(path: Path, run_name: str | None, checkpoints: Path, labels: Path | None) -> None:
    """Pack a tuned run as the predictor.zip of CAIL2018.

    It holds the run, lawrec, and predictor/ with the class Predictor(batch_size), whose
    predict(facts) answers with ids of articles, lines of law.txt from 1. What lawrec depends on
    must be installed where it is unpacked.
    """
    start_tensorflow()
    from lawrec.export.cail_answers import read_labels
    from lawrec.export.cail_archive import export_cail
    from lawrec.runs.run import find_run
    from lawrec.training.checkpoints import best_checkpoint

    run = find_run(checkpoints, run_name)
    with progress_on(sys.stderr) as progress:
        checkpoint = best_checkpoint(run, progress)
    packed = export_cail(run, read_labels(run, labels), path=path, checkpoint=checkpoint)
    click.echo(packed.text())
