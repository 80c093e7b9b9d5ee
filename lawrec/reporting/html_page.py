"""HTML page: the frame that all pages of lawrec share.

A page is one file that needs no network: its stylesheets, its script and the templates of its HTML
are files of the folder `static`, and their text is copied into the page.
"""

from html import escape
from pathlib import Path
from string import Template

from lawrec.text import encodable


def page_html(title: str, body: str, *, stylesheet: str, language: str = "en") -> str:
    """Return a page that is light or dark as the reader's system is.

    Args:
        title: The title of the window, as plain text.
        body: The content of the page, as HTML. What UTF-8 cannot hold, as in the name of a file,
            is escaped.
        stylesheet: The file in `static` with the page's own rules; `page.css` comes before it.
        language: The language of the page.

    Example:
        >>> page = page_html("Audit of data", "<h1>Audit</h1>", stylesheet="audit.css")
        >>> page.startswith("<!doctype html>"), "<title>Audit of data</title>" in page
        (True, True)
    """
    style = static_text("page.css") + static_text(stylesheet)
    page = Template(static_text("page.html"))
    parts = {"title": escape(title), "style": style, "body": body, "language": language}
    return encodable(page.substitute(parts))


def static_text(name: str) -> str:
    """Return the text of a file in the folder `static`.

    Example:
        >>> static_text("audit.css").splitlines()[0]
        '/* The page of `lawrec audit`; page.css comes before it. */'
    """
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")
