from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfTransformer

from lawrec.config import ModelConfig
from lawrec.corpus.tfrecords import Record
from lawrec.models import tfidf_svm
from lawrec.models.lstm_classifier import TFIDF_SVM, build_model
from lawrec.models.scorer import make_scorer
from lawrec.models.tfidf_svm import NO_CASE_LOGIT, TfidfSvmMixture, fit_tfidf_svm
from lawrec.training.checkpoints import best_checkpoint, load_model
from lawrec.training.loop import train
from lawrec.training.validation import score_records
from tests.helpers.progress import Reports

pytestmark = pytest.mark.tensorflow

# Token 2 is evidence of label 0, token 3 of label 1; the others say nothing. Label 2 has no case.
CASES = [
    Record("1", [2, 4, 5], [0]),
    Record("2", [2, 5, 5, 6], [0]),
    Record("3", [3, 4, 6], [1]),
    Record("4", [3, 3, 5], [1]),
    Record("5", [2, 3, 4], [0, 1]),
]
TOKENS, LABELS = 7, 3


def mixed(share=1.0, cases=CASES):
    layer = TfidfSvmMixture(TOKENS, share)
    layer.build((None, None), (None, LABELS))
    layer.set_fitted(fit_tfidf_svm(cases, TOKENS, n_labels=LABELS, seed=1))
    return layer


def padded(*cases):
    return tf.constant(keras.utils.pad_sequences(cases, padding="post"), tf.int32)


def test_the_tokens_of_a_label_raise_its_logit():
    logits = mixed()(padded([2, 5], [3, 6, 6], [2, 3, 5]), tf.zeros((3, LABELS))).numpy()
    assert (logits[:, :2] > 0).tolist() == [[True, False], [False, True], [True, True]]


def test_a_label_without_a_case_has_a_constant_low_logit():
    logits = mixed()(padded([2, 5]), tf.zeros((1, LABELS))).numpy()
    assert logits[0, 2] == NO_CASE_LOGIT


def test_a_label_of_every_case_has_a_constant_high_logit():
    cases = [Record(str(number), [2 + number], [0]) for number in range(3)]
    bias = fit_tfidf_svm(cases, TOKENS, n_labels=LABELS, seed=1).bias
    assert bias.tolist() == [-NO_CASE_LOGIT, NO_CASE_LOGIT, NO_CASE_LOGIT]


def test_logits_are_those_of_scikit_learns_features():
    fitted = fit_tfidf_svm(CASES, TOKENS, n_labels=LABELS, seed=1)
    counts = np.array([[case.token_ids.count(token) for token in range(TOKENS)] for case in CASES])
    features = TfidfTransformer(sublinear_tf=True).fit_transform(counts).toarray()
    expected = features @ fitted.kernel + fitted.bias
    mixture = mixed()(padded(*(case.token_ids for case in CASES)), tf.zeros((5, LABELS)))
    np.testing.assert_allclose(mixture, expected, atol=1e-4)


def test_padding_unknown_tokens_and_batch_mates_change_nothing():
    layer, alone = mixed(), padded([2, 5, 5])
    expected = layer(alone, tf.zeros((1, LABELS))).numpy()
    with_more = layer(padded([2, 1, 5, 5, 1, 0, 0], [3, 3, 3, 4, 5, 6, 2]), tf.zeros((2, LABELS)))
    np.testing.assert_allclose(with_more[:1], expected, atol=1e-6)


def test_a_case_of_unknown_tokens_has_the_logits_of_the_bias():
    layer = mixed()
    np.testing.assert_allclose(
        layer(padded([1]), tf.zeros((1, LABELS)))[0], layer.bias.numpy(), atol=1e-6
    )


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_logits_are_mixed_by_the_share_and_training_leaves_them_alone(share):
    logits = tf.constant([[1.0, 2.0, 3.0]])
    token_ids = padded([2, 5])
    own = mixed()(token_ids, logits).numpy()
    mixture = mixed(share)(token_ids, logits).numpy()
    np.testing.assert_allclose(mixture, (1 - share) * logits + share * own, atol=1e-6)
    np.testing.assert_array_equal(mixed(share)(token_ids, logits, training=True), logits)


def test_weights_are_not_trained():
    model = build_model(
        ModelConfig(embedding_size=4, lstm_units=2, svm_share=0.5), TOKENS, n_articles=LABELS
    )
    assert len(model.get_layer(TFIDF_SVM).non_trainable_weights) == 3
    assert not [weight for weight in model.trainable_weights if weight.path.startswith(TFIDF_SVM)]


def test_masked_labels_and_cases_of_weight_0_teach_nothing():
    more = [
        *CASES,
        Record("6", [3, 3, 3], [1], unknown_ids=[0]),
        Record("7", [6, 6, 6], [0], weight=0.0),
    ]
    masked = fit_tfidf_svm(more, TOKENS, n_labels=LABELS, seed=1)
    unmasked = fit_tfidf_svm(
        [*CASES, Record("6", [3, 3, 3], [0, 1])], TOKENS, n_labels=LABELS, seed=1
    )
    assert masked.kernel[3, 0] < unmasked.kernel[3, 0]
    without = fit_tfidf_svm(more[:-1], TOKENS, n_labels=LABELS, seed=1)
    np.testing.assert_array_equal(masked.kernel, without.kernel)


def test_the_labels_of_a_case_are_not_searched_once_per_label():
    class Unsearched(list):
        def __contains__(self, label):
            raise AssertionError(label)

    cases = [replace(case, label_ids=Unsearched(case.label_ids)) for case in CASES]
    for values, expected in zip(
        fit_tfidf_svm(cases, TOKENS, n_labels=LABELS, seed=1),
        fit_tfidf_svm(CASES, TOKENS, n_labels=LABELS, seed=1),
        strict=True,
    ):
        np.testing.assert_array_equal(values, expected)


def test_many_cases_are_sampled_and_the_seed_decides_which(monkeypatch):
    monkeypatch.setattr(tfidf_svm, "MAX_CASES", 5)
    cases = [Record(str(number), [2], []) for number in range(40)]
    first, again, other = (tfidf_svm._sampled(cases, seed) for seed in (1, 1, 2))
    assert len(first) == 5
    assert first == again != other
    assert tfidf_svm._sampled(cases[:4], 1) == cases[:4]


def test_fitting_is_the_same_every_time():
    first, second = (fit_tfidf_svm(CASES, TOKENS, n_labels=LABELS, seed=1) for _ in range(2))
    for values, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(values, again)


def test_a_run_scores_with_the_svms_of_its_checkpoint(start_run):
    run, records = start_run("model.svm_share=0.75", "training.epochs=2")
    reports = []
    (*_, last) = train(run, records, progress=Reports(lambda *report: reports.append(report[:3])))
    assert ("linear SVMs", len(records.articles), len(records.articles)) in reports
    assert last.valid["micro_f1"] > 0.8
    model = load_model(run, best_checkpoint(run))
    y_true, y_score, _ = score_records(make_scorer(model), records, split="test")
    assert ((y_score > 0.5) == y_true).mean() > 0.9
    for weight, values in zip(model.get_layer(TFIDF_SVM).weights, svms_of(records), strict=True):
        np.testing.assert_array_equal(weight.numpy(), values)


def svms_of(records):
    """Return the SVMs that a run on these records must have."""
    from lawrec.corpus.tfrecords import read_records

    cases = read_records(records, "train")
    return fit_tfidf_svm(cases, len(records.tokens), n_labels=len(records.articles), seed=2018)
