"""Write docs/commands.md: the help text of every command, as the program prints it."""

from collections.abc import Iterator
from pathlib import Path

from click import Group
from click.testing import CliRunner

from lawrec.cli import COMMANDS, cli, load_command

HEAD = "# Commands\n\nWritten by `python docs/make_commands.py`; a test compares it.\n"


def commands_text() -> str:
    """Return the content of docs/commands.md."""
    return "\n".join([HEAD, *(_section(*words) for words in _calls())])


def _calls() -> Iterator[list[str]]:
    """Yield the words after `lawrec` that call each command: [], ["train"], ["export", "cail"]."""
    yield []
    for name in COMMANDS:
        yield [name]
        command = load_command(name)
        if isinstance(command, Group):
            yield from ([name, part] for part in command.commands)


def _section(*words: str) -> str:
    result = CliRunner().invoke(cli, [*words, "--help"], prog_name="lawrec", terminal_width=90)
    return f"## {' '.join(['lawrec', *words])}\n\n```\n{result.stdout.rstrip()}\n```\n"


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(commands_text(), encoding="utf-8")
