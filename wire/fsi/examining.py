"""A whole message held against envelope and table, for whoever wants to know everything that is wrong with it at once.

Takes a full envelope, or only `{"infno": …, "input": …}`. Does what the centre does before any business is looked at;
it changes nothing and knows nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from codes.words import Words
from wire.fsi.agreement import contradictions
from wire.fsi.areas import Area
from wire.fsi.checking import check
from wire.fsi.envelope import EnvelopeError, read_request
from wire.fsi.faults import Fault, fault
from wire.fsi.fields import Transaction
from wire.fsi.json_text import decode_json, encode_json
from wire.fsi.said_twice import faults_of_doubles
from wire.fsi.tables import UnknownTransactionError, transaction

_SHORT = frozenset({"infno", "input"})
_INFNO = Words("交易编号", "transaction number")
_INPUT = Words("交易输入", "business input")
_LONGEST_VERSION = 12
_PATH = "input"
_MOST_CHARACTERS = 40_000
"""Of an input, as the interface has it; files are larger and travel all the same."""
_FILES = frozenset({"9101"})


@dataclass(frozen=True, slots=True)
class Examined:
    """What a message is and everything that was found."""

    infno: str
    """As the message says it; nothing, if it does not."""
    name: Words | None
    """What the transaction is called; None if there is no such transaction."""
    has_envelope: bool
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def examine(body: bytes, area: Area) -> Examined:
    """Return everything that is wrong with the message in `body`.

    Raises:
        NotJsonError: It is no JSON in UTF-8.
    """
    decoded = decode_json(body)
    if not isinstance(decoded, dict):
        what = Words("应为 JSON 对象", "must be a JSON object")
        return Examined("", None, False, (fault("", Words("报文", "message"), "fsi.wrong_shape", what),), ())
    infno = decoded.get("infno")
    name = str(infno).strip() if type(infno) in {str, int} else ""
    faults, warnings, business = _envelope(body, decoded, area)
    faults += faults_of_doubles(body, area)
    found = _table(name, area)
    if isinstance(found, Transaction):
        # An input that is no object has been named as that; there is nothing in it to look at.
        is_named = any(one.path == _PATH for one in faults)
        more, also = ((), ()) if is_named else _input(business, found)
        version = _version(decoded, area)
        return Examined(name, found.name, not decoded.keys() <= _SHORT, (*faults, *more), (*warnings, *version, *also))
    named = {one.path for one in faults}
    return Examined(
        name,
        None,
        not decoded.keys() <= _SHORT,
        (*faults, *(one for one in found if one.path not in named)),
        warnings,
    )


def _version(decoded: dict[str, object], area: Area) -> tuple[Fault, ...]:
    """Remark another version of the interface than the area speaks; the centre takes it all the same."""
    said = decoded.get("infver")
    if not isinstance(said, str) or not said.strip() or said.strip() == area.interface_version:
        return ()
    what = Words(
        f"为 {said.strip()[:_LONGEST_VERSION]}，该地区的接口版本是 {area.interface_version}",
        f"is {said.strip()[:_LONGEST_VERSION]}, the area speaks {area.interface_version}",
    )
    return (fault("infver", Words("接口版本号", "interface version"), "fsi.version", what),)


def _envelope(
    body: bytes, decoded: dict[str, object], area: Area
) -> tuple[tuple[Fault, ...], tuple[Fault, ...], object]:
    """Return faults and warnings of the envelope, and the input."""
    business = decoded.get("input")
    if decoded.keys() <= _SHORT:
        return (), (), business
    try:
        request = read_request(body, area)
    except EnvelopeError as exc:
        return exc.faults, exc.warnings, exc.input
    return (), request.warnings, request.input


def _table(infno: str, area: Area) -> Transaction | tuple[Fault, ...]:
    if not infno:
        return (fault("infno", _INFNO, "fsi.missing", Words("必填", "is required")),)
    try:
        return transaction(infno, area)
    except UnknownTransactionError as exc:
        what = Words(
            f"不可用：{exc.words.zh}。{exc.next_step.zh}", f"cannot be used: {exc.words.en}. {exc.next_step.en}"
        )
        return (fault("infno", _INFNO, exc.code, what),)


def _input(business: object, table: Transaction) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    if isinstance(business, str) and business:
        what = Words("已加密或不是对象，未检查", "is encrypted or no object, and was not checked")
        return (), (fault(_PATH, _INPUT, "fsi.not_checked", what),)
    checked = check(business, table)
    beyond_fields = (*contradictions(checked.readable), *_too_long(business, table))
    return (*checked.faults, *checked.doubts), (*checked.warnings, *beyond_fields)


def _too_long(business: object, table: Transaction) -> tuple[Fault, ...]:
    """Say that an input is longer than the interface has room for: not every centre takes it."""
    length = 0 if table.infno in _FILES else len(encode_json(business).decode())
    if length <= _MOST_CHARACTERS:
        return ()
    what = Words(
        f"有 {length} 个字符，接口规定最多 {_MOST_CHARACTERS}",
        f"has {length} characters; the interface has room for {_MOST_CHARACTERS}",
    )
    return (fault(_PATH, _INPUT, "fsi.long_input", what),)
