import numpy as np
import pytest

from lawrec import config
from lawrec.corpus.records.dataset_spec import DatasetSpec, RunSpec
from lawrec.errors import RunError
from lawrec.runs.run import find_run
from lawrec.training.dry_run import check_batch, check_first_batch, preview, take_two_steps
from lawrec.training.warm_start import warm_start_from

pytestmark = pytest.mark.tensorflow
ROWS = {"token_ids": [[5, 6, 0], [7, 0, 0]], "articles": [[1.0], [0.0]], "weights": [1.0, 0.0]}


def failed(**changed):
    batch = {name: np.array(part) for name, part in (ROWS | changed).items()}
    return {name: rows for name, rows in check_batch(batch, 8).items() if rows}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        (
            {"token_ids": [[5, 8, 0], [-1, 0, 0]]},
            {"token ids are in the vocabulary": ("row 0", "row 1")},
        ),
        ({"token_ids": [[5, 0, 6], [7, 0, 0]]}, {"padding is on the right": ("row 0",)}),
        ({"token_ids": [[5, 6, 7], [0, 0, 0]]}, {"no row is empty": ("row 1",)}),
        ({"articles": [[1.0], [0.5]]}, {"labels are 0 or 1": ("articles",)}),
        ({"weights": [-1.0, np.nan]}, {"weights are finite and not below 0": ("row 0", "row 1")}),
    ],
)
def test_what_is_wrong_with_a_batch_is_named(changed, expected):
    assert failed(**changed) == expected


def test_a_dry_run_counts_and_leaves_no_run(start_run):
    run, records = start_run()
    before = sorted(run.folder.parent.rglob("*"))
    report = take_two_steps(run.config, records, dataset=run.dataset)
    assert report.records == records
    assert report.weight_bytes == 4 * report.parameters
    assert (
        report.optimizer_bytes == 2 * report.weight_bytes + 12
    )  # Adam: two moments; step and rate
    rows, length = report.shapes["token_ids"].removeprefix("int32 ").strip("()").split(", ")
    assert int(rows) * int(length) <= 256
    assert report.shapes["articles"] == f"float32 ({rows}, 3)"
    assert report.speed["cases_per_second"] > 0
    assert sorted(run.folder.parent.rglob("*")) == before


def test_the_first_batch_is_shown_as_the_model_gets_it(start_run):
    run, records = start_run()
    batch = check_first_batch(run.config, records, dataset=run.dataset)
    assert not any(batch.checks.values())
    assert list(batch.checks)[-2:] == ["the loss is finite", "gradients are finite"]
    words = {"264": "秘密窃取钱包", "266": "虚构事实骗取信任", "133之一": "醉酒驾驶轿车"}
    for case in batch.cases:
        text = case.text.replace(" ", "")
        assert set(case.articles) == {name for name, word in words.items() if word in text}
        assert case.weight == 1


def test_weights_that_start_too_large_are_found(start_run, without_ranges):
    run, records = start_run()
    wild = config.from_dict({"model": {"embedding_stddev": 3e38}}, "here", base=run.config)
    checks = check_first_batch(wild, records, dataset=run.dataset).checks
    assert "embedding/embeddings" in checks["gradients are finite"]


def test_a_run_to_start_from_is_looked_for_before_the_cases_are(tmp_path):
    new = RunSpec(config.Config(), DatasetSpec(data=tmp_path / "absent"), "no-such-run")
    with pytest.raises(RunError, match="no-such-run: it must be the name of a run"):
        preview(tmp_path, new, two_steps=True)


def test_a_dry_run_starts_from_the_weights_of_another_run(trained, start_run):
    source = warm_start_from(find_run(trained.checkpoints, None))
    run, records = start_run()
    assert take_two_steps(run.config, records, dataset=run.dataset, warm_start=source).loss < (
        take_two_steps(run.config, records, dataset=run.dataset).loss
    )
    other = config.from_dict({"model": {"lstm_units": 3}}, "here", base=run.config)
    with pytest.raises(RunError, match="leave out --start-from"):
        check_first_batch(other, records, dataset=run.dataset, warm_start=source)
