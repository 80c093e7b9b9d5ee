"""Run commands of `lawrec` in this process, and facts for them."""

import json
import random

from click.testing import CliRunner

from lawrec.cli import cli

THEFT = "被告人张某在本市某路秘密窃取钱包，后被抓获。"
DRUNK = "当日晚上，被告人李某醉酒驾驶轿车，经鉴定。"
CHARACTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
FIELDS = ("--fact-field", "案情", "--articles-field", "法条", "--articles-separator", "#")
"""Options for tables whose columns and separator are not the usual ones."""


def lawrec(*arguments, stdin=None):
    """Return the result of a command: exit_code, stdout and stderr."""
    return CliRunner().invoke(cli, [str(part) for part in arguments], input=stdin)


def json_lines(result):
    """Return the JSON objects that a command printed, one per line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def case_line(seed, articles=(264,)):
    """Return the JSON line of an invented case of 60 characters."""
    fact = "".join(random.Random(seed).choices(CHARACTERS, k=60))
    return json.dumps({"fact": fact, "articles": list(articles)})


def audit_sizes(result):
    """Return the rows of the table that `lawrec audit` printed, their cells joined by spaces."""
    rows = result.stdout.split("\n\n")[1].splitlines()[2:]
    return [" ".join(row.split()) for row in rows]
