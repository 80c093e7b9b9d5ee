"""A second output, the charges, and cases of which only these are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from lawrec import config
from lawrec.corpus.dataset_spec import DatasetSpec
from lawrec.corpus.prepare import prepare
from lawrec.errors import CaseError, ConfigError
from lawrec.inference.tune import tune_run
from lawrec.runs.leakage import trained_on
from lawrec.runs.run import create_run, open_run
from lawrec.training.checkpoints import best_checkpoint, load_model
from lawrec.training.loop import train
from lawrec.training.setup import open_records
from lawrec.training.train_step import create_state, make_step
from tests.helpers.progress import Reports

pytestmark = pytest.mark.tensorflow

SETTINGS = [
    *("corpus.tokenizer=char", "corpus.min_count=1", "corpus.max_tokens=48"),
    *("model.embedding_size=8", "model.lstm_units=8", "model.dropout=0.1"),
    *("training.epochs=2", "training.batch_tokens=512", "optimizer.learning_rate=0.03"),
    *("loss.charge_weight=0.5", "training.save_every=2"),
]
CHARGED = [("秘密窃取手机", "盗窃罪"), ("冒充熟人骗取信任", "诈骗"), ("持刀抢走钱包", "抢劫")] * 8


class PowerCutError(Exception):
    """Stands for kill -9."""


@pytest.fixture(scope="module")
def source(tiny_data, tmp_path_factory):
    """The tiny corpus, and 24 cases with charges alone."""
    root = tmp_path_factory.mktemp("charged")
    path = root / "charged.jsonl"
    lines = [json.dumps({"fact": fact, "charges": [charge]}) for fact, charge in CHARGED]
    path.write_text("\n".join(lines), encoding="utf-8")
    roots = {"records_root": root / "records", "vocab_root": root / "vocab"}
    return DatasetSpec(tiny_data, charge_only_data=path, **roots)


def new_run(root, source, *settings):
    resolved = config.load(None, [*SETTINGS, *settings])
    records = prepare(source, resolved.corpus)
    return create_run(root / "checkpoints", resolved, records=records, source=source), records


@pytest.fixture
def start(tmp_path, source):
    return new_run(tmp_path, source)


def weighed(batch, of_charged):
    """Return a batch, and the weights that leave only its cases of one kind."""
    only = tf.reduce_all(batch["articles_known"] == 0, axis=1)
    return batch, tf.cast(only if of_charged else ~only, tf.float32)


def outputs(run, records, of_charged):
    """Return the kernels of both outputs before and after a step on cases of one kind."""
    strategy = tf.distribute.get_strategy()
    state = create_state(run, records, strategy=strategy)
    step = make_step(state, strategy, config=run.config, records=records)
    layers = [state.model.get_layer(name) for name in ("articles", "charges")]
    before = [layer.kernel.numpy() for layer in layers]
    parts = (weighed(batch, of_charged) for batch in state.iterator)
    batch, weights = next(found for found in parts if tf.reduce_sum(found[1]) > 0)
    step({**batch, "weights": weights})
    return before, [layer.kernel.numpy() for layer in layers]


@pytest.mark.parametrize("of_charged", [True, False])
def test_each_kind_of_case_teaches_its_own_output_alone(start, of_charged):
    run, records = start
    before, after = outputs(run, records, of_charged)
    changed = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert changed == [not of_charged, of_charged]


def test_each_output_starts_at_the_shares_among_the_cases_that_say(start):
    run, records = start
    assert records.manifest.known_cases == {"articles": 80, "charges": 24}
    model = create_state(run, records, strategy=tf.distribute.get_strategy()).model
    for name, counts, n_cases in (
        ("articles", records.manifest.label_counts, 80),
        ("charges", (8, 8, 8), 24),
    ):
        shares = 1 / (1 + np.exp(-model.get_layer(name).bias.numpy()))
        np.testing.assert_allclose(shares, np.minimum(np.array(counts) / n_cases, 0.5), rtol=1e-4)


def test_the_charges_are_learnt(tmp_path, source):
    run, records = new_run(tmp_path, source, "training.epochs=24", "training.patience=99")
    list(train(run, records))
    model = load_model(run, tf.train.latest_checkpoint(str(run.folder)))
    names = records.charges.names
    assert names == ("抢劫", "盗窃", "诈骗")
    for fact, charge in CHARGED[:3]:
        token_ids = [[records.tokens.ids[sign] for sign in fact]]
        logits = model(np.array(token_ids, np.int32), training=False)["charges"][0]
        assert names[int(np.argmax(logits))] == charge.removesuffix("罪")


def test_a_run_remembers_its_charged_cases(start, source):
    run, records = start
    open_binary = open_run(run.folder)
    assert open_binary.source.charge_only_data == source.charge_only_data.resolve()
    assert open_binary.charges.names == ("抢劫", "盗窃", "诈骗")
    assert list(open_binary.splits) == ["train", "valid", "test", "charge_only"]
    assert list(trained_on(open_binary)) == ["train", "train the charges"]
    roots = {"records_root": source.records_root, "vocab_root": source.vocab_root}
    again = open_records(replace(open_binary, source=replace(open_binary.source, **roots)))
    assert again == records


def test_a_killed_run_ends_with_the_same_bits(tmp_path, source):
    def kill(stage, done, total, note=""):
        if stage == "train" and note.startswith("step 5,"):
            raise PowerCutError

    whole, records = new_run(tmp_path / "whole", source)
    killed, _ = new_run(tmp_path / "killed", source)
    list(train(whole, records))
    with pytest.raises(PowerCutError):
        list(train(killed, records, Reports(kill)))
    list(train(killed, records))
    first, second = (load_model(run, best_checkpoint(run)) for run in (whole, killed))
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


def test_nothing_is_tuned_on_cases_that_taught_the_charges(start, source):
    run, _ = start
    with pytest.raises(CaseError, match="must differ from those used to train the charges"):
        tune_run(run, path=source.charge_only_data)


def test_charged_cases_without_a_second_output_are_refused(tmp_path, source):
    with pytest.raises(ConfigError) as caught:
        new_run(tmp_path, source, "loss.charge_weight=0")
    assert str(caught.value) == (
        "--charge-only-data: loss.charge_weight must be above 0 to learn from charge-only cases, "
        "got 0.0. Add --set loss.charge_weight=0.5, or leave out --charge-only-data."
    )
    assert not (tmp_path / "checkpoints").exists()


def test_a_second_output_without_any_charge_is_refused(tmp_path, source):
    with pytest.raises(ConfigError) as caught:
        new_run(tmp_path, replace(source, charge_only_data=None))
    assert str(caught.value) == (
        "loss.charge_weight: a train case must name its charges to learn them, got none. "
        "Set it to 0, or add cases with charges by --charge-only-data FILE."
    )
