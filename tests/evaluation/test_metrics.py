import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_recall_fscore_support

from lawrec.evaluation import confusion_counts, metrics

SEEDS = range(8)
ONES = np.ones((3, 4), np.bool_)
ZEROS = np.zeros((3, 4), np.bool_)

# Article 0: one hit, one miss; 1: two hits; 2: one false positive; 3: absent.
TRUE = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0]], np.bool_)
PRED = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]], np.bool_)


def values(cail, micro, macro, supported, hamming, exact):
    return {
        "cail_score": cail,
        "micro_f1": micro,
        "macro_f1": macro,
        "macro_f1_supported": supported,
        "hamming_loss": hamming,
        "exact_match": exact,
    }


def one_false_positive():
    y_pred = ZEROS.copy()
    y_pred[0, 0] = True
    return y_pred


HAND_WORKED = {
    "mixed": (
        TRUE,
        PRED,
        values(
            cail=(6 / 8 + (2 / 3 + 1 + 0 + 1) / 4) / 2,
            micro=6 / 8,
            macro=(2 / 3 + 1 + 0 + 0) / 4,
            supported=(2 / 3 + 1) / 2,
            hamming=2 / 12,
            exact=1 / 3,
        ),
    ),
    "all right, two articles absent": (
        TRUE,
        TRUE,
        values(cail=1, micro=1, macro=2 / 4, supported=1, hamming=0, exact=1),
    ),
    "nothing predicted": (
        TRUE,
        ZEROS,
        values(cail=(0 + 2 / 4) / 2, micro=0, macro=0, supported=0, hamming=4 / 12, exact=0),
    ),
    "everything predicted": (
        TRUE,
        ONES,
        values(
            cail=(8 / 16 + (4 / 5 + 4 / 5) / 4) / 2,
            micro=8 / 16,
            macro=(4 / 5 + 4 / 5) / 4,
            supported=4 / 5,
            hamming=8 / 12,
            exact=0,
        ),
    ),
    "no case true, none predicted": (
        ZEROS,
        ZEROS,
        values(cail=(1 + 1) / 2, micro=0, macro=0, supported=0, hamming=0, exact=1),
    ),
    "no case true, one predicted": (
        ZEROS,
        one_false_positive(),
        values(cail=(0 + 3 / 4) / 2, micro=0, macro=0, supported=0, hamming=1 / 12, exact=2 / 3),
    ),
    "all true, all predicted": (
        ONES,
        ONES,
        values(cail=1, micro=1, macro=1, supported=1, hamming=0, exact=1),
    ),
    "one article": (
        TRUE[:, :1],
        PRED[:, :1],
        values(cail=2 / 3, micro=2 / 3, macro=2 / 3, supported=2 / 3, hamming=1 / 3, exact=2 / 3),
    ),
    "one case, one article, right": (
        ONES[:1, :1],
        ONES[:1, :1],
        values(cail=1, micro=1, macro=1, supported=1, hamming=0, exact=1),
    ),
}


def random_answers(seed, cases=40, articles=12):
    rng = np.random.default_rng(seed)
    rates = rng.random(articles) * rng.integers(0, 2, articles)
    y_true = rng.random((cases, articles)) < rates
    y_pred = y_true ^ (rng.random((cases, articles)) < 0.1 * rng.integers(0, 2, articles))
    return y_true, y_pred


def judge_of_cail(y_true, y_pred):
    """The judge by its rules: article by article, case by case."""
    n_cases, n_articles = y_true.shape
    total_tp = total_wrong = 0
    f1_sum = 0.0
    for article in range(n_articles):
        tp = wrong = 0
        for case in range(n_cases):
            if y_true[case, article] and y_pred[case, article]:
                tp += 1
            elif y_true[case, article] or y_pred[case, article]:
                wrong += 1
        total_tp += tp
        total_wrong += wrong
        f1_sum += 1.0 if tp + wrong == 0 else 2 * tp / (2 * tp + wrong)
    micro = 2 * total_tp / (2 * total_tp + total_wrong) if total_tp else 0.0
    return (micro + f1_sum / n_articles) / 2


