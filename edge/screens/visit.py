"""The kiosk page of one step of a visit, `/visit?step=01201`: it asks the interface, and holds nothing of its own."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from edge.credentials import Way
from edge.screens.place import Place
from rules.visit_flow import RULES, VisitStep
from web.pages import Pages

VISIT_PATH: Final = "/visit"
WORDS_FOR_SCRIPTS: Final = ("common.", "problem.", "visit.")


def mount_visit(app: FastAPI, pages: Pages, *, place: Place) -> None:
    """Let `app` answer with the page of a step at `/visit`."""
    modules = pages.assets.modules("visit")

    async def show(request: Request, step: Annotated[VisitStep, Query()] = VisitStep.CHECK_IN) -> HTMLResponse:
        language = pages.language(request)
        context = {
            "place": place,
            "step": step,
            "step_name": RULES[step].words.of(language),
            "is_itemised": RULES[step].is_itemised,
            "ways": [way.value for way in Way],
            "modules": modules,
            "words": pages.messages[language].for_script(*WORDS_FOR_SCRIPTS),
        }
        return pages.render(request, "visit.html", context)

    app.add_api_route(VISIT_PATH, show, methods=["GET"], include_in_schema=False)
