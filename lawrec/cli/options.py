"""Options that several commands share, and what they become: settings, formats, progress."""

import math
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypedDict

import click
from click.core import ParameterSource

from lawrec import config
from lawrec.corpus.dataset_spec import DatasetSpec
from lawrec.corpus.readers import DEFAULT_FORMAT, READERS, CaseFormat
from lawrec.progress import SILENT, Progress
from lawrec.reporting.progress_bars import progress_on
from lawrec.text_files import ENCODINGS

Decorator = Callable[[Any], Any]


class HeadedOption(click.Option):
    """An option with the heading under which the help of its command lists it."""

    def __init__(self, *names: Any, heading: str, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.heading = heading


class HeadedCommand(click.Command):
    """A command whose help lists its options under their headings, which many options need."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, grouped; the headings are in the order of their first options."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                groups.setdefault(getattr(parameter, "heading", "Help"), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class FloatRange(click.FloatRange):
    """A range of numbers that nan is outside of: it is neither below nor above any bound."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number that a text stands for."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def option(*names: str, heading: str, **attributes: Any) -> Decorator:
    """Return a decorator that adds an option to a command, under a heading of its help."""
    return click.option(*names, cls=HeadedOption, heading=heading, **attributes)


def compose_options(*decorators: Decorator) -> Decorator:
    """Return a decorator that adds several options to a command, in their order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _as_date(_: click.Context, __: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


def _remember_verbose(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    ctx.meta["lawrec.verbose"] = value  # the group of commands, which prints errors, sees it there
    return value


DAY: dict[str, Any] = {
    "type": click.DateTime(["%Y-%m-%d"]),
    "callback": _as_date,
    "metavar": "YYYY-MM-DD",
}
"""The attributes of an option that is a day; the command gets a `date`."""
FILE = click.Path(path_type=Path)

DATA = "Data"
INPUT = "Input format"
SETTINGS = "Model and settings"
DEVICES = "Devices"
OUTPUT = "Output"

settings_options = compose_options(
    option(
        "--preset",
        heading=SETTINGS,
        type=click.Choice(list(config.PRESETS)),
        show_default="base",
        help="Settings to start from; --config and --set change them.",
    ),
    option("--config", "config_file", heading=SETTINGS, type=FILE, help="TOML file with settings."),
    option(
        "--set",
        "assignments",
        heading=SETTINGS,
        multiple=True,
        metavar="SECTION.KEY=VALUE",
        help="Change one setting; may be repeated.",
    ),
    option(
        "--user-dict",
        "user_dicts",
        heading=SETTINGS,
        type=FILE,
        multiple=True,
        show_default="the legal terms that lawrec ships",
        help="User dictionary of jieba and rjieba; may be repeated.",
    ),
)
input_format_options = compose_options(
    option(
        "--input-format",
        heading=INPUT,
        type=click.Choice(list(READERS)),
        show_default="by the suffix of the file; text on stdin",
        help="Format of the cases.",
    ),
    option(
        "--fact-field",
        heading=INPUT,
        default=DEFAULT_FORMAT.fact_field,
        show_default=True,
        help="Field or column of the fact.",
    ),
    option(
        "--articles-field",
        heading=INPUT,
        show_default="meta.relevant_articles or articles",
        help="Field or column of the articles.",
    ),
    option(
        "--id-field",
        heading=INPUT,
        default=DEFAULT_FORMAT.id_field,
        show_default=True,
        help="Field or column of the case's id.",
    ),
    option(
        "--articles-separator",
        heading=INPUT,
        show_default="in a table: ; , 、 | or space",
        help="Text between two articles, where several are in one text.",
    ),
    option(
        "--encoding",
        heading=INPUT,
        type=click.Choice(ENCODINGS),
        show_default="detected in the first lines",
        help="Encoding of the cases.",
    ),
)
skip_bad_option = option(
    "--skip-bad",
    heading=DATA,
    is_flag=True,
    help="Leave out lines that cannot be used, and count them.",
)
data_options = compose_options(
    option(
        "--data",
        heading=DATA,
        type=FILE,
        show_default="the invented sample",
        help="Folder with train, valid and test cases.",
    ),
    option(
        "--article-list",
        heading=DATA,
        type=FILE,
        show_default="law.txt of --data, else the articles that cases cite",
        help="File with all articles, one per line.",
    ),
    option(
        "--charge-only-data",
        heading=DATA,
        type=FILE,
        show_default="none",
        help="More train cases, of which only the charges are known; needs loss.charge_weight.",
    ),
    skip_bad_option,
    input_format_options,
    settings_options,
)
cail_list_option = option(
    "--article-list",
    heading=OUTPUT,
    type=FILE,
    show_default="the list that the run was trained with",
    help="CAIL2018's law.txt, whose line numbers are the ids of articles.",
)
run_option = compose_options(
    option(
        "--run",
        "run_name",
        heading=SETTINGS,
        show_default="the newest",
        help="Name or path of a run.",
    ),
    option(
        "--checkpoints",
        heading=SETTINGS,
        type=FILE,
        default=Path("checkpoints"),
        show_default=True,
        help="Folder of the runs.",
    ),
)
device_option = option(
    "--device",
    heading=DEVICES,
    metavar="auto|cpu|gpu|gpu:N",
    show_default="auto: GPUs if there are any",
    help="Device that computes.",
)
near_duplicate_option = option(
    "--near-duplicate-threshold",
    heading=DATA,
    type=FloatRange(0.5, 1),
    default=0.8,
    show_default=True,
    help="Jaccard similarity from which on two facts are near-duplicates.",
)
progress_options = compose_options(
    option(
        "-q",
        "--quiet",
        heading=OUTPUT,
        is_flag=True,
        help="Show no progress and no messages, only results and errors.",
    ),
    option(
        "-v",
        "--verbose",
        heading=OUTPUT,
        is_flag=True,
        callback=_remember_verbose,
        help="Show TensorFlow's messages, and where in the code an error arose.",
    ),
)


def output_option(help: str, **attributes: Any) -> Decorator:
    """Return the option for the path of a result."""
    return option("-o", "--output", heading=OUTPUT, type=FILE, help=help, **attributes)


def format_option(writers: Iterable[str]) -> Decorator:
    """Return the option for the format of what is printed: the names of writers, default first."""
    names = list(writers)
    return option(
        "--format",
        "output_format",
        heading=OUTPUT,
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="Format of what is printed.",
    )


class InputFormatOptions(TypedDict):
    """The values of `input_format_options`."""

    input_format: str | None
    fact_field: str
    articles_field: str | None
    id_field: str
    articles_separator: str | None
    encoding: str | None


class CaseOptions(InputFormatOptions):
    """The values of `input_format_options` and `settings_options`."""

    preset: str | None
    config_file: Path | None
    assignments: tuple[str, ...]
    user_dicts: tuple[Path, ...]


class DataOptions(CaseOptions):
    """The values of `data_options`."""

    data: Path | None
    article_list: Path | None
    charge_only_data: Path | None
    skip_bad: bool


def is_given(*names: str) -> bool:
    """Return whether the command line has one of the options, be its value that of the default."""
    context = click.get_current_context()
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)


def settings_from_options(options: CaseOptions) -> config.Config:
    """Return the settings that the options choose."""
    return config.load(options["config_file"], options["assignments"], preset=options["preset"])


def user_dictionaries(options: CaseOptions) -> tuple[Path, ...]:
    """Return the user dictionaries of the tokenizer: those that are named, else the shipped one."""
    return options["user_dicts"] or DatasetSpec().dictionaries


def dataset_spec_from_options(options: DataOptions) -> DatasetSpec:
    """Return which cases to prepare, and how."""
    return DatasetSpec(
        data=DatasetSpec().data if options["data"] is None else options["data"],
        articles=options["article_list"],
        charged=options["charge_only_data"],
        dictionaries=user_dictionaries(options),
        case_format=case_format_from_options(options),
        skip_bad=options["skip_bad"],
    )


def case_format_from_options(options: InputFormatOptions) -> CaseFormat:
    """Return how the cases are written."""
    return CaseFormat(
        reader=options["input_format"],
        fact_field=options["fact_field"],
        articles_field=options["articles_field"],
        id_field=options["id_field"],
        separator=options["articles_separator"],
        encoding=options["encoding"],
    )


def case_format_of_data(data: Path | None, options: InputFormatOptions) -> CaseFormat:
    """Return how the cases of --data are written; a run knows it of its own cases."""
    if data is None and is_given(*options):
        raise click.UsageError(
            "The run's own cases are read as they were in training: name other cases with --data."
        )
    return case_format_from_options(options)


def show_progress(quiet: bool) -> AbstractContextManager[Progress]:
    """Return the context of a command's work, with progress on stderr unless it is to be quiet."""
    return nullcontext(SILENT) if quiet else progress_on(sys.stderr)


def start_tensorflow(verbose: bool = False) -> None:
    """Import TensorFlow without the lines that it writes before any log level holds.

    They do not pass through Python's sys.stderr but go to file descriptor 2, which therefore leads
    nowhere meanwhile: https://github.com/tensorflow/tensorflow/issues/100442

    Args:
        verbose: Show what TensorFlow logs from then on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
