"""9101 and 9102: a file goes up before a transaction that needs it, and comes down after one that made it."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, reading, writing
from server.fsi.refusals import Refusal
from server.lists.shelf import CATALOGUE, Promise
from server.store import fsi_sessions
from server.store.fsi_sessions import StoredFile
from wire.fsi.envelope import Request
from wire.fsi.record import Message
from wire.fsi.signing.sm2 import sm3
from wire.fsi.values import BEIJING

KEPT_FOR: Final = timedelta(days=7)
"""How long a file can be fetched."""
LARGEST_BYTES: Final = 8 * 1024 * 1024
"""Of a file that goes up; a message over HTTP has room for it, however the area hides it."""


class FileRefusedError(Refusal):
    """The file cannot be kept or given."""

    code = "fsi.file_refused"
    next_step = Words("请核对文件查询号与机构编号。", "Check file_qury_no and fixmedins_code.")


def upload(desk: Desk, request: Request, message: Message) -> Output:
    """Keep a file (9101).

    Raises:
        FileRefusedError: It is another institution's, empty, or too large.
    """
    said = message.one("fsUploadIn")
    content = said.content("in")
    _check_owner(said.text("fixmedins_code"), request)
    if not 0 < len(content) <= LARGEST_BYTES:
        raise FileRefusedError(
            Words(
                f"文件应为 1 至 {LARGEST_BYTES} 字节，实为 {len(content)}",
                f"A file has 1 to {LARGEST_BYTES} bytes; this one has {len(content)}",
            ),
            next_step=Words("对账文件请减少天数，并压缩后上传。", "Send a statement of fewer days, and packed."),
        )
    file = keep_file(desk, request, said.text("filename"), content, purpose="upload", institution=request.institution)
    return {
        "file_qury_no": file.number,
        "filename": file.filename,
        "fixmedins_code": request.institution,
        "dld_endtime": f"{file.until_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
    }


def download(desk: Desk, request: Request, message: Message) -> Output:
    """Give a file (9102). What its name is said to be does not matter: some send a fixed word.

    Raises:
        FileRefusedError: There is none of that number for this institution, or its time is over.
        ListMovedError: It is that of a list which has a newer version by now.
    """
    said = message.one("fsDownloadIn")
    _check_owner(said.text("fixmedins_code"), request)
    found = fsi_sessions.load_file(desk.connection, said.text("file_qury_no"))
    if found is None or found.institution not in {"", request.institution} or found.until_at <= desk.now:
        number = said.text("file_qury_no")
        raise FileRefusedError(Words(f"没有文件 {number}，或已过期", f"There is no file {number}, or it is too old"))
    content = found.content
    if found.purpose == CATALOGUE:
        content = desk.parts.shelf.content(desk.connection, Promise.read(content))
    return {"filename": found.filename, "in": content}


def keep_file(
    desk: Desk,
    request: Request,
    filename: str,
    content: bytes,
    *,
    purpose: str,
    institution: str,
    until_at: datetime | None = None,
) -> StoredFile:
    """Keep a file that a message brings or gives rise to; its number follows from the message."""
    digest = sha256(f"{request.institution}|{request.msgid}|{purpose}".encode()).digest()
    number = f"{desk.now.astimezone(BEIJING):%Y%m%d}{int.from_bytes(digest) % 10**22:022d}"
    file = StoredFile(
        number=number,
        institution=institution,
        filename=filename,
        purpose=purpose,
        digest=sm3(content),
        content=content,
        made_at=desk.now,
        until_at=until_at or desk.now + KEPT_FOR,
    )
    fsi_sessions.forget_files(desk.connection, desk.now)
    fsi_sessions.add_file(desk.connection, file)
    return file


def _check_owner(stated: str, request: Request) -> None:
    if stated != request.institution:
        raise FileRefusedError(
            Words(
                f"fixmedins_code（医药机构编号）{stated} 不是报文的 {request.institution}",
                f"fixmedins_code {stated} is not that of the message, {request.institution}",
            )
        )


TRANSACTIONS: Deeds = {"9101": writing(upload, is_always_open=True), "9102": reading(download, is_always_open=True)}
