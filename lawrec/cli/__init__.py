"""The command line: each command translates its options, calls the library, and prints."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import click

from lawrec import __version__, config
from lawrec.cli.articles import DAY, articles
from lawrec.corpus import manifest, versions
from lawrec.corpus.cases import SPLITS, Cases, read_files, read_stream
from lawrec.corpus.readers import READERS, Format
from lawrec.corpus.streams import ENCODINGS, files_at
from lawrec.decision.thresholds import STRATEGIES
from lawrec.delivery.progress import shown_on
from lawrec.delivery.report import (
    ANSWER_WRITERS,
    EVALUATION_WRITERS,
    INFO_WRITERS,
    verification_text,
)
from lawrec.errors import LawrecError
from lawrec.progress import Progress, silent


class Door(click.Group):
    """The group of commands; a user's mistake ends with its message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except LawrecError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(
                f"{error.filename or Path.cwd()}: files here must be readable and writable, "
                f"got {error.strerror}. Free some space or choose another folder."
            ) from error


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lawrec")
def cli() -> None:
    """Read the facts of a Chinese case and recommend the law articles that apply.

    \b
    lawrec train                  learn from labelled cases
    lawrec tune-thresholds        choose how sure is sure enough
    lawrec predict < facts.txt    recommend articles, one case a line
    """  # noqa: D301


