"""`lawrec evaluate`: measure a run on cases that it has not seen."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.options import (
    DATA,
    FILE,
    OUTPUT,
    HeadedCommand,
    InputFormatOptions,
    cail_list_option,
    case_format_of_data,
    device_option,
    format_option,
    input_format_options,
    option,
    progress_options,
    run_option,
    show_progress,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.corpus.splits import SPLITS
from lawrec.reporting.evaluation_text import EVALUATION_WRITERS


@click.command(cls=HeadedCommand)
@run_option
@option(
    "--split",
    heading=DATA,
    type=click.Choice(SPLITS),
    default="test",
    show_default=True,
    help="Split to evaluate on.",
)
@option("--data", heading=DATA, type=FILE, help="Labelled cases to evaluate on, not a split.")
@option(
    "--compare",
    "others",
    heading=DATA,
    multiple=True,
    metavar="RUN",
    help="Another tuned run to compare with on the same cases; may be repeated.",
)
@skip_bad_option
@input_format_options
@device_option
@format_option(EVALUATION_WRITERS)
@option("--html", "page", heading=OUTPUT, type=FILE, help="Also write a page with plots and cases.")
@option(
    "--cail",
    heading=OUTPUT,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the predicted and the true lists in the format of CAIL2018's judge, and judge.",
)
@cail_list_option
@progress_options
def evaluate(
    run_name: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    others: tuple[str, ...],
    skip_bad: bool,
    device: str | None,
    output_format: str,
    page: Path | None,
    cail: Path | None,
    article_list: Path | None,
    quiet: bool,
    verbose: bool,
    **options: Unpack[InputFormatOptions],
) -> None:
    """Measure a run on cases that it has not seen, against two baselines.

    Each metric has a 95 % confidence interval, from resampling the cases. Another run differs from
    this one where the p-value is small.
    """
    case_format = case_format_of_data(data, options)
    if article_list and not cail:
        raise click.UsageError("--article-list is for --cail: name the file to write as well.")
    start_tensorflow(verbose)
    from lawrec.export.cail_answers import cail_file, with_answers
    from lawrec.inference.evaluate import evaluate_run, save_evaluation
    from lawrec.reporting.evaluation_html import write_page
    from lawrec.reporting.plots import require_plots
    from lawrec.runs.run import find_run
    from lawrec.training.devices import use_device

    if page:
        require_plots()
    use_device(device or "auto")
    run = find_run(checkpoints, run_name)
    answers = cail_file(run, cail, labels=article_list) if cail else None
    other_runs = [find_run(checkpoints, name) for name in others]
    with show_progress(quiet) as progress:
        evaluated = evaluate_run(
            run,
            split,
            path=data,
            case_format=case_format,
            skip_bad=skip_bad,
            others=other_runs,
            progress=progress,
        )
    if answers:
        evaluated = with_answers(evaluated, answers)
    save_evaluation(evaluated)
    if page:
        write_page(page, evaluated)
    click.echo(EVALUATION_WRITERS[output_format](evaluated.report))
