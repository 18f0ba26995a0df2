"""A counter at which the real entitlements are asked: doctors, pharmacists, a second pharmacy, prescriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from rules.benefits.book import Books
from rules.benefits.shipped import shipped_books
from rules.entitlements.book import EntitlementBook, load_entitlement_book
from server.fsi.answering import Answering
from server.fsi.figures import Figures
from server.fsi.parts import Parts
from server.settlement.entitlements import StoredEntitlements
from server.settlement.reckoning import Ground
from server.settlement.settling import Settlements
from server.store import entitlements, institutions, insurance_catalogue, practitioners
from server.store.database import Store
from server.store.entitlements import Approval, ApprovalState, Prescription, PrescriptionLine, PrescriptionState
from server.store.institutions import Caller, CallerKind
from server.store.practitioners import Post, Practitioner, PractitionerKind
from server.store.standings import Standing
from tests.server.fsi.counter import ALWAYS, LI, NEGOTIATED, Counter, insure, item, list_goods
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, TOKEN, Office, pharmacy, span

RX, COLD, OTHER_COLD = "XR01RR0001", "XR05CC0002", "XR05CC0003"
"""A prescription drug; two that are sold by name."""
SECOND = "P35020000009"
"""Another pharmacy, of no dual channel."""
DOCTOR, OTHER_DOCTOR, PHARMACIST = "D1", "D2", "Y1"

RULES = """
version = "t.1"
title = { zh = "测试", en = "Test" }
from = 2020-01-01
rest = "REST"

[[drugs]]
id = "prescription"
title = { zh = "处方药", en = "Prescription drug" }
institution = ["pharmacy"]
which = { prescription = true }
needs = ["prescription", "pharmacist"]
supply = { at_most = 30, in_hand = 40 }

[[drugs]]
id = "cold"
title = { zh = "实名药", en = "Sold by name" }
institution = ["pharmacy"]
which = { holds = [{ text = "麻黄碱" }] }
needs = ["certificate"]
certificates = ["02"]
at_once = 2
[[drugs.window]]
count = 3
days = 7

[[dual_channel]]
id = "negotiated"
title = { zh = "谈判药", en = "Negotiated" }
which = { negotiated = true }
unapproved = "UNAPPROVED"
"""


@cache
def _books() -> Books:
    return shipped_books()


@cache
def book(*, rest: str = "anywhere", unapproved: str = "ordinary") -> EntitlementBook:
    return load_entitlement_book({"t.toml": RULES.replace("REST", rest).replace("UNAPPROVED", unapproved)})


class EntitledOffice(Office):
    """An office whose settlements ask the real entitlements."""

    rules: EntitlementBook = book()

    def __post_init__(self) -> None:
        self.settlements = Settlements(
            Ground(_books(), self.sealer, StoredEntitlements(self.rules, lambda: self.clock.now))
        )
        self.answering = Answering(
            store=self.store,
            area=self.area,
            secrets=self.secrets,
            district="350200",
            parts=Parts(self.sealer, self.terms, self.settlements, self.rules),
            deeds=self.deeds,
            figures=Figures(self.deeds),
            now=self.clock,
            sleep=self.pauses.append,
        )

    def ask(self, rules: EntitlementBook) -> None:
        """Ask by other rules from now on."""
        self.rules = rules
        self.__post_init__()


def open_entitled(store: Store, kind: type[EntitledOffice] = EntitledOffice) -> Counter:
    """Furnish everything."""
    counter = Counter(kind(store).furnish())
    insure(counter.office)
    list_goods(store)
    with store.writing() as connection:
        insurance_catalogue.put_items(
            connection,
            [
                replace(item(RX, "01"), is_prescription=True, name="处方药甲"),
                replace(item(COLD, "01"), name="复方盐酸伪麻黄碱片"),
                replace(item(OTHER_COLD, "01"), name="麻黄碱糖浆"),
            ],
        )
        institutions.put_institutions(
            connection, [replace(pharmacy(), is_dual_channel=True), replace(pharmacy(), code=SECOND)]
        )
        institutions.put_standings(connection, [span(SECOND, Standing.ACTIVE, NOON - timedelta(days=400))])
        institutions.bind_caller(connection, Caller(CallerKind.TOKEN, TOKEN, SECOND, "admin", NOON))
        who = [(DOCTOR, PractitionerKind.DOCTOR), (OTHER_DOCTOR, PractitionerKind.DOCTOR)]
        who += [(PHARMACIST, PractitionerKind.PHARMACIST), ("Y2", PractitionerKind.PHARMACIST)]
        practitioners.put_practitioners(connection, [Practitioner(code, code, kind, "", NOON) for code, kind in who])
        practitioners.put_posts(
            connection,
            [
                Post(DOCTOR, HOSPITAL, ALWAYS, None),
                Post(OTHER_DOCTOR, HOSPITAL, ALWAYS, None),
                Post(PHARMACIST, PHARMACY, ALWAYS, None),
                Post("Y2", SECOND, ALWAYS, None),
            ],
        )
    return counter


def reviewed_by(pharmacist: str = PHARMACIST, **more: str) -> dict[str, str]:
    """Return what names the pharmacist."""
    return {"expContent": json.dumps({"phar_code": pharmacist, **more})}


def prescribe(
    store: Store,
    number: str,
    goods: Mapping[str, str],
    *,
    state: PrescriptionState = PrescriptionState.REVIEWED,
    psn_no: str = LI,
    issued: datetime = NOON - timedelta(hours=1),
    lasts: timedelta = timedelta(days=3),
) -> None:
    """Put an e-prescription on record."""
    is_reviewed = state in {PrescriptionState.REVIEWED, PrescriptionState.USED}
    one = Prescription(
        number,
        psn_no,
        DOCTOR,
        HOSPITAL,
        state,
        issued,
        issued + lasts,
        PHARMACIST if is_reviewed else None,
        issued if is_reviewed else None,
        {},
        issued,
    )
    lines = [
        PrescriptionLine(number, n, code, code, Decimal(count), Decimal(0), "盒", {})
        for n, (code, count) in enumerate(goods.items(), 1)
    ]
    with store.writing() as connection:
        entitlements.add_prescription(connection, one, lines)


def approve(store: Store, **changed: Any) -> None:
    """Put an approval of the negotiated drug on record."""
    one = Approval(
        "A1",
        LI,
        NEGOTIATED,
        DOCTOR,
        PHARMACY,
        date(2026, 1, 1),
        date(2026, 12, 31),
        ApprovalState.GRANTED,
        {},
        NOON,
    )
    with store.writing() as connection:
        entitlements.put_approvals(connection, [replace(one, **changed)])


def left_of(store: Store, number: str) -> list[Decimal]:
    """Return what is left of a prescription."""
    with store.reading() as connection:
        return [one.left for one in entitlements.load_prescription_lines(connection, [number])[number]]


def state_of(store: Store, number: str) -> PrescriptionState:
    """Return how far a prescription has come."""
    with store.reading() as connection:
        return entitlements.load_prescriptions(connection, [number])[number].state
