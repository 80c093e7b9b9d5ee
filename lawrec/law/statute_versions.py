"""Versions of a statute: its texts by the date from which they are in force, and their changes.

A version is one file, `<root>/<name>/<effective date>.json`, with the text of each article.
"""

import re
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from lawrec.errors import StatuteError, quoted
from lawrec.law.articles import statute_order
from lawrec.storage.files import write_json
from lawrec.storage.json_text import parse_json
from lawrec.text import normalize

ROOT = Path("vocab/statutes")
CRIMINAL_LAW = "criminal-law"
"""The statute whose catalog is shipped."""

_IMPORT = "Run `lawrec articles import FILE --effective YYYY-MM-DD`."
_QUOTES = str.maketrans("“”„「」‘’", '"""""\'\'')
# A clause with the punctuation at its end: "打翻的，扫地。" is "打翻的，" and "扫地。".
_CLAUSE = re.compile(r"[^，。；：、,;:]*[，。；：、,;:]?\s*")
_MOST_CLAUSES = 200  # that are compared one by one; a long article has some dozens
_TITLE = re.compile("【[^【】]*】")
_DELETED = re.compile(r"\W*已?(?:删去|删除|废止)\W*")  # （删去）, 已废止。


@dataclass(frozen=True)
class Version:
    """The text of each article of a statute, in force from a date on."""

    name: str
    effective: date
    texts: dict[str, str]


@dataclass(frozen=True)
class Piece:
    """A stretch of text that was kept ("="), removed ("-") or added ("+")."""

    kind: Literal["=", "-", "+"]
    text: str


@dataclass(frozen=True)
class Change:
    """An article whose text differs between two versions.

    `old` is None if the article was added, `new` is None if it was removed.
    """

    article: str
    kind: Literal["changed", "added", "removed"]
    old: str | None
    new: str | None

    def pieces(self) -> list[Piece]:
        """Return the clauses of both texts; a removed one comes before what replaces it."""
        return diff_clauses(self.old or "", self.new or "")


def save_version(
    root: Path, version: Version, *, left_out: tuple[str, ...] = (), replace: bool = False
) -> Path:
    """Write a version to `<root>/<name>/<effective date>.json` and return the path.

    Args:
        root: The folder of all statutes.
        version: The version.
        left_out: Lines of its source that belong to the text of no article, to be saved as well.
        replace: Overwrite a version of the same date that has other texts.

    Raises:
        StatuteError: The name is not that of a folder, or the version of this date has other texts.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     path = save_version(Path(root), Version("tea", date(2020, 1, 1), {"1": "喝茶。"}))
        ...     path.relative_to(root).as_posix()
        'tea/2020-01-01.json'
    """
    path = _folder(root, version.name) / f"{version.effective}.json"
    if path.exists() and not replace:
        saved = load_version(root, version.name, effective=version.effective)
        others = saved.texts.items() ^ version.texts.items()
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
    """Return the effective dates of the saved versions of a statute, the oldest first.

    Example:
        >>> effective_dates(Path("absent"), "tea")
        []
    """
    files = _folder(root, name).glob("[0-9]*-*-*.json")
    return sorted(effective for path in files if (effective := _date(path.stem)))


def load_version(root: Path, name: str, *, effective: date) -> Version:
    """Read a version that `save_version` wrote.

    Args:
        root: The folder of all statutes.
        name: The statute.
        effective: The effective date of the version.

    Raises:
        StatuteError: The file cannot be read.

    Example:
        >>> load_version(ROOT, "tea", effective=date(2020, 1, 1)).texts["1"]  # doctest: +SKIP
        '喝茶。'
    """
    return Version(name, effective, _read_texts(_folder(root, name) / f"{effective}.json"))


def version_at(root: Path, name: str, *, day: date | None = None) -> Version:
    """Return the version in force on a day; by default, the newest.

    Args:
        root: As for `effective_at`.
        name: Likewise.
        day: Likewise.

    Raises:
        StatuteError: As `effective_at` raises it, or the file of the version cannot be read.

    Example:
        >>> version_at(ROOT, "tea", day=date(2021, 6, 1)).effective  # doctest: +SKIP
        datetime.date(2020, 1, 1)
    """
    return load_version(root, name, effective=effective_at(root, name, day=day))


def effective_at(root: Path, name: str, *, day: date | None = None) -> date:
    """Return the effective date of the version in force on a day; by default, of the newest.

    Args:
        root: The folder of all statutes.
        name: The statute.
        day: The day.

    Raises:
        StatuteError: No version was imported, or none that was in force then.

    Example:
        >>> effective_at(ROOT, "tea", day=date(2021, 6, 1))  # doctest: +SKIP
        datetime.date(2020, 1, 1)
    """
    dates = effective_dates(root, name)
    in_force = [effective for effective in dates if day is None or effective <= day]
    if not in_force:
        got = f"only versions from {dates[0]} on" if dates else "none"
        raise StatuteError(
            _folder(root, name),
            expected=f"a version of the statute in force on {day} must be imported"
            if day
            else "a version of the statute must be imported",
            got=got,
            todo=_IMPORT,
        )
    return in_force[-1]


