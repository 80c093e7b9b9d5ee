"""Names of articles: one spelling for each, their order in the statute, and lists of them.

An article is a string: its number, "264", or a branch of a number, "133之一". It is a name and not
a position in a list. A label that is no article of the Criminal Law, such as "民法典第1165条",
stays as it is written.
"""

import re
from collections import Counter
from pathlib import Path

from lawrec.errors import CaseError, quoted
from lawrec.text import normalize
from lawrec.text_files import read_text

NUMERALS = "0-9０-９零〇一二三四五六七八九十百千"
"""The characters of an article's number, to stand within the [] of a regular expression."""

CHINESE_BRANCH = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
"""Regular expression for the number of a branch, 1 to 99: 一, 十, 十一, 二十, 九十九."""

_DIGITS = dict(zip("零〇一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMBER = "[0-9]{1,9}|[零〇一二三四五六七八九十百千]{1,9}"  # a longer one is no article's
_UNNUMBERED = 10**9
_MOST_INT = 2**53  # from here on, not every int is a float
# An article as people write it, in Unicode form NFKC and without white space:
#   264   第264条   刑法第二百六十四条   《中华人民共和国刑法》第264条   number
#   133之一   133条之1   第一百三十三条之一                              number, branch
#   133-1   第133-1条                                                    number, hyphened branch
_ARTICLE = re.compile(
    r"(?:《?(?:中华人民共和国)?刑法》?)?"
    rf"(?P<opening>第)?(?P<number>{_NUMBER})(?:-(?P<hyphened>[1-9]))?(?P<closing>条)?"
    rf"(?:之(?P<branch>[1-9][0-9]?|{CHINESE_BRANCH}))?"
)
_NUMBERED = re.compile(rf"([0-9]{{1,9}})(?:之({_NUMBER}))?")  # as `article_name` writes it
_WHOLE_NUMBER = re.compile(r"^([0-9]{1,9})\.0+$")  # "264.0", as a table with gaps is often written
_BRANCHES = {120: 6, 133: 2, 162: 2, 262: 2, 280: 2, 287: 2, 291: 2} | dict.fromkeys(
    (
        *(17, 37, 134, 135, 139, 142, 169, 175, 177, 185, 205, 210, 219, 224, 234, 236, 244, 253),
        *(260, 276, 284, 286, 293, 299, 307, 308, 334, 336, 342, 344, 355, 388, 390, 399, 408),
    ),
    1,
)
"""Number of branches per article of the Criminal Law: 133 has two, 133之一 and 133之二."""


def article_name(value: object) -> str:
    """Return the one spelling of an article: "264", or "133之一" for a branch.

    An article of the Criminal Law may be written as 264, 264.0, "264", "第二百六十四条" or
    "刑法第264条". "133-1" means 133之一, since that branch exists and no range runs downwards. Any
    other text, such as "264-1", is a label of its own, and is returned on one line.

    Raises:
        ValueError: The value is neither a positive whole number nor a text that is not blank.

    Example:
        >>> [article_name(value) for value in (264.0, "刑法第264条", "133-1", "民法典 1165")]
        ['264', '264', '133之一', '民法典 1165']
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value < _MOST_INT or value % 1:
            raise ValueError(f"not an article: {quoted(value)}")
        return str(int(value))
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"not an article: {quoted(value)}")
    text = _WHOLE_NUMBER.sub(r"\1", normalize(value))
    match = _ARTICLE.fullmatch(text)
    if not match or not _is_article(match):
        return " ".join(value.split())
    branch = match["branch"] or match["hyphened"]
    return str(_number(match["number"])) + (f"之{_in_chinese(_number(branch))}" if branch else "")


def _is_article(match: re.Match[str]) -> bool:
    """Return whether a match means an article, and not another number.

    - Chinese numerals need both 第 and 条: "第十条" is an article, "十" is not.
    - A hyphen needs a branch that exists: "133-1" is an article, "264-1" is not.
    """
    number, hyphened = match["number"], match["hyphened"]
    if hyphened:
        n_branches = _BRANCHES.get(int(number), 0) if number.isdecimal() else 0
        return not match["branch"] and int(hyphened) <= n_branches
    return number.isdecimal() or bool(match["opening"] and match["closing"])


def read_article_list(path: Path) -> list[str]:
    r"""Read a list of labels, one article per line, such as CAIL2018's law.txt.

    Returns:
        The names of the articles in the order of the file; blank lines do not count.

    Raises:
        CaseError: The file cannot be read, is empty, or names an article twice.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "law.txt"
        ...     _ = path.write_text("264\n第133条之一\n", encoding="utf-8")
        ...     read_article_list(path)
        ['264', '133之一']
    """
    lines = read_text(path, "the list of articles").splitlines()
    names = [article_name(line) for line in lines if line.strip()]
    if not names:
        raise CaseError(
            path,
            expected="the list must name an article",
            got="none",
            todo="Write one article per line.",
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise CaseError(
            path,
            expected="each article must be listed once",
            got=f"{quoted(repeated[0])} twice",
            todo="Delete the second line.",
        )
    return names


def statute_order(article: str) -> tuple[int, int, str]:
    """Return a sort key: articles by number and branch, then all other labels.

    Returns:
        The number, the branch (0 for the article itself) and the label.

    Example:
        >>> sorted(["盗窃", "264", "133之十", "133之二", "133"], key=statute_order)
        ['133', '133之二', '133之十', '264', '盗窃']
    """
    match = _NUMBERED.fullmatch(article)
    if not match:
        return (_UNNUMBERED, 0, article)
    return (int(match[1]), _number(match[2]) if match[2] else 0, article)


def is_numbered(article: str) -> bool:
    """Return whether a label is a numbered article, "264" or "133之一".

    Example:
        >>> [is_numbered(label) for label in ("133之一", "盗窃")]
        [True, False]
    """
    return statute_order(article)[0] < _UNNUMBERED


def json_label(article: str) -> int | str:
    """Return a label as CAIL2018 writes it in JSON: a number where it is one, else a text.

    Example:
        >>> [json_label(label) for label in ("264", "133之一", "0264")]
        [264, '133之一', '0264']
    """
    number = statute_order(article)[0]
    return number if number and str(number) == article else article


def root_article(article: str) -> str:
    """Return the article that a branch belongs to; an article itself is its own root.

    Example:
        >>> [root_article(article) for article in ("133之一", "133")]
        ['133', '133']
    """
    return article.partition("之")[0] or article


def _number(text: str) -> int:
    """Return the value of a number: "264", "二百六十四", or digit by digit "二六四"."""
    if text.isdecimal():
        return int(text)
    if not _UNITS.keys() & set(text):
        return int("".join(str(_DIGITS[numeral]) for numeral in text))
    total, digit = 0, 0
    for numeral in text:
        if numeral in _UNITS:
            # In 十二, no digit comes before the unit: it counts once.
            total, digit = total + (digit or 1) * _UNITS[numeral], 0
        else:
            digit = _DIGITS[numeral]
    return total + digit


def _in_chinese(number: int) -> str:
    """Return 1 to 99 in Chinese, as branches are numbered: 一, 十, 十一, 二十, 九十九."""
    tens, ones = divmod(number, 10)
    digits: list[str] = ["", *"一二三四五六七八九"]
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + digits[ones]
