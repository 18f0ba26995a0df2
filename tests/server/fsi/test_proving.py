"""Who is let in and how: by token, by signature, by a terminal's seal; passwords of people; what is used only once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from server.fsi import person_passwords
from server.fsi.figures import Outcome
from server.fsi.post import Post, Reply, Voice
from server.store import fsi_messages, fsi_sessions, institutions, insured
from server.store.database import Store, open_store
from server.store.institutions import CallerKind
from server.store.insured import Credential
from tests.server.conftest import emptied
from tests.server.fake_terminal import FakeTerminal
from tests.server.fsi.counter import CARD, LI, Counter, open_counter
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, SIGN_IN, VOICE, Office
from web import passwords
from wire.fsi.areas import Area, shipped_area
from wire.fsi.signing import Secrets, Sending, protection_of, read_party

SECRETS = Secrets(
    read_party({"sm2_private_key": "2" * 64}),
    {
        PHARMACY: read_party(
            {
                "client_id": "pharmacy-0000-01",
                "secret": "8c1f5e0d6b7a49d2a3e4f50617283940",
                "token": "token-of-the-pharmacy",
                "sm2_private_key": "3a7509d6f3432d22c138aca7bd29f51ea6814f1eb2cf09c6183dc7c06ce3f5ad",
                "sm4_key": "0123456789abcdeffedcba9876543210",
            }
        )
    },
)
BASE = shipped_area("base")
PORTAL = replace(BASE, signer="portal", encryptor="sm4", transport="portal")
SM_ONLY = replace(BASE, signer="sm")
TERMINAL = Voice(CallerKind.TERMINAL, "T-001", PHARMACY)


@pytest.fixture(scope="module")
def opened_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = open_store(f"sqlite:///{Path(tmp_path_factory.mktemp('proving'))}/centre.db", new_epoch=lambda: "e")
    yield made
    made.close()


@pytest.fixture
def store(opened_store: Store) -> Store:
    """Empty each time."""
    emptied(opened_store)
    return opened_store


class Client:
    """An institution's software, with the plug-ins of its area."""

    def __init__(self, store: Store, area: Area) -> None:
        self.office = Office(store, area=area, secrets=SECRETS).furnish()
        self.protection = protection_of(area)
        self.sent = 0

    def send(
        self,
        business: object = SIGN_IN,
        infno: str = "9001",
        *,
        secrets: Secrets = SECRETS,
        **envelope: object,
    ) -> Post:
        """Return a message as it leaves, by no line that proves anything."""
        self.sent += 1
        fields = json.loads(self.office.body(infno, business, **envelope))
        text = json.dumps(fields.pop("input"), ensure_ascii=False).encode()
        sending = Sending(infno, PHARMACY, text, f"{self.sent:032d}")
        out = self.protection.send(fields, sending, secrets, self.office.clock.now)
        return Post(out.body, out.headers, None, self.office.clock.now)

    def read(self, reply: Reply) -> dict[str, object]:
        """Return the answer, its signature checked."""
        plain = self.protection.read_answer(reply.body, SECRETS, PHARMACY, self.office.clock.now)
        read: dict[str, object] = json.loads(plain)
        return read


@pytest.mark.parametrize("area", [shipped_area("guangdong"), shipped_area("jilin"), PORTAL], ids=lambda one: one.signer)
class TestSigned:
    """Where the signature proves who calls."""

    def test_no_token_is_needed_and_the_answer_is_protected_as_the_question(self, store: Store, area: Area) -> None:
        client = Client(store, area)
        reply = client.office.answering.answer(client.send())
        answer = client.read(reply)
        assert (reply.outcome, answer["infcode"]) == (Outcome.ANSWERED, 0)
        assert answer["output"]["signinoutb"]["sign_no"]  # type: ignore[index,call-overload]
        refused = client.office.answering.answer(client.send({"signIn": {"ip": "x"}}))
        assert "signIn.opter_no" in str(client.read(refused)["err_msg"])

    def test_signed_anew_it_is_the_same_message_and_gets_the_same_bytes(self, store: Store, area: Area) -> None:
        client = Client(store, area)
        msgid = f"{PHARMACY}202603101200000042"
        first = client.office.answering.answer(client.send(msgid=msgid))
        again = client.office.answering.answer(client.send(msgid=msgid))
        assert (first.outcome, again.outcome) == (Outcome.ANSWERED, Outcome.REPEATED)
        assert first.body == again.body
        other = client.office.answering.answer(client.send(msgid=msgid, opter="wang"))
        assert other.code == "fsi.msgid_reused"

    def test_the_exact_signed_text_is_kept_sealed(self, store: Store, area: Area) -> None:
        client = Client(store, area)
        msgid = f"{PHARMACY}202603101200000043"
        client.office.answering.answer(client.send(msgid=msgid))
        with store.reading() as connection:
            kept = fsi_messages.load_message(connection, PHARMACY, msgid)
        assert kept is not None
        assert kept.signed_text is not None
        text = client.office.sealer.open(kept.signed_text, f"fsi_message.signed_text/{PHARMACY}/{msgid}")
        assert b"8c1f5e0d6b7a49d2a3e4f50617283940" not in text
        assert kept.key_id in kept.caller
        assert kept.key_id

    def test_somebody_elses_keys_prove_nothing(self, store: Store, area: Area) -> None:
        client = Client(store, area)
        party = replace(
            SECRETS.institution(PHARMACY),
            secret="another secret of sixteen or more",
            token="another token",
            sm2_private=read_party({"sm2_private_key": "1" * 64}).sm2_private,
        )
        foreign = replace(SECRETS, institutions={PHARMACY: party})
        reply = client.office.answering.answer(client.send(secrets=foreign))
        assert reply.outcome is Outcome.UNPROVED
        assert client.office.answering.answer(replace(client.send(secrets=foreign), voice=VOICE)).outcome in {
            Outcome.REFUSED,
            Outcome.UNPROVED,
        }


