"""A settlement as it is answered: by the interface's names, as the area reads them.

Two readings differ by area: whether the personal account is one of the funds (`fund_pay_sumamt`), and whether
`acct_pay` contains what the family's accounts paid. The store keeps both apart; the answer, the statement that is
compared and the difference file all go through `figures_of`, so that an institution meets one reading everywhere.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from codes.words import Words
from server.people.insured import opened
from server.people.sealing import Sealer
from server.settlement.funds import ACCOUNT_TYPE, FundRow, rows_of
from server.settlement.sale import trimmed
from server.settlement.settled import Settled
from server.settlement.statement_file import Figures
from server.store import settlements
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.settlements import AMOUNTS, SettledLine, Settlement, SettlementState
from server.store.visits import Visit
from wire.fsi.areas import Area
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING

Output = dict[str, object]
_OTHER_KIND: Final = "14"
"""`med_chrgitm_type` of what no list holds: other."""
_OUTSIDE: Final = "03"
_AT_HOME: Final = "1"
_AWAY: Final = "2"
"""`pay_loc`: settled where the person is insured, or elsewhere. The dictionary is not known; these are ours."""
_WHOLE: Final = Decimal(1)


def figures_of(total: Decimal, fund: Decimal, account: Decimal, mutual_aid: Decimal, area: Area) -> Figures:
    """Return the three amounts of a settlement that are compared, as an area reads them."""
    read = account + mutual_aid if area.acct_includes_mutual_aid else account
    return Figures(total, fund + read if area.fund_pay_includes_account else fund, read)


def settlement_output(settled: Settled, infno: str, area: Area, sealer: Sealer) -> Output:
    """Return the output of a settlement, or of its trial: `setlinfo`, `setldetail`, `detlcutinfo`."""
    output: Output = {
        "setlinfo": _identity(settled, sealer) | _setlinfo(settled.record, area),
        "setldetail": _setldetail(settled.record, area),
        "detlcutinfo": [_detlcutinfo(line, settled.memos.get(line.feedetl_sn)) for line in settled.lines],
    }
    return _cut(output, infno, area)


def cancel_output(cancelled: Settled, infno: str, area: Area) -> Output:
    """Return the output of a cancellation: the settlement's id, and its figures with the sign turned round."""
    record = cancelled.record
    output: Output = {
        "setlinfo": {
            "mdtrt_id": record.mdtrt_id,
            "setl_id": record.cancels or record.setl_id,
            "clr_optins": record.clr_optins,
            "setl_time": record.settled_at,
            **_amounts(record, area),
            "medins_setl_id": record.msgid,
        },
        "setldetail": _setldetail(record, area),
    }
    return _cut(output, infno, area)


def cancelled_words(connection: Connection, record: Settlement) -> Words:
    """Say that a settlement was cancelled, and by which message."""
    negative = settlements.find_cancelling(connection, record.setl_id)
    by = Words("", "") if negative is None else Words(f"由 {negative.msgid} ", f" by {negative.msgid}")
    return Words(
        f"结算 {record.setl_id} 已{by.zh}撤销，不计入账目",
        f"The settlement {record.setl_id} was cancelled{by.en} and counts no more",
    )


def query_output(settled: Settled, visit: Visit, place: Institution, area: Area, sealer: Sealer) -> Output:
    """Return the output of a query (5203): the settlement as it was, and whether it was cancelled since."""
    record = settled.record
    begins, ends = (one.astimezone(BEIJING).date() for one in (record.begins_at, record.ends_at))
    more: Output = {
        "pay_loc": _AT_HOME if record.district[:4] == record.insured_district[:4] else _AWAY,
        "fixmedins_code": place.code,
        "fixmedins_name": place.name,
        "hosp_lv": place.level if place.level.isdigit() else "",
        "fixmedins_poolarea": place.district,
        "begndate": begins,
        "enddate": ends,
        "refd_setl_flag": "0" if record.state is SettlementState.ACTIVE else "1",
        "year": str(record.year),
        "dise_codg": visit.dise_codg,
        "dise_name": visit.dise_name,
        "invono": record.invono,
        "opter_id": record.operator,
        "opter_name": record.operator_name,
        "opt_time": record.settled_at,
    }
    named = {name: value for name, value in more.items() if value != ""}
    output: Output = {
        "setlinfo": _identity(settled, sealer) | _setlinfo(record, area) | named,
        "setldetail": _setldetail(record, area),
    }
    return _cut(output, "5203", area)


