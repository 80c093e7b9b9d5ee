"""TODO text."""

import unicodedata


def normalize(text: str) -> str:
    """Return the text with full-width letters and digits made plain and white space dropped."""
    return "".join(unicodedata.normalize("NFKC", text).split())
