"""`lawrec export`: pack a run for use elsewhere."""

from pathlib import Path
from typing import Any

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.translation import translate


@click.group()
def export() -> None:
    """Pack a run for use elsewhere."""


@export.command(
    cls=option_types.HeadedCommand, short_help="Pack a run as one file to predict with."
)
@options.run
@options.output("File to write, such as criminal-law.lawrec.", required=True)
@options.messages
def bundle(run_name: str | None, checkpoints: Path, output: Path) -> None:
    """Pack what predicting needs of a tuned run into one file.

    `lawrec predict --model FILE` needs nothing else, and neither TensorFlow nor the run. The file
    has no paths of this machine.
    """
    from lawrec.export.bundle import export_bundle

    run, checkpoint = _open(checkpoints, run_name)
    size = export_bundle(run, output, checkpoint=checkpoint) / 1e6
    print_result(translate(f"{output}: {run.folder.name}, {size:,.1f} MB"))


@export.command(cls=option_types.HeadedCommand, short_help="Export the network of a run to ONNX.")
@options.run
@click.option("--int8", is_flag=True, help="Also write a model with weights of 8 bits.")
@options.messages
def onnx(run_name: str | None, checkpoints: Path, int8: bool) -> None:
    """Export the network of a run, so that predicting needs no TensorFlow.

    The best checkpoint is written into the folder of the run as onnx/model.onnx, after a check that
    it scores as the network does. `lawrec train` does so at its end.

    A model with 8-bit weights has a quarter of the size and is faster; scores change a little. It
    is refused if a metric on the valid split loses more than half a point. Use it with --engine
    onnx-int8.
    """
    option_values.start_tensorflow()
    from lawrec.runs.onnx_file import onnx_path
    from lawrec.training.onnx_export import export_onnx

    run, checkpoint = _open(checkpoints, run_name)
    difference = export_onnx(run, checkpoint)
    path = onnx_path(run, checkpoint)
    size = path.stat().st_size / 1e6
    print_result(translate(f"{path}: {size:,.1f} MB, scores differ by {difference:.1g} at most"))
    if int8:
        from lawrec.export.int8_model import export_int8

        with option_values.show_progress() as progress:
            print_result(export_int8(run, checkpoint, progress=progress).text())


@export.command(
    cls=option_types.HeadedCommand, short_help="Export the network of a run as a SavedModel."
)
@options.run
@options.output("Folder to write, which must not exist.", folder=True, required=True)
@options.messages
def savedmodel(run_name: str | None, checkpoints: Path, output: Path) -> None:
    """Export the network of a run as a SavedModel, for TensorFlow Serving and others.

    Its signature serving_default takes token_ids and returns logits and scores. They come from
    the network alone, without the linear SVMs and the second stage.
    """
    option_values.start_tensorflow()
    from lawrec.export.savedmodel import export_savedmodel

    run, checkpoint = _open(checkpoints, run_name)
    difference = export_savedmodel(run, output, checkpoint=checkpoint)
    text = f"{output}: {run.folder.name}, scores differ by {difference:.1g} at most"
    print_result(translate(text))


@export.command(
    cls=option_types.HeadedCommand, short_help="Pack a run as CAIL2018's predictor.zip."
)
@options.run
@options.cail_list
@options.output("File to write.", default=Path("predictor.zip"))
@options.messages
def cail(run_name: str | None, checkpoints: Path, article_list: Path | None, output: Path) -> None:
    """Pack a tuned run as the predictor.zip of CAIL2018.

    It holds the run, lawrec, and predictor/ with the class Predictor(batch_size), whose
    predict(facts) returns ids of articles: line numbers of law.txt, from 1. The packages that
    lawrec depends on must be installed where it is unpacked.
    """
    from lawrec.export.cail_answers import read_labels
    from lawrec.export.cail_archive import export_cail

    run, checkpoint = _open(checkpoints, run_name)
    packed = export_cail(run, read_labels(run, article_list), path=output, checkpoint=checkpoint)
    print_result(packed.text())


def _open(checkpoints: Path, name: str | None) -> tuple[Any, str]:
    """Return a run and its best checkpoint."""
    from lawrec.runs.find_checkpoint import best_checkpoint
    from lawrec.runs.run import find_run

    run = find_run(checkpoints, name)
    with option_values.show_progress() as progress:
        return run, best_checkpoint(run, progress)
