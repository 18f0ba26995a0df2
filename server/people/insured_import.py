"""People, how they are insured and what holds of them, taken from lists: all of it or nothing.

Every line is checked, against the others and against what is stored, before the first is written. Importing the same
list again changes nothing. A row is known by its key (person, kind, beginning): importing it anew with another last day
ends it or prolongs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from codes.words import Words
from server.people.balances import BalanceChange, Balances, sums_of
from server.people.drafting import sorted_out
from server.people.insured import IDENTITY_CARD, opened, sealed
from server.people.insured_draft import Draft, draft_of
from server.people.insured_lists import BALANCES, CREDENTIALS, FACTS, FAMILY, INSURANCES, PEOPLE, SHEETS, TOTALS
from server.people.list_file import Counts, Fault, ListFile, read_lists, refuse_faults
from server.people.roles import Person as Officer
from server.people.sealing import Sealer
from server.store import audit, insured, year_openings
from server.store.database import Connection, Store
from server.store.insured import Credential, Insurance
from server.store.times import micros
from server.store.year_openings import YearOpening


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to, or, of a trial, would come to."""

    counts: Mapping[str, Counts]
    """By list."""
    balances: tuple[BalanceChange, ...]
    """Accounts that hold something else than before."""


def import_insured(
    store: Store, sealer: Sealer, *contents: bytes, by: Officer, now: datetime, is_trial: bool = False
) -> Imported:
    """Take what files say, as if it were one, and return how much of each list was new, changed or known already.

    Args:
        store: Where to put it.
        sealer: The store's.
        contents: The files.
        by: Who imports it.
        now: The time.
        is_trial: Check and count, and write nothing.

    Raises:
        ListFileError: A file cannot be read.
        ListFaultsError: Some lines cannot be used; nothing was written.
    """
    files = [read_lists(content, SHEETS) for content in contents]
    file = ListFile(
        tuple(line for one in files for line in one.lines), tuple(fault for one in files for fault in one.faults)
    )
    with store.reading() if is_trial else store.writing() as connection:
        draft = draft_of(file, lambda kind, number: _number_of(connection, sealer, kind, number))
        if not is_trial:
            # Before anything of theirs is read, so that what is compared is what is changed.
            insured.lock_people(connection, draft.psn_nos)
        importing = _Importing(connection, sealer, draft, now)
        refuse_faults([*draft.faults, *importing.faults()])
        counts = importing.take(is_trial=is_trial)
        balances = [one for one in importing.balances.changes if one.before != one.after]
        if not is_trial and any(one.added or one.changed for one in counts.values()):
            detail: dict[str, object] = {name: [one.added, one.changed] for name, one in counts.items()}
            if balances:
                detail["balance_sums"] = [str(one) for one in sums_of(balances)]
            audit.record(
                connection, at_us=micros(now), who=by.name, action="insured.import", subject="lists", detail=detail
            )
    return Imported(counts, tuple(balances))


def _number_of(connection: Connection, sealer: Sealer, kind: str, number: str) -> str | None:
    found = insured.find_by_certificate(connection, sealer.digest(kind, number))
    return found[0].psn_no if found else None


