"""lawrec reads the facts of a Chinese case and recommends the law articles that apply.

The public API is one class, `Recommender`; all else may change without notice.

    >>> from lawrec import Recommender
    >>> recommender = Recommender.load()  # doctest: +SKIP
    >>> [answer] = recommender("被告人秘密窃取他人手机一部。")  # doctest: +SKIP
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Recommender", "__version__"]


def __getattr__(name: str) -> Any:
    """Import `Recommender` when it is first used, so that `import lawrec` costs no time.

    Type checkers read `__init__.pyi` instead.
    """
    if name == "Recommender":
        return import_module("lawrec.inference.recommender").Recommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
