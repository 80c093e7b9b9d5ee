"""`lawrec doctor`: find out what computes, and how fast it can be."""

import click

from lawrec.cli.options import format_option, start_tensorflow
from lawrec.reporting.runs_text import DOCTOR_WRITERS


@click.command()
@format_option(DOCTOR_WRITERS)
def doctor(output_format: str) -> None:
    """Show which device computes, why a GPU is not used, and which batch size fits."""
    start_tensorflow()
    from lawrec.diagnostics.doctor import examine

    click.echo(DOCTOR_WRITERS[output_format](examine()))
