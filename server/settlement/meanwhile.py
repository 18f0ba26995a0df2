"""What a cancellation set free and somebody used since, so that the settlement cannot stand again beside it.

A settlement is reckoned on what the year has come to: deductible paid, place in the bands, what is left of a cap. What
was settled since the cancellation was reckoned as if the cancelled settlement had never been. If both stood, one cap
would be used twice, or one deductible paid twice. The same goes for drugs of which a person may have only so much.

What came since is told by the order in which a person's settlements and cancellations were made, not by the moments at
which their messages came: of two at once, the one that came first may have been the second to get hold of the person.
What itself stood again since, and did not when this one was reckoned, is in its way as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from codes.words import Words
from rules.entitlements.purchase import Drug
from rules.entitlements.rule_set import RuleSet, Scope
from server.settlement.errors import ReversalError
from server.store import entitlements, increments, insurance_catalogue, settlements
from server.store.database import Connection
from server.store.settlements import Settlement


def check_totals_unused(connection: Connection, record: Settlement, negative: Settlement) -> None:
    """Refuse to let a settlement stand again whose totals of the year others were reckoned on.

    Raises:
        ReversalError: One that stands was settled after its cancellation and moves a total that this one moves.
    """
    used = increments.find_sharing_totals(connection, record, negative.n)
    if used is not None:
        raise _used(used, Words("年度累计（起付线、分段或限额）", "totals of the year (deductible, bands or caps)"))


def check_limits_unused(connection: Connection, rules: RuleSet, setl_id: str) -> None:
    """Refuse to let a settlement stand again with drugs of limited quantity, if more of them were sold since.

    Raises:
        ReversalError: One that stands was settled since then, and its drugs are counted together with these.
    """
    record = settlements.load_settlement(connection, setl_id)
    assert record is not None  # noqa: S101 - whoever calls this has it
    cancelled_as = settlements.cancelled_last_as(connection, record.psn_no, setl_id)
    assert cancelled_as is not None  # noqa: S101 - what stands again was cancelled
    others = settlements.load_standing_beside(connection, record, cancelled_as)
    own = _drugs(connection, record) if others else []
    for other in others:
        for drug in _drugs(connection, other):
            for mine in own:
                if _are_counted_together(rules, mine, drug) or _share_approval(connection, record.psn_no, mine, drug):
                    name = mine.name or mine.item
                    raise _used(other, Words(f"限量药品 {name} 的额度", f"quantity of the limited drug {name}"))


def _used(used: Settlement, what: Words) -> ReversalError:
    return ReversalError(
        Words(
            f"撤销释放的{what.zh}已被结算 {used.setl_id}（{used.day}）使用，撤销不能再冲正",
            f"What the cancellation freed of the {what.en} was used by the settlement {used.setl_id} of {used.day}",
        ),
        next_step=Words(
            "请按已撤销处理：原样重发该撤销报文（msgid 不变）即可取得其结果；确需恢复的，请在该结算撤销后再冲正。",
            "Take the cancellation as done: the same message again gets its answer. To have it stand again, "
            "that other settlement must be cancelled first.",
        ),
    )


def _drugs(connection: Connection, record: Settlement) -> list[Drug]:
    codes = {line.item for line in settlements.load_lines(connection, record.setl_id) if line.count > 0}
    listed = insurance_catalogue.load_items_on(connection, codes, record.day)
    return [
        Drug(code, item.name, item.is_prescription, item.is_negotiated) if (item := listed.get(code)) else Drug(code)
        for code in sorted(codes)
    ]


def _are_counted_together(rules: RuleSet, one: Drug, other: Drug) -> bool:
    """Tell whether a rule that looks back counts both; days of supply are counted for each drug."""
    return any(
        rule.remembers
        and rule.which.fits(one)
        and rule.which.fits(other)
        and (one.item == other.item or (bool(rule.windows) and rule.per is Scope.LIST))
        for rule in rules.drugs
    )


def _share_approval(connection: Connection, psn_no: str, one: Drug, other: Drug) -> bool:
    """Tell whether an approval limits how much may be had of a drug that is both."""
    if one.item != other.item:
        return False
    found: Iterable[entitlements.Approval] = entitlements.load_approvals_of(connection, psn_no, {one.item})
    return any(approval.detail.get("quantity") for approval in found)
