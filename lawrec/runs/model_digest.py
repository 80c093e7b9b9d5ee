"""Model digest: whether two runs, wherever they are, give the same answers."""

from dataclasses import asdict, replace

from lawrec.runs.bundle import load_titles
from lawrec.runs.ranker_file import scoring_digest
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import THRESHOLDS
from lawrec.scoring_version import SCORING_VERSION
from lawrec.storage.files import sha256
from lawrec.storage.seal import file_digests, json_digest


def model_digest(run: Run, checkpoint: str) -> str:
    """Return a digest of all of a run that its answers depend on, but for their explanations.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.

    Raises:
        RunError: The checkpoint is missing, or the ranker's manifest or the titles of a bundle are
            missing or damaged.

    Example:
        >>> len(model_digest(run, best_checkpoint(run)))  # doctest: +SKIP
        64
    """
    # The lists of words have another path in each copy of a run; the fingerprint covers them.
    config = replace(run.config, corpus=replace(run.config.corpus, stop_words="", user_tokens=""))
    path = run.folder / THRESHOLDS
    thresholds = sha256(path) if path.is_file() else None
    lists = file_digests(run.folder, ["articles.txt", "tokens.txt"])
    scores = [SCORING_VERSION, scoring_digest(run, checkpoint)]
    titles = load_titles(run)
    shown = [titles.get(article) for article in run.articles.names]
    return json_digest([scores, run.tokenizer, lists, shown, thresholds, asdict(config)])
