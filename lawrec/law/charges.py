"""Names of charges: one spelling for each, and the wordings that a text may use."""

import math
import re
from itertools import product

from lawrec.storage.limits import MAX_WORDING_CHARACTERS
from lawrec.text import normalize


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
