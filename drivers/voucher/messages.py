"""The JSON that goes into `NationEcTrans` and comes out of it (医保电子凭证 SDK, as integrations in the field use it).

What goes in is written in ASCII with escapes, because whether a library takes UTF-8 or GB 18030 is nowhere said. What
comes out is read as whichever of the two it is. The data of an answer is an object, or the text of one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from codes.words import Words
from drivers.vendor.text import read_text
from drivers.voucher.errors import VoucherAnswerError, VoucherFieldError, VoucherRefusedError

DECODE_HERE = "ec.query"
"""Decode a code that is read by a scanner at this machine."""
DECODE_THERE = "cn.nhsa.qrcode.get"
"""Decode a code that the voucher terminal reads itself."""
AUTHENTICATE = "cn.nhsa.ec.auth"
CHECK = "cn.nhsa.auth.check"
NOTIFY = "iot.medical.settle.notify"


@dataclass(frozen=True, slots=True)
class _Rule:
    length: int | None = None
    """In characters."""
    is_required: bool = True


_ASKED = {
    "orgId": _Rule(40),
    "businessType": _Rule(5),
    "operatorId": _Rule(20),
    "operatorName": _Rule(30),
    "officeId": _Rule(20),
    "officeName": _Rule(30),
}
_AMOUNT = _Rule(64, is_required=False)
_TEXT = _Rule(64)

_INPUTS: Mapping[str, Mapping[str, _Rule]] = MappingProxyType(
    {
        DECODE_HERE: {**_ASKED, "deviceType": _Rule(30, is_required=False)},
        DECODE_THERE: _ASKED,
        AUTHENTICATE: {**_ASKED, "outBizNo": _TEXT, "extData": _Rule(is_required=False)},
        CHECK: {
            **_ASKED,
            "outBizNo": _TEXT,
            "authNo": _Rule(64, is_required=False),
            "extData": _Rule(is_required=False),
        },
        NOTIFY: {
            "orgId": _Rule(40),
            "outBizNo": _TEXT,
            "medicalSettleState": _TEXT,
            "authNo": _Rule(64, is_required=False),
            "operatorId": _Rule(20),
            "operatorName": _Rule(30),
            "totalFee": _TEXT,
            "bizType": _Rule(30),
            "idNo": _TEXT,
            "userName": _TEXT,
            "setlTime": _TEXT,
            "hospitalName": _TEXT,
            "officeId": _Rule(20),
            "officeName": _Rule(30),
            "doctorName": _TEXT,
            "medicalSettleNo": _Rule(64, is_required=False),
            "ownAmt": _TEXT,
            "hifAmt": _AMOUNT,
            "acctAmt": _AMOUNT,
            "hifpAmt": _AMOUNT,
            "hifmiAmt": _AMOUNT,
            "cvlservAmt": _AMOUNT,
            "maAmt": _AMOUNT,
            "balance": _TEXT,
            "drugList": _Rule(),
        },
    }
)


def write_input(device: str, kind: str, institution: str, data: Mapping[str, str]) -> bytes:
    """Write the input of one call.

    Raises:
        VoucherFieldError: A field is missing, too long, or none of this call.
    """
    rules = _INPUTS[kind]
    whole = {"orgId": institution, **{name: value for name, value in data.items() if value}}
    for name, rule in rules.items():
        value = whole.get(name, "")
        if rule.is_required and not value:
            raise VoucherFieldError(device, name, Words("不能为空", "may not be empty"))
        if rule.length is not None and len(value) > rule.length:
            raise VoucherFieldError(
                device, name, Words(f"超过 {rule.length} 个字符", f"has more than {rule.length} characters")
            )
    unknown = sorted(whole.keys() - rules.keys())
    if unknown:
        raise VoucherFieldError(device, unknown[0], Words(f"不属于 {kind}", f"is no field of {kind}"))
    return json.dumps({"orgId": institution, "transType": kind, "data": whole, "extra": ""}).encode("ascii")


def read_output(device: str, output: bytes) -> Mapping[str, str]:
    """Read the data of one answer.

    Raises:
        VoucherRefusedError: The service says no.
        VoucherAnswerError: It is no answer of this interface.
    """
    envelope = _object(device, _decoded(device, output))
    code = str(envelope.get("code", "")).strip()
    if not code:
        raise VoucherAnswerError(device, Words("没有 code", "there is no code"))
    if code.strip("0"):
        raise VoucherRefusedError(device, code, str(envelope.get("message") or ""))
    data = envelope.get("data")
    if data in (None, ""):
        return {}
    held = _object(device, data) if isinstance(data, str) else data
    if not isinstance(held, dict):
        raise VoucherAnswerError(device, Words("data 不是对象", "data is no object"))
    # Peers are seen to write the word null where there is nothing.
    return {name: "" if value in (None, "null") else str(value) for name, value in held.items()}


def _decoded(device: str, output: bytes) -> str:
    try:
        return read_text(output)
    except UnicodeDecodeError:
        # Without its cause, here and below: that would carry what was answered.
        fault = Words("文字编码无法识别", "its text is neither UTF-8 nor GB 18030")
        raise VoucherAnswerError(device, fault) from None


def _object(device: str, text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise VoucherAnswerError(device, Words("不是 JSON", "it is no JSON")) from None
    if not isinstance(value, dict):
        raise VoucherAnswerError(device, Words("不是 JSON 对象", "it is no JSON object"))
    return value
