"""Load the scorer of a run: its network and its ranker."""

from lawrec.inference.engines import AUTO_ENGINE, ENGINES, EngineChoice, choose_engine
from lawrec.progress import SILENT, Progress
from lawrec.ranking.run_scorer import RunScorer
from lawrec.runs.ranker_file import load_ranker
from lawrec.runs.run import Run


def load_scorer(
    run: Run,
    checkpoint: str,
    *,
    engine: EngineChoice = AUTO_ENGINE,
    progress: Progress = SILENT,
) -> RunScorer:
    """Return the function from token ids to scores that a checkpoint and the ranker make.

    Nothing but the ranker is loaded if the scores do not depend on the network.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.
        engine: What computes the network; by default the exported form, and TensorFlow where that
            is missing or damaged, or made from another checkpoint.
        progress: Gets a message if the exported form is not used by default.

    Raises:
        ConfigError: There is no such engine or device.
        RunError: The checkpoint or the ranker is damaged, or belongs to another run. Or the engine
            that was chosen cannot be used.

    Example:
        >>> load_scorer(run, best_checkpoint(run))([[17, 402]]).shape  # doctest: +SKIP
        (1, 183)
    """
    ranker = load_ranker(run)
    name = choose_engine(run, checkpoint, choice=engine, progress=progress)
    logits = ENGINES[name](run, checkpoint, choice=engine) if name else None
    return RunScorer(logits, ranker, run.config.model.lstm_tokens)
