"""Names of articles: one spelling for each, their order in the statute, and lists of them.

An article is a string: its number, "264", or a branch of a number, "133之一". It is a name and not
a position in a list. A label that is not an article of the Criminal Law, such as "民法典第1165条",
stays as it is written.
"""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

from lawrec.errors import CaseError, quoted
from lawrec.storage.text_files import read_text
from lawrec.text import nfkc, visible
from lawrec.translation import marked

NUMERALS = "0-9０-９零〇一二三四五六七八九十百千"
"""The characters of an article's number, to stand within the [] of a regular expression."""

_BELOW_HUNDRED = "[零〇一二三四五六七八九十]{1,4}"
SPACED_NUMBER = rf"第[\s两{NUMERALS}]{{1,30}}条|百\s+{_BELOW_HUNDRED}\s?条"
"""Regular expression for a number in which white space means nothing: it comes from a page layout.

"第二百 六十四条", "二百 六十四条" and "第 2 6 4 条" are article 264, and not several articles.
"""

CHINESE_BRANCH = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
"""Regular expression for the number of a branch, 1 to 99: 一, 十, 十一, 二十, 九十九."""

_DIGITS = dict(zip("零〇一二三四五六七八九两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000}
_UNNUMBERED = 10**9
_MOST_INT = 2**53  # from here on, not every int is a float
_LONGEST = 10_000
"""A text of more characters is not an article."""
_EMPTY = {
    *("", "-", "--", "—", "――", "/", "nan", "none", "null", "nil", "na", "n/a", "#n/a", "<na>"),
    *("nat", "empty", "无", "空", "暂无", "没有"),
}
"""What people and programs write where there is no article, in lower case."""


def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of an article, of paragraphs alone, and of what separates articles.

    They are for a text in Unicode form NFKC whose white space is single spaces. No repetition lies
    in another one without a limit, so that a search takes linear time. Articles are written as::

        264   264.0   第264条   二百六十四   刑法第264条   《中华人民共和国刑法》第264条   number
        133之一   133条之1   第一百三十三条之一   第133之一条                    number, branch
        133-1   第133-1条                                         number, hyphened branch
        第264条第1款   第二百六十四条第一款第(二)项   第133条前段        number, paragraphs
    """
    digit = "[一二两三四五六七八九]"
    tens = f"{digit}?十{digit}?|{digit}"
    hundreds = f"{digit}百(?:[零〇]{digit}|{digit}?十{digit}?)?|{tens}"
    numeral = (
        f"{digit}千(?:[零〇](?:{tens})|{digit}百(?:[零〇]{digit}|{digit}?十{digit}?)?)?|{hundreds}"
    )
    digits = r"0{0,5}[0-9]{1,4}(?=\.0{0,6}(?![.0-9])|(?![.0-9]))"
    by_digit = "[零〇一二三四五六七八九]{1,4}(?![十百千])"
    note = r"(?: ?\([^()第条]{1,20}\))?"
    lead = "(?:(?:依照|根据|依据|按照|适用|违反|触犯|参照) ?)?"
    law = f"《? ?(?:中华人民共和国|我国|中国)? ?刑法(?:典|总则|分则)?{note} ?》?{note} ?"
    branch = f" ?\\(? ?之 ?(?P<branch>[1-9][0-9]?|{CHINESE_BRANCH})\\)?(?P<closing_branch> ?条)?"
    part = f"第? ?\\(?(?:[1-9][0-9]?|{CHINESE_BRANCH})\\)?"
    paragraph = f" ?{part}(?: ?[、和] ?{part}){{0,9}} ?[款项目]| ?第?[一二三前中后]段"
    paragraphs = f"(?:{paragraph})+"
    article = (
        rf"{lead}(?:{law})?(?:第 ?)?"
        rf"(?P<number>(?P<digits>{digits})(?:\.0{{0,6}})?|{by_digit}|{numeral})"
        rf"(?:-(?P<hyphened>[1-9])(?![0-9]))?(?P<closing> ?条)?(?:{branch})?"
        f"(?:{paragraphs})?(?:[的之]?规定)?"
    )
    conjunction = "(?:以及|和|及|与|并) ?"
    # 第264条第266条 needs none.
    separator = f"[;,、|。 ]+(?:{conjunction})?|{conjunction}|(?=第|《|刑法)|$"
    return re.compile(article), re.compile(paragraphs), re.compile(separator)


_ARTICLE, _PARAGRAPHS, _SEPARATOR = _patterns()
_SPACED_NUMBER = re.compile(SPACED_NUMBER)
_MARKS = "¹²³⁰-₎①-⑳⒈-⒛⓪㉑-㉟㊀-㊉㊱-㊿🄀-🄊"
_MARK = re.compile(f"[{_MARKS}](?![{_MARKS}、和 ]{{0,20}}[款项目])")
"""A mark of a note or a list, which form NFKC makes a number; in "第①、②项", it is one."""
_SCIENTIFIC = re.compile(r"([1-9])\.([0-9]{1,3})E\+?0?([1-3])", re.IGNORECASE)
"""A number as a narrow column of a spreadsheet shows it: 2.64E+02."""
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

    An article of the Criminal Law may be written as 264, 264.0, "264", "第二百六十四条",
    "刑法第264条" or "第264条第1款": paragraphs are dropped. "133-1" means 133之一, since that
    branch exists and no range runs downwards. Any other text, such as "264-1" or "264、266", is a
    label of its own, and is returned on one line.

    Raises:
        ValueError: The value is neither a positive whole number nor a text, or a text that stands
            for no article, such as "0", "nan" or "无".

    Example:
        >>> [article_name(value) for value in (264.0, "刑法第264条", "133-1", "民法典 1165")]
        ['264', '264', '133之一', '民法典 1165']
    """
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if not 0 < value < _MOST_INT or value % 1:
            raise ValueError(f"not an article: {quoted(value)}")
        return str(int(value))
    if not isinstance(value, str) or is_empty(value):
        raise ValueError(f"not an article: {value!r}")
    names = articles_in(value)
    return names[0] if len(names) == 1 else " ".join(visible(value).split())


def is_empty(value: object) -> bool:
    """Return whether a value says that there is no article: None, NaN, "" or "无".

    Example:
        >>> [is_empty(value) for value in (None, float("nan"), "#N/A", "无", 0)]
        [True, True, True, True, False]
    """
    if isinstance(value, str):
        return len(value) <= _LONGEST and visible(value).strip().casefold() in _EMPTY
    return value is None or value != value  # only NaN differs from itself


def articles_in(text: str) -> tuple[str, ...]:
    """Return the articles of a text that names articles of the Criminal Law and nothing else.

    Returns:
        Their names; none if the text holds anything else.

    Raises:
        ValueError: The text names article 0, which does not exist.

    Example:
        >>> articles_in("刑法第二百六十四条第一款、第一百三十三条之一"), articles_in("264元")
        (('264', '133之一'), ())
    """
    if len(text) > _LONGEST:
        return ()
    text = _one_line(text)
    matches: list[re.Match[str]] = []
    position = 0
    while position < len(text):
        paragraphs = _PARAGRAPHS.match(text, position) if matches else None
        match = paragraphs or _ARTICLE.match(text, position)
        separator = _SEPARATOR.match(text, match.end()) if match else None
        if not match or not separator or not (paragraphs or _is_article(match)):
            return ()
        matches += [] if paragraphs else [match]
        position = separator.end()
    return tuple(map(_name, matches))


def _one_line(text: str) -> str:
    """Return a text in Unicode form NFKC without marks, quotes around it and needless spaces."""
    text = " ".join(nfkc(_MARK.sub(" ", visible(text))).split()).strip("'\"“”‘’=、,;|。 ")
    text = _SPACED_NUMBER.sub(lambda number: number[0].replace(" ", ""), text)
    match = _SCIENTIFIC.fullmatch(text)
    # 2.64E+02 has all digits of 264. 2.6E+02 has not, and may be any article from 255 to 264.
    return match[1] + match[2] if match and len(match[2]) == int(match[3]) else text


def _is_article(match: re.Match[str]) -> bool:
    """Return whether a match means an article, and not another number.

    - Chinese numerals need 条 where they may number anything, such as a paragraph or a year:
      "第十条" is an article, "十" and "二〇二〇" are not, and "二百六十四" is.
    - A hyphen needs a branch that exists: "133-1" is an article, "264-1" is not.
    """
    digits, hyphened = match["digits"], match["hyphened"]
    if hyphened:
        n_branches = _BRANCHES.get(int(digits), 0) if digits else 0
        return not match["branch"] and int(hyphened) <= n_branches
    is_hundreds = "百" in match["number"] or "千" in match["number"]
    return bool(digits or is_hundreds or match["closing"] or match["closing_branch"])


def _name(match: re.Match[str]) -> str:
    number = _number(match["digits"] or match["number"])
    branch = match["branch"] or match["hyphened"]
    if not number:
        raise ValueError(f"not an article: {match[0]!r}")
    return str(number) + (f"之{_in_chinese(_number(branch))}" if branch else "")


def read_article_list(path: Path) -> list[str]:
    r"""Read a list of labels, one article per line, such as CAIL2018's law.txt.

    Returns:
        The names of the articles in the order of the file; blank lines at its end do not count.

    Raises:
        CaseError: The file cannot be read, is empty, names an article twice, or has a line that
            names none, such as "0" or an empty one, or an article and more, such as "264 盗窃罪".

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "law.txt"
        ...     _ = path.write_text("264\n第133条之一\n", encoding="utf-8")
        ...     read_article_list(path)
        ['264', '133之一']
    """
    lines = read_text(path, marked("the list of articles")).rstrip().splitlines()
    names = [_listed_name(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]
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


def _listed_name(line: str, where: str) -> str:
    try:
        name = article_name(line)
    except ValueError:
        name = ""
    if not name or _goes_on(name):
        raise CaseError(
            where,
            expected="each line of the list must name one article",
            got=quoted(line),
            todo="Write its number alone, or delete the line.",
        )
    return name


def _goes_on(label: str) -> bool:
    """Return whether a label begins with an article of the Criminal Law and goes on.

    "264 盗窃罪", "1,264" and "264(盗窃罪)" do; "1997年刑法第264条" is a label of its own.
    """
    text = _one_line(label)
    match = _ARTICLE.match(text)
    if not match or not _is_article(match) or is_numbered(label):
        return False
    return "罪" in text or bool(_SEPARATOR.match(text, match.end()))


def statute_order(article: str) -> tuple[int, int, str]:
    """Return a sort key: articles by number and branch, then all other labels.

    Returns:
        The number, the branch (0 for the article itself) and the label.

    Example:
        >>> sorted(["盗窃", "264", "133之十", "133之二", "133"], key=statute_order)
        ['133', '133之二', '133之十', '264', '盗窃']
    """
    match = re.fullmatch(rf"([0-9]{{1,9}})(?:之({CHINESE_BRANCH}))?", article)
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


def numbered_article(text: str) -> str | None:
    """Return the number of an article as it is named; None if a text names none.

    Example:
        >>> [numbered_article(text) for text in ("第一百三十三条之一", "第零条", "盗窃")]
        ['133之一', None, None]
    """
    try:
        name = article_name(text)
    except ValueError:
        return None
    return name if is_numbered(name) else None


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
