import numpy as np
import pytest

from lawrec.config import Config, from_dict
from lawrec.config_sources import PRESETS, load
from lawrec.inference.baseline import baseline_config, train_and_tune
from lawrec.inference.score_cases import score_labelled_cases
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.labelled_cases import labelled_cases
from lawrec.runs.leakage import split_path
from lawrec.runs.ranker_file import load_ranker
from lawrec.training.checkpoints import build_run_model
from lawrec.training.setup import TrainingSetup

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def baseline(start_run):
    """A trained and tuned baseline, its records, and the result of tuning."""
    linear = [
        f"{section}.{key}={str(value).lower()}"
        for section, settings in PRESETS["linear"].items()
        for key, value in settings.items()
    ]
    run, records = start_run(*linear)
    return run, records, train_and_tune(TrainingSetup(run, records))


def test_the_model_is_always_the_same_on_the_cases_that_the_settings_choose():
    mine = from_dict(
        {
            "corpus": {"tokenizer": "char"},
            "model": {"lstm_units": 512},
            "ranking": {"svm_c": 3},
            "decision": {"objective": "micro_f1"},
        },
        "mine",
    )
    config = baseline_config(mine)
    assert (config.corpus, config.decision) == (mine.corpus, mine.decision)
    assert config.ranking == load(None, preset="linear").ranking
    assert config.model == load(None, preset="linear").model
    assert baseline_config(Config()) == load(None, preset="linear")


def test_it_knows_the_valid_cases_and_the_newest_run_stays(baseline):
    run, _, tuning = baseline
    assert tuning.cases == 30
    assert tuning.metrics["micro_f1"] > 0.9
    assert not (run.folder.parent / "LATEST").exists()


def test_its_scores_are_those_of_scikit_learns_svms_without_any_network(baseline):
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.svm import LinearSVC

    from lawrec.corpus.records.tfrecords import read_records

    run, records, _ = baseline

    def counts(split):
        rows = [np.bincount(r.token_ids, minlength=len(run.tokens)) for r in cases[split]]
        known = np.array(rows, float)
        known[:, :2] = 0  # <pad> and <unk> count nothing
        return known

    cases = {split: list(read_records(records, split)) for split in ("train", "valid")}
    tf_idf = TfidfTransformer(sublinear_tf=True).fit(counts("train"))
    margins = np.empty((30, 3))
    for label in range(3):
        y_true = [label in record.label_ids for record in cases["train"]]
        svm = LinearSVC(C=1.0, tol=1e-6, max_iter=10_000).fit(
            tf_idf.transform(counts("train")), y_true
        )
        margins[:, label] = svm.decision_function(tf_idf.transform(counts("valid")))
    scored = score_labelled_cases(run, labelled_cases([run], split_path(run, "valid")))
    np.testing.assert_allclose(scored.y_score, 1 / (1 + np.exp(-4 * margins)), atol=0.03)
    assert not load_ranker(run).config.needs_lstm


def test_its_network_is_as_small_as_can_be_and_takes_one_step(baseline):
    run, _, _ = baseline
    assert best_checkpoint(run).endswith("best/model.ckpt-1")
    # One number per token, the four gates of one unit (input, state, bias), and an output each.
    assert build_run_model(run).count_params() == len(run.tokens) + 4 * 3 + 2 * 3