def _together(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Put several options on a command."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_STOPPED = "Stopped. `lawrec train --resume` goes on from the last checkpoint."
FILE = click.Path(path_type=Path)
data_options = _together(
    click.option(
        "--data",
        type=FILE,
        help="Folder with train, valid and test cases.  [default: the invented sample]",
    ),
    click.option(
        "--articles",
        type=FILE,
        help="List of all articles, one a line.  [default: law.txt of --data, else those cited]",
    ),
    click.option("--dictionary", type=FILE, help="Words for jieba.  [default: the shipped ones]"),
    click.option("--config", "config_file", type=FILE, help="TOML file with settings."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="SECTION.KEY=VALUE",
        help="Change one setting; may be repeated.",
    ),
)
format_options = _together(
    click.option(
        "--format",
        "reader",
        type=click.Choice(list(READERS)),
        help="What the cases are written in.  [default: by the suffix; text on stdin]",
    ),
    click.option("--fact-field", help="Field or column of the fact.  [default: fact]"),
    click.option(
        "--articles-field",
        help="Field or column of the articles.  [default: meta.relevant_articles or articles]",
    ),
    click.option("--id-field", help="Field or column of the case's id.  [default: id]"),
    click.option(
        "--articles-separator",
        "separator",
        help="What stands between articles in one text.  [default, in a table: ; , 、 | or space]",
    ),
    click.option(
        "--encoding",
        type=click.Choice(ENCODINGS),
        help="Of the cases.  [default: found from the first lines]",
    ),
)
skip_bad_option = click.option(
    "--skip-bad", is_flag=True, help="Leave out lines that cannot be used, and count them."
)
run_option = click.option("--run", "run_name", help="Name or path of a run.  [default: the newest]")
checkpoints_option = click.option(
    "--checkpoints",
    type=FILE,
    default=Path("checkpoints"),
    show_default=True,
    help="Folder of the runs.",
)


@cli.command()
@data_options
@format_options
@skip_bad_option
def prepare(config_file: Path | None, assignments: tuple[str, ...], **source: Any) -> None:
    """Turn labelled cases into records; `train` does so itself where needed."""
    settings = config.load(config_file, assignments)
    _start_tensorflow()
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.delivery.report import records_text

    with shown_on(sys.stderr) as progress:
        records = prepare_records(_source(source), settings.corpus, progress)
    click.echo(records_text(records))


@cli.command()
@click.option("--records", type=FILE, help="Check this folder, without looking for its cases.")
@data_options
@format_options
@skip_bad_option
@checkpoints_option
def verify(
    records: Path | None,
    config_file: Path | None,
    assignments: tuple[str, ...],
    checkpoints: Path,
    **source: Any,
) -> None:
    """Check prepared records, shard by shard, against their manifest.

    By default those of the newest run, or all in data/records where there is no run. The exit
    code is 1 when something is damaged or missing.
    """
    cases = any(source.values()) or config_file or assignments
    if records and cases:
        raise click.UsageError("--records names a folder: leave out how its cases were prepared.")
    if records:
        folders = [records]
    elif cases:
        folders = [_records_of_cases(source, config_file, assignments)]
    else:
        folders = _records_by_default(checkpoints)
    with shown_on(sys.stderr) as progress:
        found = [manifest.verify(folder, progress) for folder in folders]
    for verification in found:
        click.echo(verification_text(verification))
    if any(verification.damage for verification in found):
        raise click.exceptions.Exit(1)


@cli.command()
@data_options
@format_options
@skip_bad_option
@run_option
@checkpoints_option
@click.option("--seed", type=int, help="Fixes all random numbers.  [default: 2018]")
@click.option("--resume", is_flag=True, help="Go on with the newest run, or the one of --run.")
def train(
    config_file: Path | None,
    assignments: tuple[str, ...],
    run_name: str | None,
    checkpoints: Path,
    seed: int | None,
    resume: bool,
    **source: Any,
) -> None:
    """Learn from the train cases, watching the valid cases.

    Prepares the cases first where that is needed. A run that was stopped goes on with --resume.
    """
    if resume and (config_file or assignments or seed is not None or any(source.values())):
        raise click.UsageError("--resume goes on with the run's own cases and settings: name none.")
    if seed is not None:
        assignments = (*assignments, f"training.seed={seed}")
    settings = config.load(config_file, assignments)
    config.chosen(STRATEGIES, settings.decision.strategy, "decision.strategy")
    _start_tensorflow()
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.delivery.report import training_line
    from lawrec.delivery.tune import valid_figures
    from lawrec.network.checkpoint import create_run, find_run, records_of
    from lawrec.network.training import train as train_run

    with shown_on(sys.stderr) as progress:
        if resume:
            run = find_run(checkpoints, run_name)
            records = records_of(run, progress)
        else:
            cases = _source(source)
            records = prepare_records(cases, settings.corpus, progress)
            run = create_run(checkpoints, settings, records, cases, run_name)
        click.echo(f"Training {run.folder}", err=True)
        try:
            for evaluation in train_run(run, records, valid_figures, progress):
                click.echo(training_line(evaluation), err=True)
        except KeyboardInterrupt:
            raise click.ClickException(_STOPPED) from None
    click.echo(run.folder)


@cli.command("tune-thresholds")
@run_option
@checkpoints_option
@click.option("--data", type=FILE, help="Labelled cases.  [default: the valid split]")
@format_options
@click.option(
    "--strategy", type=click.Choice(list(STRATEGIES)), help="How to choose.  [default: the run's]"
)
@skip_bad_option
def tune_thresholds(
    run_name: str | None,
    checkpoints: Path,
    data: Path | None,
    strategy: str | None,
    skip_bad: bool,
    **form: str | None,
) -> None:
    """Choose the score from which on each article is recommended."""
    written = _form_of(data, form)
    _start_tensorflow()
    from lawrec.delivery.report import tuning_text
    from lawrec.delivery.tune import tune_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    with shown_on(sys.stderr) as progress:
        tuning = tune_run(run, strategy, data, written, skip_bad, progress)
    click.echo(tuning_text(tuning))


@cli.command()
@run_option
@checkpoints_option
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True)
@click.option("--data", type=FILE, help="Labelled cases, in place of a split.")
@format_options
@click.option(
    "--output", type=click.Choice(list(EVALUATION_WRITERS)), default="table", show_default=True
)
@skip_bad_option
def evaluate(
    run_name: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    output: str,
    skip_bad: bool,
    **form: str | None,
) -> None:
    """Measure the run on cases that it has not seen, beside two trivial answers."""
    written = _form_of(data, form)
    _start_tensorflow()
    from lawrec.delivery.evaluate import evaluate_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    with shown_on(sys.stderr) as progress:
        report = evaluate_run(run, split, data, written, skip_bad, progress)
    click.echo(EVALUATION_WRITERS[output](report))


