"""What has to hold after a death, however it went: each claim names what does not hold, and nothing else."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from decimal import Decimal

from tests.kills.books import (
    APART,
    OF_PACK,
    ROWS,
    TOLD_OF_PACK,
    Books,
    ask,
    cash_of,
    centre_store,
    store_of,
    undertakings_of,
)
from tests.kills.deeds import Deed


def about_money(deed: Deed, books: Books) -> Iterator[str]:
    """Say what of the settlements is not as it has to be, once nothing is open."""
    if books.states != Tally(deed.states):
        yield f"settlements at the centre: {dict(books.states)} instead of {dict(deed.states)}"
    active = books.active
    if active is not None and active.fee != deed.fee:
        yield f"the centre settled {active.fee} instead of {deed.fee}"
    moved = sum((one.moved for one in books.centre), Decimal(0))
    if moved != (Decimal(0) if active is None else -active.account - active.aid):
        yield f"the accounts moved by {moved}, and what stands is {active}"
    yield from _here(deed, books)
    yield from _undertaking(deed, books)


def _here(deed: Deed, books: Books) -> Iterator[str]:
    """Compare what stands at the counter with what stands at the centre."""
    active = books.active
    here = [(str(row[0]), str(row[1]), *(Decimal(str(money)) for money in row[2:])) for row in books.standing]
    there = [] if active is None else [
        ("settled", active.setl_id, active.fee, active.funds, active.account, active.cash)
    ]  # fmt: skip
    if here != there:
        yield f"at the counter {here}, at the centre {there}"


def _undertaking(deed: Deed, books: Books) -> Iterator[str]:
    """Say whether it was done once, and gave back what it has to."""
    if not deed.is_undertaking:
        return
    ended = undertakings_of(deed.post, deed.sale)
    done = [number for number, outcome in ended if outcome == "done"]
    if len(done) != 1 or any(not outcome for _, outcome in ended):
        yield f"undertakings: {[outcome for _, outcome in ended]}"
        return
    shown = deed.post.counter.ask("GET", f"/undertakings/{done[0]}")
    owed = (deed.paid_before or cash_of(books.before)) - cash_of(books.active)
    if Decimal(shown["cash_back"]) != owed:
        yield f"it says to give back {shown['cash_back']} instead of {owed}"


def cash_moved(deed: Deed, books: Books) -> Decimal:
    """Return by how much a deed moves what lies in the drawers."""
    if not deed.counts_cash:
        return Decimal(0)
    return cash_of(books.active) - (deed.paid_before or cash_of(books.before))


def about_packs(deed: Deed, books: Books) -> Iterator[str]:
    """Say what of the packs is not as it has to be, once the ledger has been told of everything."""
    back = {deed.packs[one] for one in deed.comes_back}
    is_undone = deed.fee == 0
    for code in deed.packs:
        kept = ask(centre_store(deed.ground), OF_PACK, code)
        state = "returned" if code in back or is_undone else "sold"
        if [tuple(row) for row in kept] != [(state, 0)]:
            yield f"pack {code[-6:]}: {kept} instead of {state}"
        yield from _told(deed, books, code, is_back=code in back or is_undone)
        apart = [ask(store_of(one), APART, code)[0][0] for one in deed.ground.posts]
        if apart != [int(code in back and one is deed.post) for one in deed.ground.posts]:
            yield f"pack {code[-6:]} lies apart {apart}"
    for post in deed.ground.posts:
        left = [row for row in ask(store_of(post), ROWS, deed.sale) if row[0] not in {"taken", "dropped"}]
        if left:
            yield f"rows for the ledger at {post.name}: {left}"


def _told(deed: Deed, books: Books, code: str, *, is_back: bool) -> Iterator[str]:
    """Say what the ledger was told of a pack twice, or not at all."""
    told = [(str(infno), str(setl_id)) for infno, setl_id, _ in ask(centre_store(deed.ground), TOLD_OF_PACK, code)]
    twice = [one for one, count in Tally(told).items() if count > 1]
    if twice:
        yield f"pack {code[-6:]} was told twice: {twice}"
    sold, returned = sum(one == "3505" for one, _ in told), sum(one == "3506" for one, _ in told)
    if is_back and (returned > 1 or (sold and not returned)):
        yield f"pack {code[-6:]} came back, and the ledger was told {told}"
    if not is_back and (books.active is None or ("3505", books.active.setl_id) not in told):
        yield f"pack {code[-6:]} is sold, and the ledger was told {told}"
