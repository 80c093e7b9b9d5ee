"""Damage a run and its records, one file at a time, and run the commands that read them.

    python tests/benchmarks/damage.py [--damages 500] [--seed 1]

A tiny model with a second stage is trained twice on invented cases, with two seeds. Each damage
flips one bit of a file of the first run, of its records or of its vocabularies, truncates, empties
or deletes the file, or swaps it with that of the second run or with another one of its folder. Or
it does so to the bundle of the first run: there, a part is swapped, and the manifest of the bundle
may be written again. Then `info`, `predict`, `evaluate`, `prepare` and `tune-thresholds` run, the
first two also with the bundle. Each of them may refuse with a
message, do without the file with a message, or answer as before. An answer that changes without a
message, and a traceback, are failures: the exit code is 1.
"""

import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
from click.testing import CliRunner, Result

from lawrec.cli import cli
from tests.helpers.bundles import read_parts, write_bundle
from tests.helpers.cases import EXPORTED, RANKER_SETTINGS, SETTINGS, write_splits

SEEDS = {"second": 2, "first": 1}
"""The runs and their seeds; the last one is the newest, which the commands use."""
PREDICT = ("predict", "facts.txt", "--top-k", "3", "--format", "json")
COMMANDS = {
    "info": ("info", "--format", "json"),
    "predict": PREDICT,
    "predict --threshold": (*PREDICT, "--threshold", "0.4"),
    "predict --model": (*PREDICT, "--model", "first.lawrec"),
    "info --model": ("info", "--model", "first.lawrec", "--format", "json"),
    "evaluate": ("evaluate", "--format", "json"),
    "prepare": ("prepare", "--data", "../data", *(f"--set={setting}" for setting in SETTINGS[:4])),
    "tune-thresholds": ("tune-thresholds", "--strategy", "global"),
}
BUNDLES = 0.25
"""How often it is the bundle that is damaged."""
FACTS = (
    "被告人张某秘密窃取钱包，后被抓获。\n当日晚上醉酒驾驶轿车。\n虚构事实骗取信任，案发后自首。\n"
)
OUTCOMES = ("refused", "said", "harmless", "CHANGED IN SILENCE", "TRACEBACK")
FAILURES = OUTCOMES[3:]
Damage = Callable[[Path, random.Random], None]


