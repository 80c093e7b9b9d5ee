import numpy as np
import pytest

from lawrec import config
from lawrec.training.dry_run import check_batch, dry_run, first_batch

pytestmark = pytest.mark.tensorflow
ROWS = {"token_ids": [[5, 6, 0], [7, 0, 0]], "articles": [[1.0], [0.0]], "weights": [1.0, 0.0]}


def failed(**changed):
    batch = {name: np.array(part) for name, part in (ROWS | changed).items()}
    return {name: found for name, found in check_batch(batch, 8).items() if found}


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


def test_a_rehearsal_counts_and_leaves_no_run(start_run):
    run, records = start_run()
    before = sorted(run.folder.parent.rglob("*"))
    found = dry_run(run.config, records, run.source)
    assert found.cases == {"train": 80, "valid": 30, "test": 30}
    assert found.weight_bytes == 4 * found.parameters
    assert found.optimizer_bytes == 2 * found.weight_bytes + 12  # Adam: two moments; step and rate
    rows, length = found.shapes["token_ids"].removeprefix("int32 ").strip("()").split(", ")
    assert int(rows) * int(length) <= 256
    assert found.shapes["articles"] == f"float32 ({rows}, 3)"
    assert found.speed["cases_per_second"] > 0
    assert sorted(run.folder.parent.rglob("*")) == before


def test_the_first_batch_is_shown_as_the_model_gets_it(start_run):
    run, records = start_run()
    batch = first_batch(run.config, records, source=run.source)
    assert not any(batch.checks.values())
    assert list(batch.checks)[-2:] == ["the loss is finite", "gradients are finite"]
    words = {"264": "秘密窃取钱包", "266": "虚构事实骗取信任", "133之一": "醉酒驾驶轿车"}
    for case in batch.cases:
        text = case.text.replace(" ", "")
        assert set(case.articles) == {name for name, word in words.items() if word in text}
        assert case.weight == 1


def test_weights_that_start_too_large_are_found(start_run):
    run, records = start_run()
    wild = config.from_dict({"model": {"embedding_stddev": 3e38}}, "here", base=run.config)
    checks = first_batch(wild, records, source=run.source).checks
    assert "embedding/embeddings" in checks["gradients are finite"]
