from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from server.people.insured import (
    CredentialRefusedError,
    Identity,
    Shown,
    UnknownPersonError,
    find_by_certificate,
    find_by_credential,
    held_identities,
    highest_identity,
    listed,
)
from server.people.insured_import import import_insured
from server.people.insured_password import set_password
from server.people.list_file import Counts, ListFaultsError
from server.people.roles import COMMAND_LINE
from server.people.sealing import Sealer
from server.store import audit, insured, medical_accounts
from server.store.database import Store
from server.store.insured import FactKind
from server.store.settlements import load_year_totals
from server.store.tables import metadata
from server.store.visits import add_visit
from tests.server.store.settlement_rows import settle, settlement, visit
from web.errors import InvalidRequestError, NotFoundError
from web.passwords import verify_password

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
SEED = Path(__file__).parents[3] / "config" / "seed"
CARD = "990101198503150113"
OTHER_CARD = "990101198709220228"
PERSON = {"psn_no": "P1", "name": "虚构甲", "certno": CARD}
INSURED = PERSON | {"insutype": "职工", "psn_type": "在职", "district": "350203", "from": "2020-01-01"}


@dataclass
class Register:
    """Imports lists into a store."""

    store: Store
    sealer: Sealer = field(default_factory=lambda: Sealer(bytes(range(32))))

    def take(self, *, is_trial: bool = False, **lists: list[dict[str, object]]) -> dict[str, Counts]:
        return self.take_bytes(json.dumps(lists).encode(), is_trial=is_trial)

    def take_bytes(self, content: bytes, *, is_trial: bool = False) -> dict[str, Counts]:
        done = import_insured(self.store, self.sealer, content, by=COMMAND_LINE, now=NOW, is_trial=is_trial)
        return dict(done.counts)

    def faults(self, **lists: list[dict[str, object]]) -> list[tuple[str, int, str, str]]:
        with pytest.raises(ListFaultsError) as refused:
            self.take(**lists)
        return [(one.sheet, one.line, one.column, one.code) for one in refused.value.faults]

    def shown(self, kind: str, number: str, chip: str = "", at: datetime = NOW) -> Identity:
        with self.store.reading() as connection:
            return find_by_credential(connection, self.sealer, Shown(kind, number, chip), at)


@pytest.fixture
def register(store: Store) -> Register:
    return Register(store)


def test_the_samples_are_taken_and_say_the_same_when_taken_again(register: Register) -> None:
    names = ("insured", "insured_credentials", "insured_facts", "insured_family", "insured_totals")
    lists = [SEED / f"{name}.csv" for name in names]
    first = [register.take_bytes(one.read_bytes()) for one in lists]
    again = [register.take_bytes(one.read_bytes()) for one in lists]

    assert all(counts.added for found in first for counts in found.values())
    assert all((one.added, one.changed) == (0, 0) for found in again for one in found.values())
    assert first[0]["people"].added == 12
    with register.store.reading() as connection:
        shown = list(listed(connection, register.sealer, NOW.date()))
    assert {(one.name, one.certno[4:-4]) for one in shown} == {("虚**", "*" * 10)}
    assert shown[2].facts == ["chronic M03900"]
    assert shown[2].insurances == ["310 350206"]


def test_a_line_may_hold_person_insurance_card_and_balance(register: Register) -> None:
    line = INSURED | {"to": "", "civil_servant": "是", "card_no": "C1", "card_sn": "chip", "balance": "12.30"}
    counts = register.take(people=[line])

    assert counts == dict.fromkeys(("people", "insurances", "credentials", "balances"), Counts(1, 0, 0))
    who = Identity("P1", "01", CARD, "虚构甲", "1", "", date(1985, 3, 15))
    assert register.shown("03", "c1") == register.shown("03", "C1", "chip") == who
    assert register.shown("02", CARD) == who
    assert who.age_on(date(2026, 3, 14)) == 40
    assert who.age_on(date(2026, 3, 15)) == 41
    with register.store.reading() as connection:
        (insurance,) = insured.load_insurances(connection, "P1", NOW.date())
        assert (insurance.insutype, insurance.psn_type, insurance.is_civil_servant) == ("310", "11", True)
        assert medical_accounts.load_balance(connection, "P1") == Decimal("12.30")
        assert find_by_certificate(connection, register.sealer, "01", CARD) == [who]
        assert find_by_certificate(connection, register.sealer, "01", CARD, "虚构乙") == []


