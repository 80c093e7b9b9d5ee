"""Export to ONNX: the network of a checkpoint in a form that needs no TensorFlow, and its check."""

from itertools import cycle

import numpy as np

from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.vocabulary import UNK_ID
from lawrec.devices.configure import use_full_float32
from lawrec.errors import CaseError, ConfigError, RunError
from lawrec.models.lstm_logits import make_logit_function
from lawrec.models.onnx_graph import onnx_model
from lawrec.progress import SILENT, Progress
from lawrec.ranking.first_stage import sigmoid
from lawrec.ranking.run_scorer import LogitFunction
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.leakage import split_path
from lawrec.runs.onnx_file import MODEL, is_exported, onnx_logits, save_onnx
from lawrec.runs.run import Run, load_encoder
from lawrec.training.checkpoints import load_model, open_checkpoint
from lawrec.types import TokenIds

MAX_DIFFERENCE = 1e-5
"""The largest difference between a score of the network and that of its exported form."""
_SAMPLE_CASES = 24


def export_onnx(run: Run, checkpoint: str) -> float:
    """Write the exported form of a checkpoint into its run.

    Both forms score a sample of cases, of all lengths that the network reads.

    Args:
        run: The run.
        checkpoint: The path prefix of the checkpoint.

    Returns:
        The largest difference between two scores of the sample.

    Raises:
        ConfigError: A setting of the model cannot be exported.
        RunError: No score of the run depends on its network, the checkpoint is damaged, or the
            scores differ. Nothing is written.

    Example:
        >>> export_onnx(run, best_checkpoint(run)) < MAX_DIFFERENCE  # doctest: +SKIP
        True
    """
    check_network(run)
    saved = open_checkpoint(checkpoint)
    content = onnx_model(run.config.model, {name: saved.read(name) for name in saved.weights})
    use_full_float32()  # otherwise, scores on a GPU differ by up to 1e-3
    difference = score_difference(
        make_logit_function(load_model(run, checkpoint)),
        onnx_logits(content, n_articles=len(run.articles)),
        sample=sample_cases(run),
    )
    if not difference <= MAX_DIFFERENCE:  # nor is NaN a small difference
        raise RunError(
            run.folder,
            expected=f"the exported model must score as the model does, within {MAX_DIFFERENCE:g}",
            got=f"a difference of {difference:.2g}",
            todo="Predict with --engine tensorflow, and report this as a bug.",
        )
    save_onnx(run, checkpoint, models={MODEL: content})
    return difference


def check_network(run: Run) -> None:
    """Refuse a run whose network is of no use to anybody: no score depends on it.

    Raises:
        RunError: The run scores without its network.

    Example:
        >>> check_network(find_run(Path("checkpoints"), None))  # doctest: +SKIP
    """
    if not run.config.ranking.needs_lstm:
        raise RunError(
            run.folder,
            expected="the scores of the run must depend on its network",
            got="a run that scores without it, and needs no TensorFlow",
            todo="Predict with it as it is.",
        )


def export_after_training(run: Run, *, progress: Progress = SILENT) -> None:
    """Export the best checkpoint unless that is done, or switched off, or of no use.

    Args:
        run: A run whose training is over.
        progress: Gets a message if it is not possible.

    Example:
        >>> export_after_training(run)  # doctest: +SKIP
    """
    if not (run.config.training.export_onnx and run.config.ranking.needs_lstm):
        return
    checkpoint = best_checkpoint(run, progress)
    if is_exported(run, checkpoint):
        return
    try:
        export_onnx(run, checkpoint)
    except (ConfigError, RunError) as error:
        progress.message(f"{error} The training is complete, but its model is not exported.")


def sample_cases(run: Run) -> list[TokenIds]:
    """Return cases of all lengths that the network reads, to compare two forms of it on.

    They are the beginnings of train cases. Where those are gone, tokens are random, although
    rounding may grow on them: after an epoch of 750,000 cases, scores of random tokens differed by
    8e-5 between two forms of a network, those of cases by 2e-9.

    Args:
        run: The run.

    Example:
        >>> len(sample_cases(run))  # doctest: +SKIP
        24
    """
    longest = run.config.model.lstm_tokens
    try:
        path = split_path(run, "train")
    except CaseError:
        return random_cases(len(run.tokens), longest=longest)
    encode = load_encoder(run)
    read = read_cases(path, case_format=run.dataset.case_format)
    facts = (encode(case.fact) for case in read if isinstance(case, Case))
    return [
        np.asarray(fact[:length], np.int32)
        for fact, length in zip(cycle(facts), _lengths(longest), strict=False)
    ]


def random_cases(n_tokens: int, *, longest: int) -> list[TokenIds]:
    """Return cases of random tokens, of lengths from 1 to the longest.

    Args:
        n_tokens: The number of token ids.
        longest: The number of tokens of the longest case.

    Example:
        >>> [len(case) for case in random_cases(10, longest=47)][:4]
        [1, 3, 5, 7]
    """
    numbers = np.random.default_rng(1)
    return [
        numbers.integers(UNK_ID, n_tokens, length).astype(np.int32) for length in _lengths(longest)
    ]


def _lengths(longest: int) -> list[int]:
    """Return the lengths of the cases of a sample, from 1 to the longest."""
    lengths: list[int] = np.linspace(1, longest, _SAMPLE_CASES).astype(int).tolist()
    return lengths


def score_difference(
    first: LogitFunction, second: LogitFunction, *, sample: list[TokenIds]
) -> float:
    """Return the largest difference between scores by two functions that compute logits.

    Args:
        first: From the token ids of cases to logits.
        second: Likewise.
        sample: The token ids of each case.

    Example:
        >>> score_difference(np.zeros_like, np.ones_like, sample=[[1, 2]])  # doctest: +ELLIPSIS
        0.23105...
    """
    return float(np.abs(sigmoid(first(sample)) - sigmoid(second(sample))).max())
