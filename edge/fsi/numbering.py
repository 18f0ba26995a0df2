"""Numbers of messages that no other terminal of the institution gives out, and this one never again.

Each terminal of an institution has a desk number; what the second leaves of the sequence is divided by a hundred, so
that every desk has its own part of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import ConfigError
from codes.words import Words
from edge.config_fsi import DESKS
from edge.errors import EdgeError
from edge.store.fsi_messages import is_taken, next_number
from wire.fsi.message_ids import msgid_of

_LENGTH, _TIME_LENGTH = 30, 14
_DESK_DIGITS = 2


class NumberRoomError(EdgeError, ConfigError):
    """No numbers can be made of this institution's code, or there is no such desk."""

    code: ClassVar[str] = "fsi.number_room"
    next_step: ClassVar[Words] = Words(
        "请核对机构编号与本机台号（0–99，同一机构内不得重复）。",
        "Check the institution's code and this terminal's desk number: 0 to 99, no two alike in one institution.",
    )


class Numbering:
    """Gives out the numbers of one desk."""

    def __init__(self, desk: int) -> None:
        """Take the desk.

        Raises:
            NumberRoomError: There is no such desk.
        """
        if not 0 <= desk < DESKS:
            raise NumberRoomError(Words(f"台号 {desk} 不在 0–99 之间", f"The desk number {desk} is not within 0 to 99"))
        self._desk = desk

    def next_msgid(self, tx: Connection, institution: str, now: datetime) -> str:
        """Return the next number; it is given out when the transaction commits.

        Raises:
            NumberRoomError: The code leaves no room for a time, a desk and a count.
        """
        width = _LENGTH - _TIME_LENGTH - len(institution)
        if not institution or width < _DESK_DIGITS:
            raise NumberRoomError(
                Words(
                    f"机构编号“{institution}”过长或为空，无法编制报文 ID",
                    f"No message ids can be made of the institution code “{institution}”",
                )
            )
        per_second = int(10 ** (width - _DESK_DIGITS))
        while True:
            second, count = next_number(tx, institution, now, per_second)
            msgid = msgid_of(institution, second, self._desk * per_second + count)
            # Taken only where the store was damaged and forgot how far it had come.
            if not is_taken(tx, msgid):
                return msgid


def desk_text(desk: int | None) -> str:
    """Return a desk as its numbers carry it, in two digits.

    >>> desk_text(7)
    '07'
    """
    return f"{desk or 0:02}"


def desk_of(msgid: str, institution: str) -> str:
    """Return the desk that gave out a number, in two digits; empty if it is no number of this institution.

    >>> desk_of("P35020300001202611230912250702", "P35020300001")
    '07'
    """
    rest = msgid.removeprefix(institution)
    is_ours = msgid.startswith(institution) and len(msgid) == _LENGTH and rest.isdigit()
    return rest[_TIME_LENGTH : _TIME_LENGTH + _DESK_DIGITS] if is_ours else ""