def test_nothing_personal_is_kept_in_the_clear(register: Register) -> None:
    register.take(people=[INSURED | {"card_no": "CARD-NUMBER-1", "card_sn": "CHIP-NUMBER-1"}])

    with register.store.reading() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    whole = b"".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
    for secret in (CARD, "虚构甲", "CARD-NUMBER-1", "CHIP-NUMBER-1"):
        assert secret.encode() not in whole


def test_a_credential_is_refused_that_is_unknown_not_valid_or_another_card(register: Register) -> None:
    token = {"psn_no": "P1", "credential": "医保码", "number": "T1", "from": "2026-01-01", "to": "2026-03-10"}
    register.take(people=[INSURED | {"card_no": "C1", "card_sn": "chip"}], credentials=[token])

    assert register.shown("01", "T1").psn_no == "P1"
    for shown in (("01", "T2"), ("02", OTHER_CARD), ("09", CARD)):
        with pytest.raises(UnknownPersonError) as unknown:
            register.shown(*shown)
        assert shown[1] not in str(unknown.value.words)
    with pytest.raises(CredentialRefusedError):
        register.shown("03", "C1", "another chip")
    # The last day belongs to it: in Beijing it ends at 16:00 of that day, UTC.
    assert register.shown("01", "T1", at=datetime(2026, 3, 10, 15, 59, tzinfo=UTC)).psn_no == "P1"
    for at in (datetime(2026, 3, 10, 16, tzinfo=UTC), datetime(2025, 12, 31, 15, 59, tzinfo=UTC)):
        with pytest.raises(CredentialRefusedError):
            register.shown("01", "T1", at=at)


def test_of_several_identities_the_highest_that_holds_in_the_month_counts(register: Register) -> None:
    def held(code: str, first: str, last: str = "") -> dict[str, object]:
        return {"certno": CARD, "kind": "救助身份", "code": code, "from": first, "to": last}

    register.take(
        people=[PERSON],
        facts=[
            held("012", "2026-01-01", "2026-03-02"),
            held("014", "2026-03"),
            held("011", "2026-04"),
            held("099", "2026-01"),
        ],
    )
    order = ["011", "012", "013", "014"]
    with register.store.reading() as connection:
        by_month = {
            month: highest_identity(held_identities(connection, "P1", date(2026, month, 28)), order)
            for month in (1, 3, 4)
        }
        before = held_identities(connection, "P1", date(2025, 12, 31))
    # What ended on the second of March still counts for all of it.
    assert by_month == {1: "012", 3: "012", 4: "011"}
    assert highest_identity(before, order) is None


def test_what_is_taken_anew_is_ended_or_corrected(register: Register) -> None:
    chronic: dict[str, object] = {"psn_no": "P1", "kind": "慢病", "code": "M03900", "from": "2026-01-01"}
    family: dict[str, object] = {"receiver": "P1", "giver": "P2", "from": "2026-01-01", "limit": "500"}
    second = {"psn_no": "P2", "name": "虚构乙", "certno": OTHER_CARD}
    register.take(people=[INSURED, second], facts=[chronic], family=[family])
    counts = register.take(
        people=[INSURED | {"name": "虚构甲甲", "to": "2026-03-31"}, second],
        facts=[chronic | {"to": "2026-02", "memo": "止"}],
        family=[family | {"rank": "1"}],
        balances=[{"psn_no": "P2", "balance": "7"}],
    )

    assert counts == {
        "people": Counts(0, 1, 1),
        "insurances": Counts(0, 1, 0),
        "facts": Counts(0, 1, 0),
        "family": Counts(0, 1, 0),
        "balances": Counts(1, 0, 0),
    }
    with register.store.reading() as connection:
        (fact,) = insured.load_facts(connection, "P1")
        assert (fact.kind, fact.to_day, fact.detail) == (FactKind.CHRONIC, date(2026, 2, 28), {"memo": "止"})
        (binding,) = insured.load_givers(connection, "P1", NOW.date())
        assert (binding.rank, binding.limit) == (1, Decimal("500.00"))
        assert insured.load_insurances(connection, "P1", date(2026, 4, 1)) == []
        actions = [one.action for one in audit.load_audit(connection, after=0, limit=9)]
    assert actions == ["insured.import", "insured.import"]


def test_a_trial_counts_and_writes_nothing(register: Register) -> None:
    assert register.take(is_trial=True, people=[INSURED])["people"] == Counts(1, 0, 0)
    with register.store.reading() as connection:
        assert insured.load_person(connection, "P1") is None
        assert audit.load_audit(connection, after=0, limit=9) == []