class _Importing:
    """One import: a draft against what is stored."""

    def __init__(self, connection: Connection, sealer: Sealer, draft: Draft, now: datetime) -> None:
        self._connection = connection
        self._sealer = sealer
        self._draft = draft
        self._now = now
        self.balances = Balances(connection, draft.balances, now)
        self._credentials = {
            (one.kind, sealer.digest(one.kind, one.number)): (key, one) for key, one in draft.credentials.values.items()
        }

    def faults(self) -> Iterator[Fault]:
        """Yield what contradicts the store."""
        draft = self._draft
        known = insured.load_people(self._connection, draft.psn_nos).keys() | draft.people.values.keys()
        for psn_no, line, column in draft.mentioned:
            if psn_no not in known:
                yield line.fault(column, "people.unknown", Words(f"没有人员 {psn_no}", f"there is no person {psn_no}"))
        yield from self._taken_certificates()
        yield from self._taken_credentials()
        yield from self._overlaps()
        yield from self.balances.faults()

    def take(self, *, is_trial: bool) -> Mapping[str, Counts]:
        """Write what is new or changed, unless it is a trial, and return how much that is."""
        connection, draft, counts = self._connection, self._draft, dict[str, Counts]()
        people = insured.load_people(connection, list(draft.people.values))
        identities = {psn_no: opened(person, self._sealer) for psn_no, person in people.items()}
        counts[PEOPLE], who = sorted_out(identities, draft.people.values)
        held = {_key_of(one): one for one in insured.load_insurances_of_all(connection, draft.psn_nos)}
        counts[INSURANCES], insurances = sorted_out(held, draft.insurances.values)
        shown = self._known_credentials()
        counts[CREDENTIALS], credentials = sorted_out(shown, self._sealed_credentials(shown))
        facts_before = {
            (one.psn_no, one.kind, one.code, one.from_day): one
            for one in insured.load_facts_of_all(connection, draft.psn_nos)
        }
        counts[FACTS], facts = sorted_out(facts_before, draft.facts.values)
        families = {
            (one.receiver, one.giver, one.from_day): one
            for one in insured.load_bindings_of_all(connection, draft.psn_nos)
        }
        counts[FAMILY], bindings = sorted_out(families, draft.bindings.values)
        counts[BALANCES] = self.balances.counts()
        told = {
            (one.psn_no, one.year, one.key): one.amount
            for one in year_openings.load_openings_of_all(connection, draft.psn_nos)
        }
        counts[TOTALS], _ = sorted_out(told, draft.openings.values)
        if not is_trial:
            # A number that was wrong, and is corrected now, must not lead to this person any more.
            wrong = [
                self._sealer.digest(IDENTITY_CARD, identities[one.psn_no].certno)
                for one in who
                if one.psn_no in identities and one.certno != identities[one.psn_no].certno
            ]
            insured.remove_credentials(connection, IDENTITY_CARD, wrong)
            insured.put_people(connection, [sealed(one, self._sealer, self._now) for one in who])
            insured.put_insurances(connection, insurances)
            insured.put_credentials(connection, credentials)
            insured.put_facts(connection, facts)
            insured.put_bindings(connection, bindings)
            openings = [YearOpening(*key, amount, self._now) for key, amount in draft.openings.values.items()]
            year_openings.put_openings(connection, openings)
            self.balances.write()
        return {name: one for name, one in counts.items() if one != Counts(0, 0, 0)}

    def _taken_certificates(self) -> Iterator[Fault]:
        """Yield certificates that are somebody else's, in the file or in the store."""
        digests: dict[bytes, str] = {}
        for psn_no, who in self._draft.people.values.items():
            digest = self._sealer.digest(who.cert_type, who.certno)
            if digests.setdefault(digest, psn_no) != psn_no:
                yield self._taken(psn_no, digests[digest])
        for person in insured.find_people_by_certificates(self._connection, digests):
            owner = digests[person.cert_digest]
            if owner != person.psn_no and person.psn_no not in self._draft.people.values:
                yield self._taken(owner, person.psn_no)

    def _taken(self, psn_no: str, owner: str) -> Fault:
        words = Words(f"已是人员 {owner} 的证件", f"is the certificate of person {owner}")
        return self._draft.people.lines[psn_no].fault("certno", "people.certificate_taken", words)

    def _taken_credentials(self) -> Iterator[Fault]:
        """Yield credentials that are somebody else's."""
        for place, known in self._known_credentials().items():
            key, one = self._credentials[place]
            if known.psn_no != one.psn_no:
                words = Words(f"已是人员 {known.psn_no} 的凭证", f"is a credential of person {known.psn_no}")
                line = self._draft.credentials.lines[key]
                column = "card_no" if line.sheet == PEOPLE else "number"
                yield line.fault(column, "people.credential_taken", words)

    def _known_credentials(self) -> dict[tuple[str, bytes], Credential]:
        digests = {digest for _, digest in self._credentials}
        found = insured.load_credentials_by_digests(self._connection, digests)
        return {(one.kind, one.digest): one for one in found if (one.kind, one.digest) in self._credentials}

    def _sealed_credentials(self, known: Mapping[tuple[str, bytes], Credential]) -> dict[tuple[str, bytes], Credential]:
        """Return the credentials of the file as they are kept; a password that was set stays."""
        found: dict[tuple[str, bytes], Credential] = {}
        for (kind, digest), (_, one) in self._credentials.items():
            before = known.get((kind, digest))
            chip = self._sealer.digest("card_sn", one.chip) if one.chip else before.card_digest if before else None
            password = before.password_digest if before else None
            found[kind, digest] = Credential(kind, digest, one.psn_no, chip, password, one.from_at, one.to_at)
        return found

    def _overlaps(self) -> Iterator[Fault]:
        """Yield insurances of one kind that would hold at the same time."""
        drafted = self._draft.insurances
        people = {one.psn_no for one in drafted.values.values()}
        stored = insured.load_insurances_of_all(self._connection, people)
        whole = {_key_of(one): one for one in stored} | drafted.values
        spans = sorted(whole.values(), key=_key_of)
        for one, following in pairwise(spans):
            is_same = (one.psn_no, one.insutype) == (following.psn_no, following.insutype)
            if is_same and (one.to_day is None or one.to_day >= following.from_day):
                line = drafted.lines.get(_key_of(following)) or drafted.lines.get(_key_of(one))
                if line is not None:
                    yield line.fault("from", "people.overlap", _overlap(one, following))


def _overlap(one: Insurance, following: Insurance) -> Words:
    until_zh, until_en = (one.to_day, f"to {one.to_day}") if one.to_day else ("今", "on")
    return Words(
        f"险种 {one.insutype} 自 {following.from_day} 的参保与 {one.from_day} 至{until_zh}的重叠，请先给前者填截止日期",
        f"the insurance {one.insutype} from {following.from_day} overlaps that from {one.from_day} {until_en}; "
        "give that one a last day",
    )


def _key_of(one: Insurance) -> tuple[str, str, date]:
    return (one.psn_no, one.insutype, one.from_day)
