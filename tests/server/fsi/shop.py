"""A pharmacy that reports stock and sales pack by pack, over the interface and by a terminal of its own."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from codes.pack import ProductSystem
from rules.catalogue import Identifier, Product
from rules.scan_facts import PackLevel
from server.fsi.answering import Answering
from server.fsi.figures import Figures
from server.fsi.parts import Parts
from server.ingest import Ingest
from server.settlement.entitlement import NothingClaimed
from server.settlement.pack_ledger import PackLedger
from server.settlement.reckoning import Ground
from server.settlement.settling import Settlements
from server.store import catalogue, institutions, ledger
from server.store.database import Store
from server.store.institutions import Caller, CallerKind
from server.store.times import micros
from server.trace.history import CodeHistory, find_history
from tests.server.fake_terminal import FakeTerminal, new_key
from tests.server.fsi.counter import PLAIN, Counter, insure, list_goods
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, TOKEN, Office, books
from wire.events import Fact
from wire.fsi.areas import shipped_area
from wire.fsi.checking import check_output
from wire.fsi.json_text import decode_json
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING

CARTON_PREFIX, SMALL_PREFIX = "8699999", "8600011"
BATCH = "B-1"


@dataclass
class Shop:
    """Sells and reports at one office, whose ledger hears of it."""

    counter: Counter
    terminal: FakeTerminal
    ingest: Ingest
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def office(self) -> Office:
        return self.counter.office

    @property
    def now(self) -> str:
        return self.counter.now

    def say(self, infno: str, business: object, **envelope: object) -> dict[str, object]:
        """Send a message; an answer that was given has to fit its table."""
        answer = self.office.post(self.office.body(infno, business, **envelope))[0].body
        read = decode_json(answer)
        if str(read["infcode"]) == "0":
            assert check_output(read["output"], transaction(infno, self.office.area)) == ()
        return read

    def item(self, **said: object) -> dict[str, object]:
        """Return what every stock row says of its goods."""
        return {
            "med_list_codg": PLAIN,
            "fixmedins_hilist_id": f"own-{PLAIN}",
            "fixmedins_hilist_name": "药品甲",
            "fixmedins_bchno": BATCH,
            "manu_lotnum": "L1",
            "manu_date": "2025-06-01",
            "expy_end": "2028-06-01",
            "rx_flag": "0",
            **said,
        }

    def row(self, *codes: str, **said: object) -> dict[str, object]:
        """Return the row of a sale of these packs."""
        row = self.item(
            prsc_dr_name="张医生",
            phar_name="陈药师",
            phar_prac_cert_no="YS0001",
            mdtrt_sn="V-1",
            trdn_flag="0",
            rtal_docno="S1",
            sel_retn_cnt=str(max(len(codes), 1)),
            sel_retn_time=self.now,
            sel_retn_opter_name="李",
            drugtracinfo=[{"drug_trac_codg": code} for code in codes],
        )
        row |= said
        return {name: value for name, value in row.items() if value is not None}

    def back(self, *codes: str, **said: object) -> dict[str, object]:
        """Return the row of a return of these packs."""
        row = self.item(
            trdn_flag="0",
            sel_retn_cnt=str(max(len(codes), 1)),
            sel_retn_time=self.now,
            sel_retn_opter_name="李",
            drugtracinfo=[{"drug_trac_codg": code} for code in codes],
        )
        row |= said
        return {name: value for name, value in row.items() if value is not None}

    def sell(self, *codes: str, envelope: dict[str, object] | None = None, **said: object) -> tuple[str, str]:
        """Upload a sale; return both parts of the second level."""
        return result(self.say("3505", {"selinfo": self.row(*codes, **said)}, **(envelope or {})))

    def give_back(self, *codes: str, envelope: dict[str, object] | None = None, **said: object) -> tuple[str, str]:
        """Upload a return."""
        return result(self.say("3506", {"selinfo": self.back(*codes, **said)}, **(envelope or {})))

    def purchase(self, *codes: str, count: str = "10", **said: object) -> dict[str, object]:
        """Upload a purchase."""
        row = self.item(
            spler_name="示例批发",
            prodentp_name="示例药厂",
            aprvno="国药准字H0001",
            purc_retn_cnt=count,
            purc_retn_stoin_time=self.now,
            purc_retn_opter_name="李",
            drugtracinfo=[{"drug_trac_codg": code} for code in codes] or None,
        )
        row |= said
        return self.say("3503", {"purcinfo": {name: value for name, value in row.items() if value is not None}})

    def take_stock(self, *codes: str, count: str, **said: object) -> dict[str, object]:
        """Upload a stock-taking."""
        day = self.office.clock.now.astimezone(BEIJING).date().isoformat()
        listed = [{"drug_trac_codg": code} for code in codes]
        return self.say("3501", {"invinfo": self.item(invdate=day, inv_cnt=count, drugtracinfo=listed) | said})

    def ask(self, infno: str, **said: object) -> list[dict[str, object]]:
        """Return the rows of a query."""
        answer = self.query(infno, **said)
        assert answer["infcode"] == 0, answer["err_msg"]
        return answer["output"]["output"]  # type: ignore[index,call-overload,no-any-return]

    def query(self, infno: str, **said: object) -> dict[str, object]:
        """Return the whole answer of a query."""
        data = {"fixmedins_code": PHARMACY, "begndate": "2026-03-01", "enddate": "2026-03-31"}
        data |= {"fixmedins_bchno": BATCH, "medins_list_codg": f"own-{PLAIN}"}
        asked = {name: value for name, value in (data | said).items() if value is not None}
        return self.say(infno, {"data": asked})

    def settle(self, count: str = "1", price: str = "10.00", **envelope: object) -> dict[str, object]:
        """Settle a sale of `count` packs."""
        return self.counter.settle(self.counter.sale(self.counter.line(PLAIN, count, price)), **envelope)

    def settle_with(self, *codes: str, number: str = "") -> str:
        """Settle a sale with which codes travel (channel A), and maybe its number; return the settlement's id."""
        return str(self.counter.settle(self.sale_with(*codes, number=number))["setl_id"])

    def sale_with(self, *codes: str, number: str = "") -> dict[str, object]:
        """Return the input of a 2102 with which codes travel."""
        more = {"drugtracinfo": [{"drug_trac_codg": code} for code in codes], "stoout_no": number}
        extension = json.dumps({name: value for name, value in more.items() if value})
        return self.counter.sale(self.counter.line(PLAIN, str(len(codes)), "10.00"), expContent=extension)

    def hear(self, *facts: Fact) -> None:
        """Let the terminal of the pharmacy say something."""
        frozen = [self.terminal.say(fact) for fact in facts]
        self.ingest.take_many([self.terminal.frame(*frozen)], self.office.clock.now)

    def life(self, code: str) -> CodeHistory:
        return find_history(self.office.store, code, self.office.clock.now)

    def state(self, code: str) -> str:
        return self.life(code).state.value

    def wait(self, **span: float) -> None:
        """Let time pass for centre and terminal."""
        self.office.clock.forward(**span)
        self.terminal.hlc += timedelta(**span) // timedelta(microseconds=1)


