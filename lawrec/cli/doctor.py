"""`lawrec doctor`: why things are not as fast as they could be."""

import click

from lawrec.cli.options import start_tensorflow
from lawrec.reporting.runs_text import DOCTOR_WRITERS


@click.command()
@click.option(
    "--output", type=click.Choice(list(DOCTOR_WRITERS)), default="table", show_default=True
)
def doctor(output: str) -> None:
    """Say what computes here, why no GPU does, and which batch size fits."""
    start_tensorflow()
    from lawrec.diagnostics.doctor import examine

    click.echo(DOCTOR_WRITERS[output](examine()))
