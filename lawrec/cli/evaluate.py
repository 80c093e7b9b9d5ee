"""`lawrec evaluate`: measure a run on cases that it has not seen."""

from contextlib import ExitStack
from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.corpus.splits import SPLITS


@click.command(cls=option_types.HeadedCommand)
@options.model
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    default="test",
    help="Split to evaluate on; cases that the run was trained or tuned on are refused.",
)
@click.option("--data", type=options.FILE, help="Labelled cases to evaluate on instead of a split.")
@click.option(
    "--compare",
    "others",
    type=option_types.MODEL,
    multiple=True,
    metavar="MODEL",
    help="Another run or bundle to compare with on the same cases; may be repeated.",
)
@options.skip_bad
@options.any_label_of_run
@options.input_format
@options.engine
@options.device_of_model
@options.output_format("reporting.evaluation_text.EVALUATION_WRITERS")
@click.option(
    "--html", "page", type=option_types.OUTPUT_FILE, help="Also write a page with plots and cases."
)
@click.option(
    "--cail",
    type=option_types.OUTPUT_FILE,
    metavar="FILE",
    help="Also write predicted and true articles as CAIL2018's judge reads them, and judge them.",
)
@options.cail_list
@options.messages
def evaluate(
    model: str | None,
    checkpoints: Path,
    split: str,
    data: Path | None,
    others: tuple[str, ...],
    skip_bad: bool,
    engine: str,
    device: str | None,
    output_format: str,
    page: Path | None,
    cail: Path | None,
    article_list: Path | None,
    **arguments: Unpack[option_values.InputFormatOptions],
) -> None:
    """Measure a run on cases that it has not seen, against two baselines.

    Each metric has a 95 % confidence interval, from resampling the cases. With --compare, a small
    p-value means that the runs differ.
    """
    case_format = option_values.case_format_of_data(data, arguments)
    if data and option_values.is_given("split"):
        raise click.UsageError("--data takes the place of --split: pass one of them.")
    if article_list and not cail:
        raise click.UsageError("--article-list is for --cail: name the file to write as well.")
    option_values.set_tensorflow_log()
    from lawrec.export.cail_answers import judge_evaluation, read_labels
    from lawrec.inference.engines import EngineChoice
    from lawrec.inference.evaluate import evaluate_run, save_evaluation
    from lawrec.reporting.evaluation_html import write_page
    from lawrec.reporting.evaluation_text import EVALUATION_WRITERS
    from lawrec.reporting.plots import require_plots
    from lawrec.runs.find_model import open_model

    if page:
        require_plots()
    with option_values.show_progress() as progress, ExitStack() as opened:
        run, *other_runs = (
            opened.enter_context(open_model(checkpoints, name, progress=progress))
            for name in (model, *others)
        )
        cail_labels = read_labels(run, article_list) if cail else ()
        evaluated = evaluate_run(
            run,
            data or split,
            case_format=case_format,
            skip_bad=skip_bad,
            others=other_runs,
            engine=EngineChoice(engine, device or "auto"),
            progress=progress,
        )
        if cail:
            evaluated = judge_evaluation(evaluated, cail, labels=cail_labels)
        save_evaluation(evaluated, progress)
    if page:
        write_page(page, evaluated)
    print_result(EVALUATION_WRITERS[output_format](evaluated.report))