def open_shop(store: Store, area: str = "base") -> Shop:
    """Open a shop with people to sell to, goods to sell, and a terminal."""
    office = Office(store, area=shipped_area(area)).furnish()
    let_ledger_hear(office)
    insure(office)
    list_goods(store)
    with store.writing() as connection:
        bound = Caller(CallerKind.TOKEN, TOKEN, HOSPITAL, "admin", NOON)
        institutions.bind_caller(connection, bound)
    terminal = FakeTerminal(institution=PHARMACY, hlc=micros(NOON)).registered(store)
    return Shop(Counter(office), terminal, Ingest(store, new_key()))


def let_ledger_hear(office: Office) -> None:
    """Put the ledger in front of the settlements, as the centre does."""
    office.settlements = Settlements(Ground(books(), office.sealer, PackLedger(NothingClaimed())))
    office.answering = Answering(
        store=office.store,
        area=office.area,
        secrets=office.secrets,
        district="350200",
        parts=Parts(office.sealer, office.terms, office.settlements),
        deeds=office.deeds,
        figures=Figures(office.deeds),
        now=office.clock,
        sleep=office.pauses.append,
    )


def know_cartons(store: Store) -> None:
    """Let the matching library know a product: its small box, of twelve units, and its carton."""
    product = Product("D0001", "药品甲", "12片", "示例药厂", "甲", Decimal("10.00"), "盒", 12, False, True)
    with store.writing() as connection:
        catalogue.replace_products(
            connection,
            [product],
            [
                Identifier(ProductSystem.TRACE_PREFIX, SMALL_PREFIX, "D0001", PackLevel.UNIT, 1),
                Identifier(ProductSystem.TRACE_PREFIX, CARTON_PREFIX, "D0001", PackLevel.CARTON, 100),
            ],
        )


def result(answer: dict[str, object]) -> tuple[str, str]:
    """Return `retRslt` and `msgRslt`."""
    assert answer["infcode"] == 0, answer["err_msg"]
    found = answer["output"]["result"]  # type: ignore[index,call-overload]
    return str(found["retRslt"]), str(found.get("msgRslt") or "")


def evidence_in(store: Store, code: str) -> int:
    """Return how many pieces of evidence there are of a code."""
    with store.reading() as connection:
        return len(ledger.load_evidence(connection, [code]))
