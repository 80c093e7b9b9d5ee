"""`lawrec embed`: train word vectors on facts."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result


@click.command(cls=option_types.HeadedCommand)
@click.argument("files", type=options.FILE, nargs=-1, required=True, metavar="FILE...")
@options.skip_bad
@options.input_format
@options.settings
@options.output("File for the vectors, in word2vec's text format.", required=True)
@options.messages
def embed(
    files: tuple[Path, ...],
    skip_bad: bool,
    output: Path,
    **arguments: Unpack[option_values.CaseOptions],
) -> None:
    """Train word vectors on facts, labelled or not, for `train --set model.embedding_init=FILE`.

    Each FILE is read as `predict` reads it: text, JSON lines or a table, packed or not, a folder or
    a quoted pattern. Settings decide how facts are tokenized (corpus.*), how long the vectors are
    (model.embedding_size) and which tokens have one (corpus.min_count, corpus.max_vocabulary).
    """
    settings = option_values.settings_from(arguments)
    from lawrec.models.word2vec_format import check_output, write_vectors
    from lawrec.models.word_vectors import train_word_vectors
    from lawrec.reporting.training_text import embedding_text

    check_output(output)
    with option_values.show_progress() as progress:
        embedding = train_word_vectors(
            files,
            settings,
            dictionaries=option_values.user_dictionaries(arguments),
            case_format=option_values.case_format_from(arguments),
            skip_bad=skip_bad,
            progress=progress,
        )
    write_vectors(output, embedding.tokens, vectors=embedding.vectors)
    print_result(
        embedding_text(output, embedding.vectors, facts=embedding.facts, skipped=embedding.skipped)
    )
