"""`lawrec embed`: word vectors from facts."""

import sys
from pathlib import Path

import click

from lawrec import config
from lawrec.cli.options import (
    FILE,
    case_format_from_options,
    dataset_spec_from_options,
    format_options,
    settings_options,
    skip_bad_option,
)
from lawrec.models.word2vec_format import check_output, write_vectors
from lawrec.reporting.progress_bars import progress_on


@click.command()
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FACTS...")
@click.option("--output", type=FILE, required=True, help="Write the vectors there.")
@format_options
@skip_bad_option
@settings_options
def embed(
    files: tuple[Path, ...],
    output: Path,
    skip_bad: bool,
    dictionaries: tuple[Path, ...],
    preset: str | None,
    config_file: Path | None,
    assignments: tuple[str, ...],
    **case_format: str | None,
) -> None:
    """Make word vectors from facts, labelled or not, for `train --set model.embedding_init=FILE`.

    FACTS are read as `predict` reads them: text, JSON lines, tables, packed or not, folders and
    quoted patterns. Settings decide how facts are cut (corpus.*), how long the vectors are
    (model.embedding_size) and which tokens have one (corpus.min_count, corpus.max_vocabulary).
    """
    settings = config.load(config_file, assignments, preset=preset)
    check_output(output)
    from lawrec.training.word_vectors import train_word_vectors

    words = dataset_spec_from_options({"dictionaries": dictionaries}).dictionaries
    with progress_on(sys.stderr) as progress:
        made = train_word_vectors(
            files,
            settings,
            dictionaries=words,
            case_format=case_format_from_options(case_format),
            skip_bad=skip_bad,
            progress=progress,
        )
    write_vectors(output, made.tokens, vectors=made.vectors)
    skipped = f", {made.skipped:,} lines skipped" if made.skipped else ""
    size = settings.model.embedding_size
    click.echo(f"{output}: {len(made.tokens):,} tokens, {size} numbers each")
    click.echo(f"from {made.facts:,} facts{skipped}")
