"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lawrec import config_sources
from lawrec.cli.shared.option_types import (
    MODEL,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    Day,
    FloatRange,
    RegistryChoice,
)
from lawrec.corpus.readers import DEFAULT_FORMAT, READERS
from lawrec.storage.encodings import ENCODINGS
from lawrec.translation import LANGUAGES, messages_in

Decorator = Callable[[Any], Any]


def compose_options(*decorators: Decorator) -> Decorator:
    """Return a decorator that adds several options to a command, in their order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _remember(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    ctx.meta[f"lawrec.{option.name}"] = value


def _choose_language(ctx: click.Context, _: click.Parameter, language: str | None) -> None:
    """Use a language until the whole command line has ended: errors are shown last."""
    if language:
        ctx.find_root().with_resource(messages_in(language))


DAY: dict[str, Any] = {"type": Day(), "metavar": "YYYY-MM-DD"}
"""The attributes of an option that is a day; the command gets a `date`."""
FILE = click.Path(path_type=Path)

settings = compose_options(
    click.option(
        "--preset",
        type=click.Choice(list(config_sources.PRESETS)),
        help="Settings to start from; --config and --set change them.  [default: base]",
    ),
    click.option("--config", "config_file", type=FILE, help="TOML file with settings."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="SECTION.KEY=VALUE",
        help="Change one setting; may be repeated.",
    ),
    click.option(
        "--user-dict",
        "user_dicts",
        type=FILE,
        multiple=True,
        help="Word list for jieba and rjieba, one word per line; frequencies and parts of speech "
        "are ignored; may be repeated.  [default: the shipped legal terms]",
    ),
)
input_format = compose_options(
    click.option(
        "--input-format",
        type=click.Choice(list(READERS)),
        help="Format of the cases.  [default: by the suffix; on stdin, by the first line]",
    ),
    click.option(
        "--one-case-per-file",
        is_flag=True,
        help="Read each text file as one case, whose id is the name of the file.",
    ),
    click.option(
        "--fact-field", default=DEFAULT_FORMAT.fact_field, help="Field or column of the fact."
    ),
    click.option(
        "--articles-field",
        help="Field or column of the articles.  [default: meta.relevant_articles or articles]",
    ),
    click.option(
        "--id-field", default=DEFAULT_FORMAT.id_field, help="Field or column of the case's id."
    ),
    click.option(
        "--articles-separator", help="Text between two articles.  [default: ; , 、 | or space]"
    ),
    click.option(
        "--encoding",
        type=click.Choice(ENCODINGS),
        help="Encoding of the cases.  [default: detected in the first lines]",
    ),
)
skip_bad = click.option(
    "--skip-bad", is_flag=True, help="Leave out lines that cannot be used, and count them."
)
any_label = click.option(
    "--any-label",
    is_flag=True,
    help="If there is no list of articles, accept labels that are not in the Criminal Law.",
)
any_label_of_run = click.option(
    "--any-label",
    is_flag=True,
    help="Allow labels that neither the run nor the Criminal Law has.",
)
data = compose_options(
    click.option(
        "--data",
        type=FILE,
        help="Folder with train cases and, if there are any, valid and test cases.  [default: the "
        "invented sample]",
    ),
    click.option(
        "--article-list",
        type=FILE,
        help="List of all articles, one per line.  [default: law.txt of --data, else those cited]",
    ),
    click.option(
        "--extra",
        type=FILE,
        multiple=True,
        help="More train cases, with all their articles or with charges alone; may be repeated. "
        "criminal-law: the invented cases that lawrec ships for rare articles.",
    ),
    click.option(
        "--extra-partial",
        type=FILE,
        multiple=True,
        help="More train cases that name some of their articles; may be repeated.",
    ),
    click.option(
        "--no-statute",
        is_flag=True,
        help="Do not train on the texts of articles that `lawrec articles import` has read.",
    ),
    skip_bad,
    any_label,
    input_format,
    settings,
)
cail_list = click.option(
    "--article-list",
    type=FILE,
    help="CAIL's law.txt, whose line numbers are ids.  [default: the list used in training]",
)
checkpoints = click.option(
    "--checkpoints", type=FILE, default=Path("checkpoints"), help="Folder of the runs."
)
run = compose_options(
    click.option(
        "--run", "run_name", type=MODEL, help="Name or path of a run.  [default: the newest]"
    ),
    checkpoints,
)
model = compose_options(
    click.option(
        "--model",
        type=MODEL,
        help="Name or path of a run or a bundle.  [default: the newest run, else criminal-law, "
        "the shipped one]",
    ),
    checkpoints,
)
device = click.option(
    "--device",
    metavar="auto|cpu|gpu|gpu:N",
    help="Device to compute on.  [default: auto, GPUs if there are any]",
)
device_of_model = click.option(
    "--device",
    metavar="auto|cpu|gpu|gpu:N",
    help="Device to compute on; auto: the CPU for ONNX; for TensorFlow, GPUs if there are any.  "
    "[default: auto]",
)
engine = click.option(
    "--engine",
    type=RegistryChoice("inference.engines.ENGINE_NAMES"),
    default="auto",
    help="What computes the LSTM; auto: ONNX if the run is exported, else TensorFlow.",
)
near_duplicates = click.option(
    "--near-duplicate-threshold",
    type=FloatRange(0.5, 1),
    default=0.8,
    help="Jaccard similarity at which two facts count as near-duplicates.",
)
jobs = click.option(
    "--jobs",
    "n_jobs",
    type=click.IntRange(min=0),
    default=0,
    help="Number of additional processes; results do not depend on it.",
)
cluster = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Ray cluster that shares the work; local: one on this machine.",
)
language = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    is_eager=True,
    callback=_choose_language,
    expose_value=False,
    help="Language of messages, tables and pages.  [default: by the locale]",
)
messages = compose_options(
    language,
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        callback=_remember,
        expose_value=False,
        help="Show no progress and no messages, only results and errors.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        callback=_remember,
        expose_value=False,
        help="Show TensorFlow's messages, and the traceback of an error.",
    ),
)


def output(help: str, *, folder: bool = False, **attributes: Any) -> Decorator:
    """Return the option for the path of a result: of a file, or of a folder."""
    path = OUTPUT_FOLDER if folder else OUTPUT_FILE
    return click.option("-o", "--output", type=path, help=help, **attributes)


def output_format(writers: str) -> Decorator:
    """Return the option for the format of what is printed: a key of a registry of writers."""
    return click.option(
        "--format",
        "output_format",
        type=RegistryChoice(writers),
        default="table",
        help="Format of what is printed.",
    )
