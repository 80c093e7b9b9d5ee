import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lawrec import config_sources
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.decision.calibration import CALIBRATIONS, calibrate, fit_calibration
from lawrec.decision.co_citation import CoCitations
from lawrec.decision.cross_fitting import StrategyResult
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule, decide
from lawrec.errors import RunError
from lawrec.runs import thresholds_file
from lawrec.runs.checkpoint_list import add_to_list, write_checkpoint_list
from lawrec.runs.results import GuaranteeCost, TuningResult
from lawrec.runs.thresholds_file import (
    THRESHOLDS,
    TunedThresholds,
    extend_rule,
    load_thresholds,
    save_thresholds,
)
from lawrec.storage.seal import write_sealed
from tests.helpers.cases import SETTINGS

pytestmark = pytest.mark.tensorflow
NAMES = ("264", "133之一", "234")
CO_CITATIONS = CoCitations({0: (1, 2)}, {2: (1,), 1: (2,)})
DIGEST = "0" * 64


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run.json").write_text("{}", "utf-8")
    write_checkpoint_list(tmp_path)
    for number in (7, 8):
        (tmp_path / f"model.ckpt-{number}.index").write_text(str(number), "utf-8")
        add_to_list(tmp_path, f"model.ckpt-{number}", max_to_keep=2)
    lstm_alone = config_sources.load(None, SETTINGS)
    return SimpleNamespace(folder=tmp_path, articles=Vocabulary(NAMES), config=lstm_alone)


def checkpoint_of(run, number=8):
    return str(run.folder / f"model.ckpt-{number}")


def read(run):
    return load_thresholds(run, checkpoint_of(run))


def tuned_rule(kind="threshold", calibration="isotonic", guarantee=0.3):
    rng = np.random.default_rng(0)
    y_score = rng.random((60, 3), np.float32)
    calibration = calibration and fit_calibration(
        rng.random((60, 3)) < y_score, y_score, kind=calibration
    )
    thresholds = np.array([1 / 3, np.inf, 0], np.float32)
    return DecisionRule(thresholds, 1, 9, 0.1, kind, calibration, float(np.float32(guarantee)))


def tuning(rule):
    return TuningResult(
        strategy="global",
        objective="cail_score",
        path=Path("valid.json"),
        sha256=DIGEST,
        cases=60,
        drawn_from=600,
        rule=rule,
        support=np.array([12, 10, 9]),
        intervals=np.array([[0.25, 0.5], [0, math.inf], [0, 0.125]], np.float32),
        metrics={"cail_score": 0.5},
        compared=(StrategyResult("global", 0.5, {"cail_score": 0.5}),),
        guarantee=GuaranteeCost(0.9, 0.3, 2.5, 0.1) if math.isfinite(rule.guarantee) else None,
    )


def saved(run, rule):
    """The values that `save_thresholds` writes for a rule."""
    checkpoint = checkpoint_of(run)
    save_thresholds(run, tuning(rule), co_citations=CO_CITATIONS, checkpoint=checkpoint)
    return json.loads((run.folder / THRESHOLDS).read_text("utf-8"))


def loaded(run, values):
    write(run, values)
    return read(run)


def write(run, values):
    """Write changed values with the digest of what they are now."""
    write_sealed(run.folder / THRESHOLDS, {key: values[key] for key in values if key != "sha256"})


def same(left, right):
    """Whether two ways to decide are equal, their thresholds to the last bit."""
    pairs = [vars(rule) | {"thresholds": rule.thresholds.tolist()} for rule in (left, right)]
    return pairs[0] == pairs[1] and left.thresholds.dtype == right.thresholds.dtype


@pytest.mark.parametrize("guarantee", [0.3, math.inf])
@pytest.mark.parametrize("calibration", [None, *CALIBRATIONS])
@pytest.mark.parametrize("kind", RULE_KINDS)
def test_a_rule_that_is_saved_and_loaded_decides_as_before(run, calibration, kind, guarantee):
    rule = tuned_rule(kind, calibration, guarantee)
    saved(run, rule)
    found = read(run)
    assert same(found.rule, rule)
    assert found == TunedThresholds(found.rule, CO_CITATIONS, (DIGEST,))
    y_score = np.random.default_rng(1).random((50, 3), np.float32)
    assert (decide(y_score, found.rule) == decide(y_score, rule)).all()
    if calibration:
        before = calibrate(y_score, rule.calibration)
        assert (calibrate(y_score, found.rule.calibration) == before).all()


def test_never_is_null_in_a_strict_file(run):
    values = saved(run, tuned_rule(guarantee=math.inf))
    text = (run.folder / THRESHOLDS).read_text("utf-8")
    assert not {"Infinity", "NaN"} & set(text.replace(",", " ").split())
    assert values["articles"][1] == {
        "article": "133之一",
        "threshold": None,
        "low": 0,
        "high": None,
        "support": 10,
        "reliable": True,
        "calibration_group": 1,
    }
    assert (values["guarantee_score"], values["guarantee"]) == (None, None)


def test_the_keys_of_the_file_are_those_of_its_description(run):
    values = saved(run, tuned_rule())
    assert set(values) <= set(re.findall(r"\w+", thresholds_file.__doc__))
    assert values["guarantee"] == {
        "coverage": 0.9,
        "score": 0.3,
        "articles_per_case": 2.5,
        "abstained": 0.1,
    }
    assert values["compared"] == [
        {"strategy": "global", "objective": 0.5, "metrics": {"cail_score": 0.5}}
    ]
    assert values["co_citations"] == {
        "always": {"264": ["133之一", "234"]},
        "never": {"234": ["133之一"], "133之一": ["234"]},
    }
    assert values["tuned_on"] == {
        "path": "valid.json",
        "sha256": DIGEST,
        "cases": 60,
        "drawn_from": 600,
        "out_of_fold": False,
    }
    assert [entry["reliable"] for entry in values["articles"]] == [True, True, False]


