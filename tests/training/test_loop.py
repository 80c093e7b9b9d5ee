import numpy as np
import pytest
import tensorflow as tf

from lawrec.corpus.vocabulary import UNK_ID
from lawrec.errors import RecordsError, RunError
from lawrec.models.lstm_logits import make_logit_function
from lawrec.ranking.run_scorer import RunScorer
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.training import loop
from lawrec.training.checkpoints import load_model
from lawrec.training.loop import step_note, train
from lawrec.training.setup import TrainingSetup
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import StepResult
from lawrec.training.validation import score_records
from tests.helpers.cases import CHARGE_SETTINGS, CHARGES_ALONE, changed_data
from tests.helpers.damages import flip
from tests.helpers.progress import Reports, messages_to

pytestmark = pytest.mark.tensorflow


class PowerCutError(Exception):
    """Stands for kill -9 at a step."""


def killed_at(step):
    def progress(stage, done, total, note=""):
        if stage == "train" and note.startswith(f"step {step},"):
            raise PowerCutError

    return Reports(progress)


def everything(folder):
    """Return all that the newest checkpoint of a folder holds, but the position in the data."""
    reader = tf.train.load_checkpoint(str(folder))
    names = [name for name in reader.get_variable_to_shape_map() if "iterator" not in name]
    return {
        name: reader.get_tensor(name) for name in names if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
    }


def assert_same_bits(run, other):
    """Compare two runs that one process has trained, so with the same number of threads."""
    for part in (".", "best"):
        expected, actual = everything(other.folder / part), everything(run.folder / part)
        assert expected.keys() == actual.keys()
        if part == "best":  # here the counter counts only what the last process has saved
            del expected["save_counter/.ATTRIBUTES/VARIABLE_VALUE"]
        for name, value in expected.items():
            np.testing.assert_array_equal(actual[name], value, err_msg=f"{part}: {name}")
        state = (other.folder / part / "checkpoint").read_text("utf-8").splitlines()
        assert (run.folder / part / "checkpoint").read_text("utf-8").splitlines()[0] == state[0]


def with_charges(case, split, row):
    cited = case["meta"]["relevant_articles"]
    return {**case, "meta": {**case["meta"], "accusation": [f"罪{name}" for name in cited]}}


@pytest.fixture(scope="module")
def cases_with_charges(tiny_data, tmp_path_factory):
    return changed_data(tiny_data, tmp_path_factory.mktemp("charged") / "data", with_charges)


@pytest.fixture(scope="module")
def new_training(start_run, cases_with_charges):
    """Return a function that creates a run of the smallest model with some settings."""

    def start(*settings):
        return start_run(
            *("model.lstm_layers=1", "model.bidirectional=false", "training.epochs=2"),
            *(
                "training.patience=99",
                "training.save_every=3",
                "model.embedding_init=random",
                *settings,
            ),
            data=cases_with_charges,
        )

    return start


@pytest.fixture(scope="module")
def whole(new_training):
    run, records = new_training()
    return run, list(train(TrainingSetup(run, records)))


def end_of_epoch(whole, before):
    return killed_at(whole[1][0].step + before)


def while_scoring(whole):
    def progress(stage, done, total, note=""):
        if stage == "score valid":
            raise PowerCutError

    return Reports(progress)


MOMENTS = {
    "before the checkpoint of step 3": lambda whole: killed_at(3),
    "a step after it": lambda whole: killed_at(4),
    "a step before the end of the epoch": lambda whole: end_of_epoch(whole, -1),
    "at the end of the epoch": lambda whole: end_of_epoch(whole, 0),
    "while the valid split is scored": while_scoring,
    "a step into the next epoch": lambda whole: end_of_epoch(whole, 1),
}


def test_a_run_that_was_killed_at_every_moment_ends_with_the_same_bits(new_training, whole):
    run, records = new_training()
    for moment in MOMENTS.values():
        with pytest.raises(PowerCutError):
            list(train(TrainingSetup(run, records, progress=moment(whole))))
    after = list(train(TrainingSetup(run, records)))
    assert_same_bits(run, whole[0])
    assert after[-1].valid == whole[1][-1].valid


