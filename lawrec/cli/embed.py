"""`lawrec embed`: train word vectors on facts."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.options import (
    FILE,
    CaseOptions,
    HeadedCommand,
    case_format_from_options,
    input_format_options,
    output_option,
    progress_options,
    settings_from_options,
    settings_options,
    show_progress,
    skip_bad_option,
    user_dictionaries,
)


@click.command(cls=HeadedCommand)
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FACTS...")
@skip_bad_option
@input_format_options
@settings_options
@output_option("File for the vectors, in word2vec's text format.", required=True)
@progress_options
def embed(
    files: tuple[Path, ...],
    skip_bad: bool,
    output: Path,
    quiet: bool,
    verbose: bool,
    **options: Unpack[CaseOptions],
) -> None:
    """Train word vectors on facts, labelled or not, for `train --set model.embedding_init=FILE`.

    FACTS are read as `predict` reads them: text, JSON lines, tables, packed or not, folders and
    quoted patterns. Settings decide how facts are tokenized (corpus.*), how long the vectors are
    (model.embedding_size) and which tokens have one (corpus.min_count, corpus.max_vocabulary).
    """
    settings = settings_from_options(options)
    from lawrec.models.word2vec_format import check_output, write_vectors
    from lawrec.reporting.training_text import embedding_text
    from lawrec.training.word_vectors import embed as embed_facts

    check_output(output)
    with show_progress(quiet) as progress:
        embedding = embed_facts(
            files,
            settings,
            dictionaries=user_dictionaries(options),
            case_format=case_format_from_options(options),
            skip_bad=skip_bad,
            progress=progress,
        )
    write_vectors(output, embedding.tokens, vectors=embedding.vectors)
    click.echo(
        embedding_text(output, embedding.vectors, facts=embedding.facts, skipped=embedding.skipped)
    )
