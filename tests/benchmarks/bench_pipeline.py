"""Compare the input pipeline with the training step of the default model, in cases per second.

    python tests/benchmarks/bench_pipeline.py [DATA]

DATA is a folder of cases, by default ../shared/cail next to the checkout, else the invented sample;
of a large folder, the first cases. The step gets batches that the pipeline has made beforehand.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lawrec.config import Config
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.input_pipeline import training_batches
from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.prepare import prepare
from lawrec.corpus.splits import find_splits
from lawrec.runs.create import create_run
from lawrec.storage.file_lists import list_files
from lawrec.storage.packed_files import open_binary
from lawrec.storage.resources import shipped_path
from lawrec.training.setup import TrainingSetup
from lawrec.training.train_step import create_train_state, make_train_step

CASES = 4_000
EPOCHS = 12
STEPS = 8
CAIL = Path(__file__).resolve().parents[3] / "shared/cail"


def main() -> None:
    """Print the cases per second of both, and their ratio."""
    default = CAIL if CAIL.is_dir() else shipped_path("data/sample")
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    config = Config()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        dataset = DatasetSpec(
            first_cases(data, root / "data"), records_root=root / "records", vocab_root=root
        )
        records = prepare(dataset, config.corpus)
        pipeline = _pipeline_rate(records, config)
        run = create_run(root / "runs", config, records=records, dataset=dataset)
        setup = TrainingSetup(run, records)
        state = create_train_state(setup)
        cases = records.split("train").cases
        step = make_train_step(state, setup)
        model = _step_rate(step, list(islice(state.iterator, STEPS + 2)))
    print(f"{cases} cases of {data}, {len(records.articles)} articles")
    print(f"pipeline       {pipeline:10.1f} cases/s")
    print(f"training step  {model:10.1f} cases/s")
    print(f"ratio          {pipeline / model:10.1f}")


def first_cases(data: Path, folder: Path) -> Path:
    """Write the first cases of each split of a folder to a new one."""
    folder.mkdir()
    for split, path in find_splits(data).items():
        with open_binary(list_files(path)[0]) as lines:
            (folder / f"{split}.json").write_bytes(b"".join(islice(lines, CASES)))
    return folder


def _pipeline_rate(records: Records, config: Config) -> float:
    """Return the cases per second, measured from the second batch on: start-up does not count."""
    sizes = config.training
    batches = iter(
        training_batches(
            records,
            EPOCHS,
            max_tokens=384,
            batch_tokens=sizes.batch_tokens,
            shuffle_cases=sizes.shuffle_buffer_size,
            seed=sizes.seed,
        )
    )
    next(batches)
    start = time.perf_counter()
    cases = _cases(batches)
    return cases / (time.perf_counter() - start)


def _step_rate(step: Any, batches: Sequence[Any]) -> float:
    first, rest = batches[:2], batches[2:]
    for batch in first:
        step(batch)
    start = time.perf_counter()
    for batch in rest:
        float(step(batch).loss)
    return _cases(rest) / (time.perf_counter() - start)


def _cases(batches: Iterable[Any]) -> int:
    return sum(int(batch["weights"].shape[0]) for batch in batches)


if __name__ == "__main__":
    main()
