"""The scorer of a run: its network and its ranker, loaded together."""

from lawrec.ranking.scorer import RunScorer
from lawrec.runs.ranker_file import load_ranker
from lawrec.runs.run import Run
from lawrec.tensorflow_start import import_tensorflow


def load_scorer(run: Run, checkpoint: str, *, device: str | None = None) -> RunScorer:
    """Return the function from token ids to scores that a checkpoint and the ranker make.

    TensorFlow is imported only if the scores depend on the network: this takes a few seconds.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.
        device: The device that computes, as `use_device` takes it; None to leave that as it is.

    Raises:
        RunError: The checkpoint or the ranker is damaged, or belongs to another run.

    Example:
        >>> load_scorer(run, best_checkpoint(run))([[17, 402]]).shape  # doctest: +SKIP
        (1, 183)
    """
    ranker = load_ranker(run)
    if ranker and not ranker.needs_lstm:
        return RunScorer(None, ranker, run.config.model.lstm_tokens)
    import_tensorflow()
    from lawrec.models.scorer import make_scorer
    from lawrec.training.checkpoints import load_model
    from lawrec.training.devices import use_device

    if device:
        use_device(device)
    model = load_model(run, checkpoint)
    return make_scorer(model, ranker, lstm_tokens=run.config.model.lstm_tokens)
