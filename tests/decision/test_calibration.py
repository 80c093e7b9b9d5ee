import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from lawrec.decision.calibration import (
    CALIBRATIONS,
    MAX_LOGIT,
    MIN_TRUE_CASES,
    STEPS_PER_LOGIT,
    Calibration,
    calibrate,
    fit_calibration,
)
from lawrec.errors import ConfigError
from tests.helpers.arrays import SEEDS, bools, floats, random_mask, random_table

RESOLUTION = 0.25 / STEPS_PER_LOGIT  # half a step, where a probability rises fastest, and then some
FITTED = ("temperature", "isotonic")


def fit_to(kind, y_true, y_score, known=None, groups=None):
    return fit_calibration(y_true, y_score, kind=kind, known=known, groups=groups)


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits, np.float64)))


def invented(seed, cases=4_000, articles=3, times=1.0, base=-1.0):
    """Labels drawn with known probabilities, and scores whose logits are that many times theirs."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(base, 2, (cases, articles))
    return rng.random(logits.shape) < sigmoid(logits), sigmoid(logits * times).astype(np.float32)


def temperatures(fitted):
    return [parameters[0][0] for parameters in fitted.parameters]


def reliability_gap(y_true, y_prob):
    """How far the share of true entries is from the probability, over ten bins."""
    bins = np.minimum((y_prob * 10).astype(int), 9)
    return sum(
        abs(float(y_true[bins == bin].mean() - y_prob[bins == bin].mean())) * (bins == bin).mean()
        for bin in np.unique(bins)
    )


def with_support(*numbers, cases=200):
    """Articles with these numbers of true cases, and scores that tell the later ones better."""
    y_true = np.arange(cases)[:, None] < np.array(numbers)
    noise = np.random.default_rng(0).normal(0, 2, y_true.shape)
    better = y_true * np.arange(1, len(numbers) + 1)
    return y_true, sigmoid(noise - 1 + better).astype(np.float32)


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_probabilities_are_float32_between_0_and_1(kind):
    y_true, y_score = random_table(0, cases=60)
    y_score[0] = floats(0, 1, 0.5, np.nextafter(np.float32(1), np.float32(0)), 1e-30)
    given = y_score.copy()
    y_prob = calibrate(y_score, fit_calibration(y_true, y_score, kind=kind))
    assert (y_prob.dtype, y_prob.shape) == (np.float32, y_score.shape)
    assert ((y_prob >= 0) & (y_prob <= 1)).all()
    assert (y_score == given).all()


def test_none_leaves_scores_as_they_are_but_for_the_steps():
    y_true, y_score = invented(0)
    fitted = fit_calibration(y_true, y_score, kind="none")
    np.testing.assert_allclose(calibrate(y_score, fitted), y_score, atol=RESOLUTION)
    edges = np.tile(floats([0], [1]), 3)
    np.testing.assert_allclose(calibrate(edges, fitted), edges, atol=np.exp(-MAX_LOGIT))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("times", "expected"), [(1, 1), (0.5, 0.5), (2, 2)])
def test_the_temperature_undoes_what_stretched_the_logits(times, expected, seed):
    fitted = fit_to("temperature", *invented(seed, times=times))
    assert temperatures(fitted) == pytest.approx([expected] * 3, rel=0.06)


@pytest.mark.parametrize("seed", range(3))
def test_the_temperature_has_the_least_log_loss(seed):
    y_true, y_score = invented(seed, cases=1_000, articles=1)
    logits = np.log(y_score / (1 - y_score)) + 1.5  # no temperature alone makes them right
    fitted = fit_calibration(y_true, sigmoid(logits).astype(np.float32), kind="temperature")
    tried = np.geomspace(0.2, 20, 1_000)
    losses = [-np.log(sigmoid(np.where(y_true, 1, -1) * logits / each)).mean() for each in tried]
    best = tried[np.argmin(losses)]
    assert temperatures(fitted) == pytest.approx([best] * 3, rel=0.02)


@pytest.mark.parametrize("times", [0.4, 1, 2.5])
@pytest.mark.parametrize("kind", FITTED)
def test_probabilities_of_other_cases_are_right_as_often_as_they_say(kind, times):
    fitted = fit_to(kind, *invented(1, times=times))
    y_true, y_score = invented(2, times=times)
    gap = reliability_gap(y_true, calibrate(y_score, fitted))
    assert gap < 0.02
    if times != 1:
        assert gap < reliability_gap(y_true, y_score) / 3


def test_isotonic_is_that_of_the_raw_scores_and_a_contrary_case_at_each_end():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        # Scores that lie on the steps of the table.
        y_score = sigmoid(rng.integers(-300, 300, 50) / STEPS_PER_LOGIT).astype(
            np.float32
        )  # on the steps
        y_true = rng.random(50) < 0.2 + 0.6 * y_score
        y_true[:MIN_TRUE_CASES] = True
        scores, true = np.append(y_score, (0, 1)), np.append(y_true, (True, False))
        expected = IsotonicRegression(y_min=0, y_max=1).fit_transform(scores, true)[:50]
        fitted = fit_calibration(y_true[:, None], y_score[:, None], kind="isotonic")
        np.testing.assert_allclose(calibrate(y_score[:, None], fitted)[:, 0], expected, atol=1e-6)


def test_isotonic_by_hand():
    y_true = bools(0, 1, 0, 1, 1)[:, None].repeat(MIN_TRUE_CASES, axis=0)
    y_score = floats(0.1, 0.3, 0.5, 0.7, 0.9)[:, None]
    fitted = fit_calibration(y_true, y_score.repeat(MIN_TRUE_CASES, axis=0), kind="isotonic")
    found = calibrate(np.append(y_score, floats([0], [1]), axis=0), fitted)[:, 0]
    least, most = 1 / (MIN_TRUE_CASES + 1), 2 * MIN_TRUE_CASES / (2 * MIN_TRUE_CASES + 1)
    np.testing.assert_allclose(found, [least, 0.5, 0.5, most, most, least, most], atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_a_higher_score_is_never_less_probable(kind, seed):
    y_true, y_score = random_table(seed, cases=40)
    fitted = fit_calibration(y_true, y_score, kind=kind)
    rising = np.tile(np.linspace(0, 1, 500, dtype=np.float32)[:, None], y_true.shape[1])
    assert (np.diff(calibrate(rising, fitted), axis=0) >= 0).all()


def test_articles_are_grouped_by_their_true_cases():
    fitted = fit_to("temperature", *with_support(0, 9, 10, 99, 100, 150))
    assert fitted.groups == (0, 0, 1, 1, 2, 2)


@pytest.mark.parametrize("kind", FITTED)
def test_a_group_is_fitted_by_itself(kind):
    y_true, y_score = with_support(150, 50, 5, 8)
    parameters = fit_calibration(y_true, y_score, kind=kind).parameters
    for group, columns in enumerate(([2, 3], [1], [0])):
        alone = fit_calibration(y_true[:, columns], y_score[:, columns], kind=kind)
        assert parameters[group] == alone.parameters[group]
    assert len(set(parameters)) == 3


@pytest.mark.parametrize("kind", FITTED)
def test_a_group_with_too_few_true_cases_is_fitted_on_all(kind):
    y_true, y_score = with_support(150, MIN_TRUE_CASES - 1)
    parameters = fit_calibration(y_true, y_score, kind=kind).parameters
    assert parameters[0] == parameters[1] != parameters[2]
    y_true, y_score = with_support(150, MIN_TRUE_CASES - 1, 1)
    parameters = fit_calibration(y_true, y_score, kind=kind).parameters
    assert parameters[0] != parameters[1]


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_without_a_true_case_scores_stay(kind):
    y_score = with_support(0, 0)[1]
    fitted = fit_calibration(np.zeros_like(y_score, np.bool_), y_score, kind=kind)
    assert fitted.kind == "none"
    np.testing.assert_allclose(calibrate(y_score, fitted), y_score, atol=RESOLUTION)


@pytest.mark.parametrize("known", [None, np.zeros((0, 2), np.bool_)])
@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_no_cases_fit_nothing(kind, known):
    nothing = np.zeros((0, 2), np.float32)
    fitted = fit_calibration(nothing > 0, nothing, kind=kind, known=known)
    assert calibrate(nothing, fitted).shape == (0, 2)


@pytest.mark.parametrize("truth", [True, False, "parted"])
@pytest.mark.parametrize("kind", FITTED)
def test_labels_that_a_fit_cannot_weigh_do_no_harm(kind, truth):
    y_score = with_support(0)[1]
    y_true = y_score > 0.5 if truth == "parted" else np.full(y_score.shape, truth)
    y_prob = calibrate(y_score, fit_calibration(y_true, y_score, kind=kind))
    assert np.isfinite(y_prob).all()
    assert truth != "parted" or ((y_prob > 0.5) == y_true).all()
    if truth is True and kind == "temperature":
        np.testing.assert_allclose(y_prob, y_score, atol=RESOLUTION)


def test_scores_that_say_the_opposite_get_a_temperature_that_says_nothing():
    y_true, y_score = invented(0, base=0)
    y_prob = calibrate(y_score, fit_calibration(~y_true, y_score, kind="temperature"))
    np.testing.assert_allclose(y_prob, 0.5, atol=0.04)


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_masked_entries_count_nowhere(kind):
    y_true, y_score = invented(3, cases=300)
    known = random_mask(3, y_true.shape)
    expected = fit_calibration(y_true, y_score, kind=kind, known=known)
    other = np.where(known, y_score, np.float32(0.75))
    assert fit_calibration(y_true ^ ~known, other, kind=kind, known=known) == expected
    every = np.ones_like(known)
    assert fit_calibration(y_true, y_score, kind=kind, known=every) == fit_calibration(
        y_true, y_score, kind=kind
    )


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_columns_after_those_of_the_fit_keep_their_scores(kind):
    y_true, y_score = invented(0, cases=200)
    fitted = fit_calibration(y_true[:, :2], y_score[:, :2], kind=kind)
    y_prob = calibrate(y_score, fitted)
    assert (y_prob[:, 2] == y_score[:, 2]).all()
    assert (y_prob[:, :2] == calibrate(y_score[:, :2], fitted)).all()


def test_each_article_has_the_parameters_of_its_group():
    fitted = Calibration("temperature", (1, 0), (((1.0,),), ((2.0,),)))
    y_prob = calibrate(sigmoid([[1, 1]]).astype(np.float32), fitted)
    np.testing.assert_allclose(y_prob, sigmoid([[0.5, 1]]), atol=1e-6)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match="isotonic"):
        fit_to("isotonik", *random_table(0))
