import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lawrec
from lawrec import Recommender
from lawrec.config import CorpusConfig
from lawrec.corpus.cases import Case
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.errors import CaseError, ConfigError, RunError
from lawrec.models.lstm_logits import SCORE_TOLERANCE
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.helpers.cases import WORDS
from tests.helpers.progress import Reports

pytestmark = pytest.mark.tensorflow

FACTS = [f"被告人{words}，案发后自首。" for words in WORDS.values()]
ERROR = CaseError("stdin:2", expected="it must be a case", got="none", todo="Fix the line.")


@pytest.fixture(scope="module")
def recommender(trained):
    return Recommender.load(checkpoints=trained.checkpoints)


def lists_of(answers):
    """Return the recommended articles of each answer."""
    return [
        [entry.article for entry in answer.decision.recommendations if entry.recommended]
        for answer in answers
    ]


def scores_of(answers):
    """Return the scores of each answer in the order of the articles' names."""
    return np.array(
        [
            [entry.score for entry in sorted(answer.decision.recommendations, key=str)]
            for answer in answers
        ]
    )


def test_facts_are_answered_in_order(recommender):
    answers = recommender(FACTS)
    assert [answer.case_id for answer in answers] == ["1", "2", "3"]
    assert [answer.fact for answer in answers] == FACTS
    assert lists_of(answers) == [[article] for article in WORDS]
    assert lists_of(recommender(iter(FACTS[::-1]))) == [[article] for article in reversed(WORDS)]


def test_a_str_is_a_single_fact(recommender):
    assert recommender(FACTS[0]) == recommender(FACTS[:1])


@pytest.mark.parametrize("fact", ["", " \n", "text"])
def test_any_fact_is_answered(recommender, fact):
    [answer] = recommender(fact)
    assert answer.error is None


@pytest.mark.parametrize("fact", ["", "齉", "the quick brown fox"])
def test_a_text_without_a_known_token_has_one_fallback_that_says_so(trained, fact):
    generous = Recommender.load(checkpoints=trained.checkpoints, threshold=0.0)
    [answer] = generous(fact)
    [entry] = answer.decision.recommendations
    assert (entry.recommended, entry.reason) == (True, "nothing known in the text")
    assert len(generous(FACTS[0])[0].decision.recommendations) > 1


@pytest.mark.parametrize("wrong", [None, 5, b"x"])
def test_what_is_no_text_is_named(recommender, wrong):
    with pytest.raises(TypeError, match=f"fact 2 must be a str, got {type(wrong).__name__}"):
        recommender([FACTS[0], wrong])


@pytest.mark.parametrize("make", [dict, pd.DataFrame])
def test_the_names_of_columns_are_no_facts(recommender, make):
    with pytest.raises(TypeError, match=f"one column, got a {make.__name__}"):
        recommender(make({"fact": FACTS}))
    assert recommender(pd.Series(FACTS)) == recommender(FACTS)


def test_no_fact_has_no_answer(recommender):
    assert recommender([]) == []


def test_top_k_includes_articles_that_are_not_recommended(recommender):
    [answer] = recommender(FACTS[0], top_k=3)
    assert [entry.rank for entry in answer.decision.recommendations] == [1, 2, 3]
    assert lists_of([answer]) == [["264"]]


@pytest.mark.parametrize("name", ["top_k", "features"])
@pytest.mark.parametrize("value", ["3", -1, 2.5, None])
def test_what_is_no_count_is_refused(recommender, name, value):
    cases = [Case("stdin:1", "1", FACTS[0])]
    for ask in (lambda **count: recommender(FACTS, **count), partial(recommender.answer, cases)):
        with pytest.raises(ConfigError, match=f"{name}: it must be a whole number of at least 0"):
            list(ask(**{name: value}))


def test_a_count_may_be_one_of_numpy(recommender):
    assert recommender(FACTS, top_k=np.int64(2)) == recommender(FACTS, top_k=2)


def test_a_fact_with_more_tokens_than_the_model_reads_is_marked(recommender):
    limit = recommender.encoder.max_tokens
    answers = recommender(["盗" * length for length in (limit - 1, limit, limit + 1)])
    assert [answer.truncated for answer in answers] == [False, False, True]


def test_threads_get_the_answers_that_they_would_get_alone(recommender):
    facts = FACTS * 20
    with ThreadPoolExecutor(8) as threads:
        answers = [answer for [answer] in threads.map(lambda f: recommender(f, top_k=3), facts)]
    expected = recommender(facts, top_k=3)
    assert lists_of(answers) == lists_of(expected)
    # Scores are rounded to six digits, which may double a difference.
    np.testing.assert_allclose(
        scores_of(answers), scores_of(expected), rtol=0, atol=2 * SCORE_TOLERANCE
    )