@cli.command()
@click.argument("files", type=FILE, nargs=-1, metavar="[FILE]...")
@run_option
@checkpoints_option
@format_options
@click.option(
    "--output",
    type=click.Choice(list(ANSWER_WRITERS)),
    help="What to print.  [default: table on a terminal, json elsewhere]",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=0),
    help="Show at least so many articles a case.  [default: 3 in a table, else 0]",
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
    output: str | None,
    candidates: int | None,
    threshold: float | None,
    text: bool,
    day: date | None,
    **form: str | None,
) -> None:
    """Recommend articles for the cases of each FILE, in their order.

    Without a FILE, or with "-", for those of stdin, one fact a line. A FILE may be packed (.gz,
    .xz, .zip), a folder, or a quoted pattern.

    A line that cannot be answered is answered with its error; the exit code is 1 when that is so
    for every line.
    """
    output = output or ("table" if sys.stdout.isatty() else "json")
    if candidates is None:
        candidates = 3 if output == "table" else 0
    if day and not text:
        raise click.UsageError("--date chooses the texts of --text: pass both.")
    texts = versions.version_at(versions.ROOT, versions.CRIMINAL_LAW, day).texts if text else None
    _start_tensorflow()
    from lawrec.delivery.predict import load_recommender
    from lawrec.network.checkpoint import find_run

    recommender = load_recommender(find_run(checkpoints, run_name), threshold)
    # A bar would be written across the answers where both go to the same terminal.
    shown: AbstractContextManager[Progress] = nullcontext(silent)
    if not sys.stdout.isatty():
        shown = shown_on(sys.stderr)
    with shown as progress:
        answers = recommender.answer(_cases(files, _form(form)), candidates, progress)
        width = shutil.get_terminal_size((100, 24)).columns
        for answer in ANSWER_WRITERS[output](answers, width, texts):
            click.echo(answer)


@cli.command()
@run_option
@checkpoints_option
@click.option("--output", type=click.Choice(list(INFO_WRITERS)), default="table", show_default=True)
def info(run_name: str | None, checkpoints: Path, output: str) -> None:
    """Show what a run is made of: cases, layers, settings, thresholds."""
    _start_tensorflow()
    from lawrec.delivery.inspect import inspect_run
    from lawrec.network.checkpoint import find_run

    run_info = inspect_run(find_run(checkpoints, run_name))
    click.echo(INFO_WRITERS[output](run_info))


cli.add_command(articles)


def main() -> None:
    """Start the command line."""
    cli()


def _start_tensorflow() -> None:
    """Import TensorFlow without the lines that it writes about itself before any log level holds.

    They go past Python to file descriptor 2: https://github.com/tensorflow/tensorflow/issues/100442
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _source(options: Mapping[str, Any]) -> Any:
    """Return the Source of the options that were given; the others keep their defaults."""
    from lawrec.corpus.prepare import Source

    ours = {field.name for field in fields(Format)}
    given = {name: value for name, value in options.items() if value and name not in ours}
    return Source(**given, form=_form(options))


def _records_of_cases(
    source: Mapping[str, Any], config_file: Path | None, assignments: tuple[str, ...]
) -> Path:
    settings = config.load(config_file, assignments)
    _start_tensorflow()
    from lawrec.corpus.prepare import folder_for

    return folder_for(_source(source), settings.corpus)


def _records_by_default(checkpoints: Path) -> list[Path]:
    if (checkpoints / "LATEST").is_file():
        _start_tensorflow()
        from lawrec.network.checkpoint import find_run

        run = find_run(checkpoints, None)
        return [run.source.records_root / run.records]
    return manifest.folders_in(Path("data/records"))


def _form(options: Mapping[str, Any]) -> Format:
    """Return the Format of the options that were given; the others keep their defaults."""
    names = (field.name for field in fields(Format))
    return Format(**{name: options[name] for name in names if options[name]})


def _form_of(data: Path | None, options: Mapping[str, Any]) -> Format:
    if not data and any(options.values()):
        raise click.UsageError(
            "A run's own cases are read as it read them: name other ones with --data."
        )
    return _form(options)


def _cases(paths: tuple[Path, ...], form: Format) -> Cases:
    if paths not in ((), (Path("-"),)):
        return read_files([file for path in paths for file in files_at(path)], False, form)
    stream = sys.stdin.buffer
    if stream.isatty():
        click.echo("Type one fact a line and end with Ctrl-D.", err=True)
    return read_stream(stream, "stdin", labelled=False, form=form)
