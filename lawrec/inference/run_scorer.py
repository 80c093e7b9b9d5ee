"""The scorer of a run: its network and its ranker, loaded together."""

from lawrec.models.scorer import RunScorer, make_scorer
from lawrec.runs.ranker_file import load_ranker
from lawrec.runs.run import Run
from lawrec.training.checkpoints import load_model


def load_scorer(run: Run, checkpoint: str) -> RunScorer:
    """Return the function from token ids to scores that a checkpoint and the ranker make.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.

    Raises:
        RunError: The checkpoint or the ranker is damaged, or belongs to another run.

    Example:
        >>> load_scorer(run, best_checkpoint(run))([[17, 402]]).shape  # doctest: +SKIP
        (1, 183)
    """
    ranker = load_ranker(run)
    model = load_model(run, checkpoint)
    return make_scorer(model, ranker, lstm_tokens=run.config.model.lstm_tokens)
