"""Extra cases: which are left out, and what their charges say about their articles."""

import io
import json
from dataclasses import replace

import pytest

from lawrec.corpus.cases import EVERY_ARTICLE, Case
from lawrec.corpus.records.extra_cases import ExtraCases, statute_cases
from lawrec.storage.files import write_json

THEFT = Case("train.json:1", "t1", "窃取钱包", ("264",), ("盗窃",))
HELD_OUT = Case("valid.json:7", "v7", "被告人张某趁店主不备，拿走平板电脑一部。", ("264",))
LABELS = {"264", "266"}
EXTRA = Case("extra.json:1", "e1", "拿走别人的自行车", (), ("盗窃罪",))


@pytest.fixture
def extra_cases(tmp_path):
    extra = ExtraCases(tmp_path, io.BytesIO(), learn_charges=False)
    extra.learn("train", THEFT)
    extra.learn("valid", HELD_OUT)
    return extra


@pytest.mark.parametrize(
    ("changes", "articles", "unknown"),
    [
        ({}, ("264",), ()),
        ({"unknown_articles": ("264", "25")}, (), ("264", "25")),
        ({"articles": ("266",)}, ("266",), ()),
        ({"charges": ()}, (), ()),
        ({"articles": ("266",), "unknown_articles": EVERY_ARTICLE}, ("266",), EVERY_ARTICLE),
    ],
    ids=["charges alone", "with unknown articles", "all articles", "no article", "some articles"],
)
def test_a_case_with_charges_alone_gets_their_articles(extra_cases, changes, articles, unknown):
    (case,) = extra_cases.usable([replace(EXTRA, **changes)], LABELS)
    assert (case.articles, case.unknown_articles) == (articles, unknown)
    assert not extra_cases.left_out


@pytest.mark.parametrize("learn_charges", [False, True])
def test_a_case_of_an_unknown_charge_teaches_its_charges_alone(tmp_path, learn_charges):
    extra = ExtraCases(tmp_path, io.BytesIO(), learn_charges=learn_charges)
    case = replace(EXTRA, charges=("盗窃", "抢劫"))
    expected = [replace(case, unknown_articles=EVERY_ARTICLE)] if learn_charges else []
    assert list(extra.usable([case], LABELS)) == expected
    assert extra.left_out == ({} if learn_charges else {"unknown": 1})


def test_train_cases_without_weight_or_known_articles_say_nothing_of_charges(tmp_path):
    extra = ExtraCases(tmp_path, io.BytesIO(), learn_charges=False)
    for change in ({"weight": 0.0}, {"unknown_articles": EVERY_ARTICLE}):
        extra.learn("train", replace(THEFT, **change))
    assert list(extra.usable([EXTRA], LABELS)) == []


@pytest.mark.parametrize("unknown", [(), EVERY_ARTICLE], ids=["all articles", "some articles"])
@pytest.mark.parametrize("any_label", [False, True])
def test_a_case_without_a_label_is_left_out_where_any_label_is_allowed(
    tmp_path, any_label, unknown
):
    extra = ExtraCases(tmp_path, io.BytesIO(), learn_charges=False, any_label=any_label)
    case = replace(EXTRA, articles=("第264条", "300"), unknown_articles=unknown)
    labelled = replace(case, fact="又拿走自行车", articles=("264", "300"))
    assert list(extra.usable([case, labelled], LABELS)) == [case, labelled][any_label:]
    assert extra.left_out == ({"unknown": 1} if any_label else {})
    assert extra.unlabelled == {"第264条": 1, "300": 2}


def test_a_case_without_a_label_may_teach_its_charges(tmp_path):
    extra = ExtraCases(tmp_path, io.BytesIO(), learn_charges=True, any_label=True)
    (case,) = extra.usable([replace(EXTRA, articles=("第264条",))], LABELS)
    assert case == replace(EXTRA, unknown_articles=EVERY_ARTICLE)


def test_copies_are_left_out_with_their_place(extra_cases, tmp_path):
    edited = HELD_OUT.fact.replace("张某", "王某")
    cases = [replace(EXTRA, fact=fact) for fact in (" 窃取\u3000钱包", edited, "窃取手机")]
    cases[0] = replace(cases[0], articles=("300",))
    assert [case.fact for case in extra_cases.usable(cases, LABELS)] == ["窃取手机"]
    assert extra_cases.left_out == {"train": 1, "valid": 1}
    assert not extra_cases.unlabelled
    lines = (tmp_path / "duplicates.jsonl").read_text("utf-8").splitlines()
    same, near = map(json.loads, lines)
    extra = {"id": "e1", "where": "extra.json:1"}
    assert same == {**extra, "split": "train", "duplicate_of": "train.json:1", "similarity": 1}
    assert 0.6 <= near.pop("similarity") < 1
    assert near == {**extra, "split": "valid", "duplicate_of": "valid.json:7"}


def test_a_statute_has_a_case_per_article_that_is_not_deleted(tmp_path):
    path = tmp_path / "2020-01-01.json"
    write_json(path, {"articles": {"1": "喝茶。", "2": "（删去）", "2之一": "扫地。"}})
    assert list(statute_cases(path)) == [
        Case(f"{path}:1", "1", "喝茶。", ("1",)),
        Case(f"{path}:2之一", "2之一", "扫地。", ("2之一",)),
    ]
