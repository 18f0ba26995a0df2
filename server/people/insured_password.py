"""The password that somebody types at the desk where an area asks for one: kept as a hash with what they may show."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from codes.words import Words
from server.people.insured import IDENTITY_CARD, RESIDENT_CARD, opened
from server.people.roles import Person as Officer
from server.people.sealing import Sealer
from server.store import audit, insured
from server.store.database import Store
from server.store.insured import Credential
from server.store.times import micros
from web.errors import InvalidRequestError, NotFoundError
from web.passwords import hash_password

_SHORTEST, _LONGEST = 6, 50


def set_password(store: Store, sealer: Sealer, psn_no: str, password: str, *, by: Officer, now: datetime) -> int:
    """Set the password of everything that somebody may show now, their identity card too; return how many that are.

    Raises:
        NotFoundError: There is no such person.
        InvalidRequestError: The password is too short or too long.
    """
    if not _SHORTEST <= len(password) <= _LONGEST or not password.isprintable():
        raise InvalidRequestError(
            Words(f"密码须为 {_SHORTEST}–{_LONGEST} 个字符", f"A password has {_SHORTEST} to {_LONGEST} characters")
        )
    # Slow on purpose, so not while others wait.
    kept = hash_password(password)
    with store.writing() as connection:
        person = insured.load_person(connection, psn_no)
        if person is None:
            raise NotFoundError(Words(f"没有人员 {psn_no}", f"There is no person {psn_no}"))
        shown = {(one.kind, one.digest): one for one in insured.load_credentials(connection, psn_no, now)}
        if person.cert_type == RESIDENT_CARD:
            card = sealer.digest(IDENTITY_CARD, opened(person, sealer).certno)
            shown.setdefault((IDENTITY_CARD, card), Credential(IDENTITY_CARD, card, psn_no, None, None, now, None))
        insured.put_credentials(connection, [replace(one, password_digest=kept) for one in shown.values()])
        audit.record(connection, at_us=micros(now), who=by.name, action="insured.password", subject=psn_no)
    return len(shown)