@pytest.mark.req("T-45")
@pytest.mark.parametrize("area", [shipped_area("guangdong"), PORTAL], ids=lambda one: one.signer)
def test_a_signature_is_good_for_one_message_and_not_for_long(store: Store, area: Area) -> None:
    client = Client(store, area)
    post, other = client.send(), client.send()
    assert client.office.answering.answer(post).outcome is Outcome.ANSWERED
    if area.transport == "plain":
        replayed = client.office.answering.answer(replace(other, headers=post.headers))
        assert (replayed.outcome, replayed.code) == (Outcome.UNPROVED, "fsi.replayed")
    late = client.send()
    reply = client.office.answering.answer(replace(late, arrived_at=late.arrived_at + timedelta(minutes=6)))
    assert (reply.outcome, reply.code) == (Outcome.UNPROVED, "fsi.out_of_window")


@pytest.mark.parametrize("area", [shipped_area("guangdong"), PORTAL], ids=lambda one: one.signer)
def test_the_very_same_request_gets_the_answer_that_was_given_and_nothing_else(store: Store, area: Area) -> None:
    client = Client(store, area)
    done, asked = client.send(), client.send({"medinsinfo": {"fixmedins_type": "2"}}, "1201")
    refused = client.send({"signOut": {"opter_no": "wang"}}, "9002")
    answers = [client.office.answering.answer(post) for post in (done, asked, refused)]
    repeats = [client.office.answering.answer(post) for post in (done, asked, refused)]
    assert [one.outcome for one in repeats] == [Outcome.REPEATED, Outcome.REPEATED, Outcome.UNPROVED]
    assert [one.body for one in repeats[:2]] == [one.body for one in answers[:2]]
    assert repeats[2].code == "fsi.replayed"


