"""Page: what a browser shows, in Chinese or English, from files of the service alone."""

from pathlib import Path
from string import Template

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
LANGUAGES = {"zh": "zh-Hans", "en": "en"}
"""The languages of the page, and how HTML names each; the first one is the default."""


def preferred_language(accepted: str) -> str:
    """Return the language of the page that a browser prefers.

    Args:
        accepted: The header Accept-Language.

    Example:
        >>> preferred_language("fr, en-GB;q=0.8, zh;q=0.5"), preferred_language("")
        ('en', 'zh')
    """
    weights: dict[str, float] = {}
    for entry in accepted.split(",")[:20]:
        name, _, weight = entry.strip().lower().partition(";q=")
        try:
            weights.setdefault(name.split("-")[0], float(weight or 1))
        except ValueError:
            continue
    return max(LANGUAGES, key=lambda language: weights.get(language, 0.0))


async def page(request: Request, lang: str = "") -> HTMLResponse:
    """Return the page, in the language of `?lang=`, else in that which the browser prefers."""
    accepted = request.headers.get("accept-language", "")
    language = lang if lang in LANGUAGES else preferred_language(accepted)
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
