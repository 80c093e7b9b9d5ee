"""HTML page: the frame that all pages of lawrec share.

A page is one file that needs no network: its stylesheets, its script and the templates of its HTML
are files of the folder `static`, and their text is copied into the page.
"""

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from lawrec.text import encodable
from lawrec.translation import current_language, translate

# The text after a tag, and of the attributes that people read: ">Audit of the cases<",
# 'placeholder="article or title"'. Neither has a "<" or quotes.
_TEXT = re.compile(r'(>|(?:placeholder|aria-label)=")([^<>"]+)(?=[<"])')


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
    page = Template(static_text("page.html"))
    parts = {"title": escape(title), "style": style, "body": body, "language": current_language()}
    return encodable(page.substitute(parts))


def table_rows(rows: Iterable[Iterable[object]]) -> str:
    """Return rows of a table whose cells are plain text.

    Example:
        >>> table_rows([[264, "<b>"]])
        '<tr><td>264</td><td>&lt;b&gt;</td></tr>'
    """
    return "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>" for cells in rows
    )


def static_text(name: str) -> str:
    """Return the text of a file in the folder `static`.

    Example:
        >>> static_text("audit.css").splitlines()[0]
        '/* The page of `lawrec audit`; page.css comes before it. */'
    """
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")


def template(name: str) -> Template:
    """Return a template of HTML in the folder `static`, in the language of the reader.

    Example:
        >>> template("audit.html").template.splitlines()[0]
        '<h1>Audit of the cases</h1>'
    """
    return Template(translated_html(static_text(name)))


def translated_html(html: str) -> str:
    """Return HTML with its texts in the language of the reader.

    Example:
        >>> from lawrec.translation import messages_in
        >>> with messages_in("zh"):
        ...     translated_html("<th>Score</th>")
        '<th>得分</th>'
    """
    if current_language() == "en":
        return html
    return _TEXT.sub(_translated_text, html)


def _translated_text(match: re.Match[str]) -> str:
    text = " ".join(match[2].split())
    translated = translate(text)
    return match[0] if translated == text else match[1] + translated


def texts_of(html: str) -> list[str]:
    r"""Return the texts of HTML that people read, which are messages to translate.

    Example:
        >>> texts_of('<h2>The long\ntail</h2><input placeholder="article">$chart')
        ['The long tail', 'article']
    """
    return [" ".join(match[2].split()) for match in _TEXT.finditer(html)]
