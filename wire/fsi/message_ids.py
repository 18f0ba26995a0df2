"""The numbers of messages: what the sender gives (`msgid`) and what the receiver answers (`inf_refmsgid`).

`msgid` is institution code (12), time (14) and a sequence (4). It is the key of a message for good: a reversal names
it, and a settlement returns it. Where an institution's code is not twelve characters long the sequence takes what is
left of the thirty, since no source tells what else gives way.
"""

from __future__ import annotations

from datetime import datetime

from codes.words import Words
from wire.fsi.faults import Fault, fault
from wire.fsi.values import BEIJING

_LENGTH = 30
_TIME = "%Y%m%d%H%M%S"
_TIME_LENGTH = 14
_CODE_LENGTH = 12
_DISTRICT_LENGTH = 6
_SEQUENCE_LENGTH = 10
_LABEL = Words("发送方报文ID", "sender's message id")


def msgid_of(institution: str, at: datetime, n: int) -> str:
    """Return the id of the `n`-th message of an institution in that second."""
    head = f"{institution}{at.astimezone(BEIJING).strftime(_TIME)}"
    width = _LENGTH - len(head)
    return head + str(n % 10**width).zfill(width) if width > 0 else head[:_LENGTH]


def next_refmsgid(district: str, at: datetime, n: int) -> str:
    """Return the receiver's id of a message: district, time and a running number."""
    place = district[:_DISTRICT_LENGTH].ljust(_DISTRICT_LENGTH, "0")
    return f"{place}{at.astimezone(BEIJING).strftime(_TIME)}{n % 10**_SEQUENCE_LENGTH:0{_SEQUENCE_LENGTH}d}"


def check_msgid(msgid: str, institution: str, path: str = "msgid", label: Words = _LABEL) -> Fault | None:
    """Return what is wrong with a message id of an institution, if anything; `path` and `label` say where it stands."""
    room = _LENGTH - len(institution) - _TIME_LENGTH
    if room < 1:
        return None  # The code leaves no room for a time and a sequence: nothing is known about such ids.
    rest = msgid.removeprefix(institution)
    if not msgid.startswith(institution):
        what = Words("应以定点医药机构编号开头", "must begin with the institution code")
    elif not _is_time(rest[:_TIME_LENGTH]):
        what = Words(
            "机构编号之后应为 14 位时间 yyyyMMddHHmmss", "must have the time yyyyMMddHHmmss after the institution code"
        )
    elif not _is_sequence(rest[_TIME_LENGTH:], room, is_full=len(institution) == _CODE_LENGTH):
        what = Words(f"应以 {room} 位数字顺序号结尾", f"must end with a sequence of {room} digits")
    else:
        return None
    return fault(path, label, "fsi.msgid", what)


def check_msgid_alone(msgid: str, code_length: int) -> Fault | None:
    """Return what is wrong with a message id whose institution code is not known, or is wrong itself.

    Args:
        msgid: The id.
        code_length: The longest code of the area: where it is the usual twelve, every part has its place.
    """
    if code_length == _CODE_LENGTH:
        rest = msgid[_CODE_LENGTH:]
        is_sound = _is_time(rest[:_TIME_LENGTH]) and _is_sequence(
            rest[_TIME_LENGTH:], _LENGTH - _CODE_LENGTH - _TIME_LENGTH, is_full=True
        )
    else:
        starts = range(1, len(msgid) - _TIME_LENGTH)
        is_sound = any(_is_time(msgid[at : at + _TIME_LENGTH]) for at in starts) or len(msgid) == _LENGTH
    if is_sound:
        return None
    what = Words(
        "应为机构编号 + 14 位时间 yyyyMMddHHmmss + 顺序号，共 30 位",
        "must be institution code, time yyyyMMddHHmmss and sequence, 30 characters in all",
    )
    return fault("msgid", _LABEL, "fsi.msgid", what)


def _is_time(text: str) -> bool:
    if len(text) != _TIME_LENGTH or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, _TIME).replace(tzinfo=BEIJING)
    except ValueError:
        return False
    return True


def _is_sequence(text: str, room: int, *, is_full: bool) -> bool:
    fits = len(text) == room if is_full else 1 <= len(text) <= room
    return fits and text.isascii() and text.isdigit()
