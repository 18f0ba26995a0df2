"""The counter page: one page that shows what the daemon has, and follows it live.

The page is rendered without any list: its scripts load sale, scans and status from the API and then follow the bus
from the position that stands in the page, so that nothing falls between the two. It holds no data of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from edge.screens.after import mount_after
from edge.screens.place import Place
from edge.screens.setup import mount_setup
from edge.screens.visit import mount_visit
from web.live import LiveBus
from web.pages import Pages

FOLDER: Final = Path(__file__).parent / "templates"
COUNTER_PATH: Final = "/counter"
WORDS_FOR_SCRIPTS: Final = (
    "age.",
    "class.",
    "common.",
    "counter.",
    "device.",
    "event.",
    "problem.",
    "span.",
    "till.",
    "verdict.",
)


def mount_screens(app: FastAPI, *, bus: LiveBus, place: Place) -> None:
    """Let `app` answer with the counter page at `/counter` and the pages beside it, and lead `/` to the counter."""
    pages = Pages(FOLDER)
    modules = pages.assets.modules("counter")

    async def counter(request: Request) -> HTMLResponse:
        words = pages.messages[pages.language(request)].for_script(*WORDS_FOR_SCRIPTS)
        context = {"place": place, "position": bus.newest_id, "modules": modules, "words": words}
        return pages.render(request, "counter.html", context)

    async def home() -> RedirectResponse:
        return RedirectResponse(COUNTER_PATH, status_code=307)

    pages.mount(app)
    app.add_api_route("/", home, methods=["GET"], include_in_schema=False)
    mount_setup(app, pages, bus=bus, place=place)
    mount_after(app, pages, bus=bus, place=place)
    mount_visit(app, pages, place=place)
    app.add_api_route(COUNTER_PATH, counter, methods=["GET"], include_in_schema=False)
