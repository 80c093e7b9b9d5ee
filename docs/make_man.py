"""Write a man page per command into man/: python docs/make_man.py. It needs click-man."""

from pathlib import Path

import click
from click_man.core import write_man_pages

from lawrec import __version__
from lawrec.cli import COMMANDS, cli, load_command


def main() -> None:
    """Write the pages of all commands, which `lawrec` itself loads only when they are run."""
    commands = {name: load_command(name) for name in COMMANDS}
    for name, summary in COMMANDS.items():
        commands[name].short_help = summary
    group = click.Group("lawrec", commands, help=cli.help)
    folder = Path(__file__).parents[1] / "man"
    folder.mkdir(exist_ok=True)
    write_man_pages("lawrec", group, version=__version__, target_dir=str(folder))


if __name__ == "__main__":
    main()
