"""`lawrec predict`: recommend articles for facts.

Each line of the input has an answer, in its order: the answer to a bad line is its error, unless
--bad-lines names a file for the errors. Commands that learn from cases or measure on them stop at a
bad line instead, unless --skip-bad is given.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from io import BufferedReader
from pathlib import Path
from typing import Any, Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.corpus.cases import Cases, read_cases, read_stream
from lawrec.corpus.readers import SUFFIXES, CaseFormat, choose_stream_reader
from lawrec.errors import CaseError
from lawrec.iterables import CHUNK_CASES
from lawrec.law import statute_versions
from lawrec.storage.json_text import json_text
from lawrec.storage.packed_files import DECOMPRESSORS
from lawrec.translation import translate

_STDIN = ((), (Path("-"),))
"""The arguments that stand for stdin."""
SHOWN_FEATURES = 3
"""How many features of each article --with-features adds."""


def _print_schema(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from lawrec.reporting.answers.fields import answer_schema

        print_result(json_text(answer_schema()), exact=True)
        ctx.exit()


_shards = options.compose_options(
    click.option(
        "--output-folder",
        type=option_types.OUTPUT_FOLDER_OR_URI,
        help="Folder for the answers, or its URI, one file per shard of the input. All processes "
        "that name it share the work, and a later one continues it.",
    ),
    click.option(
        "--shard-bytes",
        type=click.IntRange(1_024, 2**30),
        help="With --output-folder: bytes of cases in a shard.  [default: 4 MiB]",
    ),
    click.option(
        "--cluster",
        metavar="ADDRESS",
        help="With --output-folder: the Ray cluster to run on; local: one on this machine.",
    ),
)


class _ShardOptions(option_values.InputFormatOptions):
    """The values of `input_format` and `_shards`."""

    output_folder: Path | None
    shard_bytes: int | None
    cluster: str | None


@click.command(cls=option_types.HeadedCommand)
@click.argument("files", type=options.FILE, nargs=-1, metavar="[FILE]...")
@options.model
@options.engine
@options.device_of_model
@options.input_format
@click.option(
    "--format",
    "output_format",
    type=option_types.RegistryChoice("reporting.answers.writers.FORMATS"),
    help="Format of the answers; parquet needs -o.  [default: table on a terminal, json elsewhere]",
)
@click.option(
    "--top-k",
    type=click.IntRange(min=0),
    help="Show at least the k best articles of each case.  [default: 3 in tables and html, else 1]",
)
@click.option(
    "--threshold",
    type=option_types.FloatRange(0, 1),
    help="Threshold of all articles, in place of the tuned ones; decision.min_articles and "
    "decision.max_articles of the run still apply.",
)
@click.option(
    "--with-text", is_flag=True, help="Add the text of each article, from an imported statute."
)
@click.option(
    "--with-features",
    is_flag=True,
    help=f"Add the {SHOWN_FEATURES} features that moved the score of each article most.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Add the clauses and words that led to each recommended article, what decides between it "
    "and its nearest rival, and similar train cases.",
)
@click.option(
    "--date",
    "day",
    help="With --with-text: add the texts in force on this day.  [default: the newest texts]",
    **options.DAY,
)
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of an answer, and exit.",
)
@click.option(
    "--bad-lines",
    type=option_types.OUTPUT_FILE,
    help="Write the errors of lines that cannot be used to this file.  [default: they are answers]",
)
@options.output(
    "File for the answers; without --format, its name may end in .csv, .html or .parquet, else "
    "JSON.  [default: stdout]"
)
@click.option(
    "--jobs",
    "n_jobs",
    type=click.IntRange(min=0),
    help="Number of processes that tokenize long inputs.  [default: number of cores - 1 for jieba, "
    "else 0]",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="Cases to score together; 1: answer each line of a slow pipe when it arrives, read as "
    "UTF-8.  [default: 1 on a terminal, else up to 2,048]",
)
@_shards
@options.messages
def predict(
    files: tuple[Path, ...],
    model: str | None,
    checkpoints: Path,
    engine: str,
    device: str | None,
    output_format: str | None,
    top_k: int | None,
    threshold: float | None,
    with_text: bool,
    with_features: bool,
    explain: bool,
    day: date | None,
    bad_lines: Path | None,
    output: Path | None,
    n_jobs: int | None,
    window: int | None,
    **arguments: Unpack[_ShardOptions],
) -> None:
    """Recommend articles for the cases of each FILE, in their order.

    Without a FILE, or with "-", the cases are read from stdin: one fact per line, or JSON lines or
    a table, as the first line shows. A FILE may be packed (.gz, .xz, .zip), a folder, or a quoted
    pattern.

    A line that is not a case is answered by an error; the exit code is 1 when no line is a case.
    """
    folder = arguments["output_folder"]
    _check_shards(files, arguments, output_format=output_format)
    if output:
        _check_suffix(output, output_format)
    output_format = output_format or ("json" if folder else _default_format(output))
    if output_format == "parquet" and not (output or folder):
        raise click.UsageError("--format parquet writes a file: name it with --output.")
    if output_format == "csv" and explain:
        raise click.UsageError("CSV has no column for --explain: choose json, parquet or html.")
    if output_format in ("csv", "html") and with_features:
        raise click.UsageError("--with-features needs --format json, parquet or table.")
    if top_k is None:
        top_k = 3 if output_format in ("table", "html") else 1
    if day and not with_text:
        raise click.UsageError("--date chooses the texts of --with-text: pass both.")
    texts = _texts_in_force(day) if with_text else None
    case_format = option_values.case_format_from(arguments)
    features = SHOWN_FEATURES if with_features else 0
    option_values.set_tensorflow_log()
    from lawrec.inference.model_source import ModelSource
    from lawrec.reporting.answers.bad_line_file import without_bad_lines

    source = ModelSource(model, checkpoints, threshold, engine, device or "auto")
    if folder:
        _predict_in_shards(
            files,
            arguments,
            source=source,
            top_k=top_k,
            features=features,
            texts=texts,
            output_format=output_format,
            case_format=case_format,
        )
        return
    with option_values.show_progress() as progress:
        recommender = source.load(progress)
    is_typed = files in _STDIN and sys.stdin is not None and sys.stdin.isatty()
    window = window or (1 if is_typed else CHUNK_CASES)
    if window == 1 and not case_format.encoding:
        case_format = replace(case_format, encoding=_likely_encoding(is_typed))
    cases = _cases(files, case_format)
    # On a terminal, bars on stderr would be drawn over the answers on stdout.
    with option_values.show_progress(hidden=output is None and sys.stdout.isatty()) as progress:
        answers = recommender.answer(
            cases,
            top_k=top_k,
            features=features,
            jobs=0 if is_typed else n_jobs,
            window=window,
            progress=progress,
        )
        with closing(answers), without_bad_lines(answers, bad_lines) as shown:
            shown = map(recommender.explained, shown) if explain else shown
            _write(shown, output, output_format=output_format, texts=texts)


def _check_shards(
    files: tuple[Path, ...], arguments: _ShardOptions, *, output_format: str | None
) -> None:
    if arguments["output_folder"] is None:
        if option_values.is_given("shard_bytes", "cluster"):
            raise click.UsageError("--shard-bytes and --cluster go with --output-folder.")
    elif option_values.is_given("output", "bad_lines", "explain", "n_jobs", "window"):
        raise click.UsageError(
            "--output-folder goes without --output, --bad-lines, --explain, --jobs and --window."
        )
    elif output_format in ("table", "html"):
        raise click.UsageError("--output-folder is for programs: choose another --format.")
    elif not files:
        raise click.UsageError("--output-folder needs a FILE: stdin cannot be read in shards.")


def _check_suffix(output: Path, output_format: str | None) -> None:
    """Raise UsageError if the name of a file asks for another format, or for what is read only."""
    from lawrec.reporting.answers.writers import format_of

    suffix = output.suffix.lower()
    named = format_of(output)
    if suffix in DECOMPRESSORS or (not named and SUFFIXES.get(suffix, "text") != "text"):
        raise click.UsageError(
            f"answers cannot be written as {suffix}: name a .csv, .html, .parquet or .jsonl file."
        )
    if named and output_format and named != output_format:
        raise click.UsageError(
            f"--format {output_format} does not go into a {suffix} file: leave it out, or name "
            "another file."
        )


def _predict_in_shards(files: tuple[Path, ...], arguments: _ShardOptions, **settings: Any) -> None:
    from lawrec.cluster.predict_shards import SHARD_BYTES, PredictJob, predict_in_shards

    folder = arguments["output_folder"] or Path()
    job = PredictJob(files, folder, shard_bytes=arguments["shard_bytes"] or SHARD_BYTES, **settings)
    with option_values.show_progress() as progress:
        shards = predict_in_shards(job, cluster=arguments["cluster"], progress=progress)
    n_answers, n_errors = (
        sum(getattr(shard, name) for shard in shards) for name in ("cases", "errors")
    )
    counts = f"{n_answers:,} answers in {len(shards):,} files, {n_errors:,} of them errors."
    print_result(f"{folder}: {translate(counts)}")


def _texts_in_force(day: date | None) -> Mapping[str, str]:
    """Return the texts of the articles of the Criminal Law on a day, by default the newest ones."""
    law = statute_versions.CRIMINAL_LAW
    return statute_versions.version_at(statute_versions.ROOT, law, day=day).texts


def _likely_encoding(is_typed: bool) -> str:
    """Return an encoding without looking: to detect it, many lines would have to be read first."""
    is_gb = is_typed and sys.stdin.encoding.lower().startswith("gb")
    return "gb18030" if is_gb else "utf-8"


def _write(
    answers: Iterable[Any],
    output: Path | None,
    *,
    output_format: str,
    texts: Mapping[str, str] | None,
) -> None:
    from lawrec.reporting.answers.writers import ANSWER_WRITERS, save_answers

    style: dict[str, Any] = {}
    if output_format == "table":
        # Whoever sets NO_COLOR wants none: https://no-color.org
        colour = not output and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        style = {"width": shutil.get_terminal_size((100, 24)).columns, "colour": colour}
    if output:
        save_answers(output, answers, output_format=output_format, texts=texts, **style)
        return
    for text in ANSWER_WRITERS[output_format](answers, texts=texts, **style):
        print_result(text, exact=not style, coloured=style.get("colour", False))


def _default_format(output: Path | None) -> str:
    if output:
        from lawrec.reporting.answers.writers import format_of

        return format_of(output) or "json"
    return "table" if sys.stdout.isatty() else "json"


def _cases(paths: tuple[Path, ...], case_format: CaseFormat) -> Cases:
    if paths not in _STDIN:
        return read_cases(*paths, labelled=False, case_format=case_format)
    if sys.stdin is None:
        raise CaseError(
            "stdin",
            expected="stdin must be open to read cases from it",
            got="a closed one",
            todo="Name a FILE, or pipe the cases in.",
        )
    stream = sys.stdin.buffer
    if stream.isatty():
        click.echo(translate("Type one fact per line and end with Ctrl-D."), err=True)
        case_format = replace(case_format, reader=case_format.reader or "text")
    if not isinstance(stream, BufferedReader):  # such as the input that a test gives
        stream = BufferedReader(stream)
    if not case_format.reader:
        reader, stream = choose_stream_reader(stream, case_format)
        case_format = replace(case_format, reader=reader)
    return read_stream(stream, "stdin", labelled=False, case_format=case_format)
