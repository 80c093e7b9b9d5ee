import json
import tracemalloc
from unittest.mock import ANY

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import precision_recall_curve

from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup
from lawrec.training.tensorboard import BINS, THRESHOLDS, histogram, precision_recall
from tests.helpers.progress import Reports, messages_to

pytestmark = pytest.mark.tensorflow
READER = "tensorboard.backend.event_processing.plugin_event_accumulator"
SETTINGS = ("training.epochs=2", "training.save_every=3", "training.patience=99")


def events(folder):
    """All events of a folder, in the order in which TensorBoard reads them."""
    paths = sorted(str(path) for path in folder.glob("events.*"))
    records = (record.numpy() for path in paths for record in tf.data.TFRecordDataset(path))
    return [tf.compat.v1.Event.FromString(record) for record in records]


def points(folder):
    """The tags of a folder: the plugin that shows each, and its values by step."""
    values_of = {}
    for event in events(folder):
        for value in event.summary.value:
            plugin = value.metadata.plugin_data.plugin_name
            steps = values_of.setdefault((plugin, value.tag), {})
            steps[event.step] = tf.make_ndarray(value.tensor)
    return values_of


@pytest.fixture(scope="module")
def shown(start_run):
    run, records = start_run(*SETTINGS, "training.summary_every=2", "training.histogram_every=5")
    evaluations = list(train(TrainingSetup(run, records), profile=range(3, 5)))
    return run, records, evaluations


@pytest.fixture(scope="module")
def curves(shown):
    return points(shown[0].folder / "tensorboard/train")


def test_the_numbers_and_the_speed_of_steps_are_curves(curves, shown):
    last = shown[2][-1].step
    for name in ("loss", "gradient_norm", "learning_rate", "speed/tokens_per_second"):
        assert list(curves["scalars", name]) == list(range(2, last + 1, 2)), name
        assert all(value > 0 for value in curves["scalars", name].values())
    assert all(0 < value <= 1 for value in curves["scalars", "speed/padding_efficiency"].values())
    assert ("scalars", "speed/cases_per_second") in curves


def test_weights_and_gradients_are_histograms_of_all_their_values(curves, shown):
    run, _, evaluations = shown
    names = {tag for plugin, tag in curves if plugin == "histograms"}
    weights = {name.removeprefix("weights/") for name in names if name.startswith("weights/")}
    assert names == {f"{group}/{name}" for group in ("weights", "gradients") for name in weights}
    embedding = curves["histograms", "gradients/embedding/embeddings"]
    assert list(embedding) == list(range(5, evaluations[-1].step + 1, 5))
    assert embedding[5].shape == (BINS, 3)
    assert embedding[5][:, 2].sum() == len(run.tokens) * run.config.model.embedding_size


def test_the_settings_are_a_text_and_the_model_a_graph(curves, shown):
    text = curves["text", "settings"][0].item().decode()
    assert all(line.startswith("    ") for line in text.splitlines())
    assert json.loads(text) == shown[0].config.to_dict() | {"corpus": ANY}
    [graph] = [event for event in events(shown[0].folder / "tensorboard/train") if event.graph_def]
    nodes = tf.compat.v1.GraphDef.FromString(graph.graph_def).node
    assert any("embedding" in node.name for node in nodes)


def test_valid_has_its_metrics_and_its_curve_at_each_evaluation(shown):
    run, _, evaluations = shown
    valid = points(run.folder / "tensorboard/valid")
    for evaluation in evaluations:
        for name, value in evaluation.valid.items():
            shown_value = valid["scalars", f"metrics/{name}"][evaluation.step]
            assert shown_value == np.float32(value), name
        curve = valid["pr_curves", "all articles"][evaluation.step]
        assert curve[:4].sum(axis=0).tolist() == [30 * 3] * THRESHOLDS


def test_the_steps_that_were_asked_for_are_traced(shown):
    traces = shown[0].folder.glob("tensorboard/train/plugins/profile/*/*.xplane.pb")
    assert len(list(traces)) == 1


@pytest.fixture(scope="module")
def resumed(start_run):
    """The folder of the events of a training that was killed at step 5 and went on from step 3."""

    def interrupt(stage, done, total, note=""):
        if stage == "train" and note.startswith("step 5,"):
            raise InterruptedError

    run, records = start_run(*SETTINGS, "training.summary_every=1")
    with pytest.raises(InterruptedError):
        list(train(TrainingSetup(run, records, progress=Reports(interrupt))))
    list(train(TrainingSetup(run, records)))
    return run.folder / "tensorboard/train"


