"""Describe a run: data, model sizes, settings, and how far it is trained and tuned."""

from pathlib import Path

import numpy as np

from lawrec.config_sources import nearest_preset
from lawrec.devices.tensorflow_start import import_tensorflow
from lawrec.diagnostics.reports import Layer, Network, Part, RankerInfo, RunInfo
from lawrec.errors import RunError
from lawrec.progress import SILENT, Progress
from lawrec.ranking.first_stage import LSTM
from lawrec.runs.bundle import load_titles
from lawrec.runs.case_index_file import load_case_index, note_on_missing_index
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.onnx_file import onnx_path
from lawrec.runs.ranker_file import RANKER, load_ranker
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import THRESHOLDS, load_thresholds
from lawrec.runs.trained_cases_file import load_trained_cases
from lawrec.storage.files import sha256
from lawrec.translation import marked


def inspect_run(run: Run, progress: Progress = SILENT) -> RunInfo:
    """Return the description of a run, trained or not, tuned or not.

    That of a folder needs TensorFlow, which takes seconds to import.

    Args:
        run: The run.
        progress: Gets a message for each damaged checkpoint, and one if the index of train cases is
            missing.

    Raises:
        RunError: A part of a bundle belongs to another run.

    Example:
        >>> run = find_run(Path("checkpoints"), None)  # doctest: +SKIP
        >>> inspect_run(run).network.parameters  # doctest: +SKIP
        16351470
    """
    checkpoint = _checkpoint(run, progress)
    if checkpoint and (note := note_on_missing_index(run)):
        progress.message(note)
    preset, changed = nearest_preset(run.config)
    return RunInfo(
        run=str(run.bundle or run.folder),
        checkpoint=checkpoint and str(Path(checkpoint).relative_to(run.folder)),
        splits={split: str(file.path) for split, file in run.splits.items()},
        tokenizer=run.tokenizer,
        tokens=len(run.tokens),
        articles=len(run.articles),
        thresholds=_thresholds(run, checkpoint),
        ranker=_ranker(run),
        network=None if run.bundle else _network(run),
        parts=_parts(run) if run.bundle else [],
        preset=preset,
        changed=changed,
        config=run.config.to_dict(),
    )


def _network(run: Run) -> Network:
    import_tensorflow()
    from lawrec.models.flops import flops
    from lawrec.training.checkpoints import build_run_model

    model = build_run_model(run)
    labels = (output.shape[-1] for output in model.output.values())
    return Network(
        parameters=model.count_params(),
        flops=flops(run.config.model, run.config.model.lstm_tokens, labels=labels),
        layers=[
            Layer(layer.name, str(layer.output.shape[1:]), layer.count_params())
            for layer in model.layers
            if layer.count_params()
        ],
    )


def _parts(run: Run) -> list[Part]:
    """Return the parts of a bundle, once those that `inspect_run` does not read are checked."""
    load_titles(run)
    load_case_index(run)
    load_trained_cases(run)
    if run.config.ranking.needs_lstm:
        onnx_path(run, best_checkpoint(run))
    paths = sorted(path for path in run.folder.rglob("*") if path.is_file())
    return [
        Part(path.relative_to(run.folder).as_posix(), path.stat().st_size, sha256(path))
        for path in paths
    ]


def _checkpoint(run: Run, progress: Progress) -> str | None:
    """Return the path prefix of the best checkpoint, None with a message if there is none."""
    try:
        return best_checkpoint(run, progress)
    except RunError as error:
        progress.message(str(error))
        return None


def _thresholds(run: Run, checkpoint: str | None) -> str:
    """Return how many articles have a finite threshold, so that they can be recommended."""
    if not (checkpoint and (run.folder / THRESHOLDS).is_file()):
        return marked("none yet")
    try:
        rule = load_thresholds(run, checkpoint).rule
    except RunError as error:
        return marked(f"unusable: {error}")
    finite = int(np.isfinite(rule.thresholds).sum())
    return marked(f"{finite} of {len(rule.thresholds)} articles")


def _ranker(run: Run) -> RankerInfo:
    try:
        ranker = load_ranker(run)
    except RunError as error:
        is_there = (run.folder / RANKER).is_dir()
        return RankerInfo(marked(f"unusable: {error}" if is_there else "none yet"))
    if not ranker:
        return RankerInfo(marked("none: the LSTM alone decides"))
    svms, second_stage = ranker.first_stage.svms, ranker.second_stage
    return RankerInfo(
        "in use",
        models=[*svms, LSTM] if ranker.config.needs_lstm else [*svms],
        parameters=sum(each.kernel.size + each.bias.size for each in svms.values()),
        candidates=ranker.config.candidates if second_stage else 0,
        trees=len(second_stage.trees.feature) if second_stage else 0,
        importances=ranker.importances,
    )