FAULTY: dict[str, tuple[dict[str, list[dict[str, object]]], list[tuple[str, int, str, str]]]] = {
    "check digit": (
        {"people": [PERSON | {"certno": CARD[:-1] + "4"}]},
        [("people", 1, "certno", "people.identity_card")],
    ),
    "birth day and sex": (
        {"people": [PERSON | {"birth_day": "1985-03-16", "sex": "女"}]},
        [("people", 1, "birth_day", "people.birth_day"), ("people", 1, "sex", "people.sex")],
    ),
    "kind of certificate": ({"people": [PERSON | {"certno": "H123"}]}, [("people", 1, "cert_type", "people.empty")]),
    "half an insurance": (
        {"people": [INSURED | {"district": "", "from": ""}]},
        [("people", 1, "district", "people.empty"), ("people", 1, "from", "people.empty")],
    ),
    "insurance of no kind": ({"people": [INSURED | {"insutype": ""}]}, [("people", 1, "insutype", "people.empty")]),
    "backwards": ({"people": [INSURED | {"to": "2019-12-31"}]}, [("people", 1, "to", "people.span")]),
    "two names": (
        {"people": [PERSON, PERSON | {"name": "虚构乙"}]},
        [("people", 2, "psn_no", "people.repeated")],
    ),
    "one card of two": (
        {"people": [PERSON, PERSON | {"psn_no": "P2"}]},
        [("people", 2, "certno", "people.certificate_taken")],
    ),
    "overlap": (
        {
            "people": [INSURED],
            "insurances": [
                {"psn_no": "P1", "insutype": "310", "psn_type": "12", "district": "350203", "from": "2026-01-01"}
            ],
        },
        [("insurances", 1, "from", "people.overlap")],
    ),
    "half a stay": (
        {
            "people": [PERSON],
            "totals": [{"psn_no": "P1", "year": "2026", "key": "stays", "amount": "1.5"}],
        },
        [("totals", 1, "amount", "people.whole")],
    ),
    "nobody": (
        {
            "balances": [{"psn_no": "P8", "balance": "1"}],
            "family": [{"receiver": "P8", "giver": "P9", "from": "2026-01-01"}],
            "facts": [{"psn_no": "P7", "kind": "转诊", "code": "420100", "from": "2026-01-01"}],
        },
        [
            ("balances", 1, "psn_no", "people.unknown"),
            ("facts", 1, "psn_no", "people.unknown"),
            ("family", 1, "receiver", "people.unknown"),
            ("family", 1, "giver", "people.unknown"),
        ],
    ),
    "whose fact": (
        {
            "facts": [
                {"psn_no": "", "certno": "", "kind": "转诊", "code": "4", "from": "2026-01-01"},
                {"psn_no": "", "certno": OTHER_CARD, "kind": "转诊", "code": "4", "from": "2026-01-01"},
            ]
        },
        [("facts", 1, "psn_no", "people.unknown"), ("facts", 2, "certno", "people.unknown")],
    ),
    "gives to oneself": (
        {"people": [PERSON], "family": [{"receiver": "P1", "giver": "P1", "from": "2026-01-01"}]},
        [("family", 1, "giver", "people.family")],
    ),
    "card of two": (
        {
            "people": [
                PERSON | {"card_no": "C1"},
                {"psn_no": "P2", "name": "乙", "certno": OTHER_CARD, "card_no": "C1"},
            ],
        },
        [("people", 2, "card_no", "people.repeated")],
    ),
    "backwards credential and fact": (
        {
            "people": [PERSON],
            "credentials": [
                {"psn_no": "P1", "credential": "01", "number": "T", "from": "2026-02-01", "to": "2026-01-01"}
            ],
            "facts": [{"psn_no": "P1", "kind": "转诊", "code": "4", "from": "2026-02", "to": "2026-01"}],
            "family": [{"receiver": "P1", "giver": "P2", "from": "2026-02", "to": "2026-01"}],
        },
        [
            ("credentials", 1, "to", "people.span"),
            ("facts", 1, "to", "people.span"),
            ("family", 1, "to", "people.span"),
        ],
    ),
}


def test_a_list_with_a_fault_is_refused_as_a_whole(register: Register) -> None:
    good = {"psn_no": "P5", "name": "虚构戊", "certno": "990101197805010525"}
    for case, (lists, expected) in FAULTY.items():
        with_good = lists | {"people": [*lists.get("people", []), good]}
        assert register.faults(**with_good) == expected, case
    with register.store.reading() as connection:
        assert insured.load_person(connection, "P5") is None


