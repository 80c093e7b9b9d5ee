"""`lawrec audit`: check labelled cases."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.options import (
    DATA,
    FILE,
    OUTPUT,
    HeadedCommand,
    InputFormatOptions,
    case_format_from_options,
    input_format_options,
    near_duplicate_option,
    option,
    progress_options,
    show_progress,
)
from lawrec.config import CorpusConfig
from lawrec.corpus.audit.runner import audit as audit_cases
from lawrec.corpus.audit.runner import load_audit_reference
from lawrec.corpus.tokenizers import TOKENIZERS
from lawrec.files import write_text


@click.command(cls=HeadedCommand)
@click.argument("data", type=FILE)
@option(
    "--article-list",
    heading=DATA,
    type=FILE,
    show_default="law.txt of DATA",
    help="File with all articles, one per line.",
)
@option(
    "--max-tokens",
    heading=DATA,
    type=click.IntRange(min=1),
    default=CorpusConfig().max_tokens,
    show_default=True,
    help="Tokens of a fact that the model reads; longer facts are reported.",
)
@option(
    "--tokenizer",
    heading=DATA,
    type=click.Choice(list(TOKENIZERS)),
    show_default="none: the tokens are estimated from the characters",
    help="Tokenizer to count the tokens with.",
)
@near_duplicate_option
@input_format_options
@option("--json", "json_file", heading=OUTPUT, type=FILE, help="Also write the report as JSON.")
@option("--html", "html_file", heading=OUTPUT, type=FILE, help="Also write the report as a page.")
@option(
    "--fix",
    heading=OUTPUT,
    type=FILE,
    help="Write the cases without their errors to this new folder.",
)
@option("--strict", heading=OUTPUT, is_flag=True, help="Exit with 1 when there is an error.")
@progress_options
def audit(
    data: Path,
    article_list: Path | None,
    max_tokens: int,
    tokenizer: str | None,
    near_duplicate_threshold: float,
    json_file: Path | None,
    html_file: Path | None,
    fix: Path | None,
    strict: bool,
    quiet: bool,
    verbose: bool,
    **options: Unpack[InputFormatOptions],
) -> None:
    """Check labelled cases before a model is trained on them.

    DATA is a folder of splits, one file, or a quoted pattern. An error stops a training or makes
    its metrics wrong; a warning is for a person to judge.
    """
    from lawrec.reporting.audit_html import audit_html
    from lawrec.reporting.audit_text import audit_json, audit_text

    reference = load_audit_reference(data, article_list, max_tokens=max_tokens, tokenizer=tokenizer)
    with show_progress(quiet) as progress:
        report = audit_cases(
            data,
            reference,
            threshold=near_duplicate_threshold,
            case_format=case_format_from_options(options),
            fix=fix,
            progress=progress,
        )
    click.echo(audit_text(report))
    if json_file:
        write_text(json_file, audit_json(report) + "\n")
    if html_file:
        write_text(html_file, audit_html(report))
    if strict and report.errors:
        raise click.exceptions.Exit(1)
