from __future__ import annotations

import random

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from rules.pack_life import Act, Evidence, FactKey, Order, State, fold
from server.store import bulk, tables
from server.store.ledger import EvidenceRow, LedgerRow, SightingRow
from server.store.times import moment
from server.trace.standing import CONFLICTS_KEPT, News, advance, conflicts_of, derive, newest_scan, settled_by

CODE = "86000110000000000001"
STREAMS = {1: ("T-1", "a"), 2: ("T-2", "a"), 3: ("T-1", "b")}
NOW_US = 1_700_000_000_000_000
INSTITUTIONS = {1: "P1", 2: "P2", 3: "P1"}

Said = EvidenceRow | SightingRow


def fact(act: Act, *, hlc: int, document: str = "S1", stream: int = 1, line: int = 1, seq: int = 0) -> EvidenceRow:
    source = b"%d-%d-%d" % (stream, hlc, seq or hlc)
    units = (3, 10) if act is Act.SPLIT_DISPENSED else (None, None)
    return EvidenceRow(
        CODE, INSTITUTIONS[stream], document, act.value, line, source, hlc, stream, seq or hlc, *units, None
    )


def scan(*, hlc: int, sale: str = "S1", stream: int = 1, until: bool = True) -> SightingRow:
    source = b"%d-%d" % (stream, hlc)
    # Each scan is a fact of its own: no two share their number within a sale.
    seq = stream * 1_000 + hlc
    return SightingRow(CODE, hlc, source, stream, seq, INSTITUTIONS[stream], sale, NOW_US + hlc if until else None)


class History:
    """The store's part, in memory: all evidence so far and the row."""

    def __init__(self) -> None:
        self.row: LedgerRow | None = None
        self.facts: dict[tuple[object, ...], EvidenceRow] = {}
        self.refolds = 0

    def hear(self, said: list[Said]) -> None:
        facts = [one for one in said if isinstance(one, EvidenceRow)]
        scans = [one for one in said if isinstance(one, SightingRow)]
        documents = {(row.institution, row.document) for row in self.facts.values()}
        is_known = any((row.institution, row.document) in documents for row in facts)
        news = News(CODE, facts, scans, is_known)
        self.facts |= {tuple(row[:6]): row for row in facts}
        after = advance(self.row, news, STREAMS, NOW_US)
        if after is None:
            self.refolds += 1
            scan_now = newest_scan(self.row, scans, STREAMS)
            after = derive(CODE, list(self.facts.values()), scan_now, STREAMS, NOW_US)
        self.row = after


def meaning(row: LedgerRow | None) -> LedgerRow | None:
    return row._replace(changed_us=0) if row else None


def whole(said: list[Said]) -> LedgerRow:
    """What the rule itself says about everything, all scans included."""
    pieces = [as_evidence(one) for one in said]
    life = fold(pieces)
    facts = [one for one in said if isinstance(one, EvidenceRow)]
    scans = [one for one in said if isinstance(one, SightingRow)]
    row = derive(CODE, facts, newest_scan(None, scans, STREAMS), STREAMS, 0)
    # The parts that a reader sees must be those of the fold over the complete history.
    assert row.state == life.state
    assert row.holder == life.holder
    assert settled_by(row) == life.settled_by
    assert row.rest == life.rest
    assert row.is_reserved == (life.reservation is not None)
    if life.reservation:
        assert (row.scan_institution, row.scan_sale) == (life.reservation.institution, life.reservation.sale)
        assert row.scan_until_us is not None
        assert moment(row.scan_until_us) == life.reservation.until
    assert row.conflict_count == len(life.conflicts)
    notes = [(note.code, note.zh, note.en, note.fact, note.against) for note in conflicts_of(row)]
    assert notes == [
        (one.code, one.words.zh, one.words.en, one.fact, one.against) for one in life.conflicts[:CONFLICTS_KEPT]
    ]
    return row


def as_evidence(one: Said) -> Evidence:
    order = Order(one.hlc, *STREAMS[one.stream], one.seq)
    if isinstance(one, SightingRow):
        key = FactKey(Act.SCANNED, one.institution, one.sale, one.seq)
        until = None if one.until_us is None else moment(one.until_us)
        return Evidence(one.source.hex(), key, order, reserved_until=until)
    key = FactKey(Act(one.act), one.institution, one.document, one.line)
    return Evidence(one.source.hex(), key, order, one.units, one.units_per_pack)