@click.command()
@click.option("--damages", default=500, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(damages: int, seed: int) -> None:
    """Print each failure, and how often each command had which outcome."""
    with tempfile.TemporaryDirectory() as name:
        counts, failures = damage_many(Path(name), damages, seed=seed)
    for failure in failures:
        print(failure)
    for command in COMMANDS:
        print(f"{command:20}", *(f"{counts[command, kind]:4} {kind}  " for kind in OUTCOMES))
    print(f"{damages} damages, {len(failures)} failures")
    sys.exit(1 if failures else 0)


def damage_many(
    root: Path, damages: int, *, seed: int
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Return how often each command had which outcome, and a line per failure."""
    workplace = Workplace.create(root)
    numbers = random.Random(seed)
    counts: Counter[tuple[str, str]] = Counter()
    failures = []
    with remembering_models():
        for number in range(damages):
            path, kind = workplace.damage(numbers)
            for command, outcome, details in workplace.outcomes():
                counts[command, outcome] += 1
                if outcome in FAILURES:
                    failures.append(f"{number}: {kind} {path}: {command}: {outcome}: {details}")
            if number % 10 == 9:
                print(f"{number + 1} damages, {len(failures)} failures", file=sys.stderr)
    return counts, failures


@dataclass
class Workplace:
    """The folder with the undamaged runs, the one to damage, and the answers of each command."""

    pristine: Path
    damaged: Path
    expected: dict[str, str]

    @classmethod
    def create(cls, root: Path) -> "Workplace":
        """Train and tune the runs, and keep the answers of the last one."""
        write_splits(root / "data")
        pristine = root / "pristine"
        pristine.mkdir()
        (pristine / "facts.txt").write_text(FACTS, "utf-8")
        with working_in(pristine):
            for name, seed in SEEDS.items():
                settings = (*SETTINGS, *RANKER_SETTINGS, EXPORTED, "training.evaluate_every=5")
                named = (f"--set={setting}" for setting in settings)
                _succeed("train", "--data", "../data", *named, "--seed", seed, "--run", name)
                _succeed("tune-thresholds", "--strategy", "global")
                _succeed("evaluate")
                _succeed("export", "bundle", "--output", f"{name}.lawrec")
        workplace = cls(pristine, root / "damaged", {})
        workplace.reset()
        with working_in(workplace.damaged):
            workplace.expected = {
                name: _succeed(*command).stdout for name, command in COMMANDS.items()
            }
        return workplace

    def reset(self) -> None:
        """Copy the undamaged folder."""
        shutil.rmtree(self.damaged, ignore_errors=True)
        shutil.copytree(self.pristine, self.damaged)

    def damage(self, numbers: random.Random) -> tuple[Path, str]:
        """Damage a random file of a new copy; return which and how."""
        self.reset()
        if numbers.random() < BUNDLES:
            return self._damage_bundle(numbers)
        run = self.damaged / "checkpoints/first"
        own = [run, run, run / "ranker", run / "onnx"]
        parts = [*own, self.damaged / "data/records", self.damaged / "vocab"]
        files = [path for part in parts for path in part.rglob("*") if path.is_file()]
        files = [path for path in files if "tensorboard" not in path.parts and path.stat().st_size]
        path = numbers.choice([*sorted(files), self.damaged / "checkpoints/LATEST"])
        kind = numbers.choice(sorted(DAMAGES))
        DAMAGES[kind](path, numbers)
        return path.relative_to(self.damaged), kind

    def _damage_bundle(self, numbers: random.Random) -> tuple[Path, str]:
        kind = numbers.choice(sorted(BUNDLE_DAMAGES))
        BUNDLE_DAMAGES[kind](self.damaged / "first.lawrec", numbers)
        return Path("first.lawrec"), kind

    def outcomes(self) -> Iterator[tuple[str, str, str]]:
        """Run each command, and yield its name, its outcome and what it printed."""
        with working_in(self.damaged):
            for name, command in COMMANDS.items():
                result = _lawrec(*command)
                yield name, outcome_of(result, self.expected[name]), _details(result)


def outcome_of(result: Result, expected: str) -> str:
    """Return which of `OUTCOMES` the result of a command is."""
    if not isinstance(result.exception, SystemExit | None):
        return "TRACEBACK"
    if result.exit_code:
        return "refused" if "Error: " in result.stderr else "TRACEBACK"
    said = any(word in result.stderr for word in ("damaged", "must be", "Preparing"))
    if said or "unusable: " in result.stdout or '"thresholds": "none yet"' in result.stdout:
        return "said"
    return "harmless" if result.stdout == expected else "CHANGED IN SILENCE"


@contextmanager
def remembering_models() -> Iterator[None]:
    """Build and load a model once for the same bytes of its files, to save most of the time.

    The bytes are compared here, and not by the digests that are tested.
    """
    from lawrec.diagnostics import run_info
    from lawrec.models import lstm_logits
    from lawrec.training import checkpoints

    describe, load = run_info._network, checkpoints.load_model
    make = lstm_logits.make_logit_function
    models: dict[Any, Any] = {}

    def contents(folder: Path, start: str) -> tuple[bytes, ...]:
        return tuple(
            path.read_bytes() for path in sorted(folder.iterdir()) if path.name.startswith(start)
        )

    def remembered(key: Any, work: Callable[..., Any], *arguments: Any) -> Any:
        if key not in models:
            models[key] = work(*arguments)
        return models[key]

    def describe_once(run: Any) -> Any:
        sizes = len(run.tokens), len(run.articles), len(run.charges)
        return remembered((sizes, *contents(run.folder, "run.json")), describe, run)

    def load_once(run: Any, checkpoint: str) -> Any:
        path = Path(checkpoint)
        key = contents(run.folder, "run.json") + contents(path.parent, f"{path.name}.")
        return remembered(key, load, run, checkpoint)

    def make_once(model: Any) -> Any:
        return remembered(id(model), make, model)

    with (
        patch.object(run_info, "_network", describe_once),
        patch.object(checkpoints, "load_model", load_once),
        patch.object(lstm_logits, "make_logit_function", make_once),
    ):
        yield


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in a folder inside the block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _lawrec(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def _succeed(*arguments: object) -> Result:
    result = _lawrec(*arguments)
    if result.exit_code:
        sys.exit(f"{arguments}: {result.output} {result.exception}")
    return result


def _details(result: Result) -> str:
    return f"{result.exception} | {result.stderr[-300:]} | {result.stdout[-300:]}"


def _flip(path: Path, numbers: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)
    path.write_bytes(content)


def _truncate(path: Path, numbers: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: numbers.randrange(len(content))])


def _empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def _delete(path: Path, _: random.Random) -> None:
    path.unlink()


def _swap_with_neighbour(path: Path, numbers: random.Random) -> None:
    others = [other for other in path.parent.iterdir() if other.is_file() and other != path]
    _swap(path, numbers.choice(sorted(others)) if others else path)


def _swap_with_other_run(path: Path, numbers: random.Random) -> None:
    other = Path(str(path).replace("/checkpoints/first/", "/checkpoints/second/"))
    if other == path or not other.is_file():
        _swap_with_neighbour(path, numbers)
    else:
        _swap(path, other)


def _swap_folders(path: Path, numbers: random.Random) -> None:
    """Swap the whole `best`, `onnx`, `ranker` or `scores` of two runs, if the file is in one."""
    if path.parent.name not in ("best", "onnx", "ranker", "scores"):
        _swap_with_other_run(path, numbers)
        return
    other = Path(str(path.parent).replace("/checkpoints/first/", "/checkpoints/second/"))
    _swap(path.parent, other)


def _swap_lines(path: Path, numbers: random.Random) -> None:
    lines = path.read_bytes().split(b"\n")
    first, second = numbers.randrange(len(lines)), numbers.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    path.write_bytes(b"\n".join(lines))


def _swap_part(path: Path, numbers: random.Random) -> None:
    """Swap a part with that of the other bundle; half of the time, the digests agree again."""
    parts, others = (read_parts(each) for each in (path, path.with_name("second.lawrec")))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    name = numbers.choice(sorted(parts))
    parts[name] = others[name]
    manifest = {} if numbers.random() < 0.5 else {"files": digests}
    write_bundle(path, parts, **manifest)


def _flip_in_directory(path: Path, numbers: random.Random) -> None:
    """Flip a bit where the names, sizes and digests are."""
    content = bytearray(path.read_bytes())
    start = numbers.choice([content.index(b'{\n "bundle'), content.index(b"PK\1\2")])
    content[numbers.randrange(start, len(content))] ^= 1 << numbers.randrange(8)
    path.write_bytes(content)


def _swap(first: Path, second: Path) -> None:
    if first != second:
        aside = first.with_name("aside")
        first.rename(aside)
        second.rename(first)
        aside.rename(second)


DAMAGES: dict[str, Damage] = {
    "flip": _flip,
    "flip again": _flip,
    "truncate": _truncate,
    "empty": _empty,
    "delete": _delete,
    "swap with a neighbour": _swap_with_neighbour,
    "swap with the other run": _swap_with_other_run,
    "swap the folder": _swap_folders,
    "swap lines": _swap_lines,
}

BUNDLE_DAMAGES: dict[str, Damage] = {
    "flip a bit": _flip,
    "flip a bit of the directory": _flip_in_directory,
    "truncate": _truncate,
    "empty": _empty,
    "delete": _delete,
    "swap a part": _swap_part,
}


if __name__ == "__main__":
    main()
