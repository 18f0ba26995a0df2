"""The national interface as messages meet it: a store, a pharmacy, and a token that speaks for it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from rules.benefits.book import Books
from rules.benefits.shipped import shipped_books
from server.fsi.answering import Answering
from server.fsi.desk import Deeds
from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Figures
from server.fsi.parts import Parts, SignInTerms
from server.fsi.post import Post, Reply, Voice
from server.people.sealing import Sealer
from server.settlement.entitlement import Entitled
from server.settlement.pricing import Priced
from server.settlement.reckoning import Ground
from server.settlement.sale import Sale
from server.settlement.settling import Settlements
from server.store import institutions
from server.store.database import Connection, Store
from server.store.institutions import Caller, CallerKind, Institution, InstitutionKind
from server.store.standings import Standing, StandingSpan
from wire.fsi.areas import Area, shipped_area
from wire.fsi.message_ids import msgid_of
from wire.fsi.signing import Secrets
from wire.fsi.values import BEIJING

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=BEIJING)
PHARMACY = "P35020000001"
HOSPITAL = "H35020000002"
TOKEN = "tok1"
VOICE = Voice(CallerKind.TOKEN, TOKEN)


@cache
def books() -> Books:
    """The shipped rules, read once."""
    return shipped_books()


class Clock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class NothingClaimed:
    """Entitlements of nobody."""

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        return Entitled()

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None: ...

    def give_back(self, connection: Connection, setl_id: str) -> None: ...

    def use_again(self, connection: Connection, setl_id: str) -> None: ...


@dataclass
class Office:
    """Sends messages and reads answers."""

    store: Store
    area: Area = field(default_factory=lambda: shipped_area("base"))
    secrets: Secrets = field(default_factory=Secrets)
    terms: SignInTerms = field(default_factory=lambda: SignInTerms(is_demanded=False))
    deeds: Deeds = field(default_factory=lambda: HANDLERS)
    sealer: Sealer = field(default_factory=lambda: Sealer(bytes(range(32))))
    clock: Clock = field(default_factory=Clock)
    pauses: list[float] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.settlements = Settlements(Ground(books(), self.sealer, NothingClaimed()))
        self.answering = Answering(
            store=self.store,
            area=self.area,
            secrets=self.secrets,
            district="350200",
            parts=Parts(self.sealer, self.terms, self.settlements),
            deeds=self.deeds,
            figures=Figures(self.deeds),
            now=self.clock,
            sleep=self.pauses.append,
        )

    def furnish(self) -> Office:
        """Put a pharmacy and a hospital on record, and let the token speak for the pharmacy."""
        with self.store.writing() as connection:
            institutions.put_institutions(connection, [pharmacy(), hospital()])
            spans = [span(code, Standing.ACTIVE, NOON - timedelta(days=400)) for code in (PHARMACY, HOSPITAL)]
            institutions.put_standings(connection, spans)
            bound = Caller(CallerKind.TOKEN, TOKEN, PHARMACY, "admin", NOON.astimezone(UTC))
            institutions.bind_caller(connection, bound)
        return self

    def stand(self, standing: Standing, *, until: datetime | None = None, code: str = PHARMACY) -> None:
        """Let an institution stand somewhere else from an hour ago."""
        with self.store.writing() as connection:
            institutions.put_standings(connection, [span(code, standing, NOON - timedelta(hours=1), until)])

    def body(self, number: str, business: object, **envelope: object) -> bytes:
        """Return a message; None takes a field out."""
        institution = str(envelope.get("fixmedins_code", PHARMACY))
        said: dict[str, object] = {
            "infno": number,
            "msgid": msgid_of(institution, self.clock.now, next(self.numbers)),
            "mdtrtarea_admvs": "350200",
            "insuplc_admdvs": "350200",
            "recer_sys_code": "YBXT",
            "infver": self.area.interface_version,
            "opter_type": "1",
            "opter": "li01",
            "opter_name": "李",
            "inf_time": self.clock.now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "fixmedins_code": institution,
            "fixmedins_name": "示例药店",
            "input": business,
        }
        said |= envelope
        return json.dumps(
            {name: value for name, value in said.items() if value is not None}, ensure_ascii=False
        ).encode()

    def post(
        self, body: bytes, *, voice: Voice | None = VOICE, headers: Mapping[str, str] | None = None
    ) -> tuple[Reply, dict[str, object]]:
        """Have a body answered."""
        reply = self.answering.answer(Post(body, headers or {}, voice, self.clock.now))
        read: dict[str, object] = json.loads(reply.body)
        return reply, read

    def say(self, infno: str, business: object, **envelope: object) -> dict[str, object]:
        """Send a message and return what the answer says."""
        return self.post(self.body(infno, business, **envelope))[1]

    def sign_in(self, operator: str = "li01") -> str:
        """Return the number of a new sign-in."""
        answer = self.say("9001", SIGN_IN | {"signIn": SIGN_IN["signIn"] | {"opter_no": operator}}, opter=operator)
        return str(answer["output"]["signinoutb"]["sign_no"])  # type: ignore[index,call-overload]


SIGN_IN = {"signIn": {"opter_no": "li01", "mac": "00-11-22-33-44-55", "ip": "192.0.2.7"}}


def pharmacy() -> Institution:
    return Institution(
        PHARMACY, "示例药店", InstitutionKind.PHARMACY, "pharmacy", "350200", "91350200M0001XXXX1", False, NOON
    )


def hospital() -> Institution:
    return Institution(HOSPITAL, "示例医院", InstitutionKind.HOSPITAL, "3", "350200", "12350200M0002XXXX2", False, NOON)


def span(code: str, standing: Standing, since: datetime, until: datetime | None = None) -> StandingSpan:
    return StandingSpan(code, since, standing, until, "检查", "admin", NOON)
