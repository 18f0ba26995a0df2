"""What a settlement says about packs whose codes travel with it, told to the ledger and taken back with the settlement.

It stands in front of whatever else entitles to a sale, because it is asked at the same moments: before anything is
reckoned, when the settlement is made, when it is undone, when it stands again. A pack that another settlement came with
first is not paid twice: that is refused before any money moves. A pack that was sold elsewhere to somebody who paid
himself is settled, and the ledger names the contradiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from codes.words import Words
from rules.pack_life import SIZE_UNKNOWN, Act
from rules.pack_meant import NoPack, Pack, pack_meant, refusal_of_carton
from server.settlement.entitlement import Entitled, Entitlements
from server.settlement.errors import SettlementError
from server.settlement.pricing import Priced
from server.settlement.sale import Sale
from server.store import settlements
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.settlements import SettledCode, Settlement, SettlementState
from server.trace import claims, telling
from server.trace.known_packs import UNKNOWN, known_packs
from server.trace.records import record_of_cancelling, record_of_settlement
from server.trace.telling import Told


class PackRefusedError(SettlementError):
    """A trace code that came with the sale names no pack, or one that is paid already."""

    code: ClassVar[str] = "settlement.trace_code"
    next_step: ClassVar[Words] = Words(
        "请核对实物，重新扫描小盒上的追溯码后再结算。",
        "Check the pack, scan the code on the small box again and settle.",
    )


@dataclass(frozen=True, slots=True)
class PackLedger:
    """Entitlements that also see to the packs of a sale."""

    others: Entitlements
    """What else is asked."""

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        """Let packs pass that nobody was paid for.

        Raises:
            PackRefusedError: A code names no single small pack, or one that another settlement came with.
        """
        for one in sale.codes:
            found = _small_pack(connection, one.code)
            claim = claims.claim_before(connection, found.key, "", is_split=one.is_split)
            if claim is not None:
                raise PackRefusedError(_words(one.code, _paid(claim, institution.code)))
        return self.others.look(connection, sale, institution, priced)

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None:
        """Tell what was sold.

        Raises:
            PackRefusedError: Another settlement came with one of the packs in between.
        """
        self.others.use(connection, sale, setl_id)
        if not sale.codes:
            return
        record, codes = _settlement(connection, setl_id), settlements.load_codes(connection, setl_id)
        _tell(connection, record, codes, sale.by.at)
        # The packs are locked now: whoever was paid for one in between is seen.
        _refuse_paid(connection, record, codes)

    def give_back(self, connection: Connection, setl_id: str) -> None:
        """Tell that what a cancelled settlement sold came back; what a reversed one said was never said."""
        self.others.give_back(connection, setl_id)
        packs = _packs(settlements.load_codes(connection, setl_id))
        if not packs:
            return
        record = _settlement(connection, setl_id)
        if record.state is SettlementState.REVERSED:
            telling.take_back(connection, record_of_settlement(setl_id), packs, record.settled_at)
            return
        negative = settlements.find_cancelling(connection, setl_id)
        at = record.settled_at if negative is None else negative.settled_at
        told = Told(Act.RETURNED, record.institution, _numbers(record), packs, record_of_cancelling(setl_id), at)
        telling.tell(connection, [told], at)

    def use_again(self, connection: Connection, setl_id: str) -> None:
        """Tell that nothing came back after all.

        Raises:
            PackRefusedError: Another settlement came with one of the packs meanwhile.
        """
        self.others.use_again(connection, setl_id)
        codes = settlements.load_codes(connection, setl_id)
        if not codes:
            return
        record = _settlement(connection, setl_id)
        telling.take_back(connection, record_of_cancelling(setl_id), _packs(codes), record.settled_at)
        _refuse_paid(connection, record, codes)


def _small_pack(connection: Connection, code: str) -> Pack:
    found = pack_meant(code)
    if isinstance(found, Pack):
        known = known_packs(connection, [found]).get(found.key, UNKNOWN)
        found = refusal_of_carton(found, known.level) or found
    if isinstance(found, NoPack):
        raise PackRefusedError(_words(found.said, found.words))
    return found


def _refuse_paid(connection: Connection, record: Settlement, codes: Sequence[SettledCode]) -> None:
    for one in codes:
        found = pack_meant(one.code)
        standing = claims.claims(connection, found.key) if isinstance(found, Pack) else ()
        others = (claim for claim in standing if claim.setl_id != record.setl_id)
        claim = next((claim for claim in others if not (claim.is_split and one.is_split)), None)
        if claim is not None:
            raise PackRefusedError(_words(one.code, _paid(claim, record.institution)))


def _tell(connection: Connection, record: Settlement, codes: Sequence[SettledCode], at: datetime) -> None:
    split = [one for one in codes if one.is_split]
    whole = Told(
        act=Act.DISPENSED,
        institution=record.institution,
        documents=_numbers(record),
        codes=_packs([one for one in codes if not one.is_split]),
        record=record_of_settlement(record.setl_id),
        at=at,
    )
    parts = [
        replace(whole, act=Act.SPLIT_DISPENSED, codes=_packs([one]), units=units, units_per_pack=SIZE_UNKNOWN)
        for one in split
        if (units := _units(connection, record.setl_id, one, split)) is not None
    ]
    telling.tell(connection, [whole, *parts], at)


def _units(connection: Connection, setl_id: str, code: SettledCode, split: Sequence[SettledCode]) -> int | None:
    """Return how many units of an opened pack were settled; None if the message does not tell, as the 3505 will."""
    lines = settlements.load_lines(connection, setl_id)
    count = next((line.count for line in lines if line.feedetl_sn == code.feedetl_sn), None)
    is_alone = sum(one.feedetl_sn == code.feedetl_sn for one in split) == 1
    return int(count) if count is not None and is_alone and count == count.to_integral_value() else None


def _numbers(record: Settlement) -> tuple[str, ...]:
    """Return every number by which the sale is known: the institution's own, and the settlement's."""
    return tuple(name for name in (record.sale_number, record.setl_id) if name)


def _packs(codes: Sequence[SettledCode]) -> tuple[str, ...]:
    meant = (pack_meant(one.code) for one in codes)
    return tuple(dict.fromkeys(found.key for found in meant if isinstance(found, Pack)))


def _settlement(connection: Connection, setl_id: str) -> Settlement:
    found = settlements.load_settlement(connection, setl_id)
    assert found is not None  # noqa: S101 - asked for by whoever has just made or changed it
    return found


def _paid(claim: claims.Claim, institution: str) -> Words:
    # Whose settlement it was is told to nobody but itself.
    if claim.institution == institution:
        return Words(f"已随本机构结算 {claim.setl_id} 支付", f"it was paid with {claim.setl_id}")
    return Words("已随另一机构的结算支付", "it was paid with a settlement of another institution")


def _words(code: str, why: Words) -> Words:
    shown = f" {code}" if code else ""
    return Words(f"drug_trac_codg（药品追溯码）{shown}：{why.zh}", f"drug_trac_codg{shown}: {why.en}")
