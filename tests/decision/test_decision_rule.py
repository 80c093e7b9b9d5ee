import numpy as np
import pytest

from lawrec.decision.calibration import Calibration, calibrate
from lawrec.decision.decision_rule import (
    RULE_KINDS,
    DecisionRule,
    abstained,
    decide,
    passing,
    score_thresholds,
)
from lawrec.decision.score_order import round_scores
from lawrec.decision.threshold_curve import NEVER
from lawrec.evaluation.confusion_counts import CHUNK_ROWS
from tests.helpers.arrays import SEEDS, floats, random_scores, slow_expected_f1


def stretched(articles):
    """A calibration that doubles the logits of every second article and halves the others'."""
    return Calibration("temperature", tuple(range(articles)), (((2.0,),), ((0.5,),)) * 4)


def slow_passed(scores, rule):
    """Which columns of a case pass, chosen one by one; what never passes is not the best."""
    can_pass = [bool(np.isfinite(threshold)) for threshold in rule.thresholds]
    seen = [score if passes else 0 for score, passes in zip(scores, can_pass, strict=True)]
    if rule.kind == "threshold":
        passed = [
            score >= threshold for score, threshold in zip(seen, rule.thresholds, strict=True)
        ]
    elif rule.kind == "share":
        best = np.float32(max(seen)) or np.float32(1)
        passed = [
            score / best >= threshold
            for score, threshold in zip(seen, rule.thresholds, strict=True)
        ]
    else:
        passed = slow_best_list(seen, rule)
    return [passes and bool(ok) for passes, ok in zip(can_pass, passed, strict=True)]


def slow_best_list(scores, rule):
    prob = floats(scores)
    prob = (calibrate(prob, rule.calibration) if rule.calibration else prob)[0]
    by_prob = sorted(range(len(prob)), key=lambda column: -prob[column])
    lengths = range(1, min(rule.max_articles, len(prob)) + 1)
    lists = [[column in by_prob[:n] for column in range(len(prob))] for n in lengths]
    return max(lists, key=lambda chosen: round(slow_expected_f1(prob, chosen), 9))


def slow_decide(scores, rule):
    """One case's columns, chosen one by one."""
    by_score = sorted(range(len(scores)), key=lambda column: -scores[column])
    needed = [column for column in by_score if scores[column] >= rule.guarantee]
    if len(needed) > rule.max_articles:
        return [False] * len(scores)
    passed = slow_passed(scores, rule)
    listed = [column for column in by_score if passed[column] or column in needed]
    others = [column for column in by_score if column not in listed]
    can_pass = [column for column in others if np.isfinite(rule.thresholds[column])]
    never = [column for column in others if column not in can_pass]
    chosen = listed[: rule.max_articles]
    filling = (can_pass + never)[: max(0, rule.min_articles - len(chosen))]
    chosen += [column for column in filling if scores[column] >= rule.fill_score]
    return [column in chosen for column in range(len(scores))]


