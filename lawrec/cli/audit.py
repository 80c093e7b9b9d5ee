"""`lawrec audit`: check labelled cases."""

from dataclasses import asdict
from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.config import CorpusConfig
from lawrec.corpus.tokenization.tokenizers import TOKENIZERS
from lawrec.iterables import map_here
from lawrec.storage.files import write_json, write_text


@click.command(cls=option_types.HeadedCommand)
@click.argument("data", type=options.FILE)
@click.option(
    "--article-list",
    type=options.FILE,
    help="File with all articles, one per line.  [default: law.txt of DATA, else the catalog]",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    default=CorpusConfig().max_tokens,
    help="Tokens of a fact that the model reads; longer facts are reported.",
)
@click.option(
    "--tokenizer",
    type=click.Choice(list(TOKENIZERS)),
    help="Tokenizer to count tokens with.  [default: estimate them from the characters]",
)
@options.near_duplicates
@options.any_label
@options.input_format
@click.option(
    "--json", "json_file", type=option_types.OUTPUT_FILE, help="Also write the report as JSON."
)
@click.option(
    "--html", "html_file", type=option_types.OUTPUT_FILE, help="Also write the report as a page."
)
@click.option(
    "--fix",
    type=option_types.OUTPUT_FOLDER,
    help="Write the cases without their errors to this new folder.",
)
@options.jobs
@options.cluster
@click.option("--strict", is_flag=True, help="Exit code 1 if the audit finds an error.")
@options.messages
def audit(
    data: Path,
    article_list: Path | None,
    max_tokens: int,
    tokenizer: str | None,
    near_duplicate_threshold: float,
    json_file: Path | None,
    html_file: Path | None,
    fix: Path | None,
    n_jobs: int,
    cluster: str | None,
    strict: bool,
    **arguments: Unpack[option_values.InputFormatOptions],
) -> None:
    """Check labelled cases before a model is trained on them.

    DATA is a folder of splits, one file, or a quoted pattern. An error stops a training or makes
    its metrics wrong; a warning is for a person to judge.
    """
    from lawrec.corpus.audit.audit import audit as audit_cases
    from lawrec.corpus.audit.audit import load_audit_reference
    from lawrec.reporting.audit_html import audit_html
    from lawrec.reporting.audit_text import audit_text

    case_format = option_values.case_format_from(arguments)
    reference = load_audit_reference(
        data,
        article_list,
        max_tokens=max_tokens,
        tokenizer=tokenizer,
        any_label=case_format.any_label,
    )
    with (
        option_values.processes(jobs=n_jobs, cluster=cluster) as map_items,
        option_values.show_progress() as progress,
    ):
        report = audit_cases(
            data,
            reference,
            threshold=near_duplicate_threshold,
            case_format=case_format,
            fix=fix,
            map_items=map_items or map_here,
            progress=progress,
        )
    print_result(audit_text(report))
    if json_file:
        write_json(json_file, asdict(report))
    if html_file:
        write_text(html_file, audit_html(report))
    if strict and report.errors:
        raise click.exceptions.Exit(1)
