"""Loaded model: queries of different options in one batch, bundles, and the law's texts."""

import shutil
from dataclasses import replace
from datetime import date

import pytest

from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import StatuteError
from lawrec.inference.recommender import Recommender
from lawrec.runs.find_model import open_model
from lawrec.serving import loaded_model
from lawrec.serving.loaded_model import Options, Query, describe, load_model
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.helpers.cli import DRUNK, THEFT


def test_queries_of_one_batch_keep_their_facts_and_options(model, recommender):
    queries = [
        Query((THEFT, DRUNK), Options(top_k=2)),
        Query((DRUNK,), Options(threshold=0.9999)),
        Query((DRUNK,), Options(top_k=2)),
        Query((THEFT,), Options(explain=True)),
    ]
    both, strict, drunk, explained = model.answers(queries)
    assert both == recommender([THEFT, DRUNK], top_k=2)
    assert drunk == [replace(both[1], case_id="1")]
    assert strict == recommender.with_threshold(0.9999)([DRUNK], top_k=1)
    assert explained == [recommender.explain(THEFT, top_k=1)]


def test_explaining_counts_as_many_facts():
    assert Query((THEFT, DRUNK)).cost == 2
    assert Query((THEFT, DRUNK), Options(explain=True)).cost == 32


@pytest.mark.parametrize(("workers", "threads"), [(1, 4), (2, 2), (3, 1), (9, 1)])
def test_workers_share_the_cores(config, monkeypatch, workers, threads):
    seen, of_run = [], Recommender.of_run

    def remember(run, *, engine, progress):
        seen.append(engine.threads)
        return of_run(run, engine=engine, progress=progress)

    monkeypatch.setattr(loaded_model, "available_cores", lambda: 4)
    monkeypatch.setattr(Recommender, "of_run", remember)
    load_model(replace(config, workers=workers))
    assert seen == [threads]


def test_a_bundle_answers_as_its_run(model, config, tmp_path):
    path = tmp_path / "mine.lawrec"
    shutil.copy(shipped_path(SHIPPED_MODEL), path)
    loaded = load_model(replace(config, model=str(path)))
    assert loaded.description == model.description | {"name": "mine"}
    assert loaded.answers([Query((THEFT,))]) == model.answers([Query((THEFT,))])


def test_what_a_model_was_trained_on_is_not_what_it_was_tested_on(model):
    assert model.description["trained_on"]["files"] == {
        "train": "train.json",
        "statute": "2015-11-01.json",
        "extra-1": "cases.json",
        "extra-2": "charges_only.json",
        "extra-3": "judgments_all_citations.json",
        "extra-partial-1": "train_single_article.json",
    }


def test_a_model_of_another_law_says_that_it_is_none_of_the_criminal_law(config):
    with open_model(config.checkpoints, config.model) as run:
        names = (*run.articles.names[1:], "《民法典》第577条")
        described = describe(replace(run, articles=Vocabulary(names)))
    assert described["criminal_law"] is False


def test_texts_are_those_in_force(model):
    assert model.texts(None) == model.texts(date(2021, 3, 1)) == {"264": "新的。"}
    assert model.texts(date(2021, 2, 28)) == {"264": "旧的。"}
    with pytest.raises(StatuteError):
        model.texts(date(1990, 1, 1))
