from lawrec.corpus.case_counts import SplitCounts, TokenCounts, count_tokens
from lawrec.corpus.cases import EVERY_ARTICLE, Case


def test_tokens_are_counted_once_per_occurrence_and_once_per_case():
    counts = count_tokens([["盗窃", "后", "盗窃"]])
    counts.add(count_tokens([["盗窃"], []]))
    assert counts == TokenCounts({"盗窃": 3, "后": 1}, {"盗窃": 2, "后": 1})


def test_cases_of_weight_0_have_columns_and_no_counts():
    counts = SplitCounts()
    counts.add(Case("a:1", "1", "", ("264",), charges=("盗窃",)), 3)
    counts.add(Case("a:2", "2", "", ("264", "266"), weight=0), 4)
    assert (counts.cases, counts.tokens) == (2, 7)
    assert counts.article_counts == {"264": 1, "266": 0}
    assert counts.charge_counts == {"盗窃": 1}
    assert counts.known_cases == {"articles": 1, "charges": 1}


def test_a_case_of_which_no_article_is_known_counts_for_charges_alone():
    counts = SplitCounts()
    unknown = EVERY_ARTICLE
    counts.add(Case("a:1", "1", "", charges=("盗窃",), unknown_articles=unknown), 3)
    assert counts.known_cases == {"articles": 0, "charges": 1}
