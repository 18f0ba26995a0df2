"""A centre with a pharmacy, insured people and listed goods, run by the `yima` command, and terminals that ask it.

What has to be on record before is put there by the store, before the centre starts; from then on everything comes in
by HTTP or MQTT.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from server.centre import Centre, build_centre
from server.config import load_config
from server.opening import utc_now
from server.people.insured import Identity, sealed
from server.people.roles import COMMAND_LINE, Role
from server.store import institutions, insured
from server.store.institutions import Caller, CallerKind
from server.store.insured import Insurance
from server.store.standings import Standing
from sim.stage import Stage, free_port, write_toml
from tests.bench.floor_settle import EchoCaller
from tests.conftest import wait_until
from tests.server.fake_terminal import FakeTerminal, code_of
from tests.server.fsi.counter import ALWAYS, DISTRICT, LIMITED, PLAIN, SHARED, Counter, list_goods, put_in
from tests.server.fsi.office import PHARMACY, Office, pharmacy, span
from wire.fsi.signing import PATH
from wire.keys import PublicKey
from wire.link import LinkSettings
from wire.rpc import FsiCaller

PEOPLE = 400
"""So many that nobody's year is longer than a year is."""
_PATIENCE_S = 30.0


class RunningClock:
    """The time, as an `Office` reads it."""

    @property
    def now(self) -> datetime:
        return utc_now()

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Prepared:
    """What is on record, and who may ask."""

    office: Office
    centre_key: PublicKey
    terminals: list[FakeTerminal]
    tokens: list[str]
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def sale(self) -> tuple[str, dict[str, object]]:
        """Return somebody's number, and the input of a 2101 or 2102 about three packs, with their codes."""
        number = next(self.numbers)
        psn_no = _psn_no(number % PEOPLE)
        counter = Counter(self.office)
        lines = [
            counter.line(item, "1", price) for item, price in ((PLAIN, "25.50"), (LIMITED, "12.80"), (SHARED, "40"))
        ]
        codes = [{"drug_trac_codg": code_of(3 * number + place)} for place in range(3)]
        extension = json.dumps({"drugtracinfo": codes, "stoout_no": f"S{number}"})
        certificate = _certificate(number % PEOPLE)
        return psn_no, counter.sale(*lines, psn_no=psn_no, mdtrt_cert_no=certificate, expContent=extension)


@dataclass
class Running:
    """The centre, its broker, and what is on record."""

    prepared: Prepared
    port: int
    broker_port: int
    centre_pid: int

    def over_http(self, number: int) -> HttpTerminal:
        """Return a connection that stays open."""
        return HttpTerminal(self.port, self.prepared.tokens[number])

    def over_mqtt(self, number: int) -> MqttTerminal:
        """Return a terminal that is connected."""
        return MqttTerminal(self.broker_port, self.prepared.terminals[number], self.prepared.centre_key)


class HttpTerminal:
    """One kept-alive connection; a request leaves in two pieces, as from most clients."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, body: bytes) -> bytes:
        return self._send("POST", PATH, body)

    def knock(self, _body: bytes) -> None:
        self._send("GET", "/healthz", None)

    def open(self) -> None:
        """Connect anew: the centre closes what was quiet for some seconds."""
        self._connection.close()
        self._connection.connect()

    def stop(self) -> None:
        self._connection.close()

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} gave {answer.status}: {read.decode()}")
        return read


class MqttTerminal:
    """An approved terminal's line for the interface, and one for the echo."""

    def __init__(self, port: int, terminal: FakeTerminal, centre: PublicKey) -> None:
        settings = LinkSettings(f"{terminal.name}-fsi", port=port)
        self._caller = FsiCaller(settings, terminal.topics, terminal.key, centre, rng=random.Random(1))
        self._caller.start()
        self._echo = EchoCaller(terminal.name, port)
        wait_until(lambda: self._caller.is_up)

    def ask(self, body: bytes) -> bytes:
        return self._caller.call(body, _PATIENCE_S)

    def knock(self, body: bytes) -> None:
        self._echo.call(body)

    def open(self) -> None:
        """Do nothing: this connection stays."""

    def stop(self) -> None:
        self._caller.stop()
        self._echo.stop()


@contextmanager
def running_centre(folder: Path, url: str, terminals: int) -> Iterator[Running]:
    """Run a centre on a database, and a broker, with so many terminals, by HTTP and by MQTT."""
    broker_port, port = free_port(), free_port()
    tables = {
        "centre": {"key_file": "centre.key"},
        "store": {"url": url},
        "web": {"port": port},
        "broker": {"port": broker_port},
        "fsi": {"is_enabled": True, "is_sign_in_demanded": False},
    }
    config = write_toml(folder / "server.toml", tables)
    with closing(build_centre(load_config(config))) as made:
        prepared = _prepare(made, terminals)
    stage = Stage(folder)
    with ExitStack() as undo:
        undo.callback(stage.stop)
        stage.add("broker", ["broker", "run", "--port", str(broker_port)], broker_port)
        centre = stage.add("centre", ["server", "run", "--config", str(config)], port)
        yield Running(prepared, port, broker_port, centre.pid)


def _prepare(centre: Centre, terminals: int) -> Prepared:
    assert centre.fsi is not None
    now = datetime.now(UTC)
    office = Office(centre.store, area=centre.fsi.area, sealer=centre.fsi.sealer, clock=RunningClock())  # type: ignore[arg-type]
    centre.accounts.add("bench", Role.ADMIN, by=COMMAND_LINE, now=now)
    tokens = [centre.tokens.create(f"pos-{one}", "bench", by=COMMAND_LINE, now=now) for one in range(terminals)]
    with centre.store.writing() as connection:
        institutions.put_institutions(connection, [pharmacy()])
        institutions.put_standings(connection, [span(PHARMACY, Standing.ACTIVE, now - timedelta(days=400))])
        for token in tokens:
            institutions.bind_caller(connection, Caller(CallerKind.TOKEN, token.id, PHARMACY, "bench", now))
    list_goods(centre.store)
    _insure(office, now)
    asking = [
        FakeTerminal(name=f"T-{number}", institution=PHARMACY).registered(centre.store) for number in range(terminals)
    ]
    return Prepared(office, centre.key.public, asking, [token.secret for token in tokens])


def _insure(office: Office, now: datetime) -> None:
    people = [
        Identity(_psn_no(one), "01", _certificate(one), f"参保人{one}", "1", "01", date(1980, 1, 1))
        for one in range(PEOPLE)
    ]
    with office.store.writing() as connection:
        insured.put_people(connection, [sealed(one, office.sealer, now) for one in people])
        rows = [Insurance(one.psn_no, "310", ALWAYS, None, "11", DISTRICT, False, "1", "示例公司") for one in people]
        insured.put_insurances(connection, rows)
        for one in people:
            put_in(connection, one.psn_no, "1000.00", now)


def _psn_no(number: int) -> str:
    return f"PSN{number:06d}"


def _certificate(number: int) -> str:
    """Return a certificate number of the right form, its check digit included."""
    first = f"35020319800101{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11]