def random_decision(seed, kind="threshold", cases=10):
    rng = np.random.default_rng(seed)
    articles = int(rng.integers(1, 8))
    y_score = random_scores(rng, (cases, articles))
    thresholds = np.where(rng.random(articles) < 0.3, NEVER, random_scores(rng, articles))
    least, most = sorted(rng.integers(1 if kind == "expected_f1" else 0, 8, 2).tolist())
    return y_score, DecisionRule(
        thresholds.astype(np.float32),
        least,
        most,
        fill_score=float(rng.choice([0, 0.25])),
        kind=kind,
        calibration=stretched(articles) if rng.random() < 0.5 else None,
        guarantee=float(rng.choice([NEVER, 0.5, 0.75])),
    )


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_decide_agrees_with_a_slow_choice_case_by_case(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        assert decide(y_score, rule).tolist() == [slow_decide(scores, rule) for scores in y_score]


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_the_decision_of_a_case_does_not_depend_on_other_cases(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        in_batch = decide(y_score, rule)
        alone = np.concatenate([decide(y_score[[case]], rule) for case in range(len(y_score))])
        assert (in_batch == alone).all()
        assert (decide(y_score[::-1], rule) == in_batch[::-1]).all()
        assert (decide(np.asfortranarray(y_score), rule) == in_batch).all()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_the_decision_of_a_case_is_the_same_in_every_chunk(kind):
    y_score = np.random.default_rng(0).random((5, 40), np.float32) ** 4
    rule = DecisionRule(np.full(40, 0.25, np.float32), 1, 9, kind=kind, guarantee=0.5)
    many = np.tile(y_score, (CHUNK_ROWS // 5 + 2, 1))
    assert len(many) > CHUNK_ROWS
    assert (decide(many, rule) == np.tile(decide(y_score, rule), (len(many) // 5, 1))).all()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_decide_lists_at_least_the_least_and_at_most_the_most(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        rule = DecisionRule(**(vars(rule) | {"fill_score": 0.0}))
        sizes = decide(y_score, rule).sum(axis=1)
        over = abstained(y_score, rule)
        assert (sizes[over] == 0).all()
        assert (sizes[~over] >= min(rule.min_articles, y_score.shape[1])).all()
        assert (sizes <= rule.max_articles).all()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_what_passes_is_what_decide_lists_without_limits(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        freely = DecisionRule(
            **(vars(rule) | {"min_articles": 0, "max_articles": 99, "guarantee": NEVER})
        )
        assert (passing(y_score, freely) == decide(y_score, freely)).all()


@pytest.mark.parametrize("kind", ["threshold", "share"])
def test_an_article_passes_from_its_threshold_in_a_case_on(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        lines = score_thresholds(y_score, rule)
        assert lines.shape == y_score.shape
        doubtful = (
            np.isclose(lines, y_score) if kind == "share" else np.zeros_like(y_score, np.bool_)
        )
        assert ((y_score >= lines) == passing(y_score, rule))[~doubtful].all()


def test_a_list_that_is_chosen_as_a_whole_has_no_thresholds():
    y_score, rule = random_decision(0, "expected_f1")
    assert (score_thresholds(y_score, rule) == NEVER).all()


def test_a_share_is_one_of_the_best_that_can_pass():
    rule = DecisionRule(floats(0.5, NEVER, 0.5), 0, 3, kind="share")
    y_score = floats([0.4, 0.9, 0.1], [0.4, 0.9, 0.2], [0, 0.9, 0])
    assert passing(y_score, rule).tolist() == [[1, 0, 0], [1, 0, 1], [0, 0, 0]]
    assert score_thresholds(y_score, rule)[:2].tolist() == [pytest.approx([0.2, np.inf, 0.2])] * 2


def test_a_score_equal_to_its_threshold_is_positive():
    threshold = np.float32(0.3)
    nearly = np.nextafter(threshold, -NEVER)  # rounds to the threshold
    rule = DecisionRule(floats(threshold), 0, 1)
    y_score = floats([0.300001], [threshold], [nearly], [0.299999])
    assert decide(y_score, rule).tolist() == [[True], [True], [True], [False]]


@pytest.mark.parametrize(
    ("thresholds", "scores", "limits", "expected"),
    [
        ([0.5, 0.5, 0.5], [0.9, 0.6, 0.1], (0, 3), [1, 1, 0]),
        ([0.5, 0.5, 0.5], [0.6, 0.9, 0.8], (0, 2), [0, 1, 1]),
        ([0.5, 0.5, 0.5], [0.1, 0.3, 0.2], (1, 3), [0, 1, 0]),
        ([0.5, 0.5, 0.5], [0.1, 0.3, 0.2], (0, 3), [0, 0, 0]),
        ([0.5, 0.5, 0.1], [0.4, 0.3, 0.2], (2, 3), [1, 0, 1]),
        ([0.5, NEVER, 0.5], [0.1, 0.9, 0.2], (1, 3), [0, 0, 1]),
        ([0.5, NEVER, 0.5], [0.1, 0.9, 0.2], (3, 3), [1, 1, 1]),
        ([NEVER, 0.5], [1.0, 0.0], (1, 2), [0, 1]),
        ([NEVER, NEVER], [0.1, 0.2], (1, 2), [0, 1]),
        ([0.5, 0.5, 0.5], [0.7, 0.7, 0.7], (0, 2), [1, 1, 0]),
        ([0, 0], [0.0, 0.0], (0, 2), [1, 1]),
        ([0.5], [0.1], (3, 5), [1]),
    ],
    ids=[
        "all that passed",
        "too many: the best stay",
        "too few: the best fills",
        "none is allowed",
        "one that passed goes before better ones that did not",
        "one that never passes does not fill",
        "one that never passes fills last",
        "a sure one that never passes fills after an unlikely one that can",
        "where none can pass the best fills",
        "ties go by column",
        "a threshold of 0 always passes",
        "more are asked than there are",
    ],
)
def test_decide_keeps_to_its_limits(thresholds, scores, limits, expected):
    y_pred = decide(floats(scores), DecisionRule(floats(*thresholds), *limits))
    assert y_pred.dtype == np.bool_
    assert y_pred.astype(int).tolist() == [expected]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((0.2, 0.1), [False, False]),
        ((0.25, 0.1), [True, False]),
        ((0.4, 0.3), [True, True]),
        ((0.6, 0.1), [True, False]),
        ((0.1, 0.95), [False, False]),
    ],
    ids=["all below", "at the score", "both fill", "one passes, one is below", "never passes"],
)
def test_a_list_is_filled_only_from_the_fill_score_on(scores, expected):
    never_passes = scores == (0.1, 0.95)
    thresholds = floats(0.5, NEVER if never_passes else 0.5)
    rule = DecisionRule(thresholds, 1 if never_passes else 2, 9, fill_score=0.25)
    assert decide(floats(scores), rule).tolist() == [expected]


@pytest.mark.parametrize(
    ("thresholds", "scores", "most", "expected", "over"),
    [
        ([0.9, 0.9, 0.9], [0.6, 0.5, 0.1], 3, [1, 1, 0], False),
        ([0.2, 0.9, 0.9], [0.3, 0.6, 0.1], 3, [1, 1, 0], False),
        ([0.2, 0.2, 0.2], [0.3, 0.6, 0.4], 2, [0, 1, 1], False),
        ([0.9, 0.9, 0.9], [0.6, 0.6, 0.6], 2, [0, 0, 0], True),
        ([0.9, 0.9, 0.9], [0.6, 0.6, 0.6], 3, [1, 1, 1], False),
        ([0.9, NEVER, 0.9], [0.1, 0.6, 0.1], 3, [0, 1, 0], False),
        ([0.1, NEVER, 0.1], [0.3, 0.6, 0.2], 2, [1, 1, 0], False),
        ([0.1, NEVER, NEVER], [0.5, 0.6, 0.7], 2, [0, 0, 0], True),
    ],
    ids=[
        "whatever the threshold",
        "together with what passes",
        "the best stay",
        "too many: abstained",
        "just as many as the most",
        "what never passes too",
        "what never passes goes before a lower score that passes",
        "what never passes counts for abstaining",
    ],
)
def test_from_the_guaranteed_score_on_articles_are_listed(thresholds, scores, most, expected, over):
    rule = DecisionRule(floats(*thresholds), 0, most, guarantee=0.5)
    assert decide(floats(scores), rule).astype(int).tolist() == [expected]
    assert abstained(floats(scores), rule).tolist() == [over]


@pytest.mark.parametrize("thresholds", [[1e-12, 1e-12], [1, 1], [NEVER, NEVER]])
def test_decide_distinguishes_scores_of_a_millionth_and_no_smaller_ones(thresholds):
    rule = DecisionRule(floats(*thresholds), 1, 1)
    assert decide(floats([1e-6, 2e-6]), rule).tolist() == [[False, True]]
    assert decide(floats([1e-10, 2e-10]), rule).tolist() == [[True, False]]


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_noise_below_the_rounding_changes_no_list(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind, cases=50)
        noise = np.random.default_rng(seed).uniform(-2e-7, 2e-7, y_score.shape)
        noisy = np.clip(y_score + noise, 0, 1).astype(np.float32)
        assert (round_scores(noisy) == y_score).all()
        for function in (decide, passing, score_thresholds, abstained):
            np.testing.assert_array_equal(function(noisy, rule), function(y_score, rule))


def test_what_never_passes_does_not_make_the_likeliest_list_longer():
    never_zero = Calibration("isotonic", (0,) * 9, (((-2.0, 2.0), (0.1, 0.9)),))
    thresholds = floats(*[0] * 3, *[NEVER] * 6)
    rule = DecisionRule(thresholds, 0, 9, kind="expected_f1", calibration=never_zero)
    y_score = np.random.default_rng(0).random((50, 9), np.float32)
    few = Calibration("isotonic", (0,) * 3, never_zero.parameters)
    alone = DecisionRule(thresholds[:3], 0, 9, kind="expected_f1", calibration=few)
    assert decide(y_score, rule)[:, :3].tolist() == decide(y_score[:, :3], alone).tolist()
