"""Classes: amounts, dates and veiled names, each of which may become one token of its kind."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from lawrec.registry import lookup

RULES = 1  # grows when a class is recognised otherwise: part of the tokenizer's fingerprint

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_YUAN = {"": 1.0, "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8}
_GRAMS = {"毫克": 1e-3, "mg": 1e-3, "克": 1.0, "g": 1.0, "斤": 500.0}
_GRAMS |= {"千克": 1e3, "公斤": 1e3, "kg": 1e3, "吨": 1e6}
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧肖蔡潘田董袁于余叶蒋杜苏魏程吕丁"
    "沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武"
    "戚莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅"
    "童凌毕单季裴霍涂成苗谷曲盛冉翁蓝路游辛欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳穆农司卓古吉缪简车项连"
)


def recognizer(names: Sequence[str]) -> Callable[[str], Iterator[tuple[str, str | None]]]:
    """Return a function that gives the pieces of a normalized text in order.

    A piece is plain text with None, or the text of an amount, date or name with its token.

    Args:
        names: Keys of `CLASSES`; where two fit, the one that `CLASSES` has first is taken.

    Raises:
        ConfigError: There is no class of that name.
    """
    for name in names:
        lookup(CLASSES, name, where="corpus.entity_types")
    patterns = [f"(?P<{name}>{pattern})" for name, (pattern, _) in CLASSES.items() if name in names]
    return partial(_pieces, re.compile("|".join(patterns)))


def _pieces(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str | None]]:
    end = 0
    for match in pattern.finditer(text):
        name = match.lastgroup or ""
        yield text[end : match.start()], None
        yield match[0], f"<{name}{CLASSES[name][1](match[0])}>"
        end = match.end()
    yield text[end:], None


def _alike(text: str) -> str:
    """All of these are one token."""
    return ""


def _money(text: str) -> str:
    return _digits(text.rstrip("余多元"), _YUAN)


def _weight(text: str) -> str:
    return _digits(text, _GRAMS)


def _digits(text: str, units: dict[str, float]) -> str:
    """Return how many digits stand before the point: 0 for 0.5, 4 for 1,200 or 3千."""
    number = re.match(_NUMBER, text)
    assert number  # the pattern of the class begins with one
    size = float(number[0].replace(",", "")) * units[text[number.end() :].strip("余多")]
    return str(len(str(int(size))) if size >= 1 else 0)


def _any_of(units: dict[str, float]) -> str:
    return "|".join(sorted((unit for unit in units if unit), key=len, reverse=True))


CLASSES: dict[str, tuple[str, Callable[[str], str]]] = {
    "date": (r"\d{2,4}年(?:\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月(?:\d{1,2}[日号])", _alike),
    "time": (r"\d{1,2}(?:时|点|:)(?:\d{1,2}分?|半)?许?", _alike),
    "money": (rf"{_NUMBER}[余多]?(?:{_any_of(_YUAN)})?[余多]?元", _money),
    "weight": (rf"{_NUMBER}[余多]?(?:{_any_of(_GRAMS)})(?![A-Za-z])", _weight),
    "name": (rf"[{_SURNAMES}]某(?:[某甲乙丙丁]|[A-Za-z\d](?!\d))?(?![市县区镇乡村路街省])", _alike),
}