def test_a_run_does_not_need_the_file_of_its_initial_vectors_again(start_run, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("1 8\n窃 1 2 3 4 5 6 7 8\n", encoding="utf-8")
    settings = ("training.epochs=2", "training.save_every=3", f"model.embedding_init={path}")
    run, records = start_run(*settings)
    with pytest.raises(PowerCutError):
        list(train(TrainingSetup(run, records, progress=killed_at(4))))
    path.unlink()
    assert len(list(train(TrainingSetup(run, records)))) == 2
    assert load_model(run, best_checkpoint(run)).count_params() > 0


@pytest.mark.parametrize("saves", [1, 3, 4], ids=["after a step's", "best, no newest", "both"])
def test_a_run_that_was_killed_between_two_checkpoints_ends_with_the_same_bits(
    new_training, whole, saves, monkeypatch
):
    run, records = new_training()
    done = []

    def stop_at_save(run):
        done.append(run)
        if len(done) == saves:
            raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr("lawrec.training.loop.set_latest", stop_at_save)
        with pytest.raises(PowerCutError):
            list(train(TrainingSetup(run, records)))
    list(train(TrainingSetup(run, records)))
    assert_same_bits(run, whole[0])


@pytest.mark.parametrize("latest", [True, False])
def test_a_run_becomes_the_newest_one_unless_it_must_not(start_run, latest):
    run, records = start_run("training.max_steps=1")
    assert len(list(train(TrainingSetup(run, records), latest=latest))) == 1
    assert (run.folder.parent / "LATEST").exists() == latest


def test_a_run_whose_newest_checkpoint_was_half_written_ends_with_the_same_bits(
    new_training, whole
):
    run, records = new_training()
    with pytest.raises(PowerCutError):
        list(train(TrainingSetup(run, records, progress=end_of_epoch(whole, 1))))
    newest = tf.train.latest_checkpoint(str(run.folder))
    data = run.folder / f"{newest.rpartition('/')[2]}.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1000])
    messages = []
    list(train(TrainingSetup(run, records, progress=messages_to(messages))))
    damage = f"other bytes: {data.name}"
    assert f"{newest} is damaged ({damage}): using the one before it, if any." in messages
    assert_same_bits(run, whole[0])


def test_a_run_whose_checkpoints_are_all_damaged_does_not_start_over_silently(new_training):
    run, records = new_training("training.max_steps=3", "training.epochs=1")
    list(train(TrainingSetup(run, records)))
    for data in run.folder.glob("model.ckpt-*.index"):
        data.unlink()
    with pytest.raises(RunError, match="at least one checkpoint must not be damaged"):
        list(train(TrainingSetup(run, records)))


@pytest.mark.parametrize(
    "settings",
    [
        (
            "optimizer.ema_momentum=0.5",
            "optimizer.gradient_accumulation_steps=2",
            "training.evaluate_every=4",
        ),
        ("optimizer.name=adamw", "loss.charge_weight=0.5", "training.max_steps=8"),
        ("optimizer.name=momentum", "model.batch_normalization=true", "optimizer.ema_momentum=0.9"),
        (
            "optimizer.name=sgd",
            "optimizer.gradient_accumulation_steps=3",
            "loss.charge_weight=1.0",
            "loss.l2=0.01",
        ),
    ],
    ids=["adam", "adamw", "momentum", "sgd"],
)
def test_with_every_optimizer_a_killed_run_ends_with_the_same_bits(new_training, settings):
    unbroken, records = new_training(*settings)
    evaluations = list(train(TrainingSetup(unbroken, records)))
    run, records = new_training(*settings)
    for step in (4, 7):
        with pytest.raises(PowerCutError):
            list(train(TrainingSetup(run, records, progress=killed_at(step))))
    assert list(train(TrainingSetup(run, records)))[-1].valid == evaluations[-1].valid
    assert_same_bits(run, unbroken)


def test_a_killed_run_with_extra_cases_ends_with_the_same_bits(start_run, charged_cases):
    unbroken, records = start_run(*CHARGE_SETTINGS, extra=(charged_cases,))
    list(train(TrainingSetup(unbroken, records)))
    run, records = start_run(*CHARGE_SETTINGS, extra=(charged_cases,))
    with pytest.raises(PowerCutError):
        list(train(TrainingSetup(run, records, progress=killed_at(5))))
    list(train(TrainingSetup(run, records)))
    assert_same_bits(run, unbroken)


def test_the_charges_are_learned(start_run, charged_cases):
    settings = (*CHARGE_SETTINGS, "training.epochs=24", "training.patience=99")
    run, records = start_run(*settings, extra=(charged_cases,))
    list(train(TrainingSetup(run, records)))
    model = load_model(run, tf.train.latest_checkpoint(str(run.folder)))
    names = records.charges.names
    assert names == ("抢劫", "盗窃", "诈骗")
    for fact, charge in CHARGES_ALONE[:3]:
        token_ids = [[records.tokens.ids.get(character, UNK_ID) for character in fact]]
        logits = model(np.array(token_ids, np.int32), training=False)["charges"][0]
        assert names[int(np.argmax(logits))] == charge.removesuffix("罪")


def test_the_loss_falls_and_valid_is_learned(trained):
    losses = [evaluation.loss for evaluation in trained.evaluations]
    assert losses[-1] < losses[0] / 4
    assert max(evaluation.valid["micro_f1"] for evaluation in trained.evaluations) > 0.9


def test_epochs_and_steps_are_counted(whole):
    run, evaluations = whole
    assert [evaluation.epoch for evaluation in evaluations] == [1, 2]
    newest = tf.train.latest_checkpoint(str(run.folder))
    assert newest.endswith(f"model.ckpt-{evaluations[-1].step}")


def test_only_the_newest_checkpoints_are_kept(whole):
    run, _ = whole
    kept = {path.stem for path in run.folder.glob("model.ckpt-*.index")}
    assert len(kept) == run.config.training.max_to_keep


def test_a_finished_run_has_nothing_left_to_do(start_run):
    run, records = start_run("training.epochs=1")
    assert len(list(train(TrainingSetup(run, records)))) == 1
    notes = []
    assert list(train(TrainingSetup(run, records, progress=messages_to(notes)))) == []
    assert notes == ["This run is over: it has seen its 1 epochs."]


def test_training_stops_when_valid_no_longer_improves(start_run, monkeypatch):
    run, records = start_run("training.epochs=9", "training.patience=2")
    monkeypatch.setattr(loop, "validation_metrics", lambda *arrays: {"cail_score": 0.5})
    evaluations = list(train(TrainingSetup(run, records)))
    assert [evaluation.best for evaluation in evaluations] == [True, False, False]


def test_an_infinite_loss_stops_with_the_step_and_keeps_the_last_checkpoint(
    start_run, without_ranges
):
    run, records = start_run("optimizer.learning_rate=3e38")
    with pytest.raises(RunError, match="at step") as caught:
        list(train(TrainingSetup(run, records)))
    assert "smaller --set optimizer.learning_rate" in str(caught.value)


def scripted(*scores):
    """Return metrics whose CAIL score is the next one of these at each evaluation."""
    rest = iter(scores)
    return lambda y_true, y_score, known: {"cail_score": next(rest), "micro_f1": 0.1}


def test_every_so_many_steps_and_at_the_end_there_is_an_evaluation(start_run, monkeypatch):
    run, records = start_run("training.evaluate_every=4", "training.max_steps=10")
    monkeypatch.setattr(loop, "validation_metrics", scripted(0.1, 0.3, 0.2))
    evaluations = list(train(TrainingSetup(run, records)))
    assert [evaluation.step for evaluation in evaluations] == [4, 8, 10]
    assert [evaluation.best for evaluation in evaluations] == [True, True, False]
    assert best_checkpoint(run).endswith("best/model.ckpt-8")


def test_a_run_of_some_steps_stops_there_and_a_resumed_one_at_once(start_run):
    run, records = start_run("training.max_steps=3")
    [evaluation] = train(TrainingSetup(run, records))
    assert evaluation.step == 3
    notes = []
    assert list(train(TrainingSetup(run, records, progress=messages_to(notes)))) == []
    assert notes == ["This run is over: it has taken its 3 steps."]
    assert tf.train.latest_checkpoint(str(run.folder)).endswith("model.ckpt-3")


@pytest.mark.parametrize("part", [".", "best"])
def test_a_damaged_list_of_checkpoints_is_refused_before_any_step(start_run, monkeypatch, part):
    run, records = start_run()
    monkeypatch.setattr(loop, "create_train_state", None)
    flip(run.folder / part / "checkpoints.json")
    with pytest.raises(RunError, match="the list of checkpoints must be undamaged"):
        list(train(TrainingSetup(run, records)))


def test_the_metric_that_decides_which_checkpoint_is_the_best_is_a_setting(start_run, monkeypatch):
    run, records = start_run(
        "training.monitor=micro_f1", "training.evaluate_every=2", "training.max_steps=6"
    )
    monkeypatch.setattr(loop, "validation_metrics", scripted(0.1, 0.2, 0.3))
    evaluations = train(TrainingSetup(run, records))
    assert [evaluation.best for evaluation in evaluations] == [*(True, False, False)]
    assert best_checkpoint(run).endswith("best/model.ckpt-2")


def test_patience_counts_evaluations_not_epochs_and_a_resumed_run_says_so(start_run, monkeypatch):
    run, records = start_run("training.evaluate_every=1", "training.patience=2")
    monkeypatch.setattr(loop, "validation_metrics", scripted(0.5, 0.6, 0.6, 0.4))
    evaluations = list(train(TrainingSetup(run, records)))
    assert [evaluation.step for evaluation in evaluations] == [1, 2, 3, 4]
    notes = []
    assert list(train(TrainingSetup(run, records, progress=messages_to(notes)))) == []
    assert notes == ["This run is over: valid did not improve in the last 2 evaluations."]


def test_a_step_that_is_not_finite_is_named_and_the_checkpoint_before_it_stays(
    start_run, monkeypatch
):
    def spoiled(make):
        def make_spoiled(state, *others, **named):
            step = make(state, *others, **named)

            def spoil(batch):
                result = step(batch)
                last = int(state.global_step) == 4
                return result._replace(gradient_norm=float("nan")) if last else result

            return spoil

        return make_spoiled

    run, records = start_run("training.save_every=1")
    monkeypatch.setattr(loop, "make_train_step", spoiled(loop.make_train_step))
    with pytest.raises(RunError, match="and nan at step 4"):
        list(train(TrainingSetup(run, records)))
    assert best_checkpoint(run).endswith("model.ckpt-3")
    weights = load_model(run, best_checkpoint(run)).get_weights()
    assert all(np.isfinite(weight).all() for weight in weights)


def test_the_note_of_a_step_is_a_short_line():
    result = StepResult(1.5, 0.256, 0.00198)
    throughput = Throughput()
    note = step_note(12, 1.25, result=result, throughput=throughput)
    assert note == "step 12, loss 1.2500, rate 2.0e-03, gradient 0.26"
    throughput.rates = lambda: {"tokens_per_second": 14321.7}
    note = step_note(12, 1.25, result=result, throughput=throughput)
    assert note.endswith("gradient 0.26; 14,322 tokens/s")


@pytest.mark.timeout(60)
def test_a_damaged_shard_ends_training_with_its_name(start_run, tmp_path):
    run, records = start_run(root=tmp_path)
    shard = records.shard_paths("train")[-1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 255
    shard.write_bytes(bytes(content))
    with pytest.raises(RecordsError, match=shard.name):
        list(train(TrainingSetup(run, records)))


def mask_266_in_train(case, split, row):
    if split != "train":
        return case
    cited = [name for name in case["meta"]["relevant_articles"] if name != "266"]
    meta = {"relevant_articles": cited, "unknown_articles": ["266"]}
    return {**case, "meta": meta}


def test_an_article_that_is_masked_everywhere_is_not_learned(start_run, tiny_data, tmp_path):
    data = changed_data(tiny_data, tmp_path / "data", mask_266_in_train)
    run, records = start_run("training.epochs=8", data=data, root=tmp_path)
    list(train(TrainingSetup(run, records)))
    scorer = RunScorer(make_logit_function(load_model(run, best_checkpoint(run))), None, 384)
    y_true, y_score, known = score_records(scorer, records, split="train")
    column = records.articles.names.index("266")
    assert not known[:, column].any()
    assert np.delete(known, column, axis=1).all()
    # Its score stays at the lowest bias, where it started, while the others have been learned.
    assert y_score[:, column].max() < 0.01
    others = np.delete(y_score, column, axis=1)[np.delete(y_true, column, axis=1)]
    assert np.median(others) > 0.5


def spoil_every_second(case, split, row):
    if split != "train" or row % 2:
        return case
    return {**case, "meta": {"relevant_articles": ["264", "266", "133之一"], "weight": 0}}


def test_cases_of_weight_0_are_not_learned(start_run, tiny_data, tmp_path):
    data = changed_data(tiny_data, tmp_path / "data", spoil_every_second)
    run, records = start_run("training.epochs=10", data=data, root=tmp_path)
    evaluations = list(train(TrainingSetup(run, records)))
    assert max(evaluation.valid["micro_f1"] for evaluation in evaluations) > 0.8
