"""What an input could blow up: each is fed a megabyte of its worst case.

What is quadratic in a megabyte takes hours, what is linear less than a second. The timeout lies far
from both, so that no slow machine fails.
"""

import json
import math
from contextlib import ExitStack
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest

from lawrec.cli import COMMANDS, load_command
from lawrec.corpus.audit.case_checks import CHECKS, AuditReference
from lawrec.corpus.audit.duplicate_checks import CORPUS_CHECKS, DuplicateIndex
from lawrec.corpus.case_lines import CaseLine, case_to_json
from lawrec.corpus.cases import Case
from lawrec.corpus.duplicates import near_duplicates, pair_search
from lawrec.corpus.duplicates.near_duplicates import SIGNATURE_SIZE, NearDuplicateIndex
from lawrec.corpus.records.manifest import load_manifest
from lawrec.corpus.splitting.stratified_split import check_ratios
from lawrec.corpus.tokenization.entities import (
    ENTITY_TYPES,
    compile_entity_types,
    split_at_entities,
)
from lawrec.errors import CaseError, ConfigError, LawrecError, StatuteError, quoted
from lawrec.law import statute_versions
from lawrec.law.articles import article_name, is_numbered, read_article_list, statute_order
from lawrec.law.charges import charge_wordings, normalize_charge
from lawrec.law.statute_parser import read_statute
from lawrec.law.statute_versions import diff_clauses, load_version, same_text
from lawrec.runs.run import open_run
from lawrec.storage.json_text import parse_json
from lawrec.text import normalize
from tests.helpers.cli import lawrec

MEGABYTE = 2**20
pytestmark = pytest.mark.timeout(120)


def short(value):
    """Return the start of a text as the name of a test, and the type of a number."""
    return f"{value[:6]!a} {len(value)}" if isinstance(value, str) else type(value).__name__


DIGITS = ("7" * 5_000, "７" * 5_000, "七" * 5_000, "千" * 5_000, "1" + "0" * 20)


