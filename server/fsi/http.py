"""The national interface over HTTP: one address, one message, one answer.

Whatever the interface itself can say is HTTP 200, also a refusal: the institution's software reads `infcode`. Another
status says that the message did not come so far, for programs in between; the body is an answer of the interface all
the same:

    401 nothing proves who calls         413 the body is too large       415 it is no JSON in UTF-8
    503 too much waits, or the database does not answer: send the same message again (Retry-After)
    500 a fault of ours, which is logged; nothing was done

There is no 429: what waits is bounded for all together. The body is read by the event loop, the work is done in a
bounded number of threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Protocol

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from codes.errors import YimaError
from codes.words import Words
from server.errors import SignInError
from server.fsi.figures import Outcome
from server.fsi.post import Post, Reply, Voice
from server.fsi.refusals import BusyError, Refusal
from wire.fsi.fields import Field, Kind, Transaction
from wire.fsi.signing import PATH

MOST_BODY_BYTES = 24 * 1024 * 1024
"""The largest file of 9101 has room in it, in Base64 inside the hexadecimal cipher text of an area that encrypts;
everything else is a few kilobytes."""
_MOST_READ_BYTES = 64 * 1024 * 1024
"""Of a body that is too large so much is read and dropped before it is answered: who still sends does not listen."""
MOST_WAITING = 256
"""Messages that wait for a thread."""
_KINDS_OF_BODY = frozenset({"", "application/json", "text/json", "text/plain", "application/octet-stream"})
"""What counters were seen to call it; it is read as JSON."""
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
_STATUSES: Mapping[Outcome, HTTPStatus] = MappingProxyType(
    {
        Outcome.UNPROVED: HTTPStatus.UNAUTHORIZED,
        Outcome.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
        Outcome.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
_NOT_NOW = Words("中心的数据库暂时不可用", "The database of the centre does not answer")
_bearer = HTTPBearer(auto_error=False, description="API token, bound to the institution")


class BodyTooLargeError(Refusal):
    """The body is larger than any message."""

    code: ClassVar[str] = "fsi.too_large"
    next_step: ClassVar[Words] = Words(
        "请减少每次的记录；文件请减少天数，压缩后再用 9101 上传。",
        "Send fewer records at once; a file of fewer days, packed, by 9101.",
    )


class MediaTypeError(Refusal):
    """The headers say that the body is something else than JSON in UTF-8."""

    code: ClassVar[str] = "fsi.media_type"
    next_step: ClassVar[Words] = Words(
        "请以 Content-Type: application/json、UTF-8 编码、不压缩发送。",
        "Send it as Content-Type: application/json, in UTF-8, not compressed.",
    )


class InterfaceAnswer(BaseModel):
    """An answer of the interface; of some areas it is hidden inside a form of their own."""

    infcode: int | str
    """0 if it was done, as a number or as text; what else there is means that it was not."""
    inf_refmsgid: str
    refmsg_time: str
    respond_time: str
    err_msg: str
    output: Any
    warn_msg: str


class Answers(Protocol):
    """What answers messages (`server.fsi.answering.Answering`)."""

    @property
    def path(self) -> str:
        """Where clients of the area post to."""

    def answer(self, post: Post) -> Reply:
        """Return the answer, whatever came."""

    def refuse(self, error: YimaError, arrived_at: datetime, outcome: Outcome) -> Reply:
        """Return the answer that says why nothing was read at all."""


KnowVoice = Callable[[str, datetime], Voice]
"""From an API token to who calls; raises `SignInError` if nobody has it."""


def fsi_routes(
    answers: Answers,
    *,
    know_voice: KnowVoice,
    envelope: Transaction,
    now: Callable[[], datetime],
    workers: int,
    more_paths: Iterable[str] = (),
) -> APIRouter:
    """Return the routes of the interface. Only its own path stands in the document; others are the same thing."""
    desk = _HttpDesk(answers, know_voice, now, workers)
    routes = APIRouter(tags=["national interface"])
    described: dict[int | str, dict[str, Any]] = {
        status: {"model": InterfaceAnswer} for status in (401, 413, 415, 500, 503)
    }
    routes.add_api_route(
        PATH,
        _endpoint(desk),
        methods=["POST"],
        name="national interface",
        summary="One message of the national interface",
        response_class=Response,
        responses={
            200: {"model": InterfaceAnswer, "description": "Answered; infcode says whether it was done"},
            **described,
        },
        openapi_extra={"requestBody": _body_schema(envelope)},
    )
    for path in {answers.path, *more_paths} - {PATH}:
        routes.add_api_route(path, _endpoint(desk), methods=["POST"], include_in_schema=False, response_class=Response)
    return routes


def _endpoint(desk: _HttpDesk) -> Callable[..., Any]:
    async def call(request: Request, _token: Annotated[object, Security(_bearer)]) -> Response:
        """Take one message of the national interface and answer it; see docs/fsi.md."""
        return await desk.serve(request)

    return call


class _HttpDesk:
    """Reads bodies, and has a bounded number of threads answer them."""

    def __init__(self, answers: Answers, know_voice: KnowVoice, now: Callable[[], datetime], workers: int) -> None:
        self._answers, self._know_voice, self._now = answers, know_voice, now
        self._threads = ThreadPoolExecutor(workers, "fsi-http")
        self._waiting = 0

    async def serve(self, request: Request) -> Response:
        """Return the answer to a request."""
        arrived_at = self._now()
        refusal = _refused_headers(request)
        body = b"" if refusal is not None else await _read(request)
        if body is None:
            refusal = BodyTooLargeError(
                Words(f"报文超过 {MOST_BODY_BYTES} 字节", f"The message is larger than {MOST_BODY_BYTES} bytes")
            )
        if refusal is not None or body is None:
            return self._refused(refusal, arrived_at)
        if self._waiting >= MOST_WAITING:
            return self._refused(BusyError(Words("排队报文过多", "Too many messages wait")), arrived_at)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._threads, self._answer, request, body, arrived_at)
        finally:
            self._waiting -= 1
        return _response(reply, _STATUSES.get(reply.outcome, HTTPStatus.OK))

    def _answer(self, request: Request, body: bytes, arrived_at: datetime) -> Reply:
        try:
            voice = self._voice(request, arrived_at)
        except YimaError:
            # Whose token it is cannot be told now.
            return self._answers.refuse(BusyError(_NOT_NOW), arrived_at, Outcome.BUSY)
        return self._answers.answer(Post(body, dict(request.headers), voice, arrived_at))

    def _voice(self, request: Request, now: datetime) -> Voice | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            return None
        try:
            return self._know_voice(secret.strip(), now)
        except SignInError:
            # It may be a token of the area's own, which its signer knows.
            return None

    def _refused(self, refusal: YimaError | None, arrived_at: datetime) -> Response:
        assert refusal is not None  # noqa: S101 - there is one wherever this is called
        status, outcome = next(found for kind, found in _REFUSALS if isinstance(refusal, kind))
        return _response(self._answers.refuse(refusal, arrived_at, outcome), status)


_REFUSALS: tuple[tuple[type[YimaError], tuple[HTTPStatus, Outcome]], ...] = (
    (BodyTooLargeError, (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Outcome.UNREADABLE)),
    (MediaTypeError, (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Outcome.UNREADABLE)),
    (BusyError, (HTTPStatus.SERVICE_UNAVAILABLE, Outcome.BUSY)),
)


def _response(reply: Reply, status: HTTPStatus) -> Response:
    headers = {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(BusyError.retry_after_s)
    elif status is HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(reply.body, status_code=status, headers=headers, media_type="application/json")


def _refused_headers(request: Request) -> Refusal | None:
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    name, _, charset = parameters.partition("=")
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    is_charset = name.strip().lower() != "charset" or charset.strip(" \"'").lower() in _CHARSETS
    if kind.strip().lower() not in _KINDS_OF_BODY or not is_charset or packed not in {"", "identity"}:
        said = request.headers.get("content-type", "") if packed in {"", "identity"} else packed
        return MediaTypeError(
            Words(f"不接受的报文格式 {said[:60]}", f"A body of the kind {said[:60]} is not taken"),
        )
    return None


async def _read(request: Request) -> bytes | None:
    """Return the body; None if it is too large, of which nothing is kept."""
    declared = request.headers.get("content-length", "0")
    is_too_large = declared.isdecimal() and int(declared) > MOST_BODY_BYTES
    pieces: list[bytes] = []
    taken = 0
    try:
        async for piece in request.stream():
            taken += len(piece)
            is_too_large = is_too_large or taken > MOST_BODY_BYTES
            if taken > _MOST_READ_BYTES:
                break
            if is_too_large:
                pieces.clear()
            else:
                pieces.append(piece)
    except ClientDisconnect:
        # Nobody hears the answer; what came is no message.
        return b""
    return None if is_too_large else b"".join(pieces)


def _body_schema(envelope: Transaction) -> Mapping[str, Any]:
    """Return the request body for the document, from the table of the envelope."""
    fields = envelope.input[0].fields
    schema = {
        "type": "object",
        "required": [one.written or one.name for one in fields if one.is_required],
        "properties": {one.written or one.name: _schema_of(one) for one in fields},
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _schema_of(field: Field) -> Mapping[str, Any]:
    described: dict[str, Any] = {"description": str(field.label)}
    if field.kind is Kind.OBJECT:
        # A text if it is encrypted.
        return described | {"type": ["object", "string"]}
    described["type"] = "string"
    if field.length is not None:
        described["maxLength"] = field.length
    if field.dictionary.is_closed:
        described["enum"] = sorted(field.coded)
    return described
