import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from lawrec.corpus.vocabulary import Vocabulary
from lawrec.decision.calibration import CALIBRATIONS, calibrate, fit_calibration
from lawrec.decision.co_citation import CoCitations
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule, decide
from lawrec.errors import RunError
from lawrec.files import write_json
from lawrec.runs.thresholds_file import (
    THRESHOLDS,
    TunedThresholds,
    companion_values,
    decision_values,
    extend_rule,
    finite,
    load_thresholds,
)

pytestmark = pytest.mark.tensorflow
NAMES = ("264", "133之一", "234")
TOGETHER = CoCitations({0: (1, 2)}, {2: (1,), 1: (2,)})
DIGEST = "0" * 64


@pytest.fixture
def run(tmp_path):
    return SimpleNamespace(folder=tmp_path, articles=Vocabulary(NAMES))


def tuned_rule(kind="threshold", calibration="isotonic", guarantee=0.3):
    rng = np.random.default_rng(0)
    y_score = rng.random((60, 3), np.float32)
    calibration = calibration and fit_calibration(
        calibration, rng.random((60, 3)) < y_score, y_score=y_score
    )
    thresholds = np.array([1 / 3, np.inf, 0], np.float32)
    return DecisionRule(thresholds, 1, 9, 0.1, kind, calibration, float(np.float32(guarantee)))


def written(rule, companions=TOGETHER):
    groups = rule.calibration.groups if rule.calibration else (0,) * len(NAMES)
    lines = zip(NAMES, rule.thresholds, groups, strict=True)
    return {
        **decision_values(rule),
        "companions": companion_values(companions, NAMES),
        "tuned_on": {"sha256": DIGEST},
        "articles": [
            {"article": name, "threshold": finite(cut), "group": group}
            for name, cut, group in lines
        ],
    }


def loaded(run, values):
    write_json(run.folder / THRESHOLDS, values)
    return load_thresholds(run)


def same(left, right):
    """Whether two ways to decide are equal, their thresholds to the last bit."""
    pairs = [vars(rule) | {"thresholds": rule.thresholds.tolist()} for rule in (left, right)]
    return pairs[0] == pairs[1] and left.thresholds.dtype == right.thresholds.dtype


@pytest.mark.parametrize("guarantee", [0.3, math.inf])
@pytest.mark.parametrize("calibration", [None, *CALIBRATIONS])
@pytest.mark.parametrize("kind", RULE_KINDS)
def test_what_is_kept_decides_as_before(run, calibration, kind, guarantee):
    rule = tuned_rule(kind, calibration, guarantee)
    found = loaded(run, written(rule))
    assert same(found.rule, rule)
    assert found == TunedThresholds(found.rule, TOGETHER, DIGEST)
    y_score = np.random.default_rng(1).random((50, 3), np.float32)
    assert (decide(y_score, found.rule) == decide(y_score, rule)).all()
    if calibration:
        before = calibrate(y_score, rule.calibration)
        assert (calibrate(y_score, found.rule.calibration) == before).all()


def test_never_is_null_in_a_strict_file(run):
    loaded(run, written(tuned_rule(guarantee=math.inf)))
    text = (run.folder / THRESHOLDS).read_text("utf-8")
    assert not {"Infinity", "NaN"} & set(text.replace(",", " ").split())
    values = json.loads(text)
    assert values["articles"][1] == {"article": "133之一", "threshold": None, "group": 1}
    assert values["guarantee_score"] is None
    assert values["companions"] == {
        "always": {"264": ["133之一", "234"]},
        "never": {"234": ["133之一"], "133之一": ["234"]},
    }


def test_thresholds_go_by_the_names_of_the_articles(run):
    rule = tuned_rule()
    values = written(rule)
    values["articles"].reverse()
    assert same(loaded(run, values).rule, rule)


def test_a_run_without_thresholds_says_what_to_do(run):
    with pytest.raises(RunError, match="tune-thresholds"):
        load_thresholds(run)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b'"text"', b"{}"],
)
def test_a_file_that_holds_no_thresholds_is_refused(run, text):
    (run.folder / THRESHOLDS).write_bytes(text)
    with pytest.raises(RunError, match="Run `lawrec tune-thresholds` again"):
        load_thresholds(run)


DAMAGES = [
    (name, value)
    for name in written(tuned_rule())
    for value in (..., None, "text", [], {}, [1], -1, math.nan)
    if value is not None or name not in ("calibration", "guarantee_score")  # there, it means none
]


@pytest.mark.parametrize(("name", "value"), DAMAGES)
def test_a_damaged_value_is_refused(run, name, value):
    values = written(tuned_rule()) | {name: value}
    if value is ...:
        del values[name]
    (run.folder / THRESHOLDS).write_text(json.dumps(values), "utf-8")
    with pytest.raises(RunError, match="must be those of this run"):
        load_thresholds(run)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("rule",), "shares"),
        (("min_articles",), math.inf),
        (("min_articles",), 10),
        (("max_articles",), math.inf),
        (("calibration", "kind"), "isotonik"),
        (("calibration", "kind"), "temperature"),
        (("articles", 0, "group"), 3),
        (("articles", 0, "group"), -1),
        (("articles", 0, "group"), None),
        (("calibration", "parameters"), []),
        (("calibration", "parameters"), [[], [], []]),
        (("calibration", "parameters"), [[[0.5]], [[0.5]], [[0.5]]]),
        (("calibration", "parameters"), [[[0, 1], [0.5]]] * 3),
        (("calibration", "parameters"), [[[0, 1], [0, 2]]] * 3),
        (("companions", "always"), {"999": ["264"]}),
        (("companions", "never"), {"264": ["999"]}),
        (("companions", "never"), ["264"]),
        (("articles", 0, "article"), "999"),
        (("articles", 0, "threshold"), "text"),
        (("articles", 0, "threshold"), [0.5]),
        (("articles", 0, "threshold"), math.nan),
        (("tuned_on", "sha256"), ...),
    ],
    ids=str,
)
def test_a_value_damaged_inside_is_refused(run, place, value):
    values = json.loads(json.dumps(written(tuned_rule())))
    part = values
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    if value is ...:
        del part[place[-1]]
    (run.folder / THRESHOLDS).write_text(json.dumps(values), "utf-8")
    with pytest.raises(RunError, match="must be those of this run"):
        load_thresholds(run)


def test_thresholds_of_fewer_articles_are_refused(run):
    values = written(tuned_rule())
    del values["articles"][2]
    with pytest.raises(RunError, match="KeyError: '234'"):
        loaded(run, values)


def test_more_columns_never_fire():
    rule = tuned_rule()
    wide = extend_rule(rule, 5)
    assert wide.thresholds.tolist() == [*rule.thresholds.tolist(), math.inf, math.inf]
    assert same(extend_rule(rule, 3), rule)
    y_score = np.random.default_rng(1).random((50, 5), np.float32)
    y_score[:, 3:] = 0
    y_pred = decide(y_score, wide)
    assert not y_pred[:, 3:].any()
    assert (y_pred[:, :3] == decide(y_score[:, :3], rule)).all()
