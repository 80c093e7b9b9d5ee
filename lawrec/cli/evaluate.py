"""TODO cli.evaluate."""

import sys
from pathlib import Path

import click

from lawrec.cli.options import (
    FILE,
    case_format_of_data,
    checkpoints_option,
    device_option,
    format_options,
    labels_option,
    run_option,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.corpus.splits import SPLITS
from lawrec.reporting.evaluation_text import EVALUATION_WRITERS
from lawrec.reporting.progress_bars import progress_on


@click.command()
@run_option
@checkpoints_option
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True)
@click.option("--data", type=FILE, help="Labelled cases, in place of a split.")
@format_options
@click.option(
    "--output", type=click.Choice(list(EVALUATION_WRITERS)), default="table", show_default=True
)
@click.option(
    "--cail",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the answers for CAIL2018's judge to this file, their truth beside it, and judge.",
)
@labels_option
@click.option("--html", "page", type=FILE, help="Write figures, plots and cases as a page.")
@click.option(
    "--compare",
    "others",
    multiple=True,
    metavar="RUN",
    help="Set another tuned run beside it on the same cases; may be repeated.",
)
@device_option
@skip_bad_option
def evaluate(
    run_name: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    output: str,
    cail: Path | None,
    labels: Path | None,
    page: Path | None,
    others: tuple[str, ...],
    device: str | None,
    skip_bad: bool,
    **case_format: str | None,
) -> None:
    """Measure the run on cases that it has not seen, beside two trivial answers.

    Each figure has the interval in which it lies in 95 of 100 resamples of the cases. Another run
    differs from this one where the p-value is small.
    """
    written = case_format_of_data(data, case_format)
    if labels and not cail:
        raise click.UsageError("--labels is for --cail: name the file to write as well.")
    start_tensorflow()
    from lawrec.export.cail_answers import judge_evaluation, read_labels
    from lawrec.inference.evaluate import evaluate_run, save_evaluation
    from lawrec.reporting.evaluation_html import write_page
    from lawrec.reporting.plots import require_plots
    from lawrec.runs.run import find_run
    from lawrec.training.devices import use_device

    if page:
        require_plots()
    use_device(device or "auto")
    run = find_run(checkpoints, run_name)
    cail_labels = read_labels(run, labels) if cail else ()
    beside = [find_run(checkpoints, name) for name in others]
    with progress_on(sys.stderr) as progress:
        evaluated = evaluate_run(
            run,
            split,
            path=data,
            case_format=written,
            skip_bad=skip_bad,
            others=beside,
            progress=progress,
        )
    if cail:
        evaluated = judge_evaluation(evaluated, cail, labels=cail_labels)
    save_evaluation(evaluated)
    if page:
        write_page(page, evaluated)
    click.echo(EVALUATION_WRITERS[output](evaluated.report))
