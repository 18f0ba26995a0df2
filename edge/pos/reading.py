"""What a message of somebody else's software says, read as far as it can be read, and never refused.

Whatever cannot be read is said to be so, in words, and the message goes on as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from codes import national
from codes.errors import YimaError
from codes.words import Words
from edge.pos.legible import legible
from edge.pos.ports import Goods
from edge.pos.upstream import Reply
from rules.scan_binding import SaleLine
from wire.fsi.areas import Area
from wire.fsi.checking import check
from wire.fsi.enriching import real_faults
from wire.fsi.json_text import NotJsonError, decode_json
from wire.fsi.record import Message, Record
from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.protection import Protection
from wire.fsi.table_files import table_names
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import read_codes, read_settled_codes
from wire.fsi.values import trimmed

_NODES: Mapping[str, tuple[str, str]] = {
    "2101": ("drugdetail", "cnt"),
    "2102": ("drugdetail", "cnt"),
    "2204": ("feedetail", "cnt"),
    "3501": ("invinfo", "inv_cnt"),
    "3501A": ("invinfoDetail", "inv_cnt"),
    "3502": ("invinfo", "cnt"),
    "3505": ("selinfo", "sel_retn_cnt"),
    "3505A": ("selinfoDetail", "sel_retn_cnt"),
    "3506": ("selinfo", "sel_retn_cnt"),
}
"""Where the lines of each transaction stand, and what says how many."""
_ABSENT = Words("报文不是 JSON 对象", "the message is no JSON object")
_LONGEST: Mapping[str, int] = {"infno": 6, "msgid": 30, "fixmedins_code": 30}
"""Characters that any area allows for what a message is known by here: nothing longer is kept."""
_LONGEST_OPERATOR = 30
HIDDEN = Words("交易输入已加密，终端没有密钥", "the input is encrypted and there is no key here")


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says of itself."""

    infno: str = ""
    msgid: str = ""
    institution: str = ""
    operator: str = ""
    input: object = field(default=None, repr=False)
    """Decoded; a text within the text too. None if there is none, or if it is hidden."""
    members: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The envelope."""
    input_text: bytes = field(default=b"", repr=False)
    """The exact text of an input that came hidden, if we can open it."""
    is_hidden: bool = False
    is_form: bool = False
    """The envelope stands inside the portal's form."""
    envelope: bytes = field(default=b"", repr=False)
    why: Words | None = None
    """Why it could not be read."""
    is_beyond: bool = False
    """What it is known by is longer than the interface has it: it is nobody's message here, and goes on unfollowed."""


@dataclass(frozen=True, slots=True)
class ReadLines:
    """The lines of a message."""

    lines: tuple[SaleLine, ...] = ()
    """All of them, in the order of the message, with the codes that they brought along."""
    message: Message | None = field(default=None, repr=False)
    why: Words | None = None
    """Why they could not be read."""


def read_message(body: bytes) -> Said:
    """Return what can be read of a body."""
    try:
        decoded = decode_json(body)
    except NotJsonError as exc:
        return Said(why=exc.words)
    if not isinstance(decoded, dict):
        return Said(why=_ABSENT)
    for name, most in _LONGEST.items():
        if len(_text(decoded, name)) > most:
            return Said(why=_beyond(name, most), is_beyond=True)
    return Said(
        infno=_text(decoded, "infno"),
        msgid=_text(decoded, "msgid"),
        institution=_text(decoded, "fixmedins_code"),
        operator=_text(decoded, "opter")[:_LONGEST_OPERATOR],
        input=input_of(decoded.get("input")),
        members=decoded,
    )


class Reader:
    """Reads what goes by, with the institution's keys where the terminal holds them."""

    def __init__(self, protection: Protection, secrets: Secrets) -> None:
        self._protection = protection
        self._secrets = secrets

    def request(self, body: bytes) -> Said:
        """Return what a message says."""
        envelope = body
        with suppress(YimaError):
            envelope = self._protection.transport.open(body, self._secrets).envelope
        said = replace(read_message(envelope), envelope=envelope, is_form=envelope is not body)
        hidden = said.members.get("input")
        if not (isinstance(hidden, str) and said.input is None):
            return said
        said = replace(said, is_hidden=True)
        with suppress(YimaError):
            text = self._protection.encryptor.decrypt(hidden, self._secrets.institution(said.institution))
            return replace(said, input=decode_json(text), input_text=text)
        return said

    def answer(self, reply: Reply, institution: str, now: datetime) -> Mapping[str, object]:
        """Return the members of an answer as far as they can be read; none if it is no answer of the interface."""
        body = legible(reply).text
        with suppress(YimaError):
            body = self._protection.transport.open_answer(body, self._secrets, institution, now)
        members = read_message(body).members
        hidden = members.get("output")
        if isinstance(hidden, str) and self._protection.encryptor.enc_type:
            with suppress(YimaError):
                text = self._protection.encryptor.decrypt(hidden, self._secrets.institution(institution))
                return {**members, "output": decode_json(text)}
        return members


