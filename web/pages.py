"""Pages: a template, the reader's language, the addresses of the files, and how values are written.

Both servers build one `Pages` with the folder of their own templates. Templates escape everything that they are
given, may not use a name that was not given, and hold no style and no script: the content security policy would
refuse those.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from codes.words import Language
from web.assets import Assets
from web.figures import age, amount, code_groups, local_time, utc_iso
from web.i18n import HTML_LANGUAGE, LANGUAGE_COOKIE, Messages, choose_language, load_messages

FOLDER: Final = Path(__file__).parent / "templates"
_A_YEAR_S: Final = 365 * 24 * 3600


class Pages:
    """Renders the templates of one server.

    Args:
        folder: The server's own templates, beside those that both share.
        assets: The static files.
        messages: The words by language.
    """

    def __init__(
        self, folder: Path, *, assets: Assets | None = None, messages: Mapping[Language, Messages] | None = None
    ) -> None:
        self.assets = assets or Assets()
        self.messages = messages or load_messages()
        self._environment = Environment(
            loader=FileSystemLoader([folder, FOLDER]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"amount": amount, "code": code_groups, "local": local_time, "iso": utc_iso}
        self._environment.globals |= {"asset": self.assets.url}

    def mount(self, app: FastAPI) -> None:
        """Let `app` serve the static files and the switch of the language."""
        self.assets.mount(app)
        app.add_api_route("/language/{language}", _switch_language, methods=["GET"], include_in_schema=False)

    def language(self, request: Request) -> Language:
        """Return the language to answer in."""
        return choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))

    def render(
        self, request: Request, template: str, context: Mapping[str, object], *, status: int = 200
    ) -> HTMLResponse:
        """Return the page made of `template`."""
        language = self.language(request)
        messages = self.messages[language]
        known: dict[str, object] = {
            "lang": language,
            "html_lang": HTML_LANGUAGE[language],
            "other_lang": "en" if language == "zh" else "zh",
            "here": _address(request),
            "messages": messages,
            "t": messages.text,
            "n": messages.count,
            "age": lambda then, now: age(messages, then, now),
        }
        text = self._environment.get_template(template).render(known | dict(context))
        return HTMLResponse(text, status_code=status)


def is_own_address(address: str) -> bool:
    r"""Tell whether `address` is a path on this server, so that a link can lead nowhere else.

    >>> is_own_address("/console?page=2"), is_own_address("//elsewhere"), is_own_address("/\\elsewhere")
    (True, False, False)
    """
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()


async def _switch_language(language: Language, back: str = "/") -> RedirectResponse:
    """Remember the reader's language and go back to the page."""
    response = RedirectResponse(back if is_own_address(back) else "/", status_code=303)
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=_A_YEAR_S, path="/", samesite="lax", httponly=True)
    return response


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
