import itertools
from dataclasses import replace

import numpy as np
import pytest

from lawrec.corpus.cases import Case
from lawrec.corpus.tokenization.tokenizers import TokenizerRecipe, make_tokenizer
from lawrec.corpus.vocabulary import Encoder, Vocabulary
from lawrec.errors import CaseError
from lawrec.inference import encode_cases as module
from lawrec.inference.encode_cases import encode_cases

TOKENS = Vocabulary(("<pad>", "<unk>", "盗窃", "手机", "入户盗窃", "\u2028"))
CHAR = TokenizerRecipe("char", stop_words="的")
JIEBA = TokenizerRecipe("jieba", "入户盗窃\n多次盗窃")


@pytest.fixture(autouse=True)
def few_cases_are_encoded_here(monkeypatch):
    monkeypatch.setattr(module, "ENCODED_HERE", 3)
    monkeypatch.setattr(module, "CASES_PER_TASK", 2)
    monkeypatch.setattr("lawrec.corpus.cases.CASES_PER_TASK", 2)
    monkeypatch.setattr(module, "CHUNK_CASES", 4)


@pytest.fixture
def no_processes(monkeypatch):
    def start(*_arguments, **_options):
        raise AssertionError("a process was started")

    monkeypatch.setattr("lawrec.parallel.parallel_map", start)


def encoder(recipe=CHAR):
    return Encoder(make_tokenizer(recipe), TOKENS, max_tokens=4)


def stream(size):
    """Cases of which every fifth is an error."""
    for n in range(size):
        error = CaseError(f"a:{n}", expected="x must be y", got="z", todo="Fix it.")
        yield (
            error
            if n % 5 == 4
            else Case(f"a:{n}", str(n), "被告人的手机" * (n % 3) + f"入户盗窃{n}")
        )


def plain(encoded):
    """Encoded cases with lists of token ids, whatever they were."""
    return [
        (str(case), fact and (np.asarray(fact.token_ids).tolist(), fact.truncated))
        for case, fact in encoded
    ]


@pytest.mark.parametrize("recipe", [CHAR, JIEBA], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("jobs", [1, 2])
def test_other_processes_yield_in_order_what_this_one_yields(recipe, jobs):
    here = list(encode_cases(stream(23), encoder(recipe), jobs=0))
    assert [case.where for case, _ in here] == [f"a:{n}" for n in range(23)]
    assert [fact is None for _, fact in here] == [n % 5 == 4 for n in range(23)]
    assert plain(encode_cases(stream(23), encoder(recipe), jobs=jobs)) == plain(here)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_short_input_starts_no_process(no_processes, size):
    assert len(list(encode_cases(stream(size), encoder(JIEBA)))) == size


def test_a_quick_tokenizer_starts_no_process_unless_some_are_asked_for(no_processes):
    assert len(list(encode_cases(stream(9), encoder()))) == 9
    with pytest.raises(AssertionError, match="a process was started"):
        list(encode_cases(stream(9), encoder(), jobs=1))


def test_a_tokenizer_without_a_recipe_works_here(no_processes):
    tokenizer = replace(make_tokenizer(JIEBA), recipe=None)
    own = Encoder(tokenizer, TOKENS, max_tokens=4)
    assert len(list(encode_cases(stream(9), own, jobs=2))) == 9


def test_by_default_one_core_is_left_to_this_process(monkeypatch):
    asked = []

    def count(*_, workers, ahead):
        asked.append(workers)
        yield from ()

    monkeypatch.setattr("lawrec.parallel.parallel_map", count)
    for cores, encoded in ((1, 9), (2, 3), (8, 3)):
        monkeypatch.setattr(
            "lawrec.inference.encode_cases.available_cores", lambda cores=cores: cores
        )
        assert len(list(encode_cases(stream(9), encoder(JIEBA)))) == encoded
    assert asked == [1, 7]


def test_endless_cases_are_read_a_bounded_number_ahead():
    read = []
    cases = (read.append(n) or Case("", str(n), "盗窃") for n in itertools.count())
    encoded = encode_cases(cases, encoder(), jobs=1)
    for done, _ in enumerate(itertools.islice(encoded, 50), 1):
        assert len(read) <= max(3, done) + 11
    encoded.close()
