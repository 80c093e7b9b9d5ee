"""Write docs/commands.md: the help text of every command, as the program prints it."""

from pathlib import Path

from click.testing import CliRunner

from lawrec.cli import cli

HEAD = "# Commands\n\nWritten by `python docs/make_commands.py`; a test compares it.\n"


def commands_text() -> str:
    """Return the content of docs/commands.md."""
    parts = [HEAD, _section("lawrec", [])]
    parts += [_section(f"lawrec {name}", [name]) for name in cli.commands]
    return "\n".join(parts)


def _section(title: str, arguments: list[str]) -> str:
    result = CliRunner().invoke(cli, [*arguments, "--help"], prog_name="lawrec", terminal_width=90)
    return f"## {title}\n\n```\n{result.stdout.rstrip()}\n```\n"


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(commands_text(), encoding="utf-8")
