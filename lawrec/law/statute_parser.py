"""Parser of statutes: from a file with the text of a statute to the text of each article.

The file is plain text, Markdown or JSON, as people save it from the web. Most of the patterns below
recognize what is not the text of an article: the table of contents, headings of chapters, titles
that an editor added in 【】, footnotes, annexes.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lawrec.errors import StatuteError, quoted
from lawrec.law.articles import CHINESE_BRANCH, NUMERALS, numbered_article
from lawrec.storage.json_text import parse_json
from lawrec.storage.text_files import read_text
from lawrec.text import visible
from lawrec.translation import marked

# Markdown and HTML.
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|div|li|h[1-6])\b[^<>]*>", re.IGNORECASE)  # begins or ends a line
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")  # <b>, </span>
_LONG_REFERENCE = re.compile(r"&#[0-9]{10,}+;?")  # &#1234567890; which is not a character
_NOTE_LINK = re.compile(r"\[\[?\^?(\d+)\]?\]\([^\[)]*\)")  # [1](#a), [[1]](#a)
_LINK = re.compile(r"\[([^\[\]]*)\]\([^\[)]*\)")  # [第一编 总则](#a): the group is the text
_MARKUP = re.compile(r"^(?:#+|>|[-*+](?=\s))\s*|\*\*|__")  # "## ", "> ", "- ", **bold**, __bold__
_RULE = re.compile(r"[-*_=#\s]*")  # a line such as "---", or an empty one

_NUMBER = f"[{NUMERALS}]{{1,9}}"
_DATE = f"[{NUMERALS}○]{{4}}年[{NUMERALS}]+月[{NUMERALS}]+日"  # 2019年3月2日, 二○一九年三月二日
# What follows "第264条" where a sentence cites the article: "第264条的规定", "第264条、第266条".
_CITATION = "[的、，,；;。.至到第所之款项]|\\s*[-—～~]+\\s*第|[规規]定|(?:以?及|和|或者?|与)[本第]"
_FOOTNOTE_MARK = re.compile(r"[①-⑳]|\[\^?\d+\]|［\d+］|〔\d+〕")  # ①, [1], [^1], ［1］, 〔1〕
# The start of an article: "第一条　为了", "第 十 三 条 之 1【茶】", "第二条规范茶", "（第三条）",
# "第四条[1] 泡茶". What is between the number and the text is possessive (?+, *+): where 之一 is
# followed by a citation, the match must not fall back to 第三条. 條, the traditional character, is
# matched to be refused.
_HEADING = re.compile(
    rf"(?P<bracket>[（(【\[〔［](?=[第条條之\s{NUMERALS}]*[）)】\]〕］]))?\s*"
    rf"(?P<article>第\s*(?:[{NUMERALS}]\s*){{1,9}}[条條]"
    rf"(?:\s*之\s*(?:[0-9０-９]{{1,2}}|{CHINESE_BRANCH}))?+)(?:\s*[）)】\]〕］])?+"
    rf"(?:\s*(?:{_FOOTNOTE_MARK.pattern}))*+(?!{_CITATION})[\s:：]*(?P<rest>.*)"
)
# The heading of a part, chapter or section: "第一编 总则", "第一章　任务", "附　则", "目录". A
# sentence about a chapter is none: "第一章的规定", "第一章、第二章".
_DIVISION = re.compile(
    rf"第\s*{_NUMBER}\s*(?:分编|编|章|节)(?![的、，规所])[^。；;：]*|[总分附]\s*则|目\s*[录次]"
)
_CONTENTS = re.compile(r"目\s*[录次]")
_PAGE_NUMBER = re.compile(r"[\s.…·]+|(?<!\d)\d+$")  # the dots and the number of "第一章 任务……1"
# What a page of a document has below: "3", "- 3 -", "— 3 —", "第 3 页 共 9 页".
_PAGE = re.compile(
    r"[-—–]*\s*\d{1,4}\s*[-—–]*|第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*共\s*\d{1,4}\s*页)?"
)
_ANNEX = re.compile(rf"附\s*(?:[件录表]\s*)?(?:{_NUMBER}\s*)?[:：]?")  # 附件一, 附：
# A line that is a note: "① 本条于", "注：", "※", "（2001年1月1日…通过", "根据2019年3月2日…修正".
_NOTE = re.compile(
    rf"(?:{_FOOTNOTE_MARK.pattern}|注释?\s*\d*[:：]|※|\*"
    rf"|[（(〔]?(?:根据)?{_DATE}.*(?:通过|公布|修正|修订|批准)|中华人民共和国主席令)"
)
_TITLE = re.compile(r"^(?:【[^】]*】\s*)+")  # 【打翻茶壶罪】
_BARE_TITLE = re.compile(r"[^。；;：（(【\s][^。；;：]*")  # 打翻茶壶罪, in a Markdown heading

Block = tuple[str | None, list[str]]
"""An article and its lines; None for the lines before the first article."""


@dataclass(frozen=True)
class Statute:
    """The contents of a file.

    Attributes:
        texts: The text of each article, one paragraph per line, without editors' titles in 【】.
        repeated: Articles with several texts, of which the first counts.
        left_out: Lines that belong to the text of no article: headings, promulgation, footnotes,
            numbers of pages, annexes, second texts.
    """

    texts: dict[str, str]
    repeated: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_statute(path: Path) -> Statute:
    r"""Read the text of a statute, in UTF-8 or GB18030.

    The file is plain text or Markdown in which each article starts a line with its number, such as
    第一百三十三条之一, or JSON `{number: text}`.

    Raises:
        CaseError: The file cannot be read.
        StatuteError: The file holds no article, is JSON of another shape, or a number is written
            in traditional characters.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "tea.txt"
        ...     _ = path.write_text("第一章 茶\n第一条【茶】喝茶。\n", encoding="utf-8")
        ...     read_statute(path)
        Statute(texts={'1': '喝茶。'}, repeated=(), left_out=('第一章 茶',))
    """
    text = read_text(path, marked("the statute"))
    is_json = path.suffix.lower() == ".json" or text.lstrip().startswith("{")
    statute = _collect(_json_blocks(path, text) if is_json else _text_blocks(path, text))
    if not statute.texts:
        raise StatuteError(
            path,
            expected="articles of the statute must start a line with their number, such as 第一条",
            got="no article with a text",
            todo="Check that it is the statute, as plain text, Markdown or JSON.",
        )
    return statute


def _json_blocks(path: Path, text: str) -> Iterator[Block]:
    try:
        pairs = parse_json(text, object_pairs_hook=list)  # a dict would lose repeated numbers
    except ValueError as error:
        raise StatuteError(
            path, expected="the file must be JSON", got=str(error), todo="Fix the file."
        ) from error
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        if not (isinstance(pair, tuple) and isinstance(pair[1], str)):
            raise StatuteError(
                path,
                expected="the JSON must be one object of article numbers and texts",
                got=quoted(pair),
                todo='Write {"264": "text", "133之一": "text"}.',
            )
        article = _json_article(path, pair[0])
        yield article, _without_number(_lines(pair[1]), article, path=path)


def _json_article(path: Path, key: str) -> str:
    branch = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", key)
    name = numbered_article(f"{branch[1]}之{branch[2]}" if branch else key)
    if name is None:
        raise StatuteError(
            path,
            expected="each key must be the number of an article",
            got=quoted(key),
            todo="Write for example 264, 133-1 or 133之一, or remove the entry.",
        )
    return name


def _without_number(lines: list[str], article: str, *, path: Path) -> list[str]:
    """Return the lines of an article without the number that its text may start with."""
    match = _HEADING.fullmatch(_plain(lines[0])) if lines else None
    if not match:
        return lines
    if numbered_article(match["article"]) != article:
        _check_simplified(path, match)
        raise StatuteError(
            path,
            expected="the number that a text starts with must be that of its key",
            got=quoted({article: lines[0]}),
            todo="Correct the key, or write its own number before one that the text cites.",
        )
    return [match["rest"], *lines[1:]]


def _text_blocks(path: Path, text: str) -> list[Block]:
    lines = [_plain(line) for line in _lines(_without_comments(text))]
    contents = _contents_lines(lines)
    blocks: list[Block] = [(None, [])]
    in_annex = without_brackets = False
    for index, line in enumerate(lines):
        match = None if in_annex or index in contents else _HEADING.fullmatch(line)
        # Where numbers have no brackets, a line such as "（第三条）" cites an article.
        if match and match["bracket"] and not match["rest"] and without_brackets:
            match = None
        article = numbered_article(match["article"]) if match else None
        if match:
            _check_simplified(path, match)
        if match and article:
            without_brackets = without_brackets or not match["bracket"]
            blocks.append((article, [match["rest"]]))
        else:
            blocks[-1][1].append(line)
            in_annex = in_annex or (blocks[-1][0] is not None and bool(_ANNEX.fullmatch(line)))
    return blocks


def _check_simplified(path: Path, heading: re.Match[str]) -> None:
    """Raise an error of an article whose number is in traditional characters."""
    if "條" in heading["article"]:
        raise StatuteError(
            path,
            expected="the statute must be in simplified characters, such as 第一条",
            got=quoted(heading[0]),
            todo="Convert the file to simplified characters.",
        )


def _without_comments(text: str) -> str:
    """Return a text without comments; no start is searched for behind the last end of one."""
    end = text.rfind("-->") + len("-->")
    return _COMMENT.sub("", text[:end]) + text[end:] if end >= len("-->") else text


def _lines(text: str) -> list[str]:
    """Return the lines of a text that are not blank; in HTML, tags may end them."""
    return [line for line in _BLOCK.sub("\n", text).splitlines() if line.strip()]


def _contents_lines(lines: list[str]) -> range:
    """Return the lines of the table of contents.

    It starts at its heading, and ends where its first entry occurs again, as a heading in the text.
    """
    start = next((n for n, line in enumerate(lines) if _CONTENTS.fullmatch(line)), len(lines))
    first = next((n for n in range(start + 1, len(lines)) if lines[n]), len(lines))
    entry = _contents_entry(lines[first]) if first < len(lines) else ""
    again = (n for n in range(first + 1, len(lines)) if _contents_entry(lines[n]) == entry)
    return range(start, next(again, start))


def _contents_entry(line: str) -> str:
    """Return what a heading has in common in the table of contents and in the text."""
    match = _HEADING.fullmatch(line)
    article = numbered_article(match["article"]) if match else None
    return article or _PAGE_NUMBER.sub("", line)


def _plain(line: str) -> str:
    """Return a line without markup; the title in an article's Markdown heading gets 【】.

    "#### 第二条 茶" becomes "第二条【茶】", and "**第一条** 喝茶。" becomes "第一条 喝茶。".
    """
    is_heading = line.lstrip().startswith("#")
    line = _TAG.sub("", _LINK.sub(r"\1", _NOTE_LINK.sub(r"[\1]", line)))
    line = visible(html.unescape(_LONG_REFERENCE.sub("\ufffd", line))).strip()
    line = " ".join(_MARKUP.sub("", line).split())
    match = _HEADING.fullmatch(line) if is_heading else None
    if match and _BARE_TITLE.fullmatch(match["rest"]):
        return f"{match['article']}【{match['rest']}】"
    return line


def _collect(blocks: Iterable[Block]) -> Statute:
    texts: dict[str, str] = {}
    repeated: list[str] = []
    left_out: list[str] = []
    for article, lines in blocks:
        paragraphs, others = _separate(lines) if article else ([], [line for line in lines if line])
        left_out += others
        if article is None or not paragraphs:
            continue
        if article in texts:
            repeated.append(article)
            left_out += paragraphs
        else:
            texts[article] = "\n".join(paragraphs)
    return Statute(texts, tuple(dict.fromkeys(repeated)), tuple(left_out))


def _separate(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the paragraphs of an article, and the lines that are not part of its text."""
    paragraphs: list[str] = []
    others: list[str] = []
    in_annex = False
    for line in map(_plain, lines):
        in_annex = in_annex or bool(_ANNEX.fullmatch(line))
        text = _FOOTNOTE_MARK.sub("", _TITLE.sub("", line)).strip()
        if _RULE.fullmatch(text):
            continue
        is_no_text = _NOTE.match(line) or _DIVISION.fullmatch(line) or _PAGE.fullmatch(line)
        if in_annex or is_no_text:
            others.append(line)
        else:
            paragraphs.append(text)
    return paragraphs, others
