"""HTML page: the frame that all pages of lawrec share.

A page is one file that needs no network: its stylesheets and its script are files of the folder
`static`, and their text is copied into the page.
"""

from html import escape
from pathlib import Path

from lawrec.text import encodable


def page_html(title: str, body: str, *, stylesheet: str) -> str:
    """Return a page that is light or dark as the reader's system is.

    Args:
        title: The title of the window, as plain text.
        body: The content of the page, as HTML. What UTF-8 cannot hold, as in the name of a file,
            is escaped.
        stylesheet: The file in `static` with the page's own rules; `page.css` comes before it.

    Example:
        >>> page = page_html("Audit of data", "<h1>Audit</h1>", stylesheet="audit.css")
        >>> page.startswith("<!doctype html>"), "<title>Audit of data</title>" in page
        (True, True)
    """
    style = static_text("page.css") + static_text(stylesheet)
    return encodable(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def static_text(name: str) -> str:
    """Return the text of a file in the folder `static`.

    Example:
        >>> static_text("audit.css").splitlines()[0]
        '/* The page of `lawrec audit`; page.css comes before it. */'
    """
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")
