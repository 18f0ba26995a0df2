"""A terminal's end of the interface: its store, its journal, and a sale that waits for news."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from edge.fsi.journal import Journal, Purpose, Told
from edge.fsi.line import FsiLine, HttpLine, MqttLine
from edge.fsi.numbering import Numbering
from edge.fsi.outcome import Unknown, news_of
from edge.fsi.resolving import Resolver
from edge.fsi.sign_ins import Place, SignIns
from edge.fsi.watched_line import WatchedLine
from edge.sealing import KEY_FILE, load_or_create_sealer
from edge.store import sql
from rules.settling import Standing, after
from tests.edge.fsi.centre import AREA, DISTRICT, SENDER, UNDO, Centre, SealedLink, asker
from tests.edge.new_store import opened_or_new
from tests.edge.scene import FakeClock
from wire.fsi.signing import Secrets
from wire.keys import SigningKey
from wire.link import LinkSettings
from wire.rpc import FsiCaller
from wire.topics import TerminalTopics

_T = TypeVar("_T")
KIND = "sale"
OVER_MQTT_S = 0.2
"""Questions are answered before the asking returns, or never: nothing is waited for but what does not come."""
OVER_HTTP_S = 10.0
"""A centre that does not answer closes the connection: however busy the machine is, time decides nothing."""
PLACE = Place(SENDER.institution, SENDER.institution_name, SENDER.district, "00-11-22-33-44-55", "192.0.2.7")
MAKE_STANDING = "CREATE TABLE IF NOT EXISTS standing (sale TEXT PRIMARY KEY, now TEXT NOT NULL, told INTEGER NOT NULL)"
SET_STANDING = """
INSERT INTO standing VALUES (?, ?, ?) ON CONFLICT (sale) DO UPDATE SET now = excluded.now, told = told + excluded.told
"""
Step = Callable[[str], None]


class Desk:
    """One terminal. `step` is called before and after each commit and each sending."""

    def __init__(
        self, connection: Connection, folder: Path, line: FsiLine, *, clock: FakeClock, step: Step = lambda _: None,
        number: int = 7, is_sign_in_demanded: bool = False,
    ) -> None:  # fmt: skip
        self.connection, self.clock, self._step = connection, clock, step
        self.line = SteppedLine(line, step)
        self.watched = WatchedLine(self.line, clock)
        self.within_s = OVER_MQTT_S if isinstance(line, MqttLine) else OVER_HTTP_S
        sealer = self.sealer = load_or_create_sealer(folder / KEY_FILE)
        numbering = Numbering(number)
        self.journal = Journal(asker(), self.watched, self.commits, sealer=sealer, numbering=numbering, clock=clock)
        self.journal.register(KIND, self._hear)
        self.sign_ins = SignIns(self.journal, PLACE, sealer, clock, is_demanded=is_sign_in_demanded)
        self.journal.renew_by(self.sign_ins.renewed)
        self.resolver = Resolver(self.journal, asker(), clock, sign_no=self.sign_ins.current, try_s=self.within_s)
        self.heard: list[Told] = []
        with connection.begin():
            connection.exec_driver_sql(MAKE_STANDING)

    def commits(self, work: Callable[[Connection], _T], /) -> _T:
        self._step("before commit")
        with self.connection.begin():
            done = work(self.connection)
        self._step("after commit")
        return done

    def settle(self, sale: str = "S1", infno: str = "2103", sign_no: str = "") -> Told:
        """Send a message that settles `sale`."""
        return self.journal.ask(
            SENDER, infno, UNDO, Purpose(KIND, sale), insured_district=DISTRICT, within_s=self.within_s,
            sign_no=sign_no, also=lambda tx, _: self._stand(tx, sale, Standing.ASKED),
        )  # fmt: skip

    def standing(self, sale: str = "S1") -> Standing:
        with self.connection.begin():
            found = sql.first(self.connection, "SELECT now FROM standing WHERE sale = ?", (sale,))
        return Standing.NONE if found is None else Standing(found[0])

    def rows(self) -> list[tuple[object, ...]]:
        with self.connection.begin():
            return sql.rows(self.connection, "SELECT infno, state, asked IS NULL FROM fsi_message ORDER BY rowid")

    def _hear(self, tx: Connection, told: Told) -> None:
        self.heard.append(told)
        (now,) = sql.one(tx, "SELECT now FROM standing WHERE sale = ?", (told.purpose.key,))
        is_final = not isinstance(told.outcome, Unknown)
        self._stand(tx, told.purpose.key, after(Standing(now), news_of(told.outcome)), told=is_final)

    def _stand(self, tx: Connection, sale: str, now: Standing, *, told: bool = False) -> None:
        sql.change(tx, SET_STANDING, (sale, now, int(told)))


class SteppedLine:
    """A line that says when it is used."""

    def __init__(self, line: FsiLine, step: Step) -> None:
        self._line, self._step = line, step

    @property
    def keeps_answers(self) -> bool:
        return self._line.keeps_answers

    def ask(self, asked, within_s, *, password=None):
        self._step("before sending")
        try:
            return self._line.ask(asked, within_s, password=password)
        finally:
            self._step("after sending")


def over_mqtt(centre: Centre, clock: FakeClock) -> MqttLine:
    ours, theirs = SigningKey(Ed25519PrivateKey.generate()), SigningKey(Ed25519PrivateKey.generate())
    link = SealedLink(centre, ours.public, theirs)
    topics = TerminalTopics("350200", "T-001")
    caller = FsiCaller(LinkSettings("T-001"), topics, ours, theirs.public, rng=random.Random(1), new_link=link)
    return MqttLine(caller, AREA, Secrets(), clock)


def over_http(url: str, clock: FakeClock, *, keeps_answers: bool = True) -> HttpLine:
    return HttpLine(url, asker(), clock, keeps_answers=keeps_answers)


@contextmanager
def at_desk(folder: Path, line: FsiLine, clock: FakeClock, **given: object) -> Iterator[Desk]:
    with opened_or_new(folder) as connection:
        yield Desk(connection, folder, line, clock=clock, **given)
