"""TODO law.charges."""

import re
from itertools import product

from lawrec.text import normalize


def root(article: str) -> str:
    """Return the article without its branch: "133" for "133之一"."""
    return article.partition("之")[0] or article


def normalize_charge(charge: str) -> str:
    """Return a charge as titles name it: "[盗窃、抢夺]枪支罪" becomes "盗窃、抢夺枪支"."""
    return normalize(charge).translate({ord(sign): None for sign in "[]【】"}).removesuffix("罪")


def charge_wordings(charge: str) -> set[str]:
    """Return what a charge may be called: CAIL2018's brackets hold a choice of words."""
    parts = re.split(r"[\[【](.*?)[\]】]", normalize(charge).removesuffix("罪"))
    choices = [part.split("、") if place % 2 else [part] for place, part in enumerate(parts)]
    return {"".join(choice) for choice in product(*choices)} | {normalize_charge(charge)}
