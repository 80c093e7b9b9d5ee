import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lawrec.ranking.token_table import token_table

N_TOKENS, N_ARTICLES = 6, 4
ids = st.lists(st.integers(0, N_TOKENS - 1), unique=True)


@given(columns=st.lists(ids, max_size=N_ARTICLES), tokens=ids, seed=st.integers(0, 99))
def test_sums_are_those_of_a_plain_array(columns, tokens, seed):
    numbers = np.random.default_rng(seed)
    dense = np.zeros((N_TOKENS, N_ARTICLES))
    for article, column in enumerate(columns):
        dense[column, article] = numbers.normal(size=len(column)).astype(np.float32)
    table = token_table(
        [(column, dense[column, article]) for article, column in enumerate(columns)], N_TOKENS
    )
    assert len(table.values) == sum(map(len, columns))
    weights = numbers.normal(size=len(tokens))
    got = table.sums(np.array(tokens, np.int64), weights, N_ARTICLES)
    np.testing.assert_allclose(got, weights @ dense[tokens], atol=1e-12)


def test_a_sum_does_not_depend_on_the_order_of_the_articles_of_a_token():
    forward = token_table([([0], [1.0]), ([0], [2.0])], 1)
    assert forward.sums(np.array([0]), np.array([1.0]), 3).tolist() == [1, 2, 0]
