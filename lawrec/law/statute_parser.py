"""Statutes: from a file with a statute's text to the text of each article."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lawrec.errors import StatuteError, quoted
from lawrec.law.articles import article_name, is_numbered

_NUMBER = "[0-9０-９零〇一二三四五六七八九十百千]{1,12}"
_DATE = r"[\d零〇○一二三四五六七八九]{4}年[\d一二三四五六七八九十]+月[\d一二三四五六七八九十]+日"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARK = re.compile(r"^(?:#+|>|[-*+](?=\s))\s*|\*\*|__")
_RULE = re.compile(r"[-*_=#\s]*")
_BRANCH = "[0-9０-９]{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
# What follows "第264条" where a sentence cites it, rather than the article opening there.
_CITED = "[的、，,；;。.至到第所之款项]|规定|(?:以?及|和|或者?|与)[本第]"
_HEADING = re.compile(
    rf"(?P<article>第\s*{_NUMBER}\s*条(?:\s*之\s*(?:{_BRANCH}))?+)(?!{_CITED})[\s:：]*(?P<rest>.*)"
)
_STRUCTURE = re.compile(
    rf"第\s*{_NUMBER}\s*(?:分编|编|章|节)(?![的、，规所])[^。；;：]*|[总分附]\s*则|目\s*[录次]"
)
_CONTENTS = re.compile(r"目\s*[录次]")
_PAGE = re.compile(r"[\s.…·]+|\d+$")
_ANNEX = re.compile(rf"附\s*[件录表]?\s*(?:{_NUMBER})?\s*[:：]?")
_REFERENCE = re.compile(r"[①-⑳]|\[\^?\d+\]|［\d+］|〔\d+〕")
_NOTE = re.compile(
    rf"(?:{_REFERENCE.pattern}|注释?\s*\d*[:：]|※|\*|[（(〔]?(?:根据)?{_DATE}.*(?:通过|公布|修正|修订|批准)"
    rf"|中华人民共和国主席令)"
)
_TITLE = re.compile(r"^(?:【[^】]*】\s*)+")
_BARE_TITLE = re.compile(r"[^。；;：（(【\s][^。；;：]*")

Block = tuple[str | None, list[str]]  # an article, or None before the first; its lines


@dataclass(frozen=True)
class Statute:
    """What a file holds: the articles' texts, a paragraph a line, without 【titles】 of editors.

    `doubled` names the articles that come again, whose first text counts; `left_out` has the
    lines that belong to no article's text: headings, promulgation, footnotes, annexes, repeats.
    """

    texts: dict[str, str]
    doubled: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_statute(path: Path) -> Statute:
    """Read plain text or Markdown with headings such as 第一条, or JSON `{number: text}`.

    Raises:
        StatuteError: The file cannot be read, is of neither kind, or holds no article.
    """
    text = _decoded(path)
    is_json = path.suffix.lower() == ".json" or text.lstrip().startswith("{")
    statute = _collected(_json_blocks(path, text) if is_json else _text_blocks(text))
    if not statute.texts:
        raise StatuteError(
            path,
            expected="lines of the statute must open with an article's number, such as 第一条",
            got="no article with a text",
            todo="Check that it is the statute, as plain text, Markdown or JSON.",
        )
    return statute


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StatuteError(
            path,
            expected="the statute must be readable",
            got=error.strerror,
            todo="Check the path.",
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise StatuteError(
            path,
            expected="the statute must be UTF-8 or GB18030",
            got=str(error),
            todo="Convert it to UTF-8.",
        ) from error


def _json_blocks(path: Path, text: str) -> Iterator[Block]:
    try:
        pairs = json.loads(text, object_pairs_hook=list)  # a dict would lose repeated numbers
    except json.JSONDecodeError as error:
        raise StatuteError(
            path, expected="the file must be JSON", got=str(error), todo="Mend the file."
        ) from error
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        if not (isinstance(pair, tuple) and isinstance(pair[1], str)):
            raise StatuteError(
                path,
                expected="the JSON must be one object of article numbers and texts",
                got=quoted(pair),
                todo='Write {"264": "text", "133之一": "text"}.',
            )
        yield _json_article(path, pair[0]), _headless(pair[1].splitlines())


def _json_article(path: Path, key: str) -> str:
    branch = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", key)
    name = article_name(f"{branch[1]}之{branch[2]}" if branch else key.strip() or "?")
    if not is_numbered(name):
        raise StatuteError(
            path,
            expected="each key must be the number of an article",
            got=quoted(key),
            todo="Write for example 264, 133-1 or 133之一, or take the entry out.",
        )
    return name


def _headless(lines: list[str]) -> list[str]:
    """Return an article's lines without the number that the text may open with."""
    found = _HEADING.fullmatch(_plain(lines[0])) if lines else None
    return [found["rest"], *lines[1:]] if found else lines


def _text_blocks(text: str) -> list[Block]:
    lines = [_plain(line) for line in _COMMENT.sub("", text).splitlines()]
    contents = _contents(lines)
    blocks: list[Block] = [(None, [])]
    ended = False
    for number, line in enumerate(lines):
        found = None if ended or number in contents else _HEADING.fullmatch(line)
        if found:
            blocks.append((article_name(found["article"]), [found["rest"]]))
        else:
            blocks[-1][1].append(line)
            ended = ended or (blocks[-1][0] is not None and bool(_ANNEX.fullmatch(line)))
    return blocks


def _contents(lines: list[str]) -> range:
    """Find the table of contents: from its heading to where its first entry comes again."""
    start = next((n for n, line in enumerate(lines) if _CONTENTS.fullmatch(line)), len(lines))
    first = next((n for n in range(start + 1, len(lines)) if lines[n]), len(lines))
    entry = _entry(lines[first]) if first < len(lines) else ""
    again = (n for n in range(first + 1, len(lines)) if _entry(lines[n]) == entry)
    return range(start, next(again, start))


def _entry(line: str) -> str:
    found = _HEADING.fullmatch(line)
    return article_name(found["article"]) if found else _PAGE.sub("", line)


def _plain(line: str) -> str:
    """Return a line without the marks of Markdown; an article's bare title there gets 【】."""
    is_heading = line.lstrip().startswith("#")
    line = html.unescape(_TAG.sub("", _LINK.sub(r"\1", line))).strip()
    line = " ".join(_MARK.sub("", line).split())
    found = _HEADING.fullmatch(line) if is_heading else None
    if found and _BARE_TITLE.fullmatch(found["rest"]):
        return f"{found['article']}【{found['rest']}】"
    return line


def _collected(blocks: Iterable[Block]) -> Statute:
    texts: dict[str, str] = {}
    doubled: list[str] = []
    left_out: list[str] = []
    for article, lines in blocks:
        paragraphs, others = _sifted(lines) if article else ([], [line for line in lines if line])
        left_out += others
        if article is None or not paragraphs:
            continue
        if article in texts:
            doubled.append(article)
            left_out += paragraphs
        else:
            texts[article] = "\n".join(paragraphs)
    return Statute(texts, tuple(dict.fromkeys(doubled)), tuple(left_out))


def _sifted(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Part an article's lines into its paragraphs and what is none of its text."""
    paragraphs: list[str] = []
    others: list[str] = []
    ended = False
    for line in map(_plain, lines):
        ended = ended or bool(_ANNEX.fullmatch(line))
        text = _REFERENCE.sub("", _TITLE.sub("", line)).strip()
        if _RULE.fullmatch(text):
            continue
        if ended or _NOTE.match(line) or _STRUCTURE.fullmatch(line):
            others.append(line)
        else:
            paragraphs.append(text)
    return paragraphs, others
