"""Resources: the files that the project ships."""

from pathlib import Path


def shipped_path(name: str) -> Path:
    """Return the path of a shipped file: inside an installed wheel, or beside the package.

    Args:
        name: Its path from the top of the repository, such as "vocab/articles.csv".
    """
    package = Path(__file__).parent
    installed = package / name
    return installed if installed.exists() else package.parent / name
