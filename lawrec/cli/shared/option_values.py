"""What shared options become: settings, case formats and progress."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NotRequired, TypedDict

import click
from click.core import ParameterSource

from lawrec import config, config_sources
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.devices.tensorflow_start import import_tensorflow
from lawrec.iterables import MapItems
from lawrec.law.statute_versions import CRIMINAL_LAW, ROOT, newest_path
from lawrec.progress import SILENT, Progress
from lawrec.registry import lookup
from lawrec.reporting.progress_bars import progress_on
from lawrec.storage.resources import SHIPPED_EXTRA_CASES, shipped_path


class InputFormatOptions(TypedDict):
    """The values of `input_format`, and of `any_label` where a command reads labels."""

    any_label: NotRequired[bool]
    input_format: str | None
    one_case_per_file: bool
    fact_field: str
    articles_field: str | None
    id_field: str
    articles_separator: str | None
    encoding: str | None


class CaseOptions(InputFormatOptions):
    """The values of `input_format` and `settings`."""

    preset: str | None
    config_file: Path | None
    assignments: tuple[str, ...]
    user_dicts: tuple[Path, ...]


class DataOptions(CaseOptions):
    """The values of `data`."""

    data: Path | None
    article_list: Path | None
    extra: tuple[Path, ...]
    extra_partial: tuple[Path, ...]
    no_statute: bool
    skip_bad: bool


def is_given(*names: str) -> bool:
    """Return whether the command line has one of the options, even with its default value."""
    context = click.get_current_context()
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)


def given_arguments(names: Collection[str]) -> tuple[str, ...]:
    """Return the arguments of the command line that give these options, for another command."""
    context = click.get_current_context()
    arguments: list[str] = []
    for option in context.command.params:
        if option.name in names and is_given(option.name):
            value = context.params[option.name]
            for each in value if isinstance(value, tuple) else (value,):
                arguments += [max(option.opts, key=len), *([] if each is True else [str(each)])]
    return tuple(arguments)


def settings_from(arguments: CaseOptions) -> config.Config:
    """Return the settings that the options choose."""
    return config_sources.load(
        arguments["config_file"], arguments["assignments"], preset=arguments["preset"]
    )


def check_settings(settings: config.Config) -> config.Config:
    """Return the settings; refuse now what would fail only at the end of a long training.

    Raises:
        ConfigError: A setting names no metric, strategy or objective, or a file that is not there.
    """
    from lawrec.decision.cross_fitting import check_choices
    from lawrec.evaluation.metrics import HIGHER_IS_BETTER
    from lawrec.models.word2vec_format import check_embedding_init

    check_choices(settings.decision)
    lookup(HIGHER_IS_BETTER, settings.training.monitor, where="training.monitor")
    check_embedding_init(settings.model)
    return settings


def user_dictionaries(arguments: CaseOptions) -> tuple[Path, ...]:
    """Return the user dictionaries of the tokenizer: those that are named, else the shipped one."""
    return arguments["user_dicts"] or DatasetSpec().dictionaries


def dataset_spec_from(arguments: DataOptions, settings: config.Config) -> DatasetSpec:
    """Return which cases to prepare for a training with these settings, and how."""
    return DatasetSpec(
        data=DatasetSpec().data if arguments["data"] is None else arguments["data"],
        article_list=arguments["article_list"],
        extra=tuple(map(_own_or_shipped, arguments["extra"])),
        extra_partial=arguments["extra_partial"],
        learn_charges=settings.loss.charge_weight > 0,
        statute=None if arguments["no_statute"] else newest_path(ROOT, CRIMINAL_LAW),
        dictionaries=user_dictionaries(arguments),
        case_format=case_format_from(arguments),
        skip_bad=arguments["skip_bad"],
    )


def _own_or_shipped(path: Path) -> Path:
    """Return the path of a file of extra cases, which may be the name of the shipped ones."""
    is_shipped = str(path) == CRIMINAL_LAW and not path.exists()
    return shipped_path(SHIPPED_EXTRA_CASES) if is_shipped else path


def case_format_from(arguments: InputFormatOptions) -> CaseFormat:
    """Return how the cases are written.

    Raises:
        UsageError: A file is to be one case, and of a format that holds several.
    """
    reader = arguments["input_format"]
    if arguments["one_case_per_file"]:
        if reader not in (None, "text", "document"):
            raise click.UsageError(f"--one-case-per-file reads text, not {reader}.")
        reader = "document"
    return CaseFormat(
        reader=reader,
        fact_field=arguments["fact_field"],
        articles_field=arguments["articles_field"],
        id_field=arguments["id_field"],
        separator=arguments["articles_separator"],
        encoding=arguments["encoding"],
        any_label=arguments.get("any_label", False),
    )


def case_format_of_data(data: Path | None, arguments: InputFormatOptions) -> CaseFormat:
    """Return how the cases of --data are written; a run knows it of its own cases."""
    if data is None and is_given(*arguments):
        raise click.UsageError(
            "The run's own cases are read as they were in training: name other cases with --data."
        )
    return case_format_from(arguments)


def show_progress(hidden: bool = False) -> AbstractContextManager[Progress]:
    """Return the context of a command's work: progress on stderr unless hidden or --quiet."""
    return nullcontext(SILENT) if hidden or _is_on("quiet") else progress_on(sys.stderr)


@contextmanager
def processes(*, jobs: int = 0, cluster: str | None = None) -> Iterator[MapItems | None]:
    """Yield what does a command's work in other processes, which end with the block.

    Args:
        jobs: The number of processes on this machine.
        cluster: The address of a Ray cluster.

    Yields:
        What maps items, or None without other processes.
    """
    if jobs and cluster is not None:
        raise click.UsageError("--jobs and --cluster exclude each other.")
    if cluster is not None:
        from lawrec.cluster.ray_cluster import connected, map_in_order

        with connected(cluster):
            yield map_in_order
    elif jobs:
        from lawrec.parallel import parallel_map

        yield partial(parallel_map, workers=jobs)
    else:
        yield None


def log_level() -> str:
    """Return how much a service logs: warnings and errors alone with --quiet."""
    return "warning" if _is_on("quiet") else "info"


def set_tensorflow_log() -> None:
    """Choose that TensorFlow logs, if it is imported later and --verbose was given."""
    if _is_on("verbose"):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0")


def start_tensorflow(verbose: bool = False) -> None:
    """Import TensorFlow, without its log unless --verbose was given.

    Args:
        verbose: Show what TensorFlow logs, as --verbose does.
    """
    import_tensorflow(verbose or _is_on("verbose"))


def _is_on(name: str) -> bool:
    """Return whether the flag "quiet" or "verbose" of `messages` is on."""
    return bool(click.get_current_context().meta.get(f"lawrec.{name}"))
