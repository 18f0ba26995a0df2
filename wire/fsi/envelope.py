"""The frame around every transaction: reading a request, writing an answer.

A request that cannot be read is answered too, so what went wrong carries as much of the message's identity as could
be found. An answer says in `err_msg` what is wrong in at most 200 characters, and in `warn_msg` all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

import msgspec

from codes.errors import RejectedError
from codes.words import Words
from wire.errors import WireError
from wire.fsi.areas import Area
from wire.fsi.checking import check
from wire.fsi.faults import Fault, fault
from wire.fsi.fields import Transaction
from wire.fsi.json_text import NotJsonError, decode_json, encode_json
from wire.fsi.message_ids import check_msgid, check_msgid_alone, msgid_of, next_refmsgid
from wire.fsi.record import Record
from wire.fsi.tables import envelope
from wire.fsi.values import BEIJING, is_absent, trimmed
from wire.fsi.writing import as_area_writes

__all__ = [
    "EnvelopeError", "Request", "check_msgid", "district_fault", "error_text", "msgid_of", "next_refmsgid",
    "read_request", "write_answer",
]  # fmt: skip

LONGEST_ERROR = 200
"""Characters of `err_msg`."""
LONGEST_WARNING = 4000
"""Characters of `warn_msg`, for which no source gives a length."""
_PERSON_NUMBER = "psn_no"
_MESSAGE = Words("报文", "message")
_MSGID_LENGTH, _INFNO_LENGTH = 30, 6
_AREAS_REMEMBERED = 64


class EnvelopeError(WireError, RejectedError):
    """The envelope of a message does not fit: it is answered with its faults, and nothing is done."""

    code: ClassVar[str] = "fsi.envelope"
    next_step: ClassVar[Words] = Words(
        "请按所列字段修改报文后重发。", "Correct the fields that are named and send the message again."
    )

    def __init__(
        self,
        faults: tuple[Fault, ...],
        *,
        msgid: str = "",
        infno: str = "",
        warnings: tuple[Fault, ...] = (),
        input: object = None,  # noqa: A002 - the interface calls it input
    ) -> None:
        super().__init__(faults[0].words)
        self.faults = faults
        """Everything that is wrong; at least one."""
        self.msgid = msgid
        """The message's id if it could be read, or nothing."""
        self.infno = infno
        self.warnings = warnings
        """What is strange besides."""
        self.input = input
        """The decoded input, for who wants to know what is wrong with that, too."""


@dataclass(frozen=True, slots=True)
class Request:
    """One message as it arrived, its envelope checked and its input not yet."""

    infno: str
    msgid: str
    district: str
    """Of treatment (`mdtrtarea_admvs`)."""
    insured_district: str
    """Of insurance (`insuplc_admdvs`), or nothing."""
    receiver: str
    operator_kind: str
    operator: str
    operator_name: str
    institution: str
    institution_name: str
    sign_no: str
    """The number that 9001 gave, or nothing."""
    sent_at: datetime
    version: str
    sign_type: str
    encryption: str
    """`SM4`, or nothing."""
    signature: str = field(repr=False)
    """`cainfo`."""
    device: str
    device_security: str = field(repr=False)
    # Names and certificate numbers are in here, and a repr ends up in logs.
    input: object = field(repr=False)
    """The decoded input, or its text if it is encrypted."""
    exact: bytes = field(repr=False)
    """The body as it was received."""
    warnings: tuple[Fault, ...] = ()


def read_request(body: bytes, area: Area) -> Request:
    """Return the request in `body`.

    Raises:
        EnvelopeError: It is no JSON object, or its envelope has faults: all of them are named.
    """
    decoded = _object_in(body)
    business, faults = _input_of(decoded.get("input"), area, is_encrypted=bool(_said(decoded, "enc_type")))
    outside = {name: value for name, value in decoded.items() if name != "input"}
    checked = check(outside, _request_table(area))
    faults = [*checked.faults, *faults]
    msgid = _said(decoded, "msgid")
    faults += _if_any(_msgid_fault(msgid, _said(decoded, "fixmedins_code"), {one.path for one in faults}, area))
    faults += _if_any(district_fault(_said(decoded, "insuplc_admdvs"), business))
    if faults or checked.message is None:
        raise EnvelopeError(
            tuple(faults),
            msgid=msgid[:_MSGID_LENGTH],
            infno=_said(decoded, "infno")[:_INFNO_LENGTH],
            warnings=checked.warnings,
            input=business,
        )
    return _request(checked.message.one(""), business, body, checked.warnings)


def _msgid_fault(msgid: str, institution: str, faulty: set[str], area: Area) -> Fault | None:
    if not msgid or "msgid" in faulty:
        return None
    if institution and "fixmedins_code" not in faulty:
        return check_msgid(msgid, institution)
    code = next(one for one in envelope(area).input[0].fields if one.name == "fixmedins_code")
    return check_msgid_alone(msgid, code.length or _MSGID_LENGTH)


def _object_in(body: bytes) -> dict[str, object]:
    try:
        decoded = decode_json(body)
    except NotJsonError as exc:
        raise EnvelopeError((Fault("", exc.code, exc.words, ""),)) from exc
    if not isinstance(decoded, dict):
        what = Words("应为 JSON 对象", "must be a JSON object")
        raise EnvelopeError((fault("", _MESSAGE, "fsi.wrong_shape", what),))
    return decoded


