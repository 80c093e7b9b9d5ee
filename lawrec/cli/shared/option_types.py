"""Types of options and commands that click does not have."""

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from lawrec.errors import CaseError, LawrecError
from lawrec.storage.file_lists import list_files
from lawrec.storage.remote_files import RemotePath, resolve_uri

HEADINGS = {
    "Data": (
        *("data", "records", "split", "others", "article_list", "extra", "extra_partial"),
        *("no_statute", "ratios", "split_seed", "near_duplicate_threshold", "max_tokens"),
        *("tokenizer", "feedback", "skip_bad", "any_label"),
    ),
    "Input format": (
        *("input_format", "one_case_per_file", "fact_field", "articles_field", "id_field"),
        *("articles_separator", "encoding"),
    ),
    "Model and settings": (
        *("run_name", "model", "checkpoints", "start_from", "preset", "config_file", "assignments"),
        "user_dicts",
    ),
    "Training": ("seed", "epochs", "resume", "dry_run", "debug", "profile"),
    "Search": (
        *("trials", "minutes", "jobs", "fixed", "sampler", "pruner", "sampler_seed"),
        "keep_runs",
    ),
    "Thresholds": ("strategy", "objective", "calibration", "coverage", "threshold"),
    "Service": (
        *("host", "port", "workers", "api_key_file", "tls_certificate", "tls_key"),
        *("cors_origins", "feedback_file"),
    ),
    "Limits": (
        *("max_batch", "max_wait", "queue_facts", "deadline", "max_body", "max_fact"),
        "max_facts",
    ),
    "Devices": ("engine", "device", "log_placement", "n_jobs", "window"),
    "Cluster and shards": ("output_folder", "shard_bytes", "cluster"),
}
"""The headings of the help, and the names of the options below them."""


class _OutputPath(click.Path):
    """A path to write to, no URI and not "-": something with that name would be made here."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path that a text stands for."""
        if "://" in str(value):
            self.fail("what is written must be on this machine, not at a URI.", param, ctx)
        if not str(value):
            self.fail("the path must not be empty.", param, ctx)
        if str(value) == "-":
            self.fail('"-" does not stand for stdout: name a path or omit the option.', param, ctx)
        return super().convert(value, param, ctx)


class _OutputPathOrUri(_OutputPath):
    """A path to write to, or a URI."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path that a text stands for, which may be a remote one."""
        path = resolve_uri(Path(value))
        return path if isinstance(path, RemotePath) else super().convert(value, param, ctx)


MODEL = click.types.StringParamType()
"""The name or the path of a run or a bundle that the command reads."""
OUTPUT_FILE = _OutputPath(dir_okay=False, path_type=Path)
"""The path of a file to write: none that the command reads, and none of another option."""
OUTPUT_FOLDER = _OutputPath(file_okay=False, path_type=Path)
"""The path of a folder to write."""
OUTPUT_FOLDER_OR_URI = _OutputPathOrUri(file_okay=False, path_type=Path)
"""The path or the URI of a folder to write."""


class HeadedCommand(click.Command):
    """A command that changes no file or run that it reads, and whose help has headings."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless it would replace a file that it reads, or change a run."""
        _check_outputs(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by heading; those that `HEADINGS` does not name come last."""
        records: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
        for parameter in self.get_params(ctx):
            headings = (heading for heading, names in HEADINGS.items() if parameter.name in names)
            record = isinstance(parameter, click.Option) and parameter.get_help_record(ctx)
            if record:
                records.setdefault(next(headings, "Output and help"), []).append(record)
        for heading, group in records.items():
            if group:
                with formatter.section(heading):
                    formatter.write_dl(group)


def _check_outputs(ctx: click.Context) -> None:
    """Raise UsageError if a path to write is one to read or in a run, or that of two options."""
    paths = list(_named_paths(ctx))
    outputs = [(each, path) for each, path in paths if isinstance(each.type, _OutputPath)]
    models = list(_models(ctx)) if outputs else []
    read = [path for parameter, path in paths if parameter.type is not OUTPUT_FILE]
    names: dict[Path, str] = {}
    for parameter, path in outputs:
        name = max(parameter.opts, key=len)
        if parameter.type is OUTPUT_FILE:
            other = names.setdefault(path.absolute(), name)
            if other != name:
                raise click.UsageError(f"{other} and {name} need files of their own.")
            if path.is_file() and any(map(path.samefile, _read_files([*read, *models]))):
                raise click.UsageError(f"{name} would replace {path}, which is read: name another.")
        for model in models:
            if _is_within(path, model):
                raise click.UsageError(f"{name} would write into the run {model}: name another.")


def _is_within(path: Path, folder: Path) -> bool:
    """Return whether a path is that of a folder, or of what is in it, links followed."""
    if isinstance(path, RemotePath):
        return False
    # Unlike `resolve`, `realpath` takes a circle of links.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _named_paths(ctx: click.Context) -> Iterator[tuple[click.Parameter, Path]]:
    """Yield each path of the command line with its parameter."""
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        values = value if isinstance(value, tuple) else (value,)
        yield from ((parameter, path) for path in values if isinstance(path, Path))


def _models(ctx: click.Context) -> Iterator[Path]:
    """Yield the path of each run or bundle that the command reads and that is there."""
    from lawrec.runs.checkpoint_list import RUN_FILE
    from lawrec.runs.find_model import model_path  # imports NumPy

    for option in (option for option in ctx.command.params if option.type is MODEL):
        value = ctx.params[option.name or ""]
        for name in value if isinstance(value, tuple) else (value,):
            with suppress(LawrecError, OSError):  # the command will say what is wrong with it
                path = model_path(ctx.params["checkpoints"], name)
                if path.is_file() or (path / RUN_FILE).exists():
                    yield path


def _read_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that paths stand for and that are there."""
    for path in paths:
        with suppress(CaseError, OSError):  # the command will say what is wrong with the path
            # A folder of splits may hold folders, which one of cases may not.
            files = path.iterdir() if path.is_dir() else list_files(path)
            yield from (file for file in files if file.is_file())


class Day(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.4
    """A day, written YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that a text stands for."""
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value!r} is not a day: write YYYY-MM-DD.", param, ctx)


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


class RegistryChoice(click.Choice[str]):
    """A choice from the keys of a registry, whose module is imported when they are needed.

    A shell completes the names of options without them: NumPy and others take long to import.
    """

    case_sensitive = True

    def __init__(self, registry: str) -> None:
        """Remember the module and the name of a registry: "decision.objectives.OBJECTIVES"."""
        self.registry = registry

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """The keys, in the order of the registry."""
        module, _dot, name = self.registry.rpartition(".")
        return tuple(getattr(import_module(f"lawrec.{module}"), name))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a choice; a shell that completes another option does not need it checked."""
        return value if ctx and ctx.resilient_parsing else super().convert(value, param, ctx)
