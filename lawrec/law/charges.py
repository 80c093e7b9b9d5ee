"""Names of charges: one spelling for each, the wordings that a text may use, and lists of them."""

import math
import re
from functools import cache
from itertools import product
from typing import Any

from lawrec.law.catalog import article_titles
from lawrec.law.labels import parse_list, split_labels
from lawrec.storage.limits import MAX_WORDING_CHARACTERS
from lawrec.text import normalize, visible

_SEPARATORS = re.compile(r"[;；,，|#\s]+|(?<=[^犯]罪)、")  # 犯罪 stands inside of charges


def normalize_charge(charge: str) -> str:
    """Return a charge as the titles of articles name it, without brackets and the final 罪.

    CAIL2018 puts alternatives in brackets, which the titles do not have.

    Example:
        >>> normalize_charge("[盗窃、抢夺]枪支罪")
        '盗窃、抢夺枪支'
    """
    return re.sub(r"[\[\]【】]", "", normalize(charge)).removesuffix("罪")


def charge_wordings(charge: str) -> set[str]:
    """Return all wordings of a charge: brackets in CAIL2018 hold alternatives.

    Of so many alternatives that no court writes them, only the charge without brackets is returned.

    Example:
        >>> sorted(charge_wordings("[盗窃、抢夺]枪支"))
        ['抢夺枪支', '盗窃、抢夺枪支', '盗窃枪支']
    """
    # A split by a pattern with a group returns the text outside of brackets at even positions and
    # the text inside at odd ones: "非法[持有、私藏]枪支" becomes ["非法", "持有、私藏", "枪支"].
    pieces = re.split(r"[\[【]([^\[\]【】]*)[\]】]", normalize(charge).removesuffix("罪"))
    choices = [text.split("、") if index % 2 else [text] for index, text in enumerate(pieces)]
    wordings = {normalize_charge(charge)}
    if math.prod(map(len, choices)) * len(charge) <= MAX_WORDING_CHARACTERS:
        wordings |= {"".join(choice) for choice in product(*choices)}
    return wordings


def titled_charges(title: str) -> tuple[str, ...]:
    """Return the normalized charges in the title of an article: its parts that end in 罪.

    Example:
        >>> titled_charges("侮辱罪；诽谤罪"), titled_charges("立法目的")
        (('侮辱', '诽谤'), ())
    """
    return tuple(normalize_charge(part) for part in title.split("；") if part.endswith("罪"))


def split_charges(value: Any) -> Any:
    """Return the charges of one text as a list; any other value is read as `split_labels` does.

    Any of `;,|#` and white space separates charges. Many have "、" in them: it separates charges
    behind 罪, or if each part is a charge of the Criminal Law.

    Example:
        >>> split_charges("盗窃罪、走私、贩卖毒品罪"), split_charges("盗窃、诈骗")
        (['盗窃罪', '走私、贩卖毒品罪'], ['盗窃', '诈骗'])
    """
    if not isinstance(value, str) or parse_list(value) is not None:
        return split_labels(value)
    text = "、".join(part.strip() for part in visible(value).split("、"))
    return [charge for part in _SEPARATORS.split(text) for charge in _charges_in(part)]


def _charges_in(text: str) -> list[str]:
    """Return the parts of a text if each is a charge of the Criminal Law, else the text."""
    parts = [part for part in text.split("、") if part]
    return parts if _known_charges().issuperset(map(normalize_charge, parts)) else [text]


@cache
def _known_charges() -> frozenset[str]:
    return frozenset(
        charge for title in article_titles().values() for charge in titled_charges(title)
    )
