"""The pages beside the counter: after a sale, the business day, what listening found. All ask the interface alone."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from edge.screens.place import Place
from web.live import LiveBus
from web.pages import Pages

AFTER_PATH: Final = "/after"
DAY_PATH: Final = "/day"
LISTENING_PATH: Final = "/listening"
WORDS_FOR_SCRIPTS: Final = ("after.", "age.", "common.", "counter.", "day.", "listening.", "problem.", "span.", "till.")


def mount_after(app: FastAPI, pages: Pages, *, bus: LiveBus, place: Place) -> None:
    """Let `app` answer with what comes after a sale at `/after`, the day at `/day`, the report at `/listening`."""

    def mount(path: str, area: str) -> None:
        modules = pages.assets.modules(area)

        async def show(request: Request) -> HTMLResponse:
            words = pages.messages[pages.language(request)].for_script(*WORDS_FOR_SCRIPTS)
            context = {"place": place, "position": bus.newest_id, "modules": modules, "words": words}
            return pages.render(request, f"{area}.html", context)

        app.add_api_route(path, show, methods=["GET"], include_in_schema=False)

    mount(AFTER_PATH, "after")
    mount(DAY_PATH, "day")
    mount(LISTENING_PATH, "listening")
