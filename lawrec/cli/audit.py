"""TODO cli.audit."""

import sys
from pathlib import Path

import click

from lawrec.cli.options import FILE, case_format_from_options, format_options, near_option
from lawrec.corpus.tokenizers import TOKENIZERS
from lawrec.reporting.progress_bars import progress_on


@click.command()
@click.argument("data", type=FILE)
@format_options
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
    **case_format: str | None,
) -> None:
    """Check labelled cases before anyone trains on them.

    DATA is a folder of splits, one file, or a quoted pattern. An error spoils a training or its
    figures; a warning is for someone to look at.
    """
    from lawrec.corpus.audit.runner import audit as audit_cases
    from lawrec.corpus.audit.runner import load_audit_reference
    from lawrec.files import write_text
    from lawrec.reporting.audit_html import audit_html
    from lawrec.reporting.audit_text import audit_json, audit_text

    reference = load_audit_reference(data, articles, max_tokens=max_tokens, tokenizer=tokenizer)
    with progress_on(sys.stderr) as progress:
        report = audit_cases(
            data,
            reference,
            threshold=near,
            case_format=case_format_from_options(case_format),
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
