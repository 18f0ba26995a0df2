"""A POS that knows no trace codes, written from docs/fsi.md alone, with its interface address pointed at a terminal."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.blackbox.lines import HttpLine
from tests.blackbox.stand import Running, write_client_keys
from tests.blackbox.till import BEIJING, GOODS, Json, Till, accepted, done, refused
from tests.conftest import wait_until
from tests.edge.pos.terminal import ProxyTerminal, proxying
from wire.events import Dispensed

SERIES = 7
"""Of the till: its packs and receipts are nobody else's."""
BY_THE_TERMINAL = {"jilin"}
"""Areas whose messages are signed and hidden, and whose keys the terminal holds here."""
UNTOUCHED = {"guangdong"}
"""Areas whose messages are signed, and whose key the terminal does not hold here."""
WITH_SETTLEMENT = {"hubei"}


@dataclass(frozen=True)
class Through:
    """What came of it."""

    settled: str
    put_in: int
    owed: int


def sell_through(centre: Running, folder: Path) -> Through:
    """Sell, upload and take back through a terminal at which the packs are scanned."""
    fsi: dict[str, object] = {"area": centre.area}
    if centre.area in BY_THE_TERMINAL:
        fsi["keys_folder"] = write_client_keys(folder.parent / "keys-of-the-terminal")
    upstream = f"http://127.0.0.1:{centre.port}"
    with proxying(folder, upstream, fsi=fsi) as terminal:
        line = centre.line()
        line.port = terminal.port
        till = Till(line, centre.custom, series=SERIES)
        till.sign_in()
        till.person()
        through = _sell(centre.area, till, terminal)
        _say_something_unknown(centre, line, terminal)
        _repeat(till, terminal)
        if centre.area == "base":
            _outlive_the_centre(centre, till, terminal)
    return through


def _sell(area: str, till: Till, terminal: ProxyTerminal) -> Through:
    first, second, other = till.pack(1), till.pack(2), f"8600391{SERIES:013d}"
    terminal.scan(first, other, second)
    begun = datetime.now(BEIJING) - timedelta(minutes=3)
    goods = ((GOODS[0][0], "2", GOODS[0][2]),)
    cart = till.sale(*goods, number="THROUGH-1", at=begun)
    till.ask("2101", cart)
    info = till.ask("2102", cart)["setlinfo"]
    assert terminal.listed() == [other], "what was sold has left the counter"
    upload = till.sold(info["setl_id"], first, sel_retn_cnt="2", rtal_docno="R-THROUGH")
    del upload["selinfo"]["drugtracinfo"]
    verdict = None if area in UNTOUCHED else till.ask("3505", upload)
    sent = dict(terminal.rows("SELECT infno, sum(added) FROM pos_exchange GROUP BY infno"))
    owed = terminal.rows("SELECT code FROM pos_owed WHERE state = 'waiting' ORDER BY code")
    dispensed = [pack.code for fact in terminal.facts() if isinstance(fact, Dispensed) for pack in fact.packs]
    assert sorted(dispensed) == [first, second]
    if area in UNTOUCHED:
        assert sum(int(str(one)) for one in sent.values()) == 0
        assert [code for (code,) in owed] == [first, second], "their codes are to follow"
        assert terminal.rows("SELECT 1 FROM pos_exchange WHERE request_digest <> sent_digest") == []
        return Through(info["setl_id"], 0, len(owed))
    assert verdict is not None
    assert accepted(verdict), verdict
    assert sent["3505"] == 2
    assert sent["2102"] == (2 if area in WITH_SETTLEMENT else 0)
    assert [till.sold_by_centre(code) for code in (first, second)] == [1, 1], "the centre's ledger has them"
    assert till.sold_by_centre(other) == 0
    assert owed == []
    return Through(info["setl_id"], 2, 0)


def _say_something_unknown(centre: Running, line: HttpLine, terminal: ProxyTerminal) -> None:
    """Post what no table knows, to the proxy and to the centre: the same goes on, and the same comes back."""
    straight = centre.line()
    for body in (
        b'{"infno":"X901", "msgid":"m-1",\r\n "input":{"\xe8\x8d\xaf":1.50}}',
        b"<soap>\x00\xff no message at all",
    ):
        there, here = straight.post(body, {}), line.post(body, {})
        assert here[0] == there[0]
        assert _without_numbers(here[1]) == _without_numbers(there[1])
        ((stage, request, sent),) = terminal.rows(
            "SELECT stage, request_digest, sent_digest FROM pos_exchange ORDER BY id DESC LIMIT 1"
        )
        assert stage == "answered"
        assert request == sent == hashlib.sha256(body).hexdigest()


def _repeat(till: Till, terminal: ProxyTerminal) -> None:
    """Settle, lose the answer, say the same again: there is one settlement."""
    begun = datetime.now(BEIJING) - timedelta(minutes=2)
    cart, frame = till.sale(GOODS[1], number="THROUGH-2", at=begun), till.frame("2102")
    first = done(till.post(frame, cart))
    assert done(till.post(frame, cart)) == first
    other = till.sale(GOODS[2], number="THROUGH-2", at=begun)
    assert refused(till.post(till.frame("2102"), other)) == "settlement.sale_differs", "refusals come through"
    assert terminal.rows("SELECT 1 FROM pos_question WHERE state = 'open'") == []


def _outlive_the_centre(centre: Running, till: Till, terminal: ProxyTerminal) -> None:
    """Settle while the centre stands still, and kill it: what nobody knows is known soon after it is back, and once."""
    begun = datetime.now(BEIJING) - timedelta(minutes=1)
    cart, frame = till.sale(GOODS[1], number="THROUGH-3", at=begun), till.frame("2102")
    actor = centre.stage.actors["centre"]
    os.killpg(actor.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(till.post, frame, cart)
        wait_until(lambda: terminal.rows("SELECT 1 FROM pos_exchange WHERE stage = 'sending'") != [])
        actor.kill()
        # What we answer has no number of the centre's, and the till says so.
        assert isinstance(answer.exception(30), AssertionError)
    assert [state for (state,) in terminal.rows("SELECT state FROM pos_question WHERE told_at IS NULL")] == ["open"]
    actor.start()
    wait_until(lambda: terminal.rows("SELECT 1 FROM pos_question WHERE state = 'open'") == [], timeout_s=60)
    first = done(till.post(frame, cart))["setlinfo"]
    again = done(till.post(till.frame("2102"), cart))["setlinfo"]
    assert again["setl_id"] == first["setl_id"], "one settlement"


def _without_numbers(answer: bytes) -> Json | bytes:
    try:
        said: Json = json.loads(answer)
    except ValueError:
        return answer
    return {name: value for name, value in said.items() if name not in {"inf_refmsgid", "refmsg_time", "respond_time"}}
