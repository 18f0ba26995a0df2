"""1301–1303, 1305–1311, 1313–1315, 1320, 1321: a list is asked for here and fetched with 9102.

Who asks names the highest version that it has and gets what changed since; 0 stands for none. The list's own lines
carry their versions, all of one length.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import ClassVar, Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.refusals import Refusal
from server.fsi.transactions.files import keep_file
from server.lists.kinds import KINDS, file_kinds
from server.lists.shelf import CATALOGUE, Promise
from server.lists.writing import version_text
from server.store import insurance_catalogue, list_rows
from wire.fsi.envelope import Request
from wire.fsi.record import Message
from wire.fsi.values import BEIJING

KEPT_DAYS: Final = 7
"""How many days a file can be fetched, the one on which it was asked for not counted."""
_MOST_DIGITS: Final = 18


class ListVersionUnknownError(Refusal):
    """The version is none that this centre has given out."""

    code: ClassVar[str] = "fsi.list_version"
    next_step: ClassVar[Words] = Words(
        "请用下载文件中最大的 ver；本地没有或版本来自别处的，用 0 重新下载全部。",
        "Send the highest ver of the files that came from here; with none, or others, send 0 for the whole list.",
    )


def ask(desk: Desk, request: Request, message: Message) -> Output:
    """Promise a file with what changed since a version.

    Raises:
        ListVersionUnknownError: The list has never had that version.
    """
    kind = KINDS[request.infno]
    newest = insurance_catalogue.newest_version(desk.connection, kind.number)
    since = _version(message.one("data").text("ver"), newest)
    count = list_rows.count_items(desk.connection, kind.number, since=since, to=newest)
    promise = Promise(kind.number, since, newest, count)
    last_day = desk.now.astimezone(BEIJING).date() + timedelta(days=KEPT_DAYS)
    file = keep_file(
        desk,
        request,
        promise.filename,
        promise.written(),
        purpose=CATALOGUE,
        institution=request.institution,
        until_at=datetime.combine(last_day + timedelta(days=1), time(), BEIJING),
    )
    if newest == 0:
        desk.warn(Words(f"中心尚未导入目录 {kind.number}", f"The centre has no list {kind.number} yet"))
    return {"file_qury_no": file.number, "filename": file.filename, "dld_end_time": last_day, "data_cnt": count}


def _version(said: str, newest: int) -> int:
    if not (said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS):
        raise ListVersionUnknownError(
            Words(f"ver（版本号）{said} 应为数字", f"ver (version held) {said} must be a number")
        )
    if int(said) > newest:
        has = version_text(newest) if newest else "0"
        raise ListVersionUnknownError(
            Words(
                f"ver（版本号）{said} 大于中心的版本 {has}", f"ver (version held) {said} is beyond the centre's {has}"
            )
        )
    return int(said)


TRANSACTIONS: Deeds = {kind.number: writing(ask, is_open_suspended=True) for kind in file_kinds()}