def test_thresholds_go_by_the_names_of_the_articles(run):
    rule = tuned_rule()
    values = saved(run, rule)
    values["articles"].reverse()
    assert same(loaded(run, values).rule, rule)


def test_a_run_without_thresholds_says_what_to_do(run):
    with pytest.raises(RunError, match="tune-thresholds"):
        read(run)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b'"text"', b"{}"],
)
def test_a_file_that_holds_no_thresholds_is_refused(run, text):
    (run.folder / THRESHOLDS).write_bytes(text)
    with pytest.raises(RunError, match="Run `lawrec tune-thresholds` again"):
        read(run)


DECIDING = (
    *("rule", "min_articles", "max_articles", "fill_score", "guarantee_score", "calibration"),
    *("co_citations", "tuned_on", "articles"),
)
DAMAGES = [
    (name, value)
    for name in DECIDING
    for value in (..., None, "text", [], {}, [1], -1, math.nan)
    if value is not None or name not in ("calibration", "guarantee_score")  # there, it means none
]


@pytest.mark.parametrize(("name", "value"), DAMAGES)
def test_a_damaged_value_is_refused(run, name, value):
    values = saved(run, tuned_rule()) | {name: value}
    if value is ...:
        del values[name]
    write(run, values)
    with pytest.raises(RunError, match="must be those of this run"):
        read(run)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("rule",), "shares"),
        (("min_articles",), math.inf),
        (("min_articles",), 10),
        (("max_articles",), math.inf),
        (("calibration", "kind"), "isotonik"),
        (("calibration", "kind"), "temperature"),
        (("articles", 0, "calibration_group"), 3),
        (("articles", 0, "calibration_group"), -1),
        (("articles", 0, "calibration_group"), None),
        (("calibration", "parameters"), []),
        (("calibration", "parameters"), [[], [], []]),
        (("calibration", "parameters"), [[[0.5]], [[0.5]], [[0.5]]]),
        (("calibration", "parameters"), [[[0, 1], [0.5]]] * 3),
        (("calibration", "parameters"), [[[0, 1], [0, 2]]] * 3),
        (("co_citations", "always"), {"999": ["264"]}),
        (("co_citations", "never"), {"264": ["999"]}),
        (("co_citations", "never"), ["264"]),
        (("articles", 0, "article"), "999"),
        (("articles", 0, "threshold"), ...),
        (("articles", 0, "threshold"), "text"),
        (("articles", 0, "threshold"), [0.5]),
        (("articles", 0, "threshold"), math.nan),
        (("tuned_on", "sha256"), ...),
    ],
    ids=str,
)
def test_a_value_damaged_inside_is_refused(run, keys, value):
    values = saved(run, tuned_rule())
    part = values
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    if value is ...:
        del part[keys[-1]]
    write(run, values)
    with pytest.raises(RunError, match="must be those of this run"):
        read(run)


@pytest.mark.parametrize("articles", [["264", "133之一"], [*NAMES, "347"], ["264", "234", "347"]])
def test_thresholds_of_other_articles_are_refused(run, articles):
    values = saved(run, tuned_rule())
    entry = values["articles"][0]
    values["articles"] = [entry | {"article": name} for name in articles]
    with pytest.raises(RunError, match="they are for other articles"):
        loaded(run, values)


def test_an_article_that_is_listed_twice_is_refused(run):
    values = saved(run, tuned_rule())
    values["articles"].append(values["articles"][0])
    with pytest.raises(RunError, match="they are for other articles"):
        loaded(run, values)


def test_a_digit_of_a_threshold_that_changed_is_refused(run):
    text = json.dumps(saved(run, tuned_rule()))
    changed = text.replace('"threshold": 0.3333', '"threshold": 0.3332')
    assert changed != text
    (run.folder / THRESHOLDS).write_text(changed, "utf-8")
    with pytest.raises(RunError, match="its content has changed since it was written"):
        read(run)


def test_thresholds_of_another_checkpoint_are_refused_with_the_command(run):
    saved(run, tuned_rule())
    with pytest.raises(RunError) as caught:
        load_thresholds(run, checkpoint_of(run, 7))
    assert caught.value.where == str(run.folder / THRESHOLDS)
    assert caught.value.expected == "the thresholds must be tuned for model.ckpt-7"
    assert caught.value.got == "those for model.ckpt-8 as it was when they were tuned"
    assert caught.value.todo == "Run `lawrec tune-thresholds` again."


def test_thresholds_of_a_checkpoint_of_the_same_step_with_other_weights_are_refused(run):
    saved(run, tuned_rule())
    (run.folder / "model.ckpt-8.index").write_text("other weights", "utf-8")
    add_to_list(run.folder, "model.ckpt-8", max_to_keep=2)
    with pytest.raises(RunError, match="those for model"):
        read(run)


def test_more_columns_never_pass():
    rule = tuned_rule()
    wide = extend_rule(rule, 5)
    assert wide.thresholds.tolist() == [*rule.thresholds.tolist(), math.inf, math.inf]
    assert same(extend_rule(rule, 3), rule)
    y_score = np.random.default_rng(1).random((50, 5), np.float32)
    y_score[:, 3:] = 0
    y_pred = decide(y_score, wide)
    assert not y_pred[:, 3:].any()
    assert (y_pred[:, :3] == decide(y_score[:, :3], rule)).all()
