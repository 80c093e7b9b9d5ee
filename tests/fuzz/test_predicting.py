"""Predicting without a model: one answer per line, in order, with its id, in every format."""

import csv
import io
import json
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import Case, read_stream
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.corpus.vocabulary import PAD, UNK, Encoder, Vocabulary
from lawrec.decision.co_citation import CoCitations
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule
from lawrec.errors import CaseError
from lawrec.inference.recommender import Recommender
from lawrec.reporting.answers.writers import ANSWER_WRITERS
from lawrec.reporting.tables import render, simple_table
from lawrec.runs.thresholds_file import TunedThresholds
from lawrec.text import normalize, plain
from tests.helpers.strategies import clean_texts, files, records, texts

ARTICLES = ("264", "133之一", "=1+1", "[/]", "九")


def scores(token_ids):
    """Return scores that depend on nothing but the tokens of each case."""
    seeds = [zlib.crc32(repr(list(ids)).encode()) for ids in token_ids]
    rows = [np.random.default_rng(seed).random(len(ARTICLES)) for seed in seeds]
    return np.array(rows, np.float32).reshape(len(rows), len(ARTICLES))


def recommender(kind="threshold", min_articles=1, max_articles=3):
    rule = DecisionRule(np.full(len(ARTICLES), 0.5, np.float32), min_articles, max_articles)
    rule = DecisionRule(**{**vars(rule), "kind": kind})
    tokenizer = load_tokenizer(CorpusConfig(tokenizer="char"))
    return Recommender(
        encoder=Encoder(tokenizer, Vocabulary((PAD, UNK, "盗", "窃")), 16),
        scorer=scores,
        tuned=TunedThresholds(rule, CoCitations({}, {}), ""),
        articles=ARTICLES,
        titles={"264": "盗窃罪", "[/]": "[bold]:a:", "九": "盗\x1b[2J窃\u202e罪\r\x00"},
    )


RECOMMENDERS = st.builds(
    recommender, st.sampled_from(list(RULE_KINDS)), st.integers(0, 2), st.integers(2, 5)
)


def answers_to(recommend, content, case_format, top_k=0):
    cases = list(read_cases(content, case_format))
    answers = []
    try:
        for answer in recommend.answer(cases, top_k=top_k):
            answers.append(answer)
    except CaseError:
        assert not any(isinstance(case, Case) for case in cases)
    return cases, answers


def read_cases(content, case_format):
    try:
        yield from read_stream(
            io.BytesIO(content), "stdin", labelled=False, case_format=case_format
        )
    except CaseError as error:
        yield error


@given(
    recommend=RECOMMENDERS,
    content=files(),
    reader=st.sampled_from(["text", "jsonl", "csv"]),
    top_k=st.sampled_from([0, 1, 9, 10**30]),
)
def test_every_line_has_its_answer_in_every_format(recommend, content, reader, top_k):
    cases, answers = answers_to(recommend, content, CaseFormat(reader), top_k)
    assert len(answers) == len(cases)
    for case, answer in zip(cases, answers, strict=True):
        if isinstance(case, Case):
            assert (answer.case_id, answer.fact, answer.error) == (case.case_id, case.fact, None)
            entries = answer.decision.recommendations
            assert sum(entry.recommended for entry in entries) <= recommend.tuned.rule.max_articles
            assert len(entries) >= min(top_k, len(ARTICLES))
        else:
            assert answer.error is case
    check_formats(answers)


def check_formats(answers):
    lines = [json.loads(line) for line in ANSWER_WRITERS["json"](answers)]
    assert [line["case_id"] for line in lines] == [answer.case_id for answer in answers]
    assert [("error" in line) for line in lines] == [bool(answer.error) for answer in answers]
    text = "\r\n".join(ANSWER_WRITERS["csv"](answers))
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == sum(max(1, len(answer.decision.recommendations)) for answer in answers)
    assert all(None not in row and None not in row.values() for row in rows)
    tables = list(ANSWER_WRITERS["table"](answers, width=60))
    assert len(tables) == len(answers)
    assert all(line.isprintable() for line in "".join(tables).split("\n"))


@given(rows=st.lists(records(), min_size=1, max_size=4), recommend=RECOMMENDERS)
def test_a_case_gets_the_answer_that_it_gets_alone(rows, recommend):
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    _, answers = answers_to(recommend, content, CaseFormat("jsonl"))
    for row, answer in zip(rows, answers, strict=True):
        _, alone = answers_to(recommend, json.dumps(row).encode(), CaseFormat("jsonl"))
        assert bool(answer.error) == bool(alone[0].error)
        assert answer.decision == alone[0].decision


@given(fact=texts(20))
def test_any_fact_is_answered(fact):
    [answer] = recommender()(fact)
    listed = [entry for entry in answer.decision.recommendations if entry.recommended]
    assert answer.error is None
    assert 1 <= len(listed) <= (3 if set("盗窃") & set(normalize(fact)[:16]) else 1)


@given(
    cells=st.lists(st.tuples(clean_texts(), clean_texts()), max_size=5), width=st.integers(20, 99)
)
def test_a_table_is_no_wider_than_it_may_be(cells, width):
    table = simple_table("Article", "Score")
    for first, second in cells:
        table.add_row(plain(first), plain(second))
    assert all(cell_len(line) <= width for line in render(table, width=width).splitlines())


@given(text=texts(20))
def test_plain_text_steers_no_terminal(text):
    assert all(character.isprintable() for character in plain(text))
