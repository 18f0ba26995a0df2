"""Steps of visits: a person shows a credential, and the step is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request

from codes.errors import RejectedError
from codes.words import Words
from drivers.voucher.port import Asking, Use
from edge.api.access import WhoAsks, signed_in
from edge.api.forms import StepForm
from edge.api.parts import ApiParts
from edge.credentials import read_credential
from edge.errors import EdgeError
from edge.operators.pos_tokens import Scope
from edge.store.shifts import SessionRow
from edge.visits.desk import StepShown, VisitDesk, Wanted
from rules.visit_flow import VisitStep

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
        session, desk = await guard(request, shown), _desk(parts)
        devices = parts.credentials
        holder = await read_credential(form.by, _asking(parts, form.step, session), devices.voucher, devices.card)
        return await desk.do(Wanted(visit, form.step, form.item), holder, session.operator)

    @routes.get("", dependencies=[Depends(signed_in(parts, Scope.READ))])
    async def steps(visit: VisitNumber) -> Sequence[StepShown]:
        """Return the steps of a visit, in the order in which they were done."""
        return await _desk(parts).steps(visit)

    return routes


def _desk(parts: ApiParts) -> VisitDesk:
    if parts.visits is None:
        raise NoVisitsError
    return parts.visits


def _asking(parts: ApiParts, step: VisitStep, session: SessionRow) -> Asking:
    devices = parts.credentials
    return Asking(Use(step.value), session.operator, session.name, devices.office, devices.office_name)
