"""SavedModel: the network of a run for TensorFlow Serving and other programs with TensorFlow.

FOLDER/saved_model.pb, variables/      the network; its signature `serving_default` takes
                                       "token_ids", int32 (batch, length), right-padded with 0, and
                                       returns "logits" and "scores", float32 (batch, n_articles)
FOLDER/assets.extra/tokens.txt         the tokens; the line of each is its id, from 0
FOLDER/assets.extra/articles.txt       the articles; the line of each is its column, from 0

The scores are those of the network alone. What else decides in a run, its linear SVMs and its
second stage, has no place in a SavedModel.
"""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from lawrec.corpus.records.tfrecords import disk_full_as_os_error
from lawrec.errors import RunError
from lawrec.models.lstm_logits import make_logit_function
from lawrec.ranking.length_batches import run_in_batches
from lawrec.runs.run import Run
from lawrec.storage.files import atomic_folder
from lawrec.training.checkpoints import load_model
from lawrec.training.onnx_export import (
    MAX_DIFFERENCE,
    check_network,
    sample_cases,
    score_difference,
)
from lawrec.types import Model, NumberArray, Tensor

SIGNATURE = "serving_default"
_VOCABULARIES = ("tokens.txt", "articles.txt")


def export_savedmodel(run: Run, folder: Path, *, checkpoint: str) -> float:
    """Write the network of a checkpoint as a SavedModel.

    The files that were written score a sample as the network does, or they are removed.

    Args:
        run: The run.
        folder: The folder to write, which must not exist.
        checkpoint: The path prefix of the checkpoint.

    Returns:
        The largest difference between two scores of the sample.

    Raises:
        RunError: No score of the run depends on its network, the checkpoint is damaged, or the
            scores differ.
        FileExistsError: The folder exists.

    Example:
        >>> export_savedmodel(  # doctest: +SKIP
        ...     run, Path("model"), checkpoint=best_checkpoint(run)
        ... )
        0.0
    """
    check_network(run)
    model = load_model(run, checkpoint)
    with atomic_folder(folder, overwrite=False) as new:
        with disk_full_as_os_error(folder):
            tf.saved_model.save(model, str(new), signatures=_signature(model))
        (new / "assets.extra").mkdir()
        for name in _VOCABULARIES:
            shutil.copyfile(run.folder / name, new / "assets.extra" / name)
        difference = _difference(run, model, folder=new)
        if not difference <= MAX_DIFFERENCE:
            raise RunError(
                folder,
                expected=f"it must score as the network does, within {MAX_DIFFERENCE:g}",
                got=f"a difference of {difference:.2g}",
                todo="Report this as a bug.",
            )
    return difference


def _signature(model: Model) -> Any:
    @tf.function(
        input_signature=[tf.TensorSpec((None, None), tf.int32, name="token_ids")], autograph=False
    )
    def serve(token_ids: Tensor) -> dict[str, Tensor]:
        logits = model(token_ids, training=False)["articles"]
        return {"logits": logits, "scores": tf.sigmoid(logits)}

    return serve


def _difference(run: Run, model: Model, *, folder: Path) -> float:
    """Return the largest difference between scores of the model and of what was written."""
    serve = tf.saved_model.load(str(folder)).signatures[SIGNATURE]

    def forward(batch: NumberArray) -> NumberArray:
        logits: NumberArray = serve(token_ids=tf.constant(batch))["logits"].numpy()
        return logits

    return score_difference(
        make_logit_function(model),
        partial(run_in_batches, forward, n_outputs=len(run.articles)),
        sample=sample_cases(run),
    )
