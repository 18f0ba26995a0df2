"""Comparing the password that a person typed with the one on record, where an area asks for it.

Always outside the transaction that writes: the comparison is slow on purpose. Wrong ones lock the credential for a
while, in this process and for the institution that sent them: it must not find a password by trying, and must not keep
anybody from being served elsewhere.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime

from codes.words import Words
from server.fsi.case import Case
from server.fsi.refusals import PasswordLockedError, PasswordWrongError
from server.people.sealing import Sealer
from server.store import insured
from server.store.database import Connection, Store
from server.store.insured import Credential
from web.passwords import hash_password, new_token, verify_password
from wire.fsi.signing import Password

TRIES = 5
LOCKED_FOR_S = 900.0
_REMEMBERED = 10_000
_CHECKS_AT_ONCE = 2
"""Argon2 takes 19 MiB each time."""
_KIND, _NUMBER, _PERSON = "mdtrt_cert_type", "mdtrt_cert_no", "psn_no"


class PersonPasswords:
    """Compares, and counts what was wrong."""

    def __init__(self, store: Store, sealer: Sealer, monotonic: Callable[[], float]) -> None:
        self._store, self._sealer, self._monotonic = store, sealer, monotonic
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)
        self._lock = threading.Lock()
        self._wrong: OrderedDict[bytes, tuple[int, float]] = OrderedDict()
        """By institution and what was shown: wrong ones in a row, and until when it is locked."""
        # What is compared where there is none on record, so that the answer takes as long.
        self._nobody = hash_password(new_token())

    def check(self, case: Case, password: Password) -> None:
        """Let a message pass whose password is right.

        Raises:
            PasswordWrongError: It is not, or there is none on record.
            PasswordLockedError: It was wrong too often.
        """
        if password.is_mock:
            return
        shown = self._sealer.digest("shown", f"{case.request.institution}/{_shown(case)}")
        self._refuse_locked(shown)
        with self._store.reading() as connection:
            known = list(self._known(connection, case))
        kept = [one.password_digest for one in known if one.password_digest is not None]
        with self._checks:
            is_right = any(verify_password(digest, password.text or "").is_right for digest in kept or [self._nobody])
        if not (kept and password.text and is_right):
            self._count(shown)
            raise PasswordWrongError(Words("参保人密码错误", "The person's password is wrong"))
        with self._lock:
            self._wrong.pop(shown, None)

    def _known(self, connection: Connection, case: Case) -> Iterator[Credential]:
        """Yield what the message shows; if it shows nothing, what the person could show."""
        at: datetime = case.proved.post.arrived_at
        for kind, number in _credentials(case):
            found = insured.load_credential(connection, kind, self._sealer.digest(kind, number))
            if found is not None:
                yield found
            return
        for psn_no in _texts(case, _PERSON):
            yield from insured.load_credentials(connection, psn_no, at)
            return

    def _refuse_locked(self, shown: bytes) -> None:
        with self._lock:
            times, until_s = self._wrong.get(shown, (0, 0.0))
        if times >= TRIES and self._monotonic() < until_s:
            raise PasswordLockedError(Words("密码错误次数过多，暂停验证", "Too many wrong passwords; try later"))

    def _count(self, shown: bytes) -> None:
        now_s = self._monotonic()
        with self._lock:
            times, until_s = self._wrong.pop(shown, (0, 0.0))
            times = 1 if now_s >= until_s else times + 1
            self._wrong[shown] = times, now_s + LOCKED_FOR_S
            while len(self._wrong) > _REMEMBERED:
                self._wrong.popitem(last=False)


def _shown(case: Case) -> str:
    parts = [part for credential in _credentials(case) for part in credential] or list(_texts(case, _PERSON))
    return "/".join(parts[:2])


def _credentials(case: Case) -> Iterator[tuple[str, str]]:
    for node in case.table.input:
        for record in case.message.many(node.name):
            if _KIND in record and _NUMBER in record:
                yield record.text(_KIND), record.text(_NUMBER)


def _texts(case: Case, name: str) -> Iterator[str]:
    for node in case.table.input:
        for record in case.message.many(node.name):
            if name in record:
                yield record.text(name)