def test_threads_share_jieba():
    tokenizer = load_tokenizer(CorpusConfig(tokenizer="jieba"))
    facts = [f"{fact}{number}" for number in range(50) for fact in FACTS]
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(tokenizer.tokenize, facts))
    assert tokens == [tokenizer.tokenize(fact) for fact in facts]


def test_a_stream_is_answered_with_its_errors_in_order(recommender):
    reports = []
    progress = Reports(lambda *report: reports.append(report))
    cases = [Case("stdin:1", "a", FACTS[0]), ERROR, Case("stdin:3", "c", FACTS[1])]
    answers = list(recommender.answer(cases, progress=progress))
    assert [answer.case_id for answer in answers] == ["a", "2", "c"]
    assert [answer.error for answer in answers] == [None, ERROR, None]
    assert lists_of(answers) == [["264"], [], ["266"]]
    assert reports == [("predict", 3, None, "1 not answered"), ("predict", 3, 3, "1 not answered")]


@pytest.mark.parametrize(
    ("cases", "got"), [([], "nothing"), ([ERROR, ERROR], "2 lines, none of them valid")]
)
def test_a_stream_without_a_case_is_an_error_in_the_end(recommender, cases, got):
    answers = recommender.answer(cases)
    assert [next(answers).error for _ in cases] == cases
    with pytest.raises(CaseError, match=f"there must be a case to answer, got {got}"):
        next(answers)


def test_a_run_is_loaded_by_its_name_or_path_and_the_newest_by_default(
    trained, recommender, monkeypatch
):
    [folder] = [path.parent for path in trained.checkpoints.glob("*/run.json")]
    expected = recommender(FACTS)
    monkeypatch.chdir(trained.root)
    for path in (None, folder.name, str(folder), folder, Path("checkpoints") / folder.name):
        assert lists_of(Recommender.load(path)(FACTS)) == lists_of(expected)


def test_one_threshold_may_replace_the_tuned_ones(trained):
    strict = Recommender.load(checkpoints=trained.checkpoints, threshold=1.0)
    assert strict.tuned.rule.thresholds.tolist() == [1.0] * len(strict.articles)
    assert strict.tuned.rule.kind == "threshold"


def test_a_threshold_for_all_articles_comes_with_the_limits_of_the_settings(recommender, trained):
    two_each = replace(recommender.tuned.rule, kind="share", min_articles=2, max_articles=2)
    tuned = replace(recommender, tuned=replace(recommender.tuned, rule=two_each))
    assert [len(articles) for articles in lists_of(tuned(FACTS))] == [2, 2, 2]
    loaded = Recommender.load(checkpoints=trained.checkpoints, threshold=0.9)
    assert tuned.with_threshold(0.9)(FACTS) == loaded(FACTS)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), -0.5, 1.5])
def test_a_threshold_outside_of_all_scores_is_refused(trained, threshold):
    with pytest.raises(ConfigError, match="at least 0 and at most 1"):
        Recommender.load(checkpoints=trained.checkpoints, threshold=threshold)


def test_a_run_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RunError, match=f"no-such-run: it must be the name .* in {tmp_path}, or"):
        Recommender.load("no-such-run", checkpoints=tmp_path)


def test_the_public_names_are_those_that_the_package_lists():
    assert lawrec.Recommender is Recommender
    assert sorted(lawrec.__all__) == ["Recommender", "__version__"]
    with pytest.raises(AttributeError, match="module 'lawrec' has no attribute 'Recomender'"):
        _ = lawrec.Recomender


def python(code):
    """Run code in a new process and return what it prints on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout, done.stderr


def test_importing_lawrec_imports_nothing_heavy_and_its_class_no_tensorflow():
    modules = "{name.split('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'numpy'}"
    code = f"import sys, lawrec; print({modules}); lawrec.Recommender; print({modules})"
    assert python(code) == ("set()\n{'numpy'}\n", "")


def test_loading_prints_nothing(trained):
    code = f"""if True:
        from pathlib import Path
        from lawrec import Recommender
        recommender = Recommender.load(checkpoints=Path({str(trained.checkpoints)!r}))
        print(len(recommender({FACTS!r})))
    """
    assert python(code) == ("3\n", "")


def test_few_long_facts_are_read_ahead():
    """A packed file of a megabyte may hold thousands of them."""
    model, taken = Recommender.load(shipped_path(SHIPPED_MODEL)), []

    def cases():
        for number in range(200):
            taken.append(number)
            yield Case("", str(number), "盗窃" + "。" * 2**20)

    answers = model.answer(cases())
    assert next(answers).case_id == "0"
    assert len(taken) < 20
    answers.close()
