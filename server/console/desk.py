"""What every page of the console is made with: the centre, the templates, who looks, and the frame around the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from codes.errors import YimaError
from codes.words import Words
from server.api.access import SESSION_COOKIE
from server.centre import Centre
from server.errors import SignInError
from server.people.roles import PERMISSIONS, ROLE_NAMES, Permission, Person
from server.store.terminal_lists import BROKEN_DEVICES
from web.pages import Pages

FOLDER: Final = Path(__file__).parent / "templates"
PREFIX: Final = "/console"
WORDS_FOR_SCRIPTS: Final = ("age.", "common.", "console.live.", "console.push.", "problem.", "span.", "verdict.")


@dataclass(frozen=True, slots=True)
class ConsoleDesk:
    """Shared by all routes of the console."""

    centre: Centre
    pages: Pages
    first_position: int
    """Number of the live bus when the centre started: what came after it can still be replayed."""

    def reader(self, request: Request) -> Person:
        """Return who looks.

        Raises:
            SignInError: Nobody is signed in with this browser.
            ForbiddenError: The role does not allow looking.
        """
        token = request.cookies.get(SESSION_COOKIE)
        if token is None:
            raise SignInError(Words("尚未登录", "Nobody is signed in"))
        person = self.centre.signing_in.who(token, self.centre.now())
        person.require(Permission.READ)
        return person

    def approver(self, request: Request) -> Person:
        """Return who decides about terminals.

        Raises:
            SignInError: Nobody is signed in with this browser.
            ForbiddenError: The role does not allow it.
        """
        person = self.reader(request)
        person.require(Permission.APPROVE)
        return person

    def page(
        self,
        request: Request,
        person: Person | None,
        template: str,
        context: Mapping[str, object],
        *,
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page with the frame around it."""
        language = self.pages.language(request)
        frame: dict[str, object] = {
            "person": person,
            "role": None if person is None else ROLE_NAMES[person.role],
            "broken_devices": BROKEN_DEVICES,
            "can_approve": person is not None and Permission.APPROVE in PERMISSIONS[person.role],
            "now": self.centre.now(),
            "position": self.centre.bus.newest_id,
            "modules": self.pages.assets.modules("console"),
            "words": self.pages.messages[language].for_script(*WORDS_FOR_SCRIPTS),
            "prefix": PREFIX,
        }
        return self.pages.render(request, template, frame | dict(context), status=status)

    def error_page(self, request: Request, error: YimaError, status: int) -> HTMLResponse:
        """Return the page that says what went wrong, with its code and the next step."""
        context = {"error": error, "status": HTTPStatus(status), "active": ""}
        return self.page(request, self._who(request), "error.html", context, status=status)

    def _who(self, request: Request) -> Person | None:
        """Return who looks, for the frame of an error page: it must not fail for a reason of its own."""
        try:
            return self.reader(request)
        except YimaError:
            return None