@lru_cache(_AREAS_REMEMBERED)
def _request_table(area: Area) -> Transaction:
    """Return the table of the request without its input, which may be a text and is looked at by itself."""
    table = envelope(area)
    (node,) = table.input
    return replace(table, input=(replace(node, fields=tuple(one for one in node.fields if one.name != "input")),))


def _input_of(raw: object, area: Area, *, is_encrypted: bool) -> tuple[object, list[Fault]]:
    """Return the input, and what is wrong with it before any table is asked."""
    table = next(one for one in envelope(area).input[0].fields if one.name == "input")
    if is_absent(raw):
        missing = Words("必填", "is required")
        return {}, [fault("input", table.label, "fsi.missing", missing)] if table.is_required and raw is None else []
    if isinstance(raw, dict) or (isinstance(raw, str) and is_encrypted):
        return raw, []
    if isinstance(raw, str):
        # Some write the object as a text within the text.
        try:
            inner = decode_json(raw.encode())
        except NotJsonError:
            inner = None
        if isinstance(inner, dict):
            return inner, []
    return {}, [fault("input", table.label, "fsi.wrong_shape", Words("应为对象", "must be an object"))]


def district_fault(insured_district: str, business: object) -> Fault | None:
    """Return the fault of a message that names a person and not where that person is insured.

    The input of an encrypted message is known only later, so whoever decrypts it asks again.
    """
    if insured_district or not _names_a_person(business):
        return None
    what = Words("必填：交易输入含人员编号", "is required: the input has a person number")
    return fault("insuplc_admdvs", Words("参保地医保区划", "district of insurance"), "fsi.condition", what)


def _names_a_person(business: object) -> bool:
    if not isinstance(business, dict):
        return False
    for node in business.values():
        rows = node if isinstance(node, list) else [node]
        if any(isinstance(row, dict) and not is_absent(row.get(_PERSON_NUMBER)) for row in rows):
            return True
    return False


def _said(decoded: Mapping[str, object], name: str) -> str:
    value = decoded.get(name)
    return trimmed(value) if isinstance(value, str) else ""


def _if_any(found: Fault | None) -> list[Fault]:
    return [] if found is None else [found]


def _request(record: Record, business: object, body: bytes, warnings: tuple[Fault, ...]) -> Request:
    return Request(
        infno=record.text("infno"),
        msgid=record.text("msgid"),
        district=record.text("mdtrtarea_admvs"),
        insured_district=record.text_or("insuplc_admdvs", ""),
        receiver=record.text("recer_sys_code"),
        operator_kind=record.text("opter_type"),
        operator=record.text("opter"),
        operator_name=record.text("opter_name"),
        institution=record.text("fixmedins_code"),
        institution_name=record.text("fixmedins_name"),
        sign_no=record.text_or("sign_no", ""),
        sent_at=record.moment("inf_time"),
        version=record.text("infver"),
        sign_type=record.text_or("signtype", ""),
        encryption=record.text_or("enc_type", ""),
        signature=record.text_or("cainfo", ""),
        device=record.text_or("dev_no", ""),
        device_security=record.text_or("dev_safe_info", ""),
        input=business,
        exact=body,
        warnings=warnings,
    )


def write_answer(
    area: Area,
    *,
    refmsgid: str,
    received_at: datetime,
    answered_at: datetime,
    output: Mapping[str, object] | str | msgspec.Raw | None = None,
    of: Transaction | None = None,
    error: Words | None = None,
    code: str = "",
    faults: Sequence[Fault] = (),
    warning: str = "",
    signature: str = "",
    sign_type: str = "",
) -> bytes:
    """Return the bytes of an answer.

    Args:
        area: Whose spellings and conventions are used.
        refmsgid: Our own number of the message.
        received_at: When the request arrived.
        answered_at: When the answer is written.
        output: By base names; or the encrypted text; or JSON that was written and signed before.
        of: The transaction whose table says how the output is spelt; without it the output stays as it is.
        error: What went wrong; None if nothing did.
        code: Stable code of the error.
        faults: All faults, when there is more than one: `err_msg` tells the first, `warn_msg` all.
        warning: What the sender should know although nothing went wrong.
        signature: `cainfo` of the answer.
        sign_type: `signtype` of the answer.
    """
    infcode = 0 if error is None else area.refusal_infcode
    named = "；".join(f"{one.words.zh}" for one in faults) if len(faults) > 1 else ""
    answer: dict[str, object] = {
        "infcode": str(infcode) if area.sends_infcode_as_text else infcode,
        "inf_refmsgid": refmsgid,
        "refmsg_time": _stamp(received_at),
        "respond_time": _stamp(answered_at),
        "err_msg": "" if error is None else error_text(code, error, more=max(0, len(faults) - 1)),
        "output": as_area_writes(output, of.output) if of is not None and isinstance(output, Mapping) else output,
        "warn_msg": "；".join(one for one in (named, warning) if one)[:LONGEST_WARNING],
    }
    if signature:
        answer |= {"cainfo": signature, "signtype": sign_type}
    return encode_json(answer)


def error_text(code: str, error: Words, *, more: int = 0) -> str:
    """Return the text of `err_msg`: the code, both languages if they fit, and how many faults there are besides."""
    head, tail = f"[{code}] ", f"（另有 {more} 处，见 warn_msg）" if more else ""
    room = LONGEST_ERROR - len(head) - len(tail)
    both = str(error)
    sentence = both if len(both) <= room else error.zh
    return head + (sentence if len(sentence) <= room else sentence[: room - 1] + "…") + tail


def _stamp(at: datetime) -> str:
    """Return a time as yyyyMMddHHmmssSSS."""
    local = at.astimezone(BEIJING)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"
