import numpy as np
import pytest

from lawrec.decision.co_citation import (
    ALWAYS_SHARE,
    MIN_CASES,
    MIN_EXPECTED,
    CoCitations,
    CoCitationViolation,
    find_co_citations,
    find_violations,
)

NAMES = ("264", "266", "347", "52")


def counted(y_true):
    y_true = np.asarray(y_true, np.int64)
    return y_true.T @ y_true, len(y_true)


@pytest.mark.parametrize(
    ("single", "joint", "always"),
    [
        (MIN_CASES, MIN_CASES, True),
        (MIN_CASES - 1, MIN_CASES - 1, False),
        (50, 49, True),
        (50, 48, False),
    ],
    ids=["each of enough cases", "too few cases", "at the share", "below the share"],
)
def test_a_constant_companion_needs_enough_cases_and_nearly_all(single, joint, always):
    pair_counts = np.array([[single, joint], [joint, 1_000]])
    assert (joint / single >= ALWAYS_SHARE) == (always or single < MIN_CASES)
    assert find_co_citations(pair_counts, 2_000).always == ({0: (1,)} if always else {})


@pytest.mark.parametrize(
    ("single", "joint", "never"),
    [((100, 100), 0, True), ((100, 99), 0, False), ((100, 100), 1, False), ((999, 0), 0, False)],
    ids=["none of ten by chance", "none of fewer", "one", "an article without cases"],
)
def test_articles_are_never_cited_together_where_chance_would_bring_them_together(
    single, joint, never
):
    pair_counts = np.array([[single[0], joint], [joint, single[1]]])
    assert (single[0] * single[1] / 1_000 >= MIN_EXPECTED) == (never or joint > 0)
    assert find_co_citations(pair_counts, 1_000).never == ({0: (1,), 1: (0,)} if never else {})


def test_no_article_is_its_own_companion():
    pair_counts, cases = counted(np.eye(4, dtype=int).repeat(100, axis=0))
    found = find_co_citations(pair_counts, cases)
    assert found.always == {}
    assert found.never == {label: tuple({0, 1, 2, 3} - {label}) for label in range(4)}


@pytest.mark.parametrize("cases", [0, 5])
def test_without_true_cases_nothing_is_known(cases):
    assert find_co_citations(np.zeros((3, 3), np.int64), cases) == CoCitations({}, {})


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], []),
        ([0], []),
        ([3], []),
        (
            [2],
            [
                CoCitationViolation("missing_companion", "347", "52"),
                CoCitationViolation("missing_companion", "347", "264"),
            ],
        ),
        ([2, 3], [CoCitationViolation("missing_companion", "347", "264")]),
        ([0, 2, 3], []),
        ([0, 1], [CoCitationViolation("never_cited_together", "264", "266")]),
        (
            [0, 1, 2],
            [
                CoCitationViolation("missing_companion", "347", "52"),
                CoCitationViolation("never_cited_together", "264", "266"),
                CoCitationViolation("never_cited_together", "266", "347"),
            ],
        ),
        ([1, 0], [CoCitationViolation("never_cited_together", "266", "264")]),
    ],
    ids=str,
)
def test_violations_by_hand(labels, expected):
    known = CoCitations({2: (3, 0)}, {0: (1,), 1: (0, 2), 2: (1,)})
    assert find_violations(labels, known, articles=NAMES) == expected