documents = st.sampled_from(["S1", "S2", "S3", "S4"])
hlcs = st.integers(1, 40)
streams = st.sampled_from([1, 2, 3])
acts = st.sampled_from([act for act in Act if act is not Act.SCANNED])
common_acts = st.sampled_from([Act.DISPENSED, Act.RETURNED, Act.RECEIVED])
facts = st.builds(
    lambda act, hlc, document, stream, line: fact(act, hlc=hlc, document=document, stream=stream, line=line),
    st.one_of(common_acts, acts),
    hlcs,
    documents,
    streams,
    st.integers(1, 2),
)
scans = st.builds(
    lambda hlc, sale, stream, until: scan(hlc=hlc, sale=sale, stream=stream, until=until),
    hlcs,
    documents,
    streams,
    st.booleans(),
)


def unique(said: list[Said]) -> list[Said]:
    """One message has one id, one place and says one thing about a code."""
    return list({(one.stream, one.hlc): one for one in said}.values())


@pytest.mark.req("T-05")
@given(st.lists(st.one_of(facts, scans), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_batches_come_to_what_the_fold_says(said: list[Said], rng: random.Random) -> None:
    said = unique(said)
    history = History()
    rest = rng.sample(said, len(said))
    while rest:
        size = rng.randint(1, 4)
        history.hear(rest[:size])
        rest = rest[size:]

    assert meaning(history.row) == meaning(whole(said))
    event(f"state {history.row.state if history.row else None}")


@given(
    st.lists(st.one_of(common_acts.map(lambda act: (act, True)), st.just((Act.SCANNED, False))), max_size=80),
    st.randoms(use_true_random=False),
)
def test_a_code_full_of_conflicts_still_agrees_with_the_fold(steps: list[tuple[Act, bool]], rng: random.Random) -> None:
    said: list[Said] = []
    for number, (act, is_fact) in enumerate(steps, start=1):
        document = f"S{rng.randint(1, 60)}"
        stream = rng.choice([1, 2])
        said.append(
            fact(act, hlc=number, document=document, stream=stream)
            if is_fact
            else scan(hlc=number, sale=document, stream=stream)
        )
    history = History()
    late = [one for one in said if rng.random() < 0.1]
    for one in [one for one in said if one not in late] + late:
        history.hear([one])

    if said:
        assert meaning(history.row) == meaning(whole(said))


def test_the_first_sale_and_its_scan_need_no_history() -> None:
    history = History()

    history.hear([scan(hlc=1), fact(Act.DISPENSED, hlc=2)])

    assert history.row is not None
    assert history.row.state == State.SOLD
    assert history.row.holder == "P1"
    assert not history.row.is_reserved
    assert history.refolds == 0


def test_scans_of_a_sold_or_stocked_pack_never_read_its_history() -> None:
    for act in (Act.DISPENSED, Act.RECEIVED):
        history = History()
        history.hear([fact(act, hlc=1)])
        for hlc in range(2, 500):
            history.hear([scan(hlc=hlc)])

        assert history.refolds == 0
        assert meaning(history.row) == meaning(whole([fact(act, hlc=1), *(scan(hlc=hlc) for hlc in range(2, 500))]))


def test_a_pack_sold_a_thousand_times_reads_its_history_only_until_the_conflicts_are_full() -> None:
    history = History()
    for hlc in range(1, 1_000):
        history.hear([fact(Act.DISPENSED, hlc=hlc, document=f"S{hlc}")])

    assert history.refolds == CONFLICTS_KEPT
    assert history.row is not None
    assert history.row.conflict_count == 998
    assert len(conflicts_of(history.row)) == CONFLICTS_KEPT


def test_a_scan_that_brings_nothing_new_leaves_the_row_alone() -> None:
    history = History()
    history.hear([scan(hlc=5)])
    before = history.row
    history.hear([scan(hlc=3), scan(hlc=9, until=False)])

    assert history.row is before


def test_a_late_scan_from_before_a_receipt_does_not_reserve() -> None:
    history = History()
    history.hear([fact(Act.RECEIVED, hlc=5)])
    history.hear([scan(hlc=3)])

    assert history.row is not None
    assert not history.row.is_reserved
    assert history.refolds == 1


def test_a_split_pack_counts_what_is_left() -> None:
    row = derive(CODE, [fact(Act.SPLIT_DISPENSED, hlc=1)], None, STREAMS, NOW_US)

    assert (row.state, row.rest) == ("split", 7)
    assert advance(None, News(CODE, [fact(Act.SPLIT_DISPENSED, hlc=1)], [], False), STREAMS, NOW_US) == row


def test_rows_and_evidence_follow_the_tables() -> None:
    assert list(EvidenceRow._fields) == bulk.columns_of(tables.evidence)
    assert list(SightingRow._fields) == bulk.columns_of(tables.sighting)
    assert list(LedgerRow._fields) == bulk.columns_of(tables.ledger)
