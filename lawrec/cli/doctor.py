"""`lawrec doctor`: show which device computes, and which batch size fits."""

import click

from lawrec.cli.shared import option_values, options
from lawrec.cli.shared.printing import print_result


@click.command()
@options.output_format("reporting.runs_text.DOCTOR_WRITERS")
@options.messages
def doctor(output_format: str) -> None:
    """Show which device computes, why a GPU is not used, and which batch size fits."""
    option_values.start_tensorflow()
    from lawrec.diagnostics.doctor import examine
    from lawrec.reporting.runs_text import DOCTOR_WRITERS

    print_result(DOCTOR_WRITERS[output_format](examine()))
