"""The command line: each command translates its options, calls the library, and prints the result.

Each command has a module of its own, which is imported when the command is run. `lawrec --help` and
the completion of a command's name import none of them. TensorFlow takes seconds to import, so a
command that needs it imports it, and what depends on it, inside its function.

All commands follow these rules:

* Cases are an argument of audit, split, embed and predict, and the option --data of the commands
  that need splits or labelled cases.
* -o/--output is the path of a result, --format the format of what is printed, --input-format that
  of the cases, --article-list a file with all articles.
* Results go to stdout; progress, messages and errors go to stderr. --quiet leaves only results and
  errors.
* Messages, errors, tables and pages are in the language of --language, else that of the locale.
  The help and what programs read are in English.
* The exit code is 0, 1 after an error or Ctrl-C, and 2 after a mistake in the options.
"""

import errno
import io
import os
import traceback
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import click

from lawrec import __version__
from lawrec.cli.shared.printing import (
    check_stdout,
    discard_stdout,
    open_streams,
    stdout_error,
    stdout_failure,
)
from lawrec.errors import LawrecError, quoted
from lawrec.text import printable
from lawrec.translation import error_message, language_of, messages_in, translate

COMMANDS = {
    "audit": "Find mistakes in labelled cases.",
    "split": "Split cases into train, valid and test.",
    "prepare": "Convert labelled cases to records.",
    "verify": "Check that records are undamaged.",
    "embed": "Train word vectors on facts.",
    "train": "Train a model on labelled cases.",
    "search": "Search for good hyperparameters.",
    "tune-thresholds": "Tune the score thresholds of a run.",
    "baseline": "Train and tune linear SVMs to compare with.",
    "evaluate": "Measure a run on unseen cases.",
    "predict": "Recommend articles for facts.",
    "serve": "Answer over HTTP, with a page for people.",
    "export": "Pack a run for use elsewhere.",
    "info": "Describe a run or a bundle.",
    "articles": "Show articles and import statutes.",
    "doctor": "Check TensorFlow, GPU and memory.",
}
"""A summary of each command, in the order in which one uses them."""


def load_command(name: str) -> click.Command:
    """Return the command of a name from its module: `tune_thresholds` for "tune-thresholds"."""
    function = name.replace("-", "_")
    command: click.Command = getattr(import_module(f"lawrec.cli.{function}"), function)
    return command


class LawrecGroup(click.Group):
    """A group that imports a command when it is run, and shows users' mistakes as one message.

    The group itself holds a placeholder per command, with nothing but its name and its summary.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the work, not of the alphabet."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name and command of a call, loaded from its module, and the other arguments."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            longer = [command for command in self.commands if command.startswith(args[0])]
            near = longer or get_close_matches(args[0], self.commands, n=1, cutoff=0.4)
            if near:
                message = f"No such command {args[0]!r}. Did you mean {near[0]!r}?"
            else:
                message = f"No such command {args[0]!r}."
            raise click.UsageError(message, ctx)
        name, placeholder, others = super().resolve_command(ctx, args)
        return name, placeholder and load_command(str(placeholder.name)), others

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line, with prepared standard streams."""
        open_streams()
        return super().main(*args, **extra)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the options; --help and --version are printed here, and may find a full disk."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError:
            raise
        except OSError as error:
            with messages_in(language_of(os.environ)):
                message = error_message(_file_error(error))
                raise _Shown(click.ClickException(message)) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a mistake of the user ends with a message and exit code 1.

        A reader that closes the pipe, such as `head`, ends it quietly.
        """
        ctx.with_resource(messages_in(language_of(os.environ)))
        try:
            check_stdout()
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever reads the results has read enough
            discard_stdout()
            ctx.exit()
        except click.ClickException as error:
            raise _Shown(_with_run_option(error)) from error
        except _MISTAKES as error:
            if ctx.meta.get("lawrec.verbose"):
                click.echo(printable(traceback.format_exc()), err=True)
            message = error_message(_lawrec_error(error))
            raise _Shown(click.ClickException(message)) from error


_RUN_OPTIONS = ("--run", "--model")
"""The options for a run that is changed or exported, and for a run or bundle that is used."""


def _with_run_option(error: click.ClickException) -> click.ClickException:
    """Return an error; that of one of the options for a run names the one that the command has."""
    if isinstance(error, click.NoSuchOption) and error.ctx and error.option_name in _RUN_OPTIONS:
        names = {name for parameter in error.ctx.command.params for name in parameter.opts}
        for near in names.intersection(_RUN_OPTIONS):
            message = f"No such option {error.option_name!r}. Did you mean {near!r}?"
            return click.UsageError(message, error.ctx)
    return error


class _Shown(click.ClickException):
    """A mistake as click shows it, in the language of the command: the context of it ends here."""

    def __init__(self, error: click.ClickException) -> None:
        # What steers a terminal is escaped before click drops it.
        error.message = printable(error.message)  # type: ignore[misc]
        text = io.StringIO()
        error.show(text)
        super().__init__("\n".join(map(translate, text.getvalue().splitlines())))
        self.exit_code = error.exit_code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it to stderr."""
        click.echo(self.message, file=file, err=True)


def _lawrec_error(error: Exception) -> LawrecError:
    """Return a mistake that the user can fix with its four parts."""
    if isinstance(error, LawrecError):
        return error
    if isinstance(error, UnicodeEncodeError):  # TensorFlow takes no such path
        return LawrecError(
            quoted(error.object, 100),
            expected="the path must be UTF-8",
            got="other bytes",
            todo="Rename the file or folder.",
        )
    if isinstance(error, OSError):
        return _file_error(error)
    if isinstance(error, ModuleNotFoundError):
        return LawrecError(
            error.name,
            expected="the package must be installed",
            got="no such module",
            todo="Run pip install lawrec: requirements/predict.txt is for predicting with bundles "
            "alone.",
        )
    return LawrecError(
        "memory",
        expected="the work must fit into it",
        got="none left",
        todo="Free some memory, or make training.batch_tokens or the model smaller.",
    )


def _file_error(error: OSError) -> LawrecError:
    """Return what the system says of a file, a folder or stdout with its four parts."""
    if failure := stdout_failure():  # click prints the help of a command itself
        return stdout_error(failure)
    where = error.filename or Path.cwd()
    if error.errno == errno.ENAMETOOLONG:
        return LawrecError(
            quoted(where, 100),
            expected="the path must be short enough for the file system",
            got=error.strerror,
            todo="Choose a shorter name.",
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.ELOOP):
        return LawrecError(
            where,
            expected="what is written must be new here, and all that it lies in must be folders",
            got=error.strerror,
            todo="Choose another path, or remove the file or broken link that is in its way.",
        )
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return LawrecError(
        where,
        expected="files here must be readable and writable",
        got=error.strerror or error,
        todo="Free some space or choose another folder."
        if is_full
        else "Check the permissions and the disk, or choose another folder.",
    )


_MISTAKES = (LawrecError, OSError, MemoryError, UnicodeEncodeError, ModuleNotFoundError)


@click.group(
    cls=LawrecGroup,
    commands=[click.Command(name, short_help=summary) for name, summary in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, prog_name="lawrec")
def cli() -> None:
    """Read the facts of a Chinese case and recommend the law articles that apply.

    \b
    lawrec train                  train a model on labelled cases
    lawrec tune-thresholds        tune the score thresholds
    lawrec predict < facts.txt    recommend articles, one case per line
    """  # noqa: D301


def main() -> None:
    """Start the command line."""
    cli()
