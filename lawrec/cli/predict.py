"""`lawrec predict`: facts in, articles out."""

import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path

import click

from lawrec.cli.options import (
    DAY,
    FILE,
    case_format_from_options,
    checkpoints_option,
    device_option,
    format_options,
    run_option,
    start_tensorflow,
)
from lawrec.corpus.cases import Cases, read_files, read_stream
from lawrec.corpus.readers import CaseFormat
from lawrec.law import statute_versions
from lawrec.progress import SILENT, Progress
from lawrec.reporting.answers import ANSWER_WRITERS
from lawrec.reporting.progress_bars import progress_on
from lawrec.text_files import list_files


@click.command()
@click.argument("files", type=FILE, nargs=-1, metavar="[FILE]...")
@run_option
@checkpoints_option
@device_option
@format_options
@click.option(
    "--output",
    type=click.Choice(list(ANSWER_WRITERS)),
    help="What to print.  [default: table on a terminal, json elsewhere]",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=0),
    help="Show at least so many articles a case.  [default: 3 in a table, else 1]",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="One threshold for all articles, in place of the tuned ones.",
)
@click.option("--text", is_flag=True, help="Add each article's text, from an imported statute.")
@click.option(
    "--date", "day", help="The texts in force then, with --text.  [default: the newest]", **DAY
)
def predict(
    files: tuple[Path, ...],
    run_name: str | None,
    checkpoints: Path,
    device: str | None,
    output: str | None,
    candidates: int | None,
    threshold: float | None,
    text: bool,
    day: date | None,
    **case_format: str | None,
) -> None:
    """Recommend articles for the cases of each FILE, in their order.

    Without a FILE, or with "-", for those of stdin, one fact a line. A FILE may be packed (.gz,
    .xz, .zip), a folder, or a quoted pattern.

    A line that cannot be answered is answered with its error; the exit code is 1 when that is so
    for every line.
    """
    output = output or ("table" if sys.stdout.isatty() else "json")
    if candidates is None:
        candidates = 3 if output == "table" else 1
    if day and not text:
        raise click.UsageError("--date chooses the texts of --text: pass both.")
    texts = (
        statute_versions.version_at(
            statute_versions.ROOT, statute_versions.CRIMINAL_LAW, day=day
        ).texts
        if text
        else None
    )
    start_tensorflow()
    from lawrec.inference.recommender import Recommender
    from lawrec.training.devices import use_device

    use_device(device or "auto")
    with progress_on(sys.stderr) as progress:
        recommender = Recommender.load(
            run_name, checkpoints=checkpoints, threshold=threshold, progress=progress
        )
    # A bar would be written across the answers where both go to the same terminal.
    shown: AbstractContextManager[Progress] = nullcontext(SILENT)
    if not sys.stdout.isatty():
        shown = progress_on(sys.stderr)
    with shown as progress:
        answers = recommender.answer(
            _cases(files, case_format_from_options(case_format)),
            top_k=candidates,
            progress=progress,
        )
        width = shutil.get_terminal_size((100, 24)).columns
        for answer in ANSWER_WRITERS[output](answers, width, texts):
            click.echo(answer)


def _cases(paths: tuple[Path, ...], case_format: CaseFormat) -> Cases:
    if paths not in ((), (Path("-"),)):
        return read_files(
            [file for path in paths for file in list_files(path)], False, case_format=case_format
        )
    stream = sys.stdin.buffer
    if stream.isatty():
        click.echo("Type one fact a line and end with Ctrl-D.", err=True)
    return read_stream(stream, "stdin", labelled=False, case_format=case_format)