def is_agreed(answer: Mapping[str, object]) -> bool:
    """Tell whether an answer says that the message was taken."""
    return str(answer.get("infcode", "")).strip() == "0"


def output_text(answer: Mapping[str, object], node: str, name: str) -> str:
    """Return a field of an answer's output, or nothing."""
    output = input_of(answer.get("output"))
    held = output.get(node) if isinstance(output, dict) else None
    row = held[0] if isinstance(held, list) and held else held
    return _text(row, name) if isinstance(row, dict) else ""


def read_lines(infno: str, given: object, area: Area, goods: Goods) -> ReadLines:
    """Return the lines of an input, by the area's table."""
    if infno not in table_names() or infno not in (*_NODES, "2207"):
        return ReadLines(why=Words(f"{infno} 没有药品明细", f"{infno} has no lines of drugs"))
    checked = check(given, transaction(infno, area))
    wrong = real_faults(checked)
    if wrong:
        zh, en = "、".join(wrong[:3]), ", ".join(wrong[:3])
        return ReadLines(why=Words(f"报文不符合 {infno} 的字段表：{zh}", f"it does not fit the table of {infno}: {en}"))
    message = checked.readable
    if infno not in _NODES:
        return ReadLines(message=message)
    node, count = _NODES[infno]
    at_settlement: dict[str, list[str]] = {}
    for one in read_settled_codes(message):
        at_settlement.setdefault(one.fee_line, []).append(one.code)
    lines = tuple(_line(row, record, count, at_settlement, goods) for row, record in enumerate(message.many(node)))
    return ReadLines(lines, message)


def needs_code_by_form(item: str) -> bool:
    """Tell by the form of a national code whether it is a western or patent drug; others carry no trace code."""
    found = national.find(item)
    return found is not None and found.fields.get("form") in {"western", "chinese_patent"}


def _line(row: int, record: Record, count: str, at_settlement: Mapping[str, list[str]], goods: Goods) -> SaleLine:
    item = record.text("med_list_codg")
    serial = record.text_or("feedetl_sn", "")
    return SaleLine(
        serial=serial or str(row + 1),
        item=item,
        count=record.number(count) if goods.needs_code(item) else record.number(count) * 0,
        units_per_pack=max(1, goods.units_per_pack(item)),
        is_split=record.flag("trdn_flag"),
        has=(*read_codes(record), *at_settlement.get(serial, ())),
    )


def input_of(raw: object) -> object:
    """Return what a message or an answer holds, decoded where it is a text within the text."""
    if not isinstance(raw, str):
        return raw
    try:
        inner: object = decode_json(raw.encode())
    except (NotJsonError, UnicodeEncodeError):
        return None
    return inner


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    return trimmed(str(value)) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def _beyond(name: str, most: int) -> Words:
    return Words(
        f"{name} 超过接口规定的 {most} 位，本机不跟踪其结果",
        f"{name} is longer than the {most} characters of the interface; what comes of it is not followed here",
    )


def attempt_of(said: Said) -> str:
    """Return what two askings for the same sale have in common, digested; empty if it says nothing of a person.

    It names a person all the same to whoever can guess the parts: keep it sealed.
    """
    node = "druginfo" if said.infno in {"2101", "2102"} else "data"
    parts = [field_of(said.input, node, name) for name in ("psn_no", "mdtrt_id", "chrg_bchno")]
    if not any(parts):
        return ""
    parts += [said.institution, *(field_of(said.input, node, name) for name in ("begntime", "medfee_sumamt"))]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def field_of(given: object, node: str, name: str) -> str:
    """Return a field of an input, as text; empty if it is not there."""
    value = as_it_came(given, node, name)
    return str(value).strip() if value is not None else ""


def as_it_came(given: object, node: str, name: str) -> object:
    """Return a field of an input; None if it is not there."""
    row = given.get(node) if isinstance(given, dict) else None
    row = row[0] if isinstance(row, list) and row else row
    return row.get(name) if isinstance(row, dict) else None
