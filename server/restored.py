"""What a restored store is filled with, and what it says of its new life: epoch, trust, alarm, audit record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from codes.words import Words
from server.people.roles import COMMAND_LINE
from server.store import audit
from server.store.alarms import Alarm, AlarmKey, raise_alarms
from server.store.backup import Head, Told, open_backup, read_backup
from server.store.database import renew_epoch
from server.store.migrate import migrate
from server.store.times import micros
from server.store.trust import Kind, TrustedAgain, TrustedNow, end_sessions, load_trusted_now, trusted_again
from web.figures import local_time

_MOST_AUDITED = 200


@dataclass(frozen=True, slots=True)
class TrustRestored:
    """Whom the restored store trusts."""

    counts: Mapping[Kind, int]
    """How many, by kind."""
    sessions_ended: int
    again: Sequence[TrustedAgain] | None
    """Trust that was withdrawn or changed since the backup and counts again; None if there was no store to compare
    with, or it could not be read."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Fills an empty database from a backup."""

    file: Path
    head: Head
    epoch: str
    now: datetime
    told: Told

    def fill(self, connection: Connection, former: TrustedNow | None) -> TrustRestored:
        """Fill it, begin its new life, and return whom it trusts, compared with the store that it replaces.

        Raises:
            BackupFileError: The backup could be read before, but cannot now.
        """
        migrate(connection, lambda _revision: None, to=self.head.revision)
        with open_backup(self.file) as source:
            read_backup(connection, source, self.told)
        migrate(connection, lambda _revision: None)
        trusted = load_trusted_now(connection)
        again = None if former is None else trusted_again(trusted, former)
        trust = TrustRestored(trusted.counts, end_sessions(connection), again)
        detail = {"backup_of": self.head.made_at.isoformat(), **audited(trust)}
        begin_life(connection, self.epoch, self.now, detail, _words(self.head, trust))
        return trust


def begin_life(connection: Connection, epoch: str, now: datetime, detail: Mapping[str, object], words: Words) -> None:
    """Give a restored store a new epoch, and say so in the audit trail and to whoever looks at alarms."""
    former = renew_epoch(connection, epoch)
    audit.record(
        connection,
        at_us=micros(now),
        who=COMMAND_LINE.name,
        action="store.restored",
        subject=epoch,
        detail={**detail, "former_epoch": former},
    )
    raise_alarms(connection, [Alarm(AlarmKey("", "store.restored", former), words)], micros(now))


def audited(trust: TrustRestored) -> dict[str, object]:
    """Return what the audit trail keeps of it."""
    again = trust.again or ()
    named = [f"{one.kind} {one.name}: {one.why}" for one in again[:_MOST_AUDITED]]
    return {"sessions_ended": trust.sessions_ended, "trusted_again": len(again), "trusted_again_first": named}


def _words(head: Head, trust: TrustRestored) -> Words:
    made_at = local_time(head.made_at, has_seconds=False)
    zh = f"中心已恢复到 {made_at} 的备份；之后的记录正由各终端补传"
    en = f"The centre was restored to its backup of {made_at}; terminals send what came after"
    if trust.again:
        zh += f"；备份之后撤销的信任有 {len(trust.again)} 项重新生效，请核对"
        en += f"; {len(trust.again)} trusts that were withdrawn since count again: look at them"
    return Words(zh, en)
