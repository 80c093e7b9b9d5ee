"""Page: what a browser shows, in Chinese or English, from files of the service alone."""

from pathlib import Path
from string import Template

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from lawrec.translation import preferred_language

STATIC = Path(__file__).parent / "static"
LANGUAGES = {"zh": "zh-Hans", "en": "en"}
"""The languages of the page, and how HTML names each."""


async def page(request: Request, lang: str = "") -> HTMLResponse:
    """Return the page, in the language of `?lang=`, else in that which the browser prefers."""
    accepted = request.headers.get("accept-language", "")
    language = lang if lang in LANGUAGES else preferred_language(accepted, "zh")
    html = Template((STATIC / "page.html").read_text(encoding="utf-8"))
    headers = {"Vary": "Accept-Language", "Content-Language": LANGUAGES[language]}
    return HTMLResponse(html.substitute(language=LANGUAGES[language]), headers=headers)


def add_page(app: FastAPI) -> None:
    """Add the page and its files to the service.

    Example:
        >>> app = FastAPI()
        >>> add_page(app)
        >>> app.routes[-1].path
        '/static'
    """
    app.add_api_route("/", page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC))
