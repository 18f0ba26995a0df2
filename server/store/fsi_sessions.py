"""Sign-ins of the national interface, signatures that were used, and the files of 9101 and 9102."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from server.store import bulk
from server.store.fsi_tables import fsi_file, fsi_nonce, fsi_sign_in
from server.store.records import Records
from server.store.times import micros


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who has signed in with 9001."""

    sign_no: str
    institution: str
    operator: str
    caller: str
    mac: str
    ip: str
    began_at: datetime
    until_at: datetime
    """When it runs out by itself."""
    ended_at: datetime | None
    """When it was ended before that."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was uploaded, or made for somebody to fetch."""

    number: str
    """`file_qury_no`."""
    institution: str
    """Whose; empty for everybody's."""
    filename: str
    purpose: str
    """upload, catalogue or differences."""
    digest: bytes
    """SM3 of the content."""
    content: bytes
    made_at: datetime
    until_at: datetime


_SIGN_INS = Records(fsi_sign_in, SignIn)
_FILES = Records(fsi_file, StoredFile)
_SIGN_IN = select(fsi_sign_in).where(fsi_sign_in.c.sign_no == bindparam("sign_no"))


def add_sign_in(connection: Connection, sign_in: SignIn) -> None:
    """Remember a sign-in."""
    connection.execute(insert(fsi_sign_in).values(_SIGN_INS.values(sign_in)))


def load_sign_in(connection: Connection, sign_no: str) -> SignIn | None:
    """Return one sign-in."""
    row = connection.execute(_SIGN_IN, {"sign_no": sign_no}).first()
    return None if row is None else _SIGN_INS.record(row)


def load_sign_ins(connection: Connection, institution: str, operator: str, at: datetime) -> list[SignIn]:
    """Return the sign-ins of an operator that hold at a moment, the newest first."""
    found = fsi_sign_in.c
    asked = select(fsi_sign_in).where(
        found.institution == institution,
        found.operator == operator,
        found.began_us <= micros(at),
        found.until_us > micros(at),
        found.ended_us.is_(None),
    )
    return _SIGN_INS.records(connection.execute(asked.order_by(found.began_us.desc(), found.sign_no)))


def end_sign_in(connection: Connection, sign_no: str, at: datetime) -> bool:
    """End a sign-in; return whether it was still open."""
    found = fsi_sign_in.c
    ended = update(fsi_sign_in).where(found.sign_no == sign_no, found.ended_us.is_(None)).values(ended_us=micros(at))
    return connection.execute(ended).rowcount > 0


def claim_nonce(connection: Connection, key_id: str, nonce: str, content: bytes, until: datetime) -> bool:
    """Remember that a signature was used, and with which content (its SM3); return whether it was new."""
    return bulk.insert_missing(connection, fsi_nonce, [(key_id, nonce, micros(until), content)]) == 1


def load_nonce(connection: Connection, key_id: str, nonce: str) -> bytes | None:
    """Return with which content a signature was used first; None if it was not used."""
    asked = select(fsi_nonce.c.content).where(fsi_nonce.c.key_id == key_id, fsi_nonce.c.nonce == nonce)
    found: bytes | None = connection.scalar(asked)
    return found


def forget_nonces(connection: Connection, now: datetime) -> int:
    """Forget signatures that are too old to be used again; return how many."""
    return connection.execute(delete(fsi_nonce).where(fsi_nonce.c.until_us <= micros(now))).rowcount


def add_file(connection: Connection, file: StoredFile) -> None:
    """Keep a file."""
    connection.execute(insert(fsi_file).values(_FILES.values(file)))


def load_file(connection: Connection, number: str) -> StoredFile | None:
    """Return one file."""
    row = connection.execute(select(fsi_file).where(fsi_file.c.number == number)).first()
    return None if row is None else _FILES.record(row)


def forget_files(connection: Connection, now: datetime) -> int:
    """Forget files that nobody may fetch any more; return how many."""
    return connection.execute(delete(fsi_file).where(fsi_file.c.until_us <= micros(now))).rowcount
