"""Dataset specs: what they refuse, and what the key of their records depends on."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lawrec.config import CorpusConfig, RankingConfig
from lawrec.corpus.readers import OR_CHARGES, SOME_ARTICLES, CaseFormat
from lawrec.corpus.records.dataset_spec import (
    DatasetSpec,
    check_dataset_spec,
    folder_for,
    read_inputs,
)
from lawrec.errors import CaseError
from lawrec.law.statute_versions import Version, save_version
from lawrec.storage.resources import SHIPPED_EXTRA_CASES, shipped_path

FACT = "被告人张某秘密窃取他人财物。"
CHAR = CorpusConfig(tokenizer="char", min_count=1)


def test_the_inputs_are_what_the_files_of_a_spec_hold(spec_with_charges):
    (spec_with_charges.data / "law.txt").write_text("264\n266\n", encoding="utf-8")
    inputs = read_inputs(spec_with_charges, CHAR)
    assert list(inputs.splits) == ["train", "test"]
    assert list(inputs.digests) == ["train", "test", "extra-1"]
    assert inputs.articles == spec_with_charges.read_article_list() == ["264", "266"]
    assert inputs.tokenizer.fingerprint == "char"
    assert folder_for(spec_with_charges, CHAR) == spec_with_charges.records_root / inputs.key


def test_a_list_that_is_named_takes_the_place_of_the_one_in_the_folder(spec_with_charges, tmp_path):
    assert spec_with_charges.read_article_list() is None
    (spec_with_charges.data / "law.txt").write_text("264\n", encoding="utf-8")
    (tmp_path / "list.txt").write_text("266\n", encoding="utf-8")
    named = replace(spec_with_charges, article_list=tmp_path / "list.txt")
    assert named.read_article_list() == ["266"]


@pytest.mark.parametrize(
    ("ranking", "expected"),
    [
        (None, "for a search there must be a valid split"),
        (RankingConfig(second_stage=False), "with ranking.second_stage=false there must be"),
        (RankingConfig(lstm_feature=False), "with ranking.lstm_feature=false there must be"),
    ],
)
def test_a_valid_split_is_missed_by_name(spec_with_charges, ranking, expected):
    with pytest.raises(CaseError) as caught:
        check_dataset_spec(spec_with_charges, ranking)
    assert caught.value.expected.startswith(expected)
    assert caught.value.got == "only train, test"
    assert "valid.json" in caught.value.todo


def test_training_needs_no_valid_split_where_train_cases_are_scored_out_of_fold(spec_with_charges):
    check_dataset_spec(spec_with_charges, RankingConfig(lstm_feature=False, lstm_share=0))
    check_dataset_spec(spec_with_charges, RankingConfig())
    (spec_with_charges.data / "valid.json").write_text("", encoding="utf-8")
    check_dataset_spec(spec_with_charges)


def test_the_default_spec_is_the_shipped_sample():
    assert list(read_inputs(DatasetSpec(), CHAR).splits) == ["train", "valid", "test"]


def test_extra_cases_are_written_as_all_others_except_the_shipped_ones(monkeypatch):
    shipped = shipped_path(SHIPPED_EXTRA_CASES)
    monkeypatch.chdir(shipped.parent)
    own = CaseFormat("csv", fact_field="案情", encoding="gb18030")
    extra = (shipped, Path("own.csv"), Path(shipped.name))
    spec = DatasetSpec(extra=extra, extra_partial=extra[1:], case_format=own)
    assert [case_format for _, case_format in spec.extra_files.values()] == [
        CaseFormat(labels=OR_CHARGES),
        replace(own, labels=OR_CHARGES),
        CaseFormat(labels=OR_CHARGES),
        replace(own, labels=SOME_ARTICLES),
        CaseFormat(labels=SOME_ARTICLES),
    ]


def test_the_key_of_the_records_changes_with_the_extra_cases_and_the_statute(
    spec_with_charges, tmp_path
):
    paths = spec_with_charges.extra
    version = Version("tea", date(2020, 1, 1), {"264": "喝茶。"})
    statute = save_version(tmp_path, version)
    changes = (
        {"extra": (), "learn_charges": False},
        {"learn_charges": False},
        {"extra": (), "extra_partial": paths},
        {"statute": statute},
    )
    keys = [folder_for(replace(spec_with_charges, **change), CHAR) for change in ({}, *changes)]
    paths[0].write_text(json.dumps({"fact": FACT, "charges": ["盗窃"]}) + "\n", encoding="utf-8")
    save_version(tmp_path, replace(version, texts={"264": "扫地。"}), replace=True)
    keys += [folder_for(spec_with_charges, CHAR)]
    keys += [folder_for(replace(spec_with_charges, statute=statute), CHAR)]
    assert len(set(keys)) == len(keys)
    without = replace(spec_with_charges, extra=(), learn_charges=False)
    assert folder_for(without, CHAR) == folder_for(replace(without, learn_charges=True), CHAR)


@pytest.mark.parametrize("split", ["train", "test"])
def test_extra_cases_may_not_be_those_of_a_split(spec_with_charges, split):
    same = replace(spec_with_charges, extra_partial=(spec_with_charges.data / f"{split}.json",))
    with pytest.raises(CaseError, match=f"extra-partial-1 and {split} must be different cases"):
        folder_for(same, CHAR)


def test_the_error_of_a_missing_file_names_it(spec_with_charges, tmp_path):
    with pytest.raises(CaseError, match=r"none\.json: the file must be readable"):
        folder_for(replace(spec_with_charges, extra=(tmp_path / "none.json",)), CHAR)
