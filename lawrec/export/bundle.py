"""Write bundles: see `lawrec.runs.bundle`."""

import hashlib
from pathlib import Path
from zipfile import ZIP_STORED

from lawrec import __version__
from lawrec.errors import RunError
from lawrec.export.packed_run import (
    Contents,
    content_bytes,
    json_bytes,
    without_checkpoint,
    write_zip,
)
from lawrec.law.catalog import article_titles
from lawrec.runs.bundle import BUNDLE_FILE, BUNDLE_VERSION, TITLES
from lawrec.runs.ranker_file import load_ranker
from lawrec.runs.run import Run
from lawrec.seal import sealed


def export_bundle(run: Run, path: Path, *, checkpoint: str) -> int:
    """Write a bundle, and return its size in bytes; the same run gives the same bytes.

    Args:
        run: A trained and tuned run.
        path: The file to write. An existing file is replaced once the new one is complete.
        checkpoint: The path prefix of the run's best checkpoint.

    Raises:
        RunError: The run has no thresholds, its ranker is missing or damaged, or its scores need
            its LSTM.

    Example:
        >>> export_bundle(  # doctest: +SKIP
        ...     run, Path("criminal-law.lawrec"), checkpoint=best_checkpoint(run)
        ... )
        13710210
    """
    ranker = load_ranker(run)
    if not ranker or ranker.needs_lstm:
        raise RunError(
            run.folder,
            expected="the scores must not need the LSTM",
            got="those of a run with an LSTM",
            todo="Train a run with --preset linear.",
        )
    titles = article_titles()
    contents: Contents = {
        **without_checkpoint(run, checkpoint),
        TITLES: json_bytes({article: titles.get(article, "") for article in run.articles.names}),
    }
    manifest = {
        "bundle_version": BUNDLE_VERSION,
        "lawrec": __version__,
        "files": {
            name: hashlib.sha256(content_bytes(content)).hexdigest()
            for name, content in sorted(contents.items())
        },
    }
    contents[BUNDLE_FILE] = json_bytes(sealed(manifest))
    return write_zip(path, contents, compression=ZIP_STORED)
