"""Bring the catalogs of translations up to date with the code, and compile them.

    python docs/make_translations.py

New messages get an empty translation, which the tests refuse; unused ones are dropped. Edit the
catalogs, lawrec/locale/*/LC_MESSAGES/lawrec.po, and run this again.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[1] / "lawrec"
_KEYWORDS = {"marked": None}
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def main() -> None:
    """Write the catalog of each language, as text and compiled."""
    for path in sorted(PACKAGE.glob("locale/*/LC_MESSAGES/lawrec.po")):
        text, compiled = updated(path)
        path.write_bytes(text)
        path.with_suffix(".mo").write_bytes(compiled)


def updated(path: Path) -> tuple[bytes, bytes]:
    """Return the text of a catalog with the messages of the code, and the same compiled."""
    with path.open("rb") as file:
        old = read_po(file)
    catalog = Catalog(
        locale=path.parts[-3],
        project="lawrec",
        header_comment="# Messages of lawrec: see lawrec/translation.py.",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        fuzzy=False,
    )
    for message in messages():
        known = old.get(message)
        catalog.add(message, known.string if known else "")
    text, compiled = BytesIO(), BytesIO()
    write_po(text, catalog, width=100, sort_output=True, no_location=True)
    write_mo(compiled, catalog)
    return text.getvalue(), compiled.getvalue()


def messages() -> list[str]:
    """Return all messages that are marked in the code, sorted."""
    found = extract_from_dir(PACKAGE, keywords=_KEYWORDS, method_map=[("**.py", "python")])
    return sorted({message for _, _, message, _, _ in found})


if __name__ == "__main__":
    main()