def audited(fact, *, check, charges=("盗窃",), articles=("264",)):
    case = Case("a.json:1", "1", fact, articles, charges, cited=articles)
    return CHECKS[check].find(CaseLine(case), AuditReference(articles_of={}))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "fact",
    [
        "x" * MEGABYTE,
        "构成×" * (MEGABYTE // 3),
        "第" + "九" * MEGABYTE,
        "第" * MEGABYTE,
        "刑法" + "1" * MEGABYTE + "条",
        "盗" + "\u0301\u0316" * (MEGABYTE // 2),
    ],
    ids=["crosses", "masked", "numerals", "numbers", "citation", "marks"],
)
def test_an_audit_of_a_long_fact_takes_linear_time(fact, check):
    audited(fact, check=check)


def test_a_masked_charge_is_shown_with_all_its_crosses():
    assert audited("犯罪嫌疑人甲xxxx罪一案", check="masked") == "犯罪嫌疑人甲xxxx罪一案"


@pytest.mark.parametrize(
    "charge",
    [
        "[走、跑]" * 40,
        "[" * MEGABYTE,
        "【" * MEGABYTE + "]",
        "[" + "甲、" * (MEGABYTE // 2) + "]",
        "[甲、乙]" * 9 + "丙" * MEGABYTE,
    ],
    ids=["choices", "opened", "closed", "many", "long"],
)
def test_a_charge_with_too_many_wordings_has_one(charge):
    assert charge_wordings(charge) == {normalize_charge(charge)}
    audited("他犯了什么罪", check="states-charge", charges=(charge,))


class CountedText(str):
    """A text that counts how many of its characters are read by searching and by slicing."""

    count = 0

    def find(self, *arguments):
        CountedText.count += len(self)
        return super().find(*arguments)

    def __getitem__(self, part):
        text = super().__getitem__(part)
        CountedText.count += len(text)
        return text


def test_many_charges_are_looked_for_in_a_long_fact_in_linear_time():
    work = []
    for size in (500, 1_000):
        CountedText.count = 0
        text = CountedText("罪" * size)
        charges = tuple(f"[盗、抢]{number:04}" for number in range(size))
        line = SimpleNamespace(case=Case("a:1", "1", text, ("264",), charges), text=text)
        assert CHECKS["states-charge"].find(line, AuditReference()) == ""
        work.append(CountedText.count)
    assert work[1] <= 2.1 * work[0]


class CountedDict(dict):
    """A dict that counts how often all its keys are read."""

    count = 0

    def __iter__(self):
        self.count += 1
        return super().__iter__()


def test_conflicting_labels_are_found_in_linear_time():
    with ExitStack() as temporary:
        index = DuplicateIndex({"train": Path("train.json")}, temporary)
        for number in range(50):
            articles = [str(number + 1)]
            index.add("train", f"train.json:{number}", text="盗窃", articles=articles)
        index._label_numbers = CountedDict(index._label_numbers)
        assert len(list(CORPUS_CHECKS["conflicting-labels"].find(index))) == 49
        assert index._label_numbers.count == 1


def test_candidates_grow_with_the_texts_and_not_with_their_pairs(monkeypatch):
    def same_hashes(signatures, rows):
        return np.zeros((len(signatures), SIGNATURE_SIZE // rows), np.uint32)

    monkeypatch.setattr(near_duplicates, "_band_hashes", same_hashes)
    work = []
    monkeypatch.setattr(pair_search, "MAX_CANDIDATES", 10)
    for size in (50, 100):
        with ExitStack() as files:
            index = NearDuplicateIndex(files)
            for number in range(size):
                index.add(f"{number:04}" * 5)
            list(index.groups())
            store = index._store
            buckets = chain.from_iterable(store.buckets(*each) for each in store.hash_ranges())
            work.append(sum(1 for bucket in buckets for _ in pair_search._candidates(bucket)))
    assert work[1] <= 2.2 * work[0]


def test_few_long_texts_wait_in_memory(monkeypatch):
    monkeypatch.setattr(near_duplicates, "BATCH_CHARACTERS", 100)
    with ExitStack() as files:
        index = NearDuplicateIndex(files)
        for first in range(0x4E00, 0x5300, 0x100):
            index.add("".join(map(chr, range(first, first + 64))))
        list(index.groups())
        assert [len(numbers) for numbers, _ in index._batches()] == [2, 2, 1]


@pytest.mark.parametrize("unit", ["元", "万余元", "克", "公斤", "年", "时", "人"])
@pytest.mark.parametrize(
    "number", ["9" * MEGABYTE, "1," * (MEGABYTE // 2), "0." + "3" * MEGABYTE], ids=short
)
def test_a_number_of_a_million_digits_is_read_in_linear_time(number, unit):
    pattern = compile_entity_types(list(ENTITY_TYPES))
    text = f"盗窃{number}{unit}。"
    pieces = list(split_at_entities(text, pattern))
    assert len(pieces) <= 3
    assert all(len(token or "") < 16 for _, token in pieces)


@pytest.mark.parametrize(
    "line",
    [
        "<!--" * (MEGABYTE // 4),
        "<!---->" + "<!--" * (MEGABYTE // 4),
        "<a" * (MEGABYTE // 2),
        "[a](" * (MEGABYTE // 4),
        "[" * MEGABYTE,
        "第一章" + "1" * MEGABYTE + "x",
        "附" + " " * MEGABYTE + "x",
        "【" * MEGABYTE,
        "第" + "九" * MEGABYTE + "条",
        "&#" + "9" * MEGABYTE + ";",
        "&#" * (MEGABYTE // 2),
        "*" * MEGABYTE + "x",
    ],
    ids=short,
)
def test_a_statute_with_a_long_line_is_read_in_linear_time(tmp_path, line):
    path = tmp_path / "statute.md"
    path.write_text(f"目录\n第一章 1\n{line}\n第一条 喝茶。\n第二条 扫地。", encoding="utf-8")
    assert read_statute(path).texts.keys() == {"1", "2"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<!-- a --><!-- b -->喝<br>茶。<!--", "喝茶。<!--"),
        ("[喝茶](https://tea.org/a_(b)。", "喝茶。"),
        ("喝&#33590;&#x3002;&#99999999999999;", "喝茶。\ufffd"),
    ],
)
def test_markup_is_removed_as_far_as_it_is_whole(tmp_path, line, expected):
    path = tmp_path / "statute.md"
    path.write_text(f"第一条 {line}\n", encoding="utf-8")
    assert read_statute(path).texts == {"1": expected}


class Clause(str):
    """A clause that counts how often one of them is compared or looked up."""

    count = 0

    def __eq__(self, other):
        Clause.count += 1
        return str(self) == str(other)

    def __hash__(self):
        Clause.count += 1
        return hash(str(self))


def test_two_long_texts_are_compared_in_linear_time(monkeypatch):
    monkeypatch.setattr(statute_versions, "_comparable", lambda text: Clause(text))
    work = []
    for size in (10_000, 20_000):
        Clause.count = 0
        old = "".join(f"喝茶，{number}杯，" for number in range(size))
        new = "".join(f"喝茶，{number}碗，" for number in range(size))
        pieces = diff_clauses(old, new)
        work.append(Clause.count)
        assert "".join(piece.text for piece in pieces if piece.kind != "+") == old
        assert "".join(piece.text for piece in pieces if piece.kind != "-") == new
    assert work[1] <= 2.1 * work[0]


def test_the_matcher_of_clauses_gets_no_long_text(monkeypatch):
    sizes = []

    def matcher(**texts):
        sizes.append(max(map(len, (texts["a"], texts["b"]))))
        return SequenceMatcher(**texts)

    monkeypatch.setattr(statute_versions, "SequenceMatcher", matcher)
    for size in (3, 99, 150, 100_000):
        diff_clauses("茶，水，" * size, "水，茶，" * size)
    assert sizes == [7, 199]


def test_a_change_within_a_long_text_is_shown_alone():
    pieces = diff_clauses("茶，" * 500 + "水，" + "糖，" * 500, "茶，" * 500 + "糖，" * 500)
    assert [(piece.kind, len(piece.text)) for piece in pieces] == [
        ("=", 1000),
        ("-", 2),
        ("=", 1000),
    ]


@pytest.mark.parametrize("text", ["【" * MEGABYTE, "\u0316\u0301" * (MEGABYTE // 2)], ids=short)
def test_texts_are_compared_in_linear_time(text):
    assert same_text(text, text + " ")


@pytest.mark.parametrize("digits", DIGITS, ids=short)
@pytest.mark.parametrize(
    "form", ["{}", "第{}条", "刑法第{}条", "{}之一", "133之{}", "{}-1", "{}.0"]
)
def test_a_number_that_is_too_long_is_no_article_but_a_label(digits, form):
    label = form.format(digits)
    name = article_name(label)
    assert not is_numbered(name)
    assert statute_order(name)[2] == name
    assert article_name(name) == name
    assert json.loads(case_to_json(Case("a:1", "1", "盗窃"), [name]))["meta"][
        "relevant_articles"
    ] == [name]
    audited(f"依{label}处罚", check="states-article")


@pytest.mark.parametrize(
    "value", [1e300, float("inf"), float("nan"), 10**30, 16**5_000, -1, 0, 0.5], ids=short
)
def test_a_number_that_is_no_article_is_refused(value):
    with pytest.raises(ValueError, match="not an article"):
        article_name(value)


def test_a_label_of_other_digits_stays_a_text():
    labels = ["٢٦٤", "0264", "264", "133之一", "1" * 12]
    record = json.loads(case_to_json(Case("a:1", "1", "盗窃"), labels))
    assert record["meta"]["relevant_articles"] == ["٢٦٤", "0264", 264, "133之一", "1" * 12]


def test_a_list_of_articles_and_a_statute_may_have_numbers_of_any_length(tmp_path):
    law, statute = tmp_path / "law.txt", tmp_path / "statute.txt"
    law.write_text("\n".join(f"第{digits}条" for digits in DIGITS[2:]), encoding="utf-8")
    assert len(read_article_list(law)) == 3
    text = "\n".join(f"第{digits}条 喝茶。" for digits in DIGITS)
    statute.write_text(f"第一条 扫地。\n{text}", encoding="utf-8")
    assert read_statute(statute).texts.keys() == {"1"}


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"264":' * 100_000, '{"264": ' + "9" * 5_000 + "}"], ids=short
)
def test_json_that_python_cannot_read_is_an_error_of_its_file(tmp_path, text):
    with pytest.raises(ValueError, match=r"more than 100 brackets|a number of 5,000 digits"):
        parse_json(text)
    path = tmp_path / "statute.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StatuteError, match="must be JSON"):
        read_statute(path)
    folder = tmp_path / "criminal-law"
    folder.mkdir()
    (folder / "2020-01-01.json").write_text(text, encoding="utf-8")
    with pytest.raises(LawrecError, match="must be readable"):
        load_version(tmp_path, "criminal-law", effective=statute_versions.date(2020, 1, 1))


def test_an_error_shows_any_value():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert quoted(deep) == "a very large list"
    assert quoted(16**5_000) == "a very large int"
    assert "a very large int" in str(CaseError("a", expected="b", got=quoted(16**5_000), todo="c"))


@pytest.mark.parametrize(
    "text", ["\u0301\u0316" * (MEGABYTE // 4), "ﷺ" * 50_000, " " * MEGABYTE], ids=short
)
def test_a_long_text_is_normalized(text):
    assert normalize(normalize(text)) == normalize(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"config": {"a": ' * 100_000, "9" * 5_000], ids=short
)
def test_a_run_and_records_with_json_that_python_cannot_read_are_refused(tmp_path, text):
    for name in ("run.json", "manifest.json"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    for load in (open_run, load_manifest):
        with pytest.raises(LawrecError, match=r"more than 100 brackets|a number of 5,000 digits"):
            load(tmp_path)


def number_options():
    """Yield the command and the option of each number on the command line."""
    for name in COMMANDS:
        for option in load_command(name).params:
            if isinstance(option.type, click.types.IntParamType | click.types.FloatParamType):
                yield pytest.param(option, id=f"{name} {option.name}")


@pytest.mark.parametrize("option", list(number_options()))
def test_no_number_on_the_command_line_is_nan_or_infinite(option):
    for text in ("nan", "-nan", "inf", "-inf", "NaN", "1e999", "7" * 5_000, "七", ""):
        with pytest.raises(click.BadParameter):
            option.type.convert(text, option, None)


@pytest.mark.parametrize("ratios", [(math.nan, 0.1, 0.1), (math.inf, 0.1, 0.1), (1e308,) * 3])
def test_no_ratio_is_nan_or_infinite(ratios):
    with pytest.raises(ConfigError, match="must be positive with the sum 1"):
        check_ratios(ratios)


@pytest.mark.parametrize("steps", ["1:" + "9" * 5_000, "9" * 5_000 + ":9", "٣:" + "9" * 13])
def test_steps_to_profile_are_numbers_that_can_be_read(steps):
    result = lawrec("train", "--profile", steps)
    assert (result.exit_code, "name the first and the last step" in result.stderr) == (2, True)