def two_versions(
    root: Path, name: str, *, first: date | None = None, second: date | None = None
) -> tuple[Version, Version]:
    """Return the versions in force on two days; by default, the newest and the one before.

    Args:
        root: The folder of all statutes.
        name: The statute.
        first: The day of the old version.
        second: The day of the new version.

    Raises:
        StatuteError: There are no two such versions.

    Example:
        >>> old, new = two_versions(ROOT, "tea")  # doctest: +SKIP
    """
    new = version_at(root, name, day=second)
    earlier = [effective for effective in effective_dates(root, name) if effective < new.effective]
    if first is None and not earlier:
        raise StatuteError(
            _folder(root, name),
            expected=f"a version before that of {new.effective} must be imported",
            got="none",
            todo=_IMPORT,
        )
    old = version_at(root, name, day=first or earlier[-1])
    if old.effective == new.effective:
        raise StatuteError(
            _folder(root, name),
            expected="two versions must be compared",
            got=f"that of {new.effective} for both days",
            todo="Name other days, or import the version between them.",
        )
    return old, new


def newest_path(root: Path, name: str) -> Path | None:
    """Return the file of the newest version of a statute, None if none was imported.

    Example:
        >>> newest_path(Path("absent"), "tea") is None
        True
    """
    dates = effective_dates(root, name)
    return _folder(root, name) / f"{dates[-1]}.json" if dates else None


def texts_in(path: Path) -> dict[str, str]:
    """Return the text of each article in the file of a version, without the deleted articles.

    Raises:
        StatuteError: The file cannot be read.

    Example:
        >>> texts_in(Path("vocab/statutes/tea/2020-01-01.json"))  # doctest: +SKIP
        {'1': '喝茶。'}
    """
    return _without_deleted(_read_texts(path))


def changes(old: Version, new: Version) -> list[Change]:
    """Return the articles that differ between two versions, in the order of the statute.

    Texts are compared as `same_text` does. An article counts as removed if its text only says that
    it is deleted.

    Example:
        >>> old = Version("tea", date(2001, 2, 1), {"1": "喝茶；", "2": "扫地。"})
        >>> new = Version("tea", date(2020, 1, 1), {"1": "喝茶;", "2": "（删去）"})
        >>> changes(old, new)
        [Change(article='2', kind='removed', old='扫地。', new=None)]
    """
    differing = []
    before, after = _without_deleted(old.texts), _without_deleted(new.texts)
    for article in sorted(before.keys() | after.keys(), key=statute_order):
        if article not in before:
            differing.append(Change(article, "added", None, after[article]))
        elif article not in after:
            differing.append(Change(article, "removed", before[article], None))
        elif not same_text(before[article], after[article]):
            differing.append(Change(article, "changed", before[article], after[article]))
    return differing


def same_text(first: str, second: str) -> bool:
    """Return whether two texts differ at most in character width, white space and 【titles】.

    Example:
        >>> same_text("【茶】 喝茶；", "喝茶;")
        True
    """
    return _comparable(first) == _comparable(second)


def diff_clauses(old: str, new: str) -> list[Piece]:
    """Compare two texts clause by clause; clauses are compared as `same_text` does.

    Of texts with more than 200 clauses, all between the first and the last difference counts as
    replaced, because the time for a finer comparison would grow with the cube of their number.

    Returns:
        Pieces in the order of the text. All but the removed ones, joined, are `new`; all but the
        added ones are the same text as `old`.

    Example:
        >>> [piece.kind + piece.text for piece in diff_clauses("打翻的，扫地。", "打翻的，道歉。")]
        ['=打翻的，', '-扫地。', '+道歉。']
    """
    before, after = _CLAUSE.findall(old), _CLAUSE.findall(new)
    pieces: list[Piece] = []
    opcodes = _opcodes(list(map(_comparable, before)), list(map(_comparable, after)))
    for tag, start, end, first, last in opcodes:
        removed, added = "".join(before[start:end]), "".join(after[first:last])
        if tag == "equal":
            pieces.append(Piece("=", added))
        else:
            pieces += [Piece("-", removed), Piece("+", added)]
    return [piece for piece in pieces if piece.text]


def _opcodes(a: list[str], b: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return how to turn a into b, as opcodes of `SequenceMatcher`."""
    shorter = min(len(a), len(b))
    if max(len(a), len(b)) <= _MOST_CLAUSES:
        return list(SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes())
    start = next((n for n in range(shorter) if a[n] != b[n]), shorter)
    rest = shorter - start
    n_last = next((n for n in range(rest) if a[-1 - n] != b[-1 - n]), rest)
    end_a, end_b = len(a) - n_last, len(b) - n_last
    return [
        ("equal", 0, start, 0, start),
        ("replace", start, end_a, start, end_b),
        ("equal", end_a, len(a), end_b, len(b)),
    ]


def _folder(root: Path, name: str) -> Path:
    if not re.fullmatch(r"\w[\w-]*", name):
        raise StatuteError(
            "--name",
            expected="the name of a statute must be letters, digits and hyphens",
            got=quoted(name),
            todo=f"Write for example {CRIMINAL_LAW}.",
        )
    return root / name


def _read_texts(path: Path) -> dict[str, str]:
    try:
        texts = parse_json(path.read_text(encoding="utf-8"))["articles"]
        return {str(key): str(text) for key, text in texts.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StatuteError(
            path,
            expected="the version must be readable",
            got=quoted(str(error)),
            todo=f"Import it again. {_IMPORT}",
        ) from error


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _without_deleted(texts: dict[str, str]) -> dict[str, str]:
    return {article: text for article, text in texts.items() if not _DELETED.fullmatch(text)}


def _comparable(text: str) -> str:
    """Return a text without 【titles】 and white space, in NFKC and with plain quotation marks."""
    return normalize(_TITLE.sub("", text)).translate(_QUOTES)
