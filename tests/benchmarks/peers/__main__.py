"""Compare lawrec with public peers on the same cases.

    make peers
    make peers PEERS="--data FOLDER --seeds 3 --slow --answers lawrec=answers.jsonl"

The peers come from requirements/peers.txt and are installed into an environment of their own. All
of them get the same tokens, learn from train, may use valid, and are measured on test with the
metrics of `lawrec.evaluation`. After each peer, its figures are written into docs/peers.md, which
has a section per folder of cases; the figures of peers that are not measured again stay. The rows
in the columns of README.md's table are printed.
"""

from collections import defaultdict
from itertools import chain
from pathlib import Path

import click

from lawrec.errors import LawrecError
from lawrec.storage.resources import shipped_path
from tests.benchmarks.peers.answers import read_answers
from tests.benchmarks.peers.classifiers import PEERS
from tests.benchmarks.peers.measure import Row, measure_answers, measure_peer
from tests.benchmarks.peers.splits import load_splits, with_articles
from tests.benchmarks.peers.table import readme_rows, section, table, write_section

FILE = click.Path(path_type=Path)


@click.command()
@click.option(
    "--data",
    type=FILE,
    default=lambda: shipped_path("data/sample"),
    help="Folder with train.json, valid.json, test.json.  [default: the invented cases]",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of trainings of each peer, with the seeds 0, 1, ...; figures are their means.",
)
@click.option(
    "--peer",
    "names",
    type=click.Choice(list(PEERS)),
    multiple=True,
    help="A peer to measure; may be repeated.  [default: all that are not slow]",
)
@click.option("--slow", is_flag=True, help="Measure the slow peers as well.")
@click.option(
    "--answers",
    multiple=True,
    metavar="NAME=FILE",
    help="Answers of lawrec predict --format json for the test cases, as a row NAME; may be "
    "repeated, also with the same NAME, for the mean of several runs.",
)
@click.option(
    "--output", type=FILE, default=Path("docs/peers.md"), show_default=True, help="The page."
)
@click.option(
    "--cache",
    type=FILE,
    default=Path(".cache/peers"),
    show_default=True,
    help="Folder that keeps the tokens.",
)
def main(
    data: Path,
    seeds: int,
    names: tuple[str, ...],
    slow: bool,
    answers: tuple[str, ...],
    output: Path,
    cache: Path,
) -> None:
    """Measure public peers, and answers of lawrec, on the same test cases."""
    try:
        splits = load_splits(data, cache)
        files = _read_answers(answers, splits.test_ids)
    except LawrecError as error:
        raise click.ClickException(str(error)) from error
    lists = chain.from_iterable(chain.from_iterable(files.values()))
    splits = with_articles(splits, chain.from_iterable(lists))
    rows = [measure_answers(name, runs, splits) for name, runs in files.items()]
    write_section(output, splits.name, section(rows, splits))
    for name, peer in PEERS.items():
        if name in names or (not names and (slow or not peer.is_slow)):
            click.echo(f"{peer.label} ...", err=True)
            rows.append(measure_peer(peer, splits, range(seeds)))
            _report(rows[-1])
            write_section(output, splits.name, section(rows, splits))
    click.echo(table(rows))
    click.echo(f"Rows for README.md:\n\n{readme_rows(rows)}")


def _read_answers(
    values: tuple[str, ...], test_ids: tuple[str, ...]
) -> dict[str, list[list[tuple[str, ...]]]]:
    files = defaultdict(list)
    for value in values:
        name, separator, path = value.partition("=")
        if not separator:
            raise click.UsageError(f"--answers takes NAME=FILE, not {value}.")
        files[name].append(read_answers(Path(path), test_ids))
    return files


def _report(row: Row) -> None:
    score = f"CAIL score {row.metrics['cail_score']:.3f}" if row.metrics else row.missing
    click.echo(f"  {score}", err=True)


if __name__ == "__main__":
    main()
