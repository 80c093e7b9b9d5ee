"""Options that several commands share, and what they become."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from lawrec.config import PRESETS
from lawrec.corpus.readers import READERS, CaseFormat
from lawrec.tensorflow_start import start_tensorflow as start_tensorflow
from lawrec.text_files import ENCODINGS


def compose_options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Put several options on a command."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _as_date(_: click.Context, __: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


DAY: dict[str, Any] = {
    "type": click.DateTime(["%Y-%m-%d"]),
    "callback": _as_date,
    "metavar": "YYYY-MM-DD",
}
"""What an option that is a day has in common; the command gets a `date`."""
FILE = click.Path(path_type=Path)
settings_options = compose_options(
    click.option(
        "--dictionary",
        "dictionaries",
        type=FILE,
        multiple=True,
        help="Words for jieba and rjieba; may be repeated.  [default: the shipped ones]",
    ),
    click.option(
        "--preset",
        type=click.Choice(list(PRESETS)),
        help="Sizes to start from; --config and --set change them.  [default: base]",
    ),
    click.option("--config", "config_file", type=FILE, help="TOML file with settings."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="SECTION.KEY=VALUE",
        help="Change one setting; may be repeated.",
    ),
)
data_options = compose_options(
    click.option(
        "--data",
        type=FILE,
        help="Folder with train, valid and test cases.  [default: the invented sample]",
    ),
    click.option(
        "--articles",
        type=FILE,
        help="List of all articles, one a line.  [default: law.txt of --data, else those cited]",
    ),
    click.option(
        "--charged",
        type=FILE,
        help="More train cases that only say their charges; needs loss.charge_weight.  [default: none]",
    ),
    settings_options,
)
format_options = compose_options(
    click.option(
        "--format",
        "reader",
        type=click.Choice(list(READERS)),
        help="What the cases are written in.  [default: by the suffix; text on stdin]",
    ),
    click.option("--fact-field", help="Field or column of the fact.  [default: fact]"),
    click.option(
        "--articles-field",
        help="Field or column of the articles.  [default: meta.relevant_articles or articles]",
    ),
    click.option("--id-field", help="Field or column of the case's id.  [default: id]"),
    click.option(
        "--articles-separator",
        "separator",
        help="What stands between articles in one text.  [default, in a table: ; , 、 | or space]",
    ),
    click.option(
        "--encoding",
        type=click.Choice(ENCODINGS),
        help="Of the cases.  [default: found from the first lines]",
    ),
)
skip_bad_option = click.option(
    "--skip-bad", is_flag=True, help="Leave out lines that cannot be used, and count them."
)
run_option = click.option("--run", "run_name", help="Name or path of a run.  [default: the newest]")
device_option = click.option(
    "--device", metavar="auto|cpu|gpu|gpu:N", help="What computes.  [default: auto, GPUs if any]"
)
labels_option = click.option(
    "--labels",
    type=FILE,
    help="CAIL's law.txt, in which ids are lines.  [default: the list the run was trained with]",
)
checkpoints_option = click.option(
    "--checkpoints",
    type=FILE,
    default=Path("checkpoints"),
    show_default=True,
    help="Folder of the runs.",
)


def dataset_spec_from_options(options: Mapping[str, Any]) -> Any:
    """Return the Source of the options that were given; the others keep their defaults."""
    from lawrec.corpus.dataset_spec import DatasetSpec

    ours = {field.name for field in fields(CaseFormat)}
    given = {name: value for name, value in options.items() if value and name not in ours}
    return DatasetSpec(**given, case_format=case_format_from_options(options))


def case_format_from_options(options: Mapping[str, Any]) -> CaseFormat:
    """Return the Format of the options that were given; the others keep their defaults."""
    names = (field.name for field in fields(CaseFormat))
    return CaseFormat(**{name: options[name] for name in names if options.get(name)})


def case_format_of_data(data: Path | None, options: Mapping[str, Any]) -> CaseFormat:
    """Return the Format of `data`; without one, the run's own cases need no such options."""
    if not data and any(options.values()):
        raise click.UsageError(
            "A run's own cases are read as it read them: name other ones with --data."
        )
    return case_format_from_options(options)


near_option = click.option(
    "--near",
    type=click.FloatRange(0.5, 1),
    default=0.8,
    show_default=True,
    help="Jaccard similarity from which on two facts are near-duplicates.",
)
