"""Files that the project ships, such as the catalog of articles and the sample cases."""

from pathlib import Path

SHIPPED_MODEL = "checkpoints/criminal-law.lawrec"
"""The bundle that answers where nothing has been trained."""
SHIPPED_EXTRA_CASES = "data/criminal-law/cases.json"
"""Invented cases of articles of the Criminal Law that few real cases cite."""


def shipped_path(name: str) -> Path:
    """Return the path of a shipped file.

    An installed wheel has these files inside the package; in a checkout they are next to it.

    Args:
        name: Its path from the top of the repository.

    Example:
        >>> shipped_path("vocab/articles.csv").exists()
        True
    """
    package = Path(__file__).parents[1]
    installed = package / name
    return installed if installed.exists() else package.parent / name
