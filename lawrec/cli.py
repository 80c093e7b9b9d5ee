"""The command line: each command translates its options, calls the library, and prints."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from lawrec import __version__, config
from lawrec.corpus.cases import READERS, SPLITS, Cases, read_cases, read_stream
from lawrec.corpus.tokenizer import TOKENIZERS
from lawrec.decision.thresholds import STRATEGIES
from lawrec.delivery.progress import shown_on
from lawrec.delivery.report import ANSWER_WRITERS, EVALUATION_WRITERS, INFO_WRITERS
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
@data_options
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
@click.option("--data", type=FILE, help="File of labelled cases.  [default: the valid split]")
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
) -> None:
    """Choose the score from which on each article is recommended."""
    _start_tensorflow()
    from lawrec.delivery.report import tuning_text
    from lawrec.delivery.tune import tune_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    with shown_on(sys.stderr) as progress:
        tuning = tune_run(run, strategy, data, skip_bad, progress)
    click.echo(tuning_text(tuning))


@cli.command()
@run_option
@checkpoints_option
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True)
@click.option("--data", type=FILE, help="File of labelled cases, in place of a split.")
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
) -> None:
    """Measure the run on cases that it has not seen, beside two trivial answers."""
    _start_tensorflow()
    from lawrec.delivery.evaluate import evaluate_run
    from lawrec.network.checkpoint import find_run

    run = find_run(checkpoints, run_name)
    with shown_on(sys.stderr) as progress:
        report = evaluate_run(run, split, data, skip_bad, progress)
    click.echo(EVALUATION_WRITERS[output](report))


@cli.command()
@click.argument("file", type=FILE, required=False)
@run_option
@checkpoints_option
@click.option(
    "--format",
    "file_format",
    type=click.Choice(list(READERS)),
    help="What the input is.  [default: by the suffix of FILE; text on stdin]",
)
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
def predict(
    file: Path | None,
    run_name: str | None,
    checkpoints: Path,
    file_format: str | None,
    output: str | None,
    candidates: int | None,
    threshold: float | None,
) -> None:
    """Recommend articles for the cases of FILE or stdin, one fact a line, in the same order.

    A line that cannot be answered is answered with its error; the exit code is 1 when that is so
    for every line.
    """
    output = output or ("table" if sys.stdout.isatty() else "json")
    if candidates is None:
        candidates = 3 if output == "table" else 0
    _start_tensorflow()
    from lawrec.delivery.predict import load_recommender
    from lawrec.network.checkpoint import find_run

    recommender = load_recommender(find_run(checkpoints, run_name), threshold)
    # A bar would be written across the answers where both go to the same terminal.
    shown: AbstractContextManager[Progress] = nullcontext(silent)
    if not sys.stdout.isatty():
        shown = shown_on(sys.stderr)
    with shown as progress:
        answers = recommender.answer(_cases(file, file_format), candidates, progress)
        for text in ANSWER_WRITERS[output](answers, shutil.get_terminal_size((100, 24)).columns):
            click.echo(text)


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


near_option = click.option(
    "--near",
    type=click.FloatRange(0.5, 1),
    default=0.8,
    show_default=True,
    help="Jaccard similarity from which on two facts are near-duplicates.",
)


@cli.command()
@click.argument("data", type=FILE)
@click.option("--articles", type=FILE, help="List of all articles.  [default: law.txt beside DATA]")
@click.option("--max-tokens", type=click.IntRange(min=1), default=384, show_default=True)
@click.option(
    "--tokenizer",
    type=click.Choice(list(TOKENIZERS)),
    help="Count tokens with it.  [default: estimate them from the signs]",
)
@near_option
@click.option("--json", "json_file", type=FILE, help="Write the report there as JSON.")
@click.option("--html", "html_file", type=FILE, help="Write the report there as a page.")
@click.option("--fix", type=FILE, help="Write a cleaned copy of the cases to this new folder.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is an error.")
def audit(
    data: Path,
    articles: Path | None,
    max_tokens: int,
    tokenizer: str | None,
    near: float,
    json_file: Path | None,
    html_file: Path | None,
    fix: Path | None,
    strict: bool,
) -> None:
    """Check labelled cases before anyone trains on them.

    DATA is a folder of splits, or one file. An error spoils a training or its figures; a warning
    is for someone to look at.
    """
    from lawrec.corpus.audit import audit as audit_cases
    from lawrec.corpus.audit import rules_for
    from lawrec.delivery.audit_page import audit_html
    from lawrec.delivery.audit_report import audit_json, audit_text
    from lawrec.files import write_text

    rules = rules_for(data, articles, max_tokens, tokenizer)
    with shown_on(sys.stderr) as progress:
        report = audit_cases(data, rules, near, fix, progress)
    click.echo(audit_text(report))
    if json_file:
        write_text(json_file, audit_json(report) + "\n")
    if html_file:
        write_text(html_file, audit_html(report))
    if strict and report.errors:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--to", "folder", type=FILE, required=True, help="New folder for the splits.")
@click.option(
    "--shares",
    default="0.8,0.1,0.1",
    show_default=True,
    callback=lambda _context, _option, text: _shares(text),
    help="Shares of train, valid and test.",
)
@click.option("--seed", type=int, default=2018, show_default=True, help="Fixes who goes where.")
@near_option
@skip_bad_option
def split(
    files: tuple[Path, ...],
    folder: Path,
    shares: tuple[float, ...],
    seed: int,
    near: float,
    skip_bad: bool,
) -> None:
    """Split labelled cases into train, valid and test.

    Near-duplicates stay together, and each article reaches every split where it can.
    """
    from lawrec.corpus.split import split_files
    from lawrec.delivery.audit_report import split_text

    with shown_on(sys.stderr) as progress:
        report = split_files(files, folder, shares, seed, near, skip_bad, progress)
    click.echo(split_text(report))


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

    given = {name: value for name, value in options.items() if value}
    return Source(**given)


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise click.BadParameter("write three numbers, 0.8,0.1,0.1 say") from None


def _cases(file: Path | None, file_format: str | None) -> Cases:
    if file:
        return read_cases(file, labelled=False, file_format=file_format)
    stream = sys.stdin.buffer
    if stream.isatty():
        click.echo("Type one fact a line and end with Ctrl-D.", err=True)
    return read_stream(stream, "stdin", labelled=False, file_format=file_format or "text")