def _cut(output: Output, infno: str, area: Area) -> Output:
    """Leave out what the transaction's table does not have: of the amounts each transaction tells some."""
    for node in transaction(infno, area).output:
        names = {field.name for field in node.fields}
        rows = output.get(node.name)
        if isinstance(rows, dict):
            output[node.name] = {name: value for name, value in rows.items() if name in names}
        elif isinstance(rows, list):
            output[node.name] = [{name: value for name, value in row.items() if name in names} for row in rows]
    return output


def _setlinfo(record: Settlement, area: Area) -> Output:
    named: Output = {
        "setl_id": record.setl_id,
        "mdtrt_id": record.mdtrt_id,
        "psn_no": record.psn_no,
        "insutype": record.insutype,
        "psn_type": record.psn_type,
        "cvlserv_flag": "1" if record.is_civil_servant else "0",
        "setl_time": record.settled_at,
        "mdtrt_cert_type": record.credential_kind,
        "med_type": record.med_type,
        **_amounts(record, area),
        "medins_setl_id": record.msgid,
        "clr_optins": record.clr_optins,
        "clr_way": record.clr_way,
        "clr_type": record.clr_type,
    }
    return {name: value for name, value in named.items() if value != ""}


def _amounts(record: Settlement, area: Area) -> Output:
    read = _figures(record, area)
    amounts: Output = {name: getattr(record, name) for name in AMOUNTS}
    return amounts | {
        "pool_prop_selfpay": record.pool_prop_selfpay,
        "fund_pay_sumamt": read.fund,
        "acct_pay": read.account,
        # Some transactions call these two by other names.
        "psn_pay": record.psn_part_amt,
        "cash_payamt": record.psn_cash_pay,
    }


def _figures(record: Settlement, area: Area) -> Figures:
    return figures_of(record.medfee_sumamt, record.fund_pay_sumamt, record.acct_pay, record.acct_mulaid_pay, area)


def _identity(settled: Settled, sealer: Sealer) -> Output:
    who = opened(settled.person, sealer)
    named: Output = {
        "psn_name": who.name,
        "psn_cert_type": who.cert_type,
        "certno": who.certno,
        "gend": who.sex,
        "naty": who.ethnic,
        "brdy": who.birth_day,
        "age": who.age_on(settled.record.settled_at.astimezone(BEIJING).date()),
    }
    return {name: value for name, value in named.items() if value not in (None, "")}


def _setldetail(record: Settlement, area: Area) -> list[Output]:
    rows = [row.as_output() for row in rows_of(record.funds)]
    read = _figures(record, area)
    if area.fund_pay_includes_account and read.account:
        # Where the account is a fund the rows add up to fund_pay_sumamt only with it.
        told = f"个人账户支付 {record.acct_pay:.2f}，家庭共济支付 {record.acct_mulaid_pay:.2f}"
        row = FundRow(ACCOUNT_TYPE, "个人账户基金", record.inscp_scp_amt, read.account, read.account, told)
        rows.append(row.as_output())
    return rows


def _detlcutinfo(line: SettledLine, memo: Words | None) -> Output:
    is_outside = line.charge_class == _OUTSIDE
    told: Output = {
        "feedetl_sn": line.feedetl_sn,
        "det_item_fee_sumamt": line.amount,
        "cnt": trimmed(line.count),
        "pric": trimmed(line.price),
        # The field is required, and a line without a limit is not above it.
        "pric_uplmt_amt": trimmed(line.price if line.price_limit is None else line.price_limit),
        "selfpay_prop": _WHOLE if is_outside else trimmed(line.pays_first),
        "fulamt_ownpay_amt": line.outside,
        "overlmt_amt": line.over_limit,
        "preselfpay_amt": line.first,
        "inscp_scp_amt": line.in_scope,
        "chrgitm_lv": line.charge_class,
        "med_chrgitm_type": line.charge_kind or _OTHER_KIND,
        "hi_nego_drug_flag": "1" if line.is_negotiated else "0",
    }
    return told | ({"memo": memo.zh} if memo else {})