def test_what_is_stored_already_is_looked_at_too(register: Register) -> None:
    register.take(people=[INSURED | {"card_no": "C1"}])

    second = {"psn_no": "P2", "name": "虚构乙", "certno": CARD}
    assert register.faults(people=[second]) == [("people", 1, "certno", "people.certificate_taken")]
    moved = {"psn_no": "P2", "name": "虚构乙", "certno": OTHER_CARD, "card_no": "C1"}
    assert register.faults(people=[moved]) == [("people", 1, "card_no", "people.credential_taken")]
    anew = {key: INSURED[key] for key in ("psn_no", "insutype", "psn_type", "district")} | {"from": "2026-01-01"}
    assert register.faults(insurances=[anew]) == [("insurances", 1, "from", "people.overlap")]
    # Once the first is ended the second may begin, in one list.
    ended = INSURED | {"to": "2025-12-31"}
    counts = register.take(people=[ended], insurances=[anew])
    assert counts["insurances"] == Counts(1, 1, 0)


def test_a_year_that_began_elsewhere_goes_on_from_what_it_had_come_to(register: Register) -> None:
    told: dict[str, object] = {"psn_no": "P1", "year": "2026", "key": "dedc:outpatient", "amount": "120.50"}
    register.take(people=[PERSON], totals=[told, told | {"key": "stays", "amount": "1"}])
    again = register.take(totals=[told | {"amount": "100"}, told | {"year": "2025"}])

    assert again == {"totals": Counts(1, 1, 0)}
    assert register.faults(totals=[told, told | {"amount": "1"}]) == [("totals", 2, "key", "people.repeated")]
    with register.store.writing() as connection:
        add_visit(connection, visit())
        settle(connection, settlement(), ("dedc:outpatient", "50.00"), ("fund", "7.00"))
        assert load_year_totals(connection, "P1", 2026) == {
            "dedc:outpatient": Decimal("150.00"),
            "stays": Decimal("1.00"),
            "fund": Decimal("7.00"),
        }


def test_a_password_holds_for_all_that_a_person_may_show(register: Register) -> None:
    register.take(people=[INSURED | {"card_no": "C1"}])
    store, sealer = register.store, register.sealer
    for bad in ("12345", "1" * 51, "12345\n"):
        with pytest.raises(InvalidRequestError):
            set_password(store, sealer, "P1", bad, by=COMMAND_LINE, now=NOW)
    with pytest.raises(NotFoundError):
        set_password(store, sealer, "P9", "123456", by=COMMAND_LINE, now=NOW)
    assert set_password(store, sealer, "P1", "123456", by=COMMAND_LINE, now=NOW) == 2

    def kept(kind: str, number: str) -> str | None:
        with store.reading() as connection:
            found = insured.load_credential(connection, kind, sealer.digest(kind, number))
        return found.password_digest if found else None

    digest = kept("03", "C1")
    assert digest is not None
    assert verify_password(digest, "123456").is_right
    assert kept("02", CARD) == digest
    # An import leaves it alone; a number that was corrected leads to this person no more.
    register.take(people=[INSURED | {"card_no": "C1", "card_sn": "chip", "certno": OTHER_CARD}])
    assert kept("03", "C1") == digest
    assert kept("02", CARD) is None
    with pytest.raises(UnknownPersonError):
        register.shown("02", CARD)


def test_a_password_of_a_passport_is_that_of_the_card_alone(register: Register) -> None:
    passport = {"psn_no": "P1", "name": "X", "cert_type": "03", "certno": "E123", "card_no": "C1"}
    register.take(people=[passport])
    assert set_password(register.store, register.sealer, "P1", "123456", by=COMMAND_LINE, now=NOW) == 1


def test_who_has_no_identity_card_is_known_by_another_certificate(register: Register) -> None:
    passport = {
        "psn_no": "P1",
        "name": "X",
        "cert_type": "03",
        "certno": "e123",
        "sex": "女",
        "birth_day": "1990-01-01",
    }
    register.take(people=[passport])
    with register.store.reading() as connection:
        (who,) = find_by_certificate(connection, register.sealer, "03", "E123")
    assert who == Identity("P1", "03", "E123", "X", "2", "", date(1990, 1, 1))


def test_a_certificate_may_change_hands_within_one_list(register: Register) -> None:
    """Two people whose numbers were mixed up are put right together."""
    second = {"psn_no": "P2", "name": "虚构乙", "certno": OTHER_CARD}
    register.take(people=[PERSON, second])
    register.take(people=[PERSON | {"certno": OTHER_CARD}, second | {"certno": CARD}])
    assert register.shown("02", CARD).psn_no == "P2"