def test_a_resumed_training_writes_to_the_same_folder_and_marks_its_lost_steps(resumed):
    tags = [(event.step, value.tag) for event in events(resumed) for value in event.summary.value]
    steps = [step for step, tag in tags if tag == "loss"]
    assert steps == [1, 2, 3, 4, *range(4, steps[-1] + 1)]
    assert [event.step for event in events(resumed) if event.session_log.status] == [1, 4]
    assert [event.step for event in events(resumed) if event.graph_def] == [0]


def test_tensorboard_drops_the_lost_steps(resumed):
    accumulator = pytest.importorskip(READER)
    reader = accumulator.EventAccumulator(str(resumed), {"tensors": 0}).Reload()
    steps = [event.step for event in reader.Tensors("loss")]
    assert steps == list(range(1, steps[-1] + 1))


@pytest.mark.parametrize(("steps", "notes"), [(range(9, 12), 1), (range(2, 12), 0)])
def test_a_training_that_ends_before_the_steps_to_trace_says_so(start_run, steps, notes):
    run, records = start_run("training.max_steps=2", "training.summary_every=0")
    messages = []
    list(train(TrainingSetup(run, records, progress=messages_to(messages)), profile=steps))
    assert messages.count("No step was traced: the training took steps 1 to 2.") == notes


def test_without_summaries_nothing_is_written(start_run):
    run, records = start_run("training.epochs=1", "training.summary_every=0")
    list(train(TrainingSetup(run, records)))
    assert not (run.folder / "tensorboard").exists()


def test_the_readers_of_tensorboard_read_it(shown):
    accumulator = pytest.importorskip(READER)
    metadata = pytest.importorskip("tensorboard.plugins.pr_curve.metadata")
    run, _, evaluations = shown
    reader = accumulator.EventAccumulator(str(run.folder / "tensorboard/valid")).Reload()
    assert [event.step for event in reader.Tensors("metrics/micro_f1")] == [
        evaluation.step for evaluation in evaluations
    ]
    content = reader.SummaryMetadata("all articles").plugin_data.content
    assert metadata.parse_plugin_metadata(content).num_thresholds == THRESHOLDS


def test_a_histogram_leaves_out_values_that_are_not_finite():
    bins = histogram(np.array([0.0, 0.0, 3.0, np.inf, np.nan], np.float32))
    assert bins[:, 2].tolist() == [2, *[0] * (BINS - 2), 1]
    np.testing.assert_allclose(bins[[0, -1], [0, 1]], [0, 3])


def test_precision_and_recall_by_hand():
    y_true = np.array([True, True, False, False])
    curve = precision_recall(y_true, np.array([0.9, 0.5, 0.5, 0.004], np.float32))
    assert curve.shape == (6, THRESHOLDS)
    for column, expected in {
        0: [2, 2, 0, 0, 0.5, 1],
        1: [2, 1, 1, 0, 2 / 3, 1],
        50: [2, 1, 1, 0, 2 / 3, 1],
        51: [1, 0, 2, 1, 1, 0.5],
        100: [0, 0, 2, 2, 0, 0],
    }.items():
        np.testing.assert_allclose(curve[:, column], expected, rtol=1e-6, err_msg=str(column))


def test_precision_and_recall_are_those_of_scikit_learn():
    numbers = np.random.default_rng(3)
    y_true, y_score = numbers.random(500) < 0.2, numbers.random(500).astype(np.float32)
    precision, recall, thresholds = precision_recall_curve(y_true, y_score)
    curve = precision_recall(y_true, y_score)
    for column in range(0, THRESHOLDS - 1, 7):
        index = np.searchsorted(thresholds, column / (THRESHOLDS - 1))
        np.testing.assert_allclose(curve[4:, column], [precision[index], recall[index]], rtol=1e-5)


@pytest.mark.parametrize("y_true", [[], [False, False], [True, True]])
def test_precision_and_recall_of_one_class_or_none_are_finite(y_true):
    curve = precision_recall(np.array(y_true, bool), np.full(len(y_true), 1.0, np.float32))
    assert np.isfinite(curve).all()


def test_precision_and_recall_leave_out_what_is_not_known():
    y_true, y_score = np.eye(3, dtype=bool), np.full((3, 3), 0.5, np.float32)
    known = np.array([[True, True, False], [True, True, True], [False, True, False]])
    expected = precision_recall(y_true[known], y_score[known])
    np.testing.assert_array_equal(precision_recall(y_true, y_score, known), expected)


def test_precision_and_recall_take_less_memory_than_the_scores():
    y_true, y_score = np.ones((50_000, 20), bool), np.full((50_000, 20), 0.5, np.float32)
    tracemalloc.start()
    precision_recall(y_true, y_score, y_true)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < y_score.nbytes
