"""Voucher terminals behind the national library (NationECCode), one exported function for everything.

A face is verified in two calls: the terminal authenticates and gives a serial, and the service says whose it is. The
serial of our own goes through both, and is fresh each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from codes.words import Words
from drivers.holder import CertType, Holder, birth_date_of, sex_of
from drivers.vendor.calls import Answers, Call, Given, Room
from drivers.vendor.library import VendorLibrary
from drivers.voucher import messages
from drivers.voucher.errors import VoucherAnswerError, VoucherFieldError, VoucherRefusedError
from drivers.voucher.port import Asking, Shown, ShownLine

_FUNCTION = "NationEcTrans"
_SUCCESS = b"0000"
_OUTPUT_BYTES = 65_536
_NEEDED = ("idNo", "idType", "userName", "ecToken")


@dataclass(frozen=True, slots=True)
class NationalSettings:
    """What the library is told."""

    url: str
    """Where the decoding service stands (电子凭证中台)."""
    institution: str
    """orgId: the institution's code."""
    reads_itself: bool = False
    """The terminal has a reader of its own; else a scanner at this machine reads the code."""
    person_s: float = 60.0
    """What a person gets to show a code or a face."""
    show_s: float = 10.0
    """What showing the result may take."""


class NationalVoucherTerminal:
    """Satisfies `drivers.voucher.port.VoucherTerminal`."""

    def __init__(self, settings: NationalSettings, library: VendorLibrary, *, new_serial: Callable[[], str]) -> None:
        self._settings = settings
        self._library = library
        self._new_serial = new_serial

    @property
    def device(self) -> str:
        return self._library.device

    def look(self) -> None:
        self._library.look()

    async def read_code(self, asking: Asking) -> Holder:
        kind = messages.DECODE_THERE if self._settings.reads_itself else messages.DECODE_HERE
        data = _asked(asking)
        if asking.is_self_service and not self._settings.reads_itself:
            data["deviceType"] = "SelfService"
        answer = await self._transact(kind, data, self._settings.person_s)
        return self._holder(answer, request=self._new_serial())

    async def verify_face(self, asking: Asking) -> Holder:
        data = {**_asked(asking), "outBizNo": self._new_serial()}
        authenticated = await self._transact(messages.AUTHENTICATE, data, self._settings.person_s)
        proof = authenticated.get("authNo", "")
        if not proof:
            raise VoucherAnswerError(self.device, Words("缺少 authNo", "authNo is missing"))
        if authenticated.get("outBizNo", "") not in ("", data["outBizNo"]):
            # It answers somebody else's request.
            raise VoucherAnswerError(self.device, Words("outBizNo 与请求不符", "outBizNo is not the one we sent"))
        checked = await self._transact(messages.CHECK, {**data, "authNo": proof}, self._settings.show_s)
        if checked.get("authNo", "") not in ("", proof):
            raise VoucherAnswerError(self.device, Words("authNo 与请求不符", "authNo is not the one we sent"))
        return self._holder(checked, request=data["outBizNo"], proof=proof)

    async def show_result(self, asking: Asking, holder: Holder, shown: Shown) -> None:
        if shown.is_settled and not shown.settlement:
            raise VoucherFieldError(self.device, "medicalSettleNo", Words("不能为空", "may not be empty"))
        await self._transact(messages.NOTIFY, _shown(asking, holder, shown), self._settings.show_s)

    async def close(self) -> None:
        await self._library.close()

    async def _transact(self, kind: str, data: Mapping[str, str], within_s: float) -> Mapping[str, str]:
        given = messages.write_input(self.device, kind, self._settings.institution, data)
        call = Call(_FUNCTION, [Given(self._settings.url.encode()), Given(given), Room(_OUTPUT_BYTES)], Answers.TEXT)
        async with self._library.session() as library:
            returned = await library.call(call, within_s=within_s)
        output = returned.rooms[0]
        if returned.text != _SUCCESS:
            raise VoucherRefusedError(self.device, *_refusal(self.device, returned.text, output))
        return messages.read_output(self.device, output)

    def _holder(self, answer: Mapping[str, str], *, request: str, proof: str = "") -> Holder:
        missing = [name for name in _NEEDED if not answer.get(name)]
        if missing:
            listed = ", ".join(missing)
            raise VoucherAnswerError(self.device, Words(f"缺少 {listed}", f"{listed} is missing"))
        return Holder(
            cert_type=CertType.VOUCHER,
            cert_number=answer["ecToken"],
            id_number=answer["idNo"].upper(),
            id_kind=answer["idType"],
            name=answer["userName"],
            district=answer.get("insuOrg", "")[:6],
            sex=sex_of(answer.get("gender", "")),
            born=birth_date_of(answer.get("birthday", "")),
            proof=proof,
            request=request,
        )


def _refusal(device: str, returned: bytes | None, output: bytes) -> tuple[str, str]:
    """Return code and words of a call that did not succeed: those of the answer where it has some."""
    try:
        messages.read_output(device, output)
    except VoucherRefusedError as exc:
        return exc.reason_code, exc.reason
    except VoucherAnswerError:
        pass
    return (returned or b"").decode("ascii", "replace")[:8] or "-", ""


def _asked(asking: Asking) -> dict[str, str]:
    return {
        "businessType": asking.use,
        "operatorId": asking.operator,
        "operatorName": asking.operator_name,
        "officeId": asking.office,
        "officeName": asking.office_name,
    }


def _shown(asking: Asking, holder: Holder, shown: Shown) -> dict[str, str]:
    amounts = {
        "totalFee": shown.total,
        "ownAmt": shown.own,
        "balance": shown.balance,
        "hifAmt": shown.insured,
        "acctAmt": shown.account,
        "hifpAmt": shown.pool,
        "hifmiAmt": shown.large_sum,
        "cvlservAmt": shown.civil_servant,
        "maAmt": shown.assistance,
    }
    who = {name: value for name, value in _asked(asking).items() if name != "businessType"}
    return {
        **who,
        **{name: _yuan(amount) for name, amount in amounts.items() if amount is not None},
        "outBizNo": holder.request,
        "authNo": holder.proof,
        "medicalSettleState": "SUCCESS" if shown.is_settled else "FAIL",
        "bizType": shown.kind,
        "idNo": holder.id_number,
        "userName": holder.name,
        "setlTime": shown.at.strftime("%Y-%m-%d %H:%M:%S"),
        "hospitalName": shown.institution_name,
        "doctorName": shown.doctor_name,
        "medicalSettleNo": shown.settlement,
        "drugList": json.dumps([_line(line) for line in shown.lines]),
    }


def _line(line: ShownLine) -> dict[str, str]:
    return {
        "ITEM_NO": line.item[:40],
        "ITEMNAME": line.name[:100],
        "HI_ITEM": "Y" if line.is_insured else "N",
        "PRIC": _yuan(line.price),
        "ITEM_CNT": f"{line.count:f}"[:10],
        "ITEM_AMT": _yuan(line.amount),
        "DRUG_FRQU": line.frequency[:20],
        "DRUG_DOS": line.dose[:20],
    }


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"
