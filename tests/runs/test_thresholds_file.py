import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from lawrec.corpus.vocabulary import Vocabulary
from lawrec.decision.calibration import CALIBRATIONS, calibrated, fit_calibration
from lawrec.decision.co_citation import Companions
from lawrec.decision.decision_rule import RULES, Cuts, decide
from lawrec.errors import RunError
from lawrec.files import write_json
from lawrec.runs.thresholds_file import (
    THRESHOLDS,
    Tuned,
    companion_values,
    decision_values,
    finite,
    load_tuned,
    widened,
)

pytestmark = pytest.mark.tensorflow
NAMES = ("264", "133之一", "234")
TOGETHER = Companions({0: (1, 2)}, {2: (1,), 1: (2,)})
DIGEST = "0" * 64


@pytest.fixture
def run(tmp_path):
    return SimpleNamespace(folder=tmp_path, articles=Vocabulary(NAMES))


def tuned_cuts(rule="threshold", kind="isotonic", guarantee=0.3):
    rng = np.random.default_rng(0)
    y_score = rng.random((60, 3), np.float32)
    calibration = kind and fit_calibration(kind, rng.random((60, 3)) < y_score, y_score)
    thresholds = np.array([1 / 3, np.inf, 0], np.float32)
    return Cuts(thresholds, 1, 9, 0.1, rule, calibration, float(np.float32(guarantee)))


def written(cuts, companions=TOGETHER):
    groups = cuts.calibration.groups if cuts.calibration else (0,) * len(NAMES)
    lines = zip(NAMES, cuts.thresholds, groups, strict=True)
    return {
        **decision_values(cuts),
        "companions": companion_values(companions, NAMES),
        "tuned_on": {"sha256": DIGEST},
        "articles": [
            {"article": name, "threshold": finite(cut), "group": group}
            for name, cut, group in lines
        ],
    }


def loaded(run, values):
    write_json(run.folder / THRESHOLDS, values)
    return load_tuned(run)


def same(left, right):
    """Whether two ways to decide are equal, their thresholds to the last bit."""
    pairs = [vars(cuts) | {"thresholds": cuts.thresholds.tolist()} for cuts in (left, right)]
    return pairs[0] == pairs[1] and left.thresholds.dtype == right.thresholds.dtype


@pytest.mark.parametrize("guarantee", [0.3, math.inf])
@pytest.mark.parametrize("kind", [None, *CALIBRATIONS])
@pytest.mark.parametrize("rule", RULES)
def test_what_is_kept_decides_as_before(run, rule, kind, guarantee):
    cuts = tuned_cuts(rule, kind, guarantee)
    found = loaded(run, written(cuts))
    assert same(found.cuts, cuts)
    assert found == Tuned(found.cuts, TOGETHER, DIGEST)
    y_score = np.random.default_rng(1).random((50, 3), np.float32)
    assert (decide(y_score, found.cuts) == decide(y_score, cuts)).all()
    if kind:
        before = calibrated(y_score, cuts.calibration)
        assert (calibrated(y_score, found.cuts.calibration) == before).all()


def test_never_is_null_in_a_strict_file(run):
    loaded(run, written(tuned_cuts(guarantee=math.inf)))
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
    cuts = tuned_cuts()
    values = written(cuts)
    values["articles"].reverse()
    assert same(loaded(run, values).cuts, cuts)


def test_a_run_without_thresholds_says_what_to_do(run):
    with pytest.raises(RunError, match="tune-thresholds"):
        load_tuned(run)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b'"text"', b"{}"],
)
def test_a_file_that_holds_no_thresholds_is_refused(run, text):
    (run.folder / THRESHOLDS).write_bytes(text)
    with pytest.raises(RunError, match="Run `lawrec tune-thresholds` again"):
        load_tuned(run)


DAMAGES = [
    (name, value)
    for name in written(tuned_cuts())
    for value in (..., None, "text", [], {}, [1], -1, math.nan)
    if value is not None or name not in ("calibration", "guarantee_score")  # there, it means none
]


@pytest.mark.parametrize(("name", "value"), DAMAGES)
def test_a_damaged_value_is_refused(run, name, value):
    values = written(tuned_cuts()) | {name: value}
    if value is ...:
        del values[name]
    (run.folder / THRESHOLDS).write_text(json.dumps(values), "utf-8")
    with pytest.raises(RunError, match="must be those of this run"):
        load_tuned(run)


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
    values = json.loads(json.dumps(written(tuned_cuts())))
    part = values
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    if value is ...:
        del part[place[-1]]
    (run.folder / THRESHOLDS).write_text(json.dumps(values), "utf-8")
    with pytest.raises(RunError, match="must be those of this run"):
        load_tuned(run)


def test_thresholds_of_fewer_articles_are_refused(run):
    values = written(tuned_cuts())
    del values["articles"][2]
    with pytest.raises(RunError, match="KeyError: '234'"):
        loaded(run, values)


def test_more_columns_never_fire():
    cuts = tuned_cuts()
    wide = widened(cuts, 5)
    assert wide.thresholds.tolist() == [*cuts.thresholds.tolist(), math.inf, math.inf]
    assert same(widened(cuts, 3), cuts)
    y_score = np.random.default_rng(1).random((50, 5), np.float32)
    y_score[:, 3:] = 0
    y_pred = decide(y_score, wide)
    assert not y_pred[:, 3:].any()
    assert (y_pred[:, :3] == decide(y_score[:, :3], cuts)).all()