def test_nonces_are_forgotten_once_they_are_too_old(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.fsi.proving._FORGETS_EVERY", 1)
    client = Client(store, shipped_area("guangdong"))
    first = client.send()
    client.office.answering.answer(first)
    client.office.clock.forward(minutes=11)
    client.office.answering.answer(client.send())
    with store.writing() as connection:
        account, nonce = "pharmacy-0000-01", f"pharmacy-0000-01:{1:032d}"
        assert fsi_sessions.claim_nonce(connection, account, nonce, b"", NOON)


def test_an_sm2_signature_alone_does_not_say_who_calls(store: Store) -> None:
    client = Client(store, SM_ONLY)
    post = client.send()
    assert client.office.answering.answer(post).code == "fsi.unproved"
    reply = client.office.answering.answer(replace(post, voice=VOICE))
    assert client.read(reply)["infcode"] == 0
    unsigned = Post(client.office.body("9001", SIGN_IN), {}, VOICE, NOON)
    reply = client.office.answering.answer(unsigned)
    assert (reply.outcome, reply.code) == (Outcome.REFUSED, "fsi.signature_missing")


class TestByTerminal:
    """Where the seal of a terminal proves who calls."""

    @pytest.mark.parametrize("name", ["base", "guangdong", "jilin"])
    def test_the_seal_stands_for_headers_and_signature(self, store: Store, name: str) -> None:
        client = Client(store, shipped_area(name))
        FakeTerminal(institution=PHARMACY).registered(store)
        reply = client.office.answering.answer(Post(client.office.body("9001", SIGN_IN), {}, TERMINAL, NOON))
        assert json.loads(reply.body)["infcode"] == 0

    def test_what_is_signed_and_hidden_all_the_same_is_checked_and_opened(self, store: Store) -> None:
        client = Client(store, shipped_area("jilin"))
        FakeTerminal(institution=PHARMACY).registered(store)
        reply = client.office.answering.answer(replace(client.send(), headers={}, voice=TERMINAL))
        assert isinstance(json.loads(reply.body)["output"], str)
        assert client.read(reply)["infcode"] == 0
        broken = replace(client.send(), headers={}, voice=TERMINAL)
        fields = json.loads(broken.body)
        fields["cainfo"] = fields["cainfo"][:-4] + "AAA="
        reply = client.office.answering.answer(replace(broken, body=json.dumps(fields).encode()))
        assert reply.outcome is Outcome.REFUSED

    def test_another_institutions_terminal_is_refused(self, store: Store) -> None:
        client = Client(store, BASE)
        FakeTerminal(institution="P35020000009").registered(store)
        reply = client.office.answering.answer(Post(client.office.body("9001", SIGN_IN), {}, TERMINAL, NOON))
        assert reply.code == "fsi.not_your_institution"


class TestPasswords:
    """Where the area asks for a person's password."""

    @pytest.fixture
    def counter(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> Counter:
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        area = replace(shipped_area("neimenggu"), required={}, spellings={}, lengths={})
        made = open_counter(store, area=area)
        with store.writing() as connection:
            digest = made.office.sealer.digest("02", CARD[LI])
            hashed = passwords.hash_password("135790")
            shown = Credential("02", digest, LI, None, hashed, NOON - timedelta(days=9), None)
            insured.put_credentials(connection, [shown])
        return made

    def code(self, counter: Counter, password: str | None, **said: object) -> str:
        sale = counter.sale(counter.line(), **said)
        return counter.office.post(counter.office.body("2102", sale, cainfo=password))[0].code

    def test_the_right_one_settles_and_another_does_not(self, counter: Counter) -> None:
        assert self.code(counter, "135790") == ""
        assert self.code(counter, "246800") == "fsi.password_wrong"
        assert self.code(counter, None) == "fsi.password_missing"

    def test_who_has_none_on_record_cannot_prove_it(self, counter: Counter) -> None:
        assert self.code(counter, "135790", psn_no="PSN0003") == "fsi.password_wrong"

    def test_it_cannot_be_found_by_trying(self, counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
        codes = [self.code(counter, f"{number:06d}") for number in range(person_passwords.TRIES + 1)]
        assert codes == ["fsi.password_wrong"] * person_passwords.TRIES + ["fsi.password_locked"]
        assert self.code(counter, "135790") == "fsi.password_locked"
        asked = counter.office.answering._passwords
        assert asked is not None
        later = asked._monotonic() + person_passwords.LOCKED_FOR_S + 1
        monkeypatch.setattr(asked, "_monotonic", lambda: later)
        assert self.code(counter, "135790") == ""

    def test_who_speaks_for_nobody_named_neither_learns_nor_locks_anything(self, counter: Counter) -> None:
        stranger = Voice(CallerKind.TOKEN, "tok9")
        for password in ("135790", *["246800"] * person_passwords.TRIES):
            body = counter.office.body("2102", counter.sale(counter.line()), cainfo=password)
            assert counter.office.post(body, voice=stranger)[0].code == "fsi.not_your_institution"
        assert self.code(counter, "135790") == ""

    def test_one_institution_locks_a_credential_at_no_other(self, counter: Counter) -> None:
        with counter.office.store.writing() as connection:
            bound = institutions.Caller(CallerKind.TOKEN, "tok1", HOSPITAL, "admin", NOON)
            institutions.bind_caller(connection, bound)
        for _ in range(person_passwords.TRIES + 1):
            body = counter.office.body("2102", counter.sale(counter.line()), cainfo="1", fixmedins_code=HOSPITAL)
            code = counter.office.post(body)[0].code
        assert code == "fsi.password_locked"
        assert self.code(counter, "135790") == ""

    def test_a_message_that_was_answered_gets_its_answer_while_the_credential_is_locked(self, counter: Counter) -> None:
        body = counter.office.body("2102", counter.sale(counter.line()), cainfo="135790")
        first = counter.office.post(body)[0]
        while self.code(counter, "246800") != "fsi.password_locked":
            pass
        again = counter.office.post(body)[0]
        assert (again.outcome, again.body) == (Outcome.REPEATED, first.body)

    def test_mock_is_for_test_areas(self, counter: Counter) -> None:
        body = counter.office.body("2102", counter.sale(counter.line()), signtype="MOCK")
        assert counter.office.post(body)[0].code == "fsi.signature_wrong"