@pytest.mark.parametrize("name", HAND_WORKED)
def test_metrics_match_values_worked_by_hand(name):
    y_true, y_pred, expected = HAND_WORKED[name]
    assert metrics.evaluate(y_true, y_pred) == pytest.approx(expected)


def test_counts_match_values_worked_by_hand():
    counts = confusion_counts.count(TRUE, PRED)
    assert counts.tp.tolist() == [1, 2, 0, 0]
    assert counts.fp.tolist() == [0, 0, 1, 0]
    assert counts.fn.tolist() == [1, 0, 0, 0]
    assert counts.support.tolist() == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("zero_division", "expected"), [(0.0, [2 / 3, 1, 0, 0]), (1.0, [2 / 3, 1, 0, 1])]
)
def test_f1_of_an_absent_article_is_zero_division(zero_division, expected):
    counts = confusion_counts.count(TRUE, PRED)
    assert confusion_counts.f1(counts, zero_division=zero_division) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("micro_f1", lambda t, p: f1_score(t, p, average="micro", zero_division=0)),
        ("macro_f1", lambda t, p: f1_score(t, p, average="macro", zero_division=0)),
        (
            "macro_f1_supported",
            lambda t, p: f1_score(
                t, p, average="macro", zero_division=0, labels=np.flatnonzero(t.any(axis=0))
            ),
        ),
        ("hamming_loss", hamming_loss),
        ("exact_match", accuracy_score),
    ],
    ids=["micro_f1", "macro_f1", "macro_f1_supported", "hamming_loss", "exact_match"],
)
def test_a_metric_agrees_with_scikit_learn(name, theirs, seed):
    y_true, y_pred = random_answers(seed)
    expected = theirs(y_true.astype(int), y_pred.astype(int))
    assert metrics.METRICS[name](y_true, y_pred) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cail_score_agrees_with_a_slow_judge(seed):
    y_true, y_pred = random_answers(seed)
    assert metrics.cail_score(y_true, y_pred) == pytest.approx(judge_of_cail(y_true, y_pred))


@pytest.mark.parametrize("n_absent_articles", [1, 5])
def test_absent_articles_count_in_the_cail_score_like_empty_columns(n_absent_articles):
    y_true, y_pred = random_answers(0)
    known = np.random.default_rng(0).random(y_true.shape) < 0.9
    more = ((0, 0), (0, n_absent_articles))
    expected = metrics.cail_score(
        np.pad(y_true, more), np.pad(y_pred, more), np.pad(known, more, constant_values=True)
    )
    score = metrics.cail_score(y_true, y_pred, known, n_absent_articles=n_absent_articles)
    assert score == pytest.approx(expected)


