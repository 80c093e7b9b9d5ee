"""Damage files, and seal a folder again whose files a test has changed."""

import json
from pathlib import Path

from lawrec.storage.files import sha256
from lawrec.storage.seal import MANIFEST, read_sealed, seal, write_sealed


def flip(path: Path, position: float = 0.5) -> None:
    """Flip one bit of the byte at a position from 0 to 1."""
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= 1
    path.write_bytes(content)


def swap_lines(path: Path, first: int, second: int) -> None:
    """Swap two lines of a file; they are counted from 0."""
    lines = path.read_text("utf-8").split("\n")
    lines[first], lines[second] = lines[second], lines[first]
    path.write_text("\n".join(lines), "utf-8")


def swap(first: Path, second: Path) -> None:
    """Swap two files or folders."""
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def reseal(run: Path) -> None:
    """Seal a run again as if its files had always been so."""
    seal(run, read_sealed(run / MANIFEST)["files"])
    lists = [run / name for name in ("checkpoints.json", "best/checkpoints.json")]
    lists += [run / name / MANIFEST for name in ("onnx", "trained")]
    for path in filter(Path.exists, lists):
        write_sealed(path, read_sealed(path) | {"run": sha256(run / "run.json")})


def rewrite(path: Path, **changes: object) -> None:
    """Change keys of a sealed JSON file, and seal it again."""
    values = json.loads(path.read_text("utf-8"))
    del values["sha256"]
    write_sealed(path, values | changes)
