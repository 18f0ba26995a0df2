"""The page that sets scanners up: the sheet to scan from, what came, and what to change (`edge.setup_desk`)."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from drivers.scanner.selftest import SHEET
from edge.screens.place import Place
from web.live import LiveBus
from web.pages import Pages

SETUP_PATH: Final = "/setup"
WORDS_FOR_SCRIPTS: Final = ("age.", "common.", "device.", "problem.", "setup.")


def mount_setup(app: FastAPI, pages: Pages, *, bus: LiveBus, place: Place) -> None:
    """Let `app` answer with the page at `/setup`."""
    modules = pages.assets.modules("setup")

    async def setup(request: Request) -> HTMLResponse:
        words = pages.messages[pages.language(request)].for_script(*WORDS_FOR_SCRIPTS)
        context = {
            "place": place,
            "position": bus.newest_id,
            "modules": modules,
            "words": words,
            "symbols": SHEET,
            "said": pages.language(request),
        }
        return pages.render(request, "setup.html", context)

    app.add_api_route(SETUP_PATH, setup, methods=["GET"], include_in_schema=False)
