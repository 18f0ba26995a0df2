"""How a settlement came about, for whoever asks afterwards: steps, lines, funds, accounts, and what became of it.

It tells what was kept then, and reckons nothing anew: lists and rules may have changed since. People are named by their
number alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from codes.words import Words
from server.settlement.errors import UnknownSettlementError
from server.settlement.funds import FundRow, rows_of
from server.store import fsi_messages, medical_accounts, settlements
from server.store.database import Connection
from server.store.fsi_messages import Message
from server.store.medical_accounts import Movement
from server.store.settlements import AMOUNTS, OF_VISIT, SettledLine, Settlement, SettlementState
from wire.fsi.values import BEIJING

STATES: Mapping[SettlementState, Words] = {
    SettlementState.ACTIVE: Words("有效", "stands"),
    SettlementState.CANCELLED: Words("已撤销", "cancelled"),
    SettlementState.CANCELLING: Words("撤销记录", "a cancellation"),
    SettlementState.REVERSED: Words("已冲正，不计入任何账目", "reversed, and counted nowhere"),
}
_POOLS: Final = ("pool", "limit_pool", "scope_limit_pool")
"""Under which names a step tells the pool of a deductible or a limit, if it is not named as its rule."""
CANCELLED_BY: Final = frozenset({"2103", "2208", "2305"})
"""The transactions that cancel."""


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step, as it was told then."""

    rule: str
    version: str
    title: Words
    """What the rule is called."""
    words: Words
    given: Mapping[str, str | int]
    result: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is kept of a settlement."""

    record: Settlement
    steps: tuple[ExplainedStep, ...]
    rules: tuple[tuple[str, str], ...]
    """Ids and versions of the rules that had a say."""
    lines: Sequence[SettledLine]
    funds: tuple[FundRow, ...]
    increments: Mapping[str, Decimal]
    """By how much it moves the totals of its year."""
    movements: Sequence[Movement]
    """Of personal accounts."""
    negative: Settlement | None
    """Its cancellation, if that stands."""
    messages: Sequence[Message]
    """The messages that were answered with it; of a cancellation those that cancelled."""

    @property
    def titles(self) -> Mapping[str, Words]:
        """Return what the rules were called then, by id; and by each pool that they used, the first rule that did."""
        titled = [step for step in self.steps if step.title.zh]
        pools = {
            str(step.given[name]): step.title for step in reversed(titled) for name in _POOLS if name in step.given
        }
        return pools | {step.rule: step.title for step in titled}

    def as_record(self) -> dict[str, object]:
        """Return it as plain values; amounts as text, so that nothing is lost on the way."""
        one = self.record
        return {
            "setl_id": one.setl_id,
            "state": one.state.value,
            "cancels": one.cancels,
            "cancelled_by": self.negative.setl_id if self.negative else None,
            "mdtrt_id": one.mdtrt_id,
            "psn_no": one.psn_no,
            "institution": one.institution,
            "sale_number": one.sale_number,
            "insutype": one.insutype,
            "psn_type": one.psn_type,
            "med_type": one.med_type,
            "district": one.district,
            "insured_district": one.insured_district,
            "begins_at": one.begins_at.astimezone(BEIJING).isoformat(),
            "settled_at": one.settled_at.astimezone(BEIJING).isoformat(),
            "year": one.year,
            "amounts": {name: str(getattr(one, name)) for name in AMOUNTS},
            "pool_prop_selfpay": str(one.pool_prop_selfpay),
            "rules": [{"id": name, "version": version} for name, version in self.rules],
            "steps": [_step(step) for step in self.steps],
            "lines": [_line(line) for line in self.lines],
            "funds": [_fund(row) for row in self.funds],
            "year_totals": {key: str(amount) for key, amount in self.increments.items()},
            "accounts": [_movement(movement) for movement in self.movements],
            "messages": [_message(message) for message in self.messages],
            "process_info": one.process_info,
        }


def explain(connection: Connection, setl_id: str) -> Explanation:
    """Return how a settlement, or a cancellation, came about.

    Raises:
        UnknownSettlementError: There is none of that id.
    """
    record = settlements.load_settlement(connection, setl_id)
    if record is None:
        raise UnknownSettlementError(Words(f"没有结算 {setl_id}", f"There is no settlement {setl_id}"))
    found = settlements.load_increments(connection, setl_id)
    return Explanation(
        record,
        tuple(_read_step(one) for one in json.loads(record.steps)),
        tuple((name, version) for name, version in json.loads(record.rules)),
        settlements.load_lines(connection, record.cancels or setl_id),
        rows_of(record.funds),
        {one.key: one.amount for one in found if not one.key.endswith(OF_VISIT)},
        medical_accounts.load_movements_of(connection, setl_id),
        settlements.find_cancelling(connection, setl_id),
        _messages_of(connection, record),
    )


def _messages_of(connection: Connection, record: Settlement) -> Sequence[Message]:
    """Return the messages about a record; those of a cancellation are kept with the settlement that it cancels."""
    if record.cancels is None:
        return fsi_messages.find_messages_of(connection, record.setl_id)
    return [one for one in fsi_messages.find_messages_of(connection, record.cancels) if one.infno in CANCELLED_BY]


def _read_step(kept: Mapping[str, object]) -> ExplainedStep:
    given, result = kept["given"], kept["result"]
    assert isinstance(given, dict)  # noqa: S101 - we wrote it
    assert isinstance(result, dict)  # noqa: S101 - we wrote it
    title = kept.get("title")
    return ExplainedStep(
        str(kept["rule"]),
        str(kept["version"]),
        Words(*map(str, title)) if isinstance(title, list) else Words("", ""),
        Words(str(kept["zh"]), str(kept["en"])),
        given,
        result,
    )


def _step(step: ExplainedStep) -> dict[str, object]:
    return {
        "rule": step.rule,
        "version": step.version,
        "zh": step.words.zh,
        "en": step.words.en,
        "given": dict(step.given),
        "result": dict(step.result),
    }


def _line(line: SettledLine) -> dict[str, object]:
    return {
        "feedetl_sn": line.feedetl_sn,
        "med_list_codg": line.item,
        "medins_list_codg": line.own_item,
        "cnt": str(line.count),
        "pric": str(line.price),
        "det_item_fee_sumamt": str(line.amount),
        "chrgitm_lv": line.charge_class,
        "pric_uplmt_amt": None if line.price_limit is None else str(line.price_limit),
        "selfpay_prop": str(line.pays_first),
        "overlmt_amt": str(line.over_limit),
        "fulamt_ownpay_amt": str(line.outside),
        "preselfpay_amt": str(line.first),
        "inscp_scp_amt": str(line.in_scope),
    }


def _fund(row: FundRow) -> dict[str, object]:
    return {"fund_pay_type": row.fund_pay_type, "name": row.name, "fund_payamt": str(row.paid)}


def _movement(one: Movement) -> dict[str, object]:
    return {
        "psn_no": one.psn_no,
        "used_by": one.used_by,
        "amount": str(one.amount),
        "reason": one.reason.value,
        "at": one.moved_at.astimezone(BEIJING).isoformat(),
    }


def _message(one: Message) -> dict[str, object]:
    return {
        "msgid": one.msgid,
        "infno": one.infno,
        "state": one.state.value,
        "reversed_by": one.reversed_by,
        "at": one.received_at.astimezone(BEIJING).isoformat(),
    }
