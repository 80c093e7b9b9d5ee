"""Entity types: kinds of span, such as a date or an amount, that one placeholder token replaces.

A model that sees `<date>` for every date need not learn each date by itself, and knows dates that
no train case has. The setting `corpus.entity_types` names the types to replace. By default there
are none, because they were not worth it: on cases of CAIL2018, a linear SVM on words gained less
than one point of F1 by all or any of the types, and lost some by dates and times, all within the
noise of a thousand test cases. An SVM on pairs of words, which is worse without them, gained about
one and a half points by all five together.

All patterns are for normalized text (`lawrec.text.normalize`): half-width digits, no white space.
Amounts in Chinese numerals, such as 三千元, are not recognized.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lawrec.registry import check_name

# 1200, 1,200 or 0.5; of a longer number, which nobody means, the last digits
_NUMBER = r"\d[\d,]{0,31}+(?:\.\d{1,32}+)?+"
_YUAN = {"": 1.0, "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8}
_GRAMS = {"毫克": 1e-3, "mg": 1e-3, "克": 1.0, "g": 1.0, "斤": 500.0}
_GRAMS |= {"千克": 1e3, "公斤": 1e3, "kg": 1e3, "吨": 1e6}
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧肖蔡潘田董袁于余叶蒋杜苏魏程吕丁"
    "沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武"
    "戚莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅"
    "童凌毕单季裴霍涂成苗谷曲盛冉翁蓝路游辛欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳穆农司卓古吉缪简车项连"
)


@dataclass(frozen=True)
class EntityType:
    """A kind of span that becomes one token: `<NAME>`, or `<NAME4>` where it has a size.

    Args:
        pattern: A regular expression without groups that capture.
        size: From the text of a span to what its token says beyond the name of the type.
    """

    pattern: str
    size: Callable[[str], str] = lambda text: ""


def compile_entity_types(names: Sequence[str]) -> re.Pattern[str]:
    """Return the pattern that matches the spans of some entity types, each in a group of its name.

    Args:
        names: Keys of `ENTITY_TYPES`, in any order. Where two types match at the same position,
            the one that comes first in `ENTITY_TYPES` is taken.

    Raises:
        ConfigError: There is no entity type of that name.

    Example:
        >>> compile_entity_types(["time"]).search("当晚17时许").lastgroup
        'time'
    """
    for name in names:
        check_name(name, ENTITY_TYPES, where="corpus.entity_types", kind="choice")
    return re.compile(
        "|".join(
            f"(?P<{name}>{entity_type.pattern})"
            for name, entity_type in ENTITY_TYPES.items()
            if name in names
        )
    )


def split_at_entities(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the pieces of a normalized text in order; joined, they are the text.

    Args:
        text: A normalized text.
        pattern: What `compile_entity_types` returned.

    Yields:
        A stretch of plain text, which may be empty, and None; or a span and its token.

    Example:
        >>> list(split_at_entities("盗窃1,200元", compile_entity_types(["money"])))
        [('盗窃', None), ('1,200元', '<money4>'), ('', None)]
    """
    end = 0
    for match in pattern.finditer(text):
        name = match.lastgroup or ""
        yield text[end : match.start()], None
        yield match[0], f"<{name}{ENTITY_TYPES[name].size(match[0])}>"
        end = match.end()
    yield text[end:], None


def _money_digits(text: str) -> str:
    return _digits(text.rstrip("余多元"), _YUAN)


def _weight_digits(text: str) -> str:
    return _digits(text, _GRAMS)


def _digits(text: str, units: dict[str, float]) -> str:
    """Return the number of digits before the decimal point: 0 for 0.5, 4 for 1,200 or 3千."""
    number = re.match(_NUMBER, text)
    assert number  # the pattern of the entity type begins with it
    value = float(number[0].replace(",", "")) * units[text[number.end() :].strip("余多")]
    return str(len(str(int(value))) if value >= 1 else 0)


def _any_unit(units: dict[str, float]) -> str:
    """Return the alternatives of a pattern, longest first: else 百 would match before 百万."""
    return "|".join(sorted((unit for unit in units if unit), key=len, reverse=True))


ENTITY_TYPES = {
    # 2016年, 2016年5月, 2016年5月8日, 5月8号; but not 5月, which is often a length of time
    "date": EntityType(r"\d{2,4}年(?:\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月(?:\d{1,2}[日号])"),
    # 17时许, 17时30分许, 5点半, 17:30
    "time": EntityType(r"\d{1,2}(?:时|点|:)(?:\d{1,2}分?|半)?许?"),
    # 1200元 -> <money4>, 3万余元 -> <money5>, 50余万元 -> <money6>
    "money": EntityType(rf"{_NUMBER}[余多]?(?:{_any_unit(_YUAN)})?[余多]?元", _money_digits),
    # 12.5克 -> <weight2>, 2公斤 -> <weight4>, in grams; but not the 12g of 12gb
    "weight": EntityType(rf"{_NUMBER}[余多]?(?:{_any_unit(_GRAMS)})(?![A-Za-z])", _weight_digits),
    # A name that a court made anonymous: 张某, 张某某, 陈某甲, 李某1; but not the place 王某市
    "name": EntityType(
        rf"[{_SURNAMES}]某(?:[某甲乙丙丁]|[A-Za-z\d](?!\d))?(?![市县区镇乡村路街省])"
    ),
}
