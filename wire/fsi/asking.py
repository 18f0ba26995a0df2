"""The sender's side of the interface: a message is composed once, sent as often as need be, and its answer read.

What is composed (`Asked`) is what the message says; signature, nonce and cipher text are made anew each time it is
sent, and do not make it another message. So whoever keeps an `Asked` can ask for its answer after any accident.
"""

from __future__ import annotations

import re
import secrets as random_numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

import msgspec

from codes.errors import RejectedError
from codes.words import Words
from wire.errors import WireError
from wire.fsi.areas import Area
from wire.fsi.checking import check
from wire.fsi.faults import Fault
from wire.fsi.fields import Transaction
from wire.fsi.json_text import NotJsonError, decode_json, encode_json
from wire.fsi.record import Message
from wire.fsi.signing.errors import DoubledFieldError, UnreadableTextError
from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import Sending
from wire.fsi.signing.protection import Outgoing, Protection
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING
from wire.fsi.writing import as_area_writes

Nodes = Mapping[str, object]
"""An input by base names."""

_CODE = re.compile(r"\[([a-z0-9_.]+)\]\s*")
_SUCCESS = "0"
_NONCE_BYTES = 16


class UnaskableError(WireError, RejectedError):
    """What was to be sent does not fit the interface's table: it is not sent."""

    code: ClassVar[str] = "fsi.unaskable"
    next_step: ClassVar[Words] = Words("请按所列字段补全后再试。", "Complete the fields that are named and try again.")

    def __init__(self, infno: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(
            Words(
                f"{infno}：{'；'.join(one.words.zh for one in faults)}",
                f"{infno}: {'; '.join(one.words.en for one in faults)}",
            )
        )
        self.faults = faults


class AnswerUnreadableError(WireError, RejectedError):
    """What came back is no answer of the interface: whether the deed was done is not known."""

    code: ClassVar[str] = "fsi.answer_unreadable"
    next_step: ClassVar[Words] = Words(
        "请核对接口地址；业务是否完成尚不确定，将自动查询，未查清前不要重新结算。",
        "Check the interface's address. Whether it was done is not known yet and is asked for; do not settle anew.",
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: an institution, and the person at the counter."""

    institution: str
    institution_name: str
    district: str
    """Of treatment (`mdtrtarea_admvs`)."""
    operator: str
    operator_name: str
    operator_kind: str = "1"
    """`opter_type`: 1 a clerk, 2 a self-service terminal, 3 a mobile one."""
    receiver: str = "YBXT"
    """`recer_sys_code`."""
    device: str = ""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message, as it may be kept until its outcome is known. It holds personal data: keep it sealed."""

    infno: str
    msgid: str
    institution: str
    fields: dict[str, str]
    """The envelope without input."""
    input_text: bytes
    """The exact text of the input."""

    def __repr__(self) -> str:
        return f"Asked({self.infno!r}, {self.msgid!r})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    infno: str
    is_success: bool
    code: str
    """Stable code of the refusal where the centre is ours; else empty."""
    message: str
    """`err_msg`, without that code."""
    warning: str
    refmsgid: str
    output: Message | None
    """By base names; None if there is none, or if it does not fit its table."""
    faults: tuple[Fault, ...]
    """In what the output does not fit."""
    clear: bytes = field(repr=False)
    """The answer as it stands in clear."""


class Asker:
    """Composes messages and reads answers as one area does."""

    def __init__(
        self,
        area: Area,
        protection: Protection,
        secrets: Secrets,
        *,
        new_nonce: Callable[[], str] = lambda: random_numbers.token_hex(_NONCE_BYTES),
    ) -> None:
        self.area = area
        self._protection = protection
        self._secrets = secrets
        self._new_nonce = new_nonce

    def compose(
        self,
        sender: Sender,
        infno: str,
        msgid: str,
        nodes: Nodes,
        *,
        at: datetime,
        insured_district: str = "",
        sign_no: str = "",
    ) -> Asked:
        """Write a message.

        Args:
            sender: Who sends it.
            infno: Which transaction.
            msgid: Its number (`wire.fsi.message_ids.msgid_of`).
            nodes: The input by base names.
            at: When it is sent.
            insured_district: Where the person is insured; needed where the input names one.
            sign_no: What 9001 gave.

        Raises:
            UnaskableError: The input does not fit the area's table; every fault is named.
            UnknownTransactionError: There is no such transaction.
        """
        table = transaction(infno, self.area)
        spelt = as_area_writes(nodes, table.input)
        input_text = encode_json(spelt)
        faults = check(decode_json(input_text), table).faults
        if faults:
            raise UnaskableError(infno, faults)
        fields = {
            "infno": infno,
            "msgid": msgid,
            "mdtrtarea_admvs": sender.district,
            "insuplc_admdvs": insured_district,
            "recer_sys_code": sender.receiver,
            "dev_no": sender.device,
            "infver": self.area.interface_version,
            "opter_type": sender.operator_kind,
            "opter": sender.operator,
            "opter_name": sender.operator_name,
            "inf_time": at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "fixmedins_code": sender.institution,
            "fixmedins_name": sender.institution_name,
            "sign_no": sign_no,
        }
        kept = {name: value for name, value in fields.items() if value}
        return Asked(infno, msgid, sender.institution, kept, input_text)

    def outgoing(self, asked: Asked, now: datetime, *, password: str | None = None) -> Outgoing:
        """Sign, hide and wrap a message, for the first time or again.

        Raises:
            SecretsError: The institution lacks a key.
            PasswordMissingError: This transaction wants the person's password.
        """
        sending = Sending(asked.infno, asked.institution, asked.input_text, self._new_nonce(), password)
        return self._protection.send(asked.fields, sending, self._secrets, now)

    def read(self, asked: Asked, body: bytes, now: datetime) -> Answer:
        """Read what came back.

        Raises:
            AnswerUnreadableError: It is no answer of the interface.
            SignatureError, EncryptedTextError: It is not the platform's.
        """
        try:
            clear = self._protection.read_answer(body, self._secrets, asked.institution, now)
        except (UnreadableTextError, DoubledFieldError) as exc:
            raise AnswerUnreadableError(exc.words) from exc
        return self.read_clear(asked.infno, clear)

    def read_clear(self, infno: str, clear: bytes) -> Answer:
        """Read an answer as it stands in clear (`Answer.clear`).

        Raises:
            AnswerUnreadableError: It is no answer of the interface.
        """
        try:
            decoded = decode_json(clear)
        except NotJsonError as exc:
            raise AnswerUnreadableError(exc.words) from exc
        if not isinstance(decoded, dict) or decoded.get("infcode") in (None, ""):
            raise AnswerUnreadableError(Words("应答中没有 infcode", "The answer has no infcode"))
        is_success = str(decoded["infcode"]).strip() == _SUCCESS
        output, faults = self._output(infno, decoded.get("output")) if is_success else (None, ())
        told = str(decoded.get("err_msg") or "")
        code = _CODE.match(told)
        return Answer(
            infno=infno,
            is_success=is_success,
            code=code[1] if code else "",
            message=told[code.end() :] if code else told,
            warning=str(decoded.get("warn_msg") or ""),
            refmsgid=str(decoded.get("inf_refmsgid") or ""),
            output=output,
            faults=faults,
            clear=clear,
        )

    def _output(self, infno: str, raw: object) -> tuple[Message | None, tuple[Fault, ...]]:
        if raw in (None, "", {}):
            return Message(_NO_NODES), ()
        checked = check(raw, _answer_table(transaction(infno, self.area)))
        return checked.message, checked.faults


_NO_NODES: Mapping[str, tuple[()]] = MappingProxyType({})


def _answer_table(table: Transaction) -> Transaction:
    """Return the table by which an answer is read: its output, as if somebody had sent it."""
    return replace(table, input=table.output)
