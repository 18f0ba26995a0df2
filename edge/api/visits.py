"""Steps of visits: a person shows a credential, and the step is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request

from codes.errors import RejectedError
from codes.words import Words
from drivers.voucher.port import Asking, Use
from edge.api.access import Guard, Shown, WhoAsks, signed_in
from edge.api.forms import StepForm
from edge.api.parts import ApiParts
from edge.credentials import read_credential
from edge.errors import EdgeError
from edge.fsi.sign_ins import Operator
from edge.operators.accounts import acting_account
from edge.operators.errors import SessionEndedError, SignInRequiredError
from edge.operators.pos_tokens import Scope
from edge.visits.desk import StepShown, VisitDesk, Wanted
from edge.visits.errors import KioskUnusableError
from rules.visit_flow import VisitStep
from web.config_sections import is_loopback_address

VisitNumber = Annotated[str, Path(min_length=1, max_length=64, description="The hospital's number of the visit")]


class NoVisitsError(EdgeError, RejectedError):
    """This terminal keeps no visits."""

    code: ClassVar[str] = "visit_step.off"
    next_step: ClassVar[Words] = Words(
        "在配置中启用 [visits] 后重启。", "Enable [visits] in the configuration and start again."
    )

    def __init__(self) -> None:
        super().__init__(Words("本机未启用就诊环节", "Steps of visits are off at this terminal"))


def visit_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/visits`."""
    routes = APIRouter(prefix="/visits/{visit}/steps", tags=["visit"])
    guard = signed_in(parts)

    @routes.post("")
    async def do(visit: VisitNumber, form: StepForm, request: Request, shown: WhoAsks) -> StepShown:
        """Wait for the person to show the credential, and do the step: once for each, in its order."""
        # Whether there is anything to do here comes before who may do it.
        desk, wanted = _desk(parts), Wanted(visit, form.step, form.item)
        wanted.refuse_without_item()
        operator = await _operator(parts, guard, request, shown)
        devices = parts.credentials
        holder = await read_credential(form.by, _asking(parts, form.step, operator), devices.voucher, devices.card)
        return await desk.do(wanted, holder, operator.login)

    @routes.get("", dependencies=[Depends(signed_in(parts, Scope.READ))])
    async def steps(visit: VisitNumber) -> Sequence[StepShown]:
        """Return the steps of a visit, in the order in which they were done."""
        return await _desk(parts).steps(visit)

    return routes


def _desk(parts: ApiParts) -> VisitDesk:
    if parts.visits is None:
        raise NoVisitsError
    return parts.visits


async def _operator(parts: ApiParts, guard: Guard, request: Request, shown: Shown) -> Operator:
    """Return in whose name a step is done: of who is signed in, else, at this very machine, of the kiosk's operator."""
    try:
        session = await guard(request, shown)
    except (SignInRequiredError, SessionEndedError):
        login = parts.kiosk_operator
        if not login or not is_loopback_address(shown.caller):
            raise
        try:
            account = await parts.read(lambda tx: acting_account(tx, login))
        except RejectedError as exc:
            # What is wrong is for who looks after the terminal, among its troubles.
            raise KioskUnusableError from exc
        return Operator(account.login, account.name)
    return Operator(session.operator, session.name)


def _asking(parts: ApiParts, step: VisitStep, operator: Operator) -> Asking:
    devices = parts.credentials
    return Asking(Use(step.value), operator.login, operator.name, devices.office, devices.office_name)
