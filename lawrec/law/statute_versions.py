"""Versions: the texts of a statute by the date from which they are in force, and their changes."""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from lawrec.errors import StatuteError, quoted
from lawrec.files import write_json
from lawrec.law.articles import statute_order

ROOT = Path("vocab/statutes")
CRIMINAL_LAW = "criminal-law"
"""The statute of the catalogue."""

_HOW = "Run `lawrec articles import FILE --effective YYYY-MM-DD`."
_QUOTES = str.maketrans("“”„「」‘’", '"""""\'\'')
_CLAUSE = re.compile(r"[^，。；：、,;:]*[，。；：、,;:]?\s*")


@dataclass(frozen=True)
class Version:
    """The text of each article of a statute as in force from a date on."""

    name: str
    effective: date
    texts: dict[str, str]


@dataclass(frozen=True)
class Piece:
    """A stretch of text that stayed ("="), went ("-") or came ("+")."""

    kind: Literal["=", "-", "+"]
    text: str


@dataclass(frozen=True)
class Change:
    """An article that changed, came ("added": no `old`) or went ("removed": no `new`)."""

    article: str
    kind: Literal["changed", "added", "removed"]
    old: str | None
    new: str | None

    def pieces(self) -> list[Piece]:
        """Return the new text's clauses and, before what replaces them, those that went."""
        return difference(self.old or "", self.new or "")


def keep_version(
    root: Path, version: Version, *, left_out: tuple[str, ...] = (), replace: bool = False
) -> Path:
    """Write a version to `<root>/<name>/<effective>.json`.

    Args:
        root: The folder of all statutes.
        version: What to keep.
        left_out: Lines of the file it came from that are no article's text, kept beside them.
        replace: Overwrite a version with other texts.

    Raises:
        StatuteError: The name cannot be a folder, or another text of this date is kept.
    """
    path = _folder(root, version.name) / f"{version.effective}.json"
    if path.exists() and not replace:
        kept = load_version(root, version.name, effective=version.effective)
        others = kept.texts.items() ^ version.texts.items()
        if others:
            raise StatuteError(
                path,
                expected="a version must not be overwritten by another text",
                got=f"other texts of {len(dict(others)):,} articles",
                todo="Pass --replace to overwrite it, or another --effective.",
            )
    articles = {name: version.texts[name] for name in sorted(version.texts, key=statute_order)}
    head = {"name": version.name, "effective": str(version.effective)}
    write_json(path, {**head, "articles": articles, "left_out": left_out})
    return path


def effective_dates(root: Path, name: str) -> list[date]:
    """Return the dates of the versions that are kept, the oldest first."""
    files = _folder(root, name).glob("[0-9]*-*-*.json")
    return sorted(found for path in files if (found := _date(path.stem)))


def load_version(root: Path, name: str, *, effective: date) -> Version:
    """Read what `keep_version` wrote.

    Raises:
        StatuteError: The file cannot be read.
    """
    path = _folder(root, name) / f"{effective}.json"
    try:
        texts = json.loads(path.read_text(encoding="utf-8"))["articles"]
        return Version(name, effective, {str(key): str(text) for key, text in texts.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StatuteError(
            path,
            expected="the version must be as it was written",
            got=quoted(str(error)),
            todo=f"Again: {_HOW}",
        ) from error


def version_at(root: Path, name: str, *, day: date | None = None) -> Version:
    """Return the newest version, or the newest of those in force at a day.

    Raises:
        StatuteError: None is kept, or none so old.
    """
    dates = effective_dates(root, name)
    in_force = [effective for effective in dates if day is None or effective <= day]
    if not in_force:
        when = f" in force on {day}" if day else ""
        got = f"only versions from {dates[0]} on" if dates else "none"
        raise StatuteError(
            _folder(root, name),
            expected=f"a version of the statute{when} must be imported",
            got=got,
            todo=_HOW,
        )
    return load_version(root, name, effective=in_force[-1])


def two_versions(
    root: Path, name: str, *, first: date | None = None, second: date | None = None
) -> tuple[Version, Version]:
    """Return the versions in force at two days; by default the newest and the one before.

    Raises:
        StatuteError: There are not two such versions.
    """
    new = version_at(root, name, day=second)
    earlier = [effective for effective in effective_dates(root, name) if effective < new.effective]
    if first is None and not earlier:
        raise StatuteError(
            _folder(root, name),
            expected=f"a version before that of {new.effective} must be imported",
            got="none",
            todo=_HOW,
        )
    old = version_at(root, name, day=first or earlier[-1])
    if old.effective == new.effective:
        raise StatuteError(
            _folder(root, name),
            expected="two versions must be compared",
            got=f"that of {new.effective} for both days",
            todo="Name other days or import the version between them.",
        )
    return old, new


def changes(old: Version, new: Version) -> list[Change]:
    """Return what differs in more than punctuation width, white space and 【titles】.

    An article whose text says no more than that it is deleted counts as none.
    """
    found = []
    for article in sorted(old.texts.keys() | new.texts.keys(), key=statute_order):
        before, after = _standing(old.texts.get(article)), _standing(new.texts.get(article))
        if before is None and after is not None:
            found.append(Change(article, "added", None, after))
        elif before is not None and after is None:
            found.append(Change(article, "removed", before, None))
        elif before is not None and after is not None and not same_text(before, after):
            found.append(Change(article, "changed", before, after))
    return found


def same_text(one: str, other: str) -> bool:
    """Tell whether texts are equal but for punctuation width, white space and 【titles】."""
    return _bare(one) == _bare(other)


def difference(old: str, new: str) -> list[Piece]:
    """Compare two texts clause by clause, as `same_text` compares.

    The "=" and "+" pieces together are `new`; the "=" and "-" pieces are `old` but for the noise.
    """
    before, after = _CLAUSE.findall(old), _CLAUSE.findall(new)
    matcher = SequenceMatcher(
        None, [_bare(clause) for clause in before], [_bare(clause) for clause in after], False
    )
    pieces: list[Piece] = []
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("=", "".join(after[first:last])))
            continue
        gone, come = "".join(before[start:end]), "".join(after[first:last])
        pieces += [Piece("-", gone)] if gone else []
        pieces += [Piece("+", come)] if come else []
    return [piece for piece in pieces if piece.text]


def _folder(root: Path, name: str) -> Path:
    if not re.fullmatch(r"\w[\w-]*", name):
        raise StatuteError(
            "--name",
            expected="the name of a statute must be letters, digits and hyphens",
            got=quoted(name),
            todo=f"Write for example {CRIMINAL_LAW}.",
        )
    return root / name


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _standing(text: str | None) -> str | None:
    return None if text is None or re.fullmatch(r"\W*已?(?:删去|删除|废止)\W*", text) else text


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", re.sub("【[^】]*】", "", text)).translate(_QUOTES)
    return "".join(plain.split())
