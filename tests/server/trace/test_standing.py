from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import assume, event, find, given
from hypothesis import strategies as st

from rules.pack_fold import fold
from rules.pack_life import NO_LINE, SIZE_UNKNOWN, Act, Evidence, FactKey, Order, PackLife, State
from server.store import bulk, tables
from server.store.ledger import EvidenceRow, LedgerRow, SightingRow
from server.store.times import moment
from server.trace.standing import CONFLICTS_KEPT, News, advance, conflicts_of, derive, newest_scan, settled_by

CODE = "86000110000000000001"
STREAMS = {1: ("T-1", "a"), 2: ("T-2", "a"), 3: ("T-1", "b"), 4: ("", "fsi")}
NOW_US = 1_700_000_000_000_000
INSTITUTIONS = {1: "P1", 2: "P2", 3: "P1"}

Said = EvidenceRow | SightingRow


def fact(act: Act, *, hlc: int, document: str = "S1", stream: int = 1, line: int = 1, seq: int = 0) -> EvidenceRow:
    source = b"%d-%d-%d" % (stream, hlc, seq or hlc)
    units, per_pack = (3, 10) if act is Act.SPLIT_DISPENSED else (None, None)
    return EvidenceRow(
        CODE, INSTITUTIONS[stream], document, act.value, line, source, hlc, stream, seq or hlc, units, per_pack, None
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


def life_of(said: list[Said]) -> PackLife:
    return fold(as_evidence(one) for one in said)


def whole(said: list[Said]) -> LedgerRow:
    """What the rule itself says about everything, all scans included."""
    life = life_of(said)
    facts = [one for one in said if isinstance(one, EvidenceRow)]
    scans = [one for one in said if isinstance(one, SightingRow)]
    row = derive(CODE, facts, newest_scan(None, scans, STREAMS), STREAMS, 0)
    # The parts that a reader sees must be those of the fold over the complete history.
    assert row.state == life.state
    assert row.holder == life.holder
    assert settled_by(row) == life.settled_by
    assert row.rest == life.rest
    assert row.barred == (life.barred.value if life.barred else None)
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
trade_acts = st.sampled_from(
    [Act.RECEIVED, Act.DISPENSED, Act.SPLIT_DISPENSED, Act.RETURNED, Act.RECALLED, Act.EXPIRED, Act.TRANSFERRED]
)
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


Step = tuple[Act, str, int]
"""Act, document and stream."""
MOTIFS: list[list[Step]] = [
    [(Act.DISPENSED, "S1", 1), (Act.RECALLED, "notice", 2), (Act.RETURNED, "S1", 1)],
    [(Act.DISPENSED, "S2", 1), (Act.EXPIRED, "S2", 1)],
    [(Act.SPLIT_DISPENSED, "S1", 1), (Act.SPLIT_DISPENSED, "S2", 1), (Act.RETURNED, "S1", 3)],
    [(Act.RECEIVED, "D1", 1), (Act.DISPENSED, "S3", 2)],
    [(Act.RECEIVED, "D1", 1), (Act.TRANSFERRED, "T1", 1), (Act.RECEIVED, "D2", 2), (Act.DISPENSED, "S4", 2)],
]
MOTIFS += [[(act, *place)] for act in Act if act is not Act.SCANNED for place in (("S1", 1), ("S2", 2))]
# What the rules are about, one after the other, with steps left out.
lives = st.lists(st.sampled_from(MOTIFS), min_size=1, max_size=3).flatmap(
    lambda motifs: st.lists(st.booleans(), min_size=12, max_size=12).map(
        lambda left_out: [
            fact(act, hlc=hlc, document=document, stream=stream)
            for hlc, (act, document, stream) in enumerate((step for motif in motifs for step in motif), start=1)
            if not left_out[hlc - 1]
        ]
    )
)


def unique(said: list[Said]) -> list[Said]:
    """One message has one id, one place and says one thing about a code."""
    return list({(one.stream, one.hlc): one for one in said}.values())


@pytest.mark.req("T-05")
@given(st.lists(st.one_of(facts, scans), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_batches_come_to_what_the_fold_says(said: list[Said], rng: random.Random) -> None:
    said = unique(said)
    assert meaning(told_in_any_order(said, rng)) == meaning(whole(said))


@pytest.mark.req("T-05")
@given(lives, st.lists(scans, max_size=3), st.randoms(use_true_random=False))
def test_plausible_lives_come_to_what_the_fold_says(
    life: list[EvidenceRow], seen: list[SightingRow], rng: random.Random
) -> None:
    said = unique([*seen, *life])
    assume(said)
    assert meaning(told_in_any_order(said, rng)) == meaning(whole(said))
    event(f"state {life_of(said).state}")


def told_in_any_order(said: list[Said], rng: random.Random) -> LedgerRow | None:
    history = History()
    rest = rng.sample(said, len(said))
    while rest:
        size = rng.randint(1, 4)
        history.hear(rest[:size])
        rest = rest[size:]
    return history.row


def is_barred_after_its_sale(life: PackLife) -> bool:
    return life.state is State.SOLD and life.barred is not None


def came_back_barred(life: PackLife) -> bool:
    acts = [key.act for key in life.facts]
    return life.state is State.RECALLED and acts[:1] == [Act.DISPENSED] and acts[-1] is Act.RETURNED


def has_units_of_an_earlier_sale_back(life: PackLife) -> bool:
    settled = life.settled_by
    return life.state is State.SPLIT and life.rest == 7 and settled is not None and settled.act is Act.RETURNED


def is_sold_elsewhere(life: PackLife) -> bool:
    return [conflict.code for conflict in life.conflicts] == ["pack.sold_elsewhere"]


@pytest.mark.parametrize(
    "happened", [is_barred_after_its_sale, came_back_barred, has_units_of_an_earlier_sale_back, is_sold_elsewhere]
)
def test_the_plausible_lives_include_what_the_rules_are_about(happened: Callable[[PackLife], bool]) -> None:
    assert find(lives, lambda life: happened(life_of(list(life))))


@given(
    st.lists(
        st.one_of(
            common_acts.map(lambda act: (act, True)),
            trade_acts.map(lambda act: (act, True)),
            st.just((Act.SCANNED, False)),
        ),
        max_size=80,
    ),
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


def row_of_the_interface(number: int, act: Act, numbers: list[str], institution: str) -> list[Said]:
    """What one row says: no line, and the sale by each of its numbers; all told at once."""
    source, units = b"row-%d" % number, 1 if act is Act.SPLIT_DISPENSED else None
    size = SIZE_UNKNOWN if units else None
    return [
        EvidenceRow(CODE, institution, one, act.value, NO_LINE, source, number, 4, number, units, size, None)
        for one in numbers
    ]


interface_rows = st.tuples(
    st.sampled_from([Act.DISPENSED, Act.DISPENSED, Act.RETURNED, Act.SPLIT_DISPENSED, Act.STOCKTAKEN]),
    st.lists(st.integers(1, 40).map(lambda number: f"S{number}"), min_size=1, max_size=3, unique=True),
    st.sampled_from(["P1", "P1", "P2"]),
)


@pytest.mark.req("T-05")
@given(
    st.lists(st.one_of(interface_rows, common_acts.map(lambda act: (act, ["S1"], ""))), max_size=60),
    st.randoms(use_true_random=False),
)
def test_rows_of_the_interface_in_any_order_come_to_what_the_fold_says(
    told: list[tuple[Act, list[str], str]], rng: random.Random
) -> None:
    messages = [
        row_of_the_interface(number, act, numbers, institution)
        if institution
        else [fact(act, hlc=number, document=f"S{rng.randint(1, 40)}")]
        for number, (act, numbers, institution) in enumerate(told, start=1)
    ]
    # Mostly in order, so that codes get full of conflicts; some messages come late.
    late = [one for one in messages if rng.random() < 0.2]
    rest = [one for one in messages if one not in late] + late
    history = History()
    while rest:
        size = rng.randint(1, 3)
        history.hear([said for message in rest[:size] for said in message])
        rest = rest[size:]
    if messages:
        assert meaning(history.row) == meaning(whole([said for message in messages for said in message]))


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


def test_a_recall_of_a_sold_pack_is_kept_with_its_row_and_speaks_when_the_pack_comes_back() -> None:
    history = History()
    history.hear([fact(Act.DISPENSED, hlc=1)])
    history.hear([fact(Act.RECALLED, hlc=2, stream=2, document="notice")])
    assert history.row is not None
    assert (history.row.state, history.row.barred, history.row.holder) == ("sold", "recalled", "P1")

    history.hear([fact(Act.RETURNED, hlc=3)])
    row = history.row
    assert (row.state, row.barred, row.holder) == ("recalled", "recalled", "P1")
    assert settled_by(row) == FactKey(Act.RECALLED, "P2", "notice", 1)


def test_a_recall_reaches_a_code_full_of_conflicts() -> None:
    history = History()
    sales: list[Said] = [fact(Act.DISPENSED, hlc=hlc, document=f"S{hlc}") for hlc in range(1, 40)]
    recall = fact(Act.RECALLED, hlc=50, document="notice")
    history.hear(sales)
    history.hear([recall])

    assert history.row is not None
    assert (history.row.state, history.row.barred) == ("conflict", "recalled")
    assert meaning(history.row) == meaning(whole([*sales, recall]))


def test_a_split_pack_counts_what_is_left() -> None:
    row = derive(CODE, [fact(Act.SPLIT_DISPENSED, hlc=1)], None, STREAMS, NOW_US)

    assert (row.state, row.rest) == ("split", 7)
    assert advance(None, News(CODE, [fact(Act.SPLIT_DISPENSED, hlc=1)], [], False), STREAMS, NOW_US) == row


def test_rows_and_evidence_follow_the_tables() -> None:
    assert list(EvidenceRow._fields) == bulk.columns_of(tables.evidence)
    assert list(SightingRow._fields) == bulk.columns_of(tables.sighting)
    assert list(LedgerRow._fields) == bulk.columns_of(tables.ledger)
