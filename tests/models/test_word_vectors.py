import json
import random
from dataclasses import replace

import numpy as np
import pytest

from lawrec import config_sources
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import CaseError
from lawrec.models.embedding_init import initial_embedding, token_vectors
from lawrec.models.word2vec_format import write_vectors
from lawrec.models.word_vectors import train_word_vectors

SMALL = config_sources.load(None, ["corpus.tokenizer=char", "model.embedding_size=6"])
THINGS, CITIES = "车船马牛", "京沪津渝"


def sentences(n, seed=1):
    """Return facts in which things are stolen and cities are lived in: two kinds of context."""
    numbers = random.Random(seed)
    return [
        numbers.choice([f"窃得{numbers.choice(THINGS)}辆", f"住在{numbers.choice(CITIES)}市"]) * 2
        for _ in range(n)
    ]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "facts.txt"
    path.write_text("\n".join(sentences(200)), encoding="utf-8")
    return path


def similarity(trained, *tokens):
    first, second = (trained.vectors[trained.tokens.index(token)] for token in tokens)
    return first @ second / np.linalg.norm(first) / np.linalg.norm(second)


def test_words_used_alike_end_near_each_other(text):
    trained = train_word_vectors([text], SMALL)
    for kind, others in ((THINGS, CITIES), (CITIES, THINGS)):
        near = [similarity(trained, kind[0], token) for token in kind[1:]]
        far = [similarity(trained, kind[0], token) for token in others]
        assert min(near) > 0.8 > 0.3 > max(far)


def test_vectors_are_those_of_the_tokenized_facts(text):
    trained = train_word_vectors([text], SMALL)
    names = ("<pad>", *trained.tokens)
    cases = [[names.index(character) for character in fact] for fact in sentences(200)]
    expected = token_vectors(cases, len(names), size=6, stddev=0.6, seed=2018)
    np.testing.assert_array_equal(trained.vectors, expected[1:])
    assert (trained.tokens[0], trained.facts, trained.skipped) == ("<unk>", 200, 0)


def test_all_files_are_read_whatever_they_hold(tmp_path, text):
    facts = sentences(10, seed=2)
    labelled = [{"fact": facts[0], "articles": "broken"}, {"fact": facts[1], "charges": ["盗窃"]}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, labelled)), encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"案情\n{facts[2]}\n", encoding="gb18030")
    trained = train_word_vectors([tmp_path / "a.jsonl", text], SMALL)
    assert trained.facts == 202
    assert (
        train_word_vectors(
            [tmp_path / "*.csv"], SMALL, case_format=CaseFormat(fact_field="案情")
        ).facts
        == 1
    )


def test_settings_decide_on_the_tokens_and_the_seed(text):
    few = train_word_vectors(
        [text], config_sources.load(None, ["corpus.tokenizer=char", "corpus.max_vocabulary=5"])
    )
    assert len(few.tokens) == 4  # and <pad>
    assert few.vectors.shape == (4, 128)
    other = replace(SMALL, training=replace(SMALL.training, seed=1))
    assert not np.array_equal(
        train_word_vectors([text], other).vectors, train_word_vectors([text], SMALL).vectors
    )
    np.testing.assert_array_equal(
        train_word_vectors([text], SMALL).vectors, train_word_vectors([text], SMALL).vectors
    )


def test_a_bad_line_stops_it_unless_it_may_be_skipped(text):
    text.write_text(f"{text.read_text('utf-8')}\nonly Latin\n", encoding="utf-8")
    with pytest.raises(CaseError, match=r"facts\.txt:201: the fact must hold Chinese"):
        train_word_vectors([text], SMALL)
    trained = train_word_vectors([text], SMALL, skip_bad=True)
    assert (trained.facts, trained.skipped) == (200, 1)


def test_no_fact_at_all_is_an_error(tmp_path):
    path = tmp_path / "empty.txt"
    path.touch()
    with pytest.raises(CaseError, match="the file must hold a case, got none"):
        train_word_vectors([path], SMALL)


def test_a_model_starts_from_what_was_written(text, tmp_path):
    trained = train_word_vectors([text], SMALL)
    path = tmp_path / "vectors.txt"
    write_vectors(path, trained.tokens, vectors=trained.vectors)
    tokens = Vocabulary(("<pad>", *trained.tokens))
    start = initial_embedding(
        replace(SMALL.model, embedding_init=str(path)), tokens, cases=[], seed=1
    )
    scale = 0.6 / trained.vectors.std()
    np.testing.assert_allclose(start[1:], trained.vectors * scale, rtol=1e-4, atol=1e-6)
