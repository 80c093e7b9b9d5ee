"""The command line: each command translates its options, calls the library, and prints."""

from pathlib import Path
from typing import Any

import click

from lawrec import __version__
from lawrec.cli.articles import articles
from lawrec.cli.audit import audit
from lawrec.cli.doctor import doctor
from lawrec.cli.embed import embed
from lawrec.cli.evaluate import evaluate
from lawrec.cli.export import export
from lawrec.cli.info import info
from lawrec.cli.predict import predict
from lawrec.cli.prepare import prepare
from lawrec.cli.split import split
from lawrec.cli.train import train
from lawrec.cli.tune_thresholds import tune_thresholds
from lawrec.cli.verify import verify
from lawrec.errors import LawrecError


class LawrecGroup(click.Group):
    """The group of commands; a user's mistake ends with its message and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of the work, not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except LawrecError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(
                f"{error.filename or Path.cwd()}: files here must be readable and writable, "
                f"got {error.strerror}. Free some space or choose another folder."
            ) from error


@click.group(cls=LawrecGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lawrec")
def cli() -> None:
    """Read the facts of a Chinese case and recommend the law articles that apply.

    \b
    lawrec train                  learn from labelled cases
    lawrec tune-thresholds        choose how sure is sure enough
    lawrec predict < facts.txt    recommend articles, one case a line
    """  # noqa: D301


cli.add_command(audit)
cli.add_command(split)
cli.add_command(prepare)
cli.add_command(verify)
cli.add_command(embed)
cli.add_command(train)
cli.add_command(tune_thresholds)
cli.add_command(evaluate)
cli.add_command(predict)
cli.add_command(export)
cli.add_command(info)
cli.add_command(articles)
cli.add_command(doctor)


def main() -> None:
    """Start the command line."""
    cli()
