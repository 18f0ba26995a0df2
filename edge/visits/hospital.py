"""The hospital's own system (HIS): told of each step of a visit by one POST, and asked for nothing else.

`docs/integrators.md` describes the call. An answer of 2xx takes the step, 4xx refuses it but for those that say “not
now” and those that a gateway before it may have given; everything else is tried again, for as long as it takes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

import httpx
import msgspec

from drivers.holder import Holder
from edge.clock import SHOP_TIME, Clock
from edge.store.visit_steps import StepRow
from rules.visit_flow import RULES

WITHIN_S = 5.0
FIRST_PAUSE_S, MOST_PAUSE_S = 2.0, 60.0
_MOST_DOUBLINGS = 6
_MOST_ANSWER = 64 * 1024
_MOST_MESSAGE = 200
_NOT_NOW = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


_OF_A_GATEWAY = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        HTTPStatus.MISDIRECTED_REQUEST,
    }
)
"""Whatever stands before a system that is being renewed says so too: they refuse a step in its own words alone."""
_BYTE_ORDER = "\ufeff"


class Outcome(StrEnum):
    """What came of telling a step."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Told:
    """A step, and whose it is."""

    row: StepRow
    holder: Holder


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it."""

    outcome: Outcome
    code: str
    """`HTTP 409`, or the name of what went wrong on the way."""
    message: str
    """For the person's screen."""
    again_at: datetime
    """When to try again, where it comes later."""


class _Said(msgspec.Struct):
    message: str = ""


class Hospital:
    """Tells one hospital's system.

    Args:
        url: Where steps are posted.
        token: Proves this terminal to it; empty for none.
        terminal: Who tells.
        client: Carries it; no proxy, no redirect.
        clock: The device's clock.
        rng: For the jitter.
    """

    def __init__(
        self, url: str, token: str, *, terminal: str, client: httpx.AsyncClient, clock: Clock,
        rng: Callable[[float, float], float] = random.uniform,
    ) -> None:  # fmt: skip
        self._url, self._terminal, self._client, self._clock, self._rng = url, terminal, client, clock, rng
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def tell(self, told: Told) -> Answered:
        """Tell a step, for the first time or again: its number is the `Idempotency-Key`."""
        headers = {**self._headers, "Idempotency-Key": told.row.id, "Content-Type": "application/json"}
        body = msgspec.json.encode(self._said(told))
        try:
            # The client's own patience is for each piece of an answer.
            async with asyncio.timeout(WITHIN_S):
                answer = await self._client.post(self._url, content=body, headers=headers, timeout=WITHIN_S)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as exc:
            return self._later(told.row, type(exc).__name__)
        code, message = f"HTTP {answer.status_code}", _message_in(answer)
        if answer.is_success:
            return Answered(Outcome.TAKEN, code, message, self._clock.now())
        if _refuses(answer.status_code, message):
            return Answered(Outcome.REFUSED, code, message or code, self._clock.now())
        return self._later(told.row, code)

    def _later(self, row: StepRow, why: str) -> Answered:
        pause_s = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(row.tries, _MOST_DOUBLINGS)) * self._rng(0.75, 1.25)
        return Answered(Outcome.LATER, why, "", self._clock.now() + timedelta(seconds=pause_s))

    def _said(self, told: Told) -> dict[str, object]:
        row, holder = told.row, told.holder
        words = RULES[row.step].words
        return {
            "id": row.id,
            "visit": row.visit,
            "step": row.step.value,
            "step_name": {"zh": words.zh, "en": words.en},
            "item": row.item,
            "at": row.at.astimezone(SHOP_TIME).isoformat(timespec="seconds"),
            "by": row.by,
            "operator": row.operator,
            "terminal": self._terminal,
            "person": {
                "name": holder.name,
                "psn_cert_type": holder.id_kind,
                "certno": holder.id_number,
                "mdtrt_cert_type": holder.cert_type.value,
                "mdtrt_cert_no": holder.cert_number,
                "card_sn": holder.card_serial,
                "insuplc_admdvs": holder.district,
            },
        }


def _refuses(status: int, message: str) -> bool:
    if status in _NOT_NOW or (status in _OF_A_GATEWAY and not message):
        return False
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _message_in(answer: httpx.Response) -> str:
    if len(answer.content) > _MOST_ANSWER:
        return ""
    try:
        # In the characters that its header names: many a hospital's system writes GBK.
        return msgspec.json.decode(answer.text.removeprefix(_BYTE_ORDER), type=_Said).message[:_MOST_MESSAGE]
    except (msgspec.DecodeError, msgspec.ValidationError):
        return ""
