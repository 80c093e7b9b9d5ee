"""Write docs/commands.md: the help text of every command, as the program prints it."""

from collections.abc import Iterator
from pathlib import Path

from click import Command, Group
from click.testing import CliRunner

from lawrec.cli import cli

HEAD = "# Commands\n\nWritten by `python docs/make_commands.py`; a test compares it.\n"


def commands_text() -> str:
    """Return the content of docs/commands.md."""
    return "\n".join([HEAD, *_sections(cli, [])])


def _sections(command: Command, arguments: list[str]) -> Iterator[str]:
    yield _section(" ".join(["lawrec", *arguments]), arguments)
    if isinstance(command, Group):
        for name, part in command.commands.items():
            yield from _sections(part, [*arguments, name])


def _section(title: str, arguments: list[str]) -> str:
    result = CliRunner().invoke(cli, [*arguments, "--help"], prog_name="lawrec", terminal_width=90)
    return f"## {title}\n\n```\n{result.stdout.rstrip()}\n```\n"


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(commands_text(), encoding="utf-8")