def test_one_false_positive_on_an_absent_article_costs_a_quarter_of_a_cail_point():
    y_true = np.zeros((1000, 183), np.bool_)
    y_true[:, 0] = True
    y_pred = y_true.copy()
    y_pred[0, 1] = True
    cost = metrics.cail_score(y_true, y_true) - metrics.cail_score(y_true, y_pred)
    assert 100 * cost == pytest.approx(100 * (1 / 183 + 1 / 2001) / 2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", metrics.METRICS)
def test_a_metric_does_not_depend_on_the_order_of_cases_or_articles(name, seed):
    y_true, y_pred = random_answers(seed)
    rng = np.random.default_rng(seed)
    shuffle = np.ix_(rng.permutation(y_true.shape[0]), rng.permutation(y_true.shape[1]))
    metric = metrics.METRICS[name]
    assert metric(y_true[shuffle], y_pred[shuffle]) == pytest.approx(metric(y_true, y_pred))


@pytest.mark.parametrize("name", metrics.METRICS)
def test_a_metric_is_a_plain_float_from_0_to_1(name):
    value = metrics.METRICS[name](*random_answers(0))
    assert type(value) is float
    assert 0 <= value <= 1


def test_evaluate_returns_every_metric_under_its_name():
    expected = {name: metric(TRUE, PRED) for name, metric in metrics.METRICS.items()}
    assert metrics.evaluate(TRUE, PRED) == expected


def random_mask(seed, shape):
    """A mask with a case and an article of which nothing is known."""
    rng = np.random.default_rng(seed)
    known = rng.random(shape) < 0.7
    known[rng.integers(shape[0])] = False
    known[:, rng.integers(shape[1])] = False
    return known


def slow_metrics(y_true, y_pred, known):
    """Every metric computed entry by entry, over what is known."""
    n_cases, n_articles = y_true.shape
    columns = []
    for article in range(n_articles):
        cases = [case for case in range(n_cases) if known[case, article]]
        pairs = [(y_true[case, article], y_pred[case, article]) for case in cases]
        if pairs:
            columns.append((sum(t and p for t, p in pairs), sum(t != p for t, p in pairs), pairs))
    f1s = [(2 * tp / (2 * tp + wrong) if tp + wrong else None) for tp, wrong, _ in columns]
    supported = [
        f1 for f1, (_, _, pairs) in zip(f1s, columns, strict=True) if any(t for t, _ in pairs)
    ]
    tp, wrong = (sum(column[index] for column in columns) for index in (0, 1))
    micro = 2 * tp / (2 * tp + wrong) if tp else 0.0
    rights = [
        all(t == p for t, p, k in zip(*rows, strict=True) if k)
        for rows in zip(y_true, y_pred, known, strict=True)
        if rows[2].any()
    ]
    entries = sum(len(pairs) for _, _, pairs in columns)
    return values(
        cail=(micro + np.mean([1 if f1 is None else f1 for f1 in f1s])) / 2,
        micro=micro,
        macro=np.mean([f1 or 0 for f1 in f1s]),
        supported=np.mean(supported) if supported else 0,
        hamming=wrong / entries,
        exact=np.mean(rights),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_under_a_mask_match_slow_ones(seed):
    y_true, y_pred = random_answers(seed)
    known = random_mask(seed, y_true.shape)
    expected = slow_metrics(y_true, y_pred, known)
    assert metrics.evaluate(y_true, y_pred, known) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_masked_entries_change_no_metric(seed):
    y_true, y_pred = random_answers(seed)
    known = random_mask(seed, y_true.shape)
    expected = metrics.evaluate(y_true, y_pred, known)
    assert metrics.evaluate(y_true ^ ~known, y_pred, known) == expected
    assert metrics.evaluate(y_true, y_pred | ~known, known) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_mask_changes_nothing_and_a_masked_row_or_column_is_left_out(seed):
    y_true, y_pred = random_answers(seed)
    known = np.ones_like(y_true)
    assert metrics.evaluate(y_true, y_pred, known) == metrics.evaluate(y_true, y_pred)
    known[3], known[:, 2] = False, False
    rest = np.delete(np.delete(y_true, 3, 0), 2, 1), np.delete(np.delete(y_pred, 3, 0), 2, 1)
    assert metrics.evaluate(y_true, y_pred, known) == metrics.evaluate(*rest)


def test_where_nothing_is_known_every_metric_is_0():
    assert set(metrics.evaluate(TRUE, PRED, ZEROS).values()) == {0.0}


def test_counts_under_a_mask_worked_by_hand():
    known = np.array([[0, 1, 0, 1], [1, 1, 1, 1], [1, 0, 1, 1]], np.bool_)
    counts = confusion_counts.count(TRUE, PRED, known)
    assert (counts.tp.tolist(), counts.fp.tolist()) == ([0, 1, 0, 0], [0, 0, 0, 0])
    assert (counts.fn.tolist(), counts.support.tolist()) == ([1, 0, 0, 0], [1, 1, 0, 0])


def slow_averages(y_true, y_pred, known):
    """Precision, recall and F1 by every average, computed entry by entry."""
    entries = [
        (case, article, bool(y_true[case, article]), bool(y_pred[case, article]))
        for case, article in zip(*np.nonzero(known), strict=True)
    ]

    def ratios(pairs):
        tp, fp, fn = (sum(pair == kind for pair in pairs) for kind in ((1, 1), (0, 1), (1, 0)))
        return {
            "precision": tp / (tp + fp) if tp + fp else 0.0,
            "recall": tp / (tp + fn) if tp + fn else 0.0,
            "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0,
        }

    def groups(field):
        keys = {entry[field] for entry in entries}
        return [[entry[2:] for entry in entries if entry[field] == key] for key in keys]

    def mean(parts, weights):
        pairs = list(zip(map(ratios, parts), weights, strict=True))
        total = sum(weights)
        return {
            name: sum(part[name] * weight for part, weight in pairs) / total if total else 0.0
            for name in ("precision", "recall", "f1")
        }

    articles, cases = groups(1), groups(0)
    support = [sum(true for true, _ in part) for part in articles]
    return {
        "micro": ratios([entry[2:] for entry in entries]),
        "macro": mean(articles, [1] * len(articles)),
        "macro_supported": mean(articles, [int(times > 0) for times in support]),
        "weighted": mean(articles, support),
        "samples": mean(cases, [1] * len(cases)),
    }


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_averages_match_slow_ones(seed, masked):
    y_true, y_pred = random_answers(seed)
    known = random_mask(seed, y_true.shape) if masked else np.ones_like(y_true)
    averages = metrics.averages(y_true, y_pred, known if masked else None)
    expected = slow_averages(y_true, y_pred, known)
    assert averages.keys() == expected.keys()
    for name, values in expected.items():
        assert averages[name] == pytest.approx(values), name


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("average", ["micro", "macro", "weighted", "samples"])
def test_the_averages_agree_with_scikit_learn(average, seed):
    y_true, y_pred = random_answers(seed)
    theirs = precision_recall_fscore_support(
        y_true.astype(int), y_pred.astype(int), average=average, zero_division=0
    )
    assert list(metrics.averages(y_true, y_pred)[average].values()) == pytest.approx(theirs[:3])


@pytest.mark.parametrize("seed", SEEDS)
def test_an_average_of_f1_equals_the_metric_of_the_same_kind(seed):
    y_true, y_pred = random_answers(seed)
    averages, values = metrics.averages(y_true, y_pred), metrics.evaluate(y_true, y_pred)
    for name in ("micro", "macro"):
        assert averages[name]["f1"] == values[f"{name}_f1"]
    assert averages["macro_supported"]["f1"] == values["macro_f1_supported"]


@pytest.mark.parametrize("seed", SEEDS)
def test_masked_entries_change_no_average(seed):
    y_true, y_pred = random_answers(seed)
    known = random_mask(seed, y_true.shape)
    expected = metrics.averages(y_true, y_pred, known)
    assert metrics.averages(y_true ^ ~known, y_pred | ~known, known) == expected


def test_every_average_of_nothing_is_0():
    for answers in ((TRUE, PRED, ZEROS), (ZEROS, ZEROS)):
        for ratios in metrics.averages(*answers).values():
            assert set(ratios.values()) == {0.0}


def test_counts_of_cases_worked_by_hand():
    counts = confusion_counts.count(TRUE, PRED, axis=1)
    assert counts.tp.tolist() == [1, 1, 1]
    assert counts.fp.tolist() == [1, 0, 0]
    assert counts.fn.tolist() == [0, 1, 0]
    assert counts.tn.tolist() == [2, 2, 3]
    assert counts.total.tolist() == [4, 4, 4]


def test_a_case_without_known_entries_has_no_value():
    known = ONES.copy()
    known[1] = False
    matches = metrics.exact_match(confusion_counts.count(TRUE, PRED, known, axis=1))
    assert matches.tolist()[::2] == [0, 1]
    assert np.isnan(matches[1])
    assert np.isnan(metrics.ratios_per_case(TRUE, PRED, known)["recall"][1])


def test_only_the_hamming_loss_is_better_when_lower():
    assert metrics.METRICS.keys() - metrics.HIGHER_IS_BETTER.keys() == {"hamming_loss"}
    assert set(metrics.HEADLINES) <= metrics.METRICS.keys()
