from pathlib import Path

import pytest

from lawrec.corpus.records.manifest import Manifest, Records, Split
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.reporting.training_text import dry_run_text, training_line
from lawrec.runs.results import DryRunReport, TrainingEvaluation


@pytest.mark.parametrize(("best", "end"), [(True, "0.1250 (best)"), (False, "0.1250")])
def test_the_line_of_an_epoch_has_the_loss_and_the_metrics(best, end):
    values = {
        "cail_score": 0.5,
        "micro_f1": 0.25,
        "macro_f1_supported": 0.75,
        "exact_match": 0.125,
    }
    evaluation = TrainingEvaluation(1200, 3, 0.01234, values, best)
    assert training_line(evaluation) == (
        "epoch 3, step 1200: loss 0.0123, valid CAIL score 0.5000; micro-F1 0.2500; "
        f"macro-F1, articles with cases 0.7500; exact match {end}"
    )


def test_a_dry_run_says_what_became_of_extra_cases():
    splits = {"train": Split("train.json", "", 1_800, 9, 0, ())}
    manifest = Manifest("char", 8, splits, (), left_out={"unknown": 5}, unlabelled={"667": 5})
    vocabularies = map(Vocabulary, (("<pad>", "<unk>"), ("264",), ()))
    report = DryRunReport(
        records=Records(Path("records"), manifest, *vocabularies),
        parameters=3,
        weight_bytes=4,
        optimizer_bytes=5,
        shapes={},
        loss=0.5,
        first_seconds=2.0,
        speed={"padding_efficiency": 0.5, "cases_per_second": 8, "tokens_per_second": 9},
    )
    lines = dry_run_text(report).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["records", "records"],
        ["cases", "train", "1,800"],
        ["tokens", "2"],
        ["articles", "1"],
    ]
    assert lines[-4:-2] == [
        "left out of extra: 5 of whose articles nothing is known",
        "articles of extra that are no labels, with their cases: 667 (5)",
    ]
