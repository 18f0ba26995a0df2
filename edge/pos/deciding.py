"""What is done with one message before it goes on: as it is, with its codes, or not at all.

A message that cannot be read, that carries no codes in this area or does not fit its table goes on as it is. One that
its sender signed is changed only where the terminal holds the institution's key; else its codes follow by a 3505 of
our own.
"""

from __future__ import annotations

import secrets as random_numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from codes.errors import YimaError
from codes.words import Words
from edge.errors import EdgeError
from edge.pos.errors import CodesShortError
from edge.pos.ports import Goods, LineScans, SaleRef, Scans
from edge.pos.proofs import is_signed
from edge.pos.reading import HIDDEN, Reader, Said, read_lines
from edge.pos.settled import number_of, person_of
from edge.pos.upstream import Headers, Post, with_headers
from rules.scan_binding import Binding, SaleLine, ScannedPack, bind, in_part
from wire.fsi.areas import Area
from wire.fsi.enriching import LineCodes, carries_codes, enrich, enrich_input
from wire.fsi.record import Message
from wire.fsi.signing.exact_text import members_of
from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import Sending
from wire.fsi.signing.protection import Protection
from wire.fsi.table_files import table_names

SETTLEMENTS = frozenset({"2102", "2207"})
SALES = frozenset({"3505", "3505A", "3506"})
RETURN = "3506"
_STOCK = frozenset({"3501", "3501A", "3502"})
_OFFERED = SETTLEMENTS | {"2101"}
"""Whose lines do not say that they are sold in part."""
_BOUND = SETTLEMENTS | SALES | _STOCK | {"2101"}
_MOST_VISITS = 2_000
_NONCE_BYTES = 16
_NO_LINES = Words("没有见到该次就诊的费用明细（2204）", "the fee lines of this visit (2204) did not go by")
PLAIN = "plain"


class Policy(StrEnum):
    """What happens when codes are short, or scanned for nothing."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes on."""

    post: Post
    said: Said
    remarks: tuple[Words, ...] = ()
    short: EdgeError | None = None
    """Set if nothing goes on."""
    put_in: tuple[str, ...] = ()
    bound: tuple[LineScans, ...] = ()
    """Codes from the desk, by line."""
    owed: tuple[LineScans, ...] = ()
    """Codes that should have gone with the message, and could not."""
    setl_id: str = ""
    """Of the sale that a ledger message belongs to."""
    is_hidden_here: bool = False
    """We signed or hid what came in clear, so the answer is to be given in clear."""
    is_signed_here: bool = False
    """Its signature is ours: sent again, it is made anew."""
    carried: tuple[str, ...] = ()
    """Codes that a ledger message tells, its own and ours."""
    lacks: frozenset[str] = frozenset()
    """National codes of lines that lack codes."""
    desk: str = ""
    """Where it was sent."""


@dataclass(frozen=True, slots=True)
class Keys:
    """How the area protects messages, and the keys that the terminal holds."""

    protection: Protection
    secrets: Secrets
    signs_unsigned: bool = True
    """Whether known messages that came unsigned are signed where the area wants it."""
    new_nonce: Callable[[], str] = field(default=lambda: random_numbers.token_hex(_NONCE_BYTES))


class Decider:
    """Decides for one area."""

    def __init__(self, area: Area, policy: Policy, keys: Keys, scans: Scans, goods: Goods) -> None:
        self._area = area
        self._policy = policy
        self._keys = keys
        self._scans = scans
        self._goods = goods
        self.reader = Reader(keys.protection, keys.secrets)
        self._visits: dict[tuple[str, str, str], tuple[SaleLine, ...]] = {}

    async def decide(self, post: Post, desk: str, now: datetime) -> Plan:
        """Return what is to be done with a message."""
        said = self.reader.request(post.body)
        if said.infno == "2204":
            self._note_visit(said)
        if said.infno not in _BOUND:
            plan = Plan(post, said, (_untouched(said.why),) if said.is_beyond and said.why else ())
            return self._signed_if_wanted(plan, now)
        if said.is_hidden and said.input is None:
            return Plan(post, said, (_untouched(HIDDEN),))
        read = read_lines(said.infno, said.input, self._area, self._goods)
        if read.message is None:
            why = said.why or read.why
            return Plan(post, said, (_untouched(why),) if why else ())
        lines = read.lines if said.infno != "2207" else self._lines_of_visit(said, read.message)
        if said.infno == "2207" and not lines:
            # This process saw no 2204, or one without lines: nobody can say what is short, so nothing is stopped.
            return self._signed_if_wanted(Plan(post, said, (_untouched(_NO_LINES),)), now)
        setl_id = _setl_id(said.infno, read.message)
        scans = await self._candidates(said, lines, setl_id, desk)
        found = bind(in_part(lines, scans) if said.infno in _OFFERED else lines, scans)
        plan = Plan(
            post, said, self._remarks(said.infno, found), bound=_bound(found), setl_id=setl_id,
            carried=_carried(said.infno, found), desk=desk,
            lacks=frozenset(one.line.item for one in found.lines if one.short),
        )  # fmt: skip
        if plan.remarks and self._policy is Policy.BLOCK and self._is_wrong(said.infno, found):
            return Plan(post, said, plan.remarks, CodesShortError(plan.remarks[0]))
        return self._with_codes(plan, found, now)

    def clear_answer(self, body: bytes, institution: str, now: datetime) -> bytes:
        """Return an answer as the POS would have got it without us in between.

        Raises:
            SigningError: It is not the platform's, or does not open.
        """
        return self._keys.protection.read_answer(body, self._keys.secrets, institution, now)

    async def _candidates(
        self, said: Said, lines: Sequence[SaleLine], setl_id: str, desk: str
    ) -> Sequence[ScannedPack]:
        """Return the scans that may belong to the message: those of its sale before those that lie at the desk."""
        if said.infno in _STOCK:
            return await self._scans.at_desk(desk, is_delivery=True)
        own: Sequence[ScannedPack] = ()
        if setl_id:
            own = await self._scans.of_sale(SaleRef(said.institution, setl_id))
        if said.infno == RETURN:
            return _all_of_them(lines, own)
        if own and not any(one.short for one in bind(lines, own).lines):
            return own
        there = own or await self._scans.at_desk(desk)
        sale = SaleRef(said.institution, setl_id, number=number_of(said, self._area), person=person_of(said))
        if not setl_id and not (said.infno in SETTLEMENTS and sale.number and sale.person):
            return there
        # What stays of a sale of which packs came back is settled anew, and not scanned again; but what was scanned
        # for it comes first. Where it was not clear at the settlement which they are, it may be by now.
        before = await self._scans.still_out(sale)
        scanned = frozenset(item for one in there for item in one.items)
        return (*(one for one in _all_of_them(lines, before) if not one.items & scanned), *there)

    def holds_keys_of(self, institution: str) -> bool:
        """Tell whether the terminal can sign for an institution."""
        return institution in self._keys.secrets.institutions

    def signed_again(self, post: Post, now: datetime) -> Post:
        """Return a message that was signed here with a signature of now; its content stays what it was.

        Raises:
            SigningError: The key is not here any more.
        """
        said = self.reader.request(post.body)
        text = said.input_text or bytes(members_of(said.envelope)["input"])
        headers, body = self._sent_by_us(post, said, text, now)
        return replace(post, headers=headers, body=body)

    def _remarks(self, infno: str, found: Binding) -> tuple[Words, ...]:
        if infno in _STOCK:
            return ()
        short = []
        for one in found.lines:
            if one.short:
                name = self._goods.name(one.line.item)
                drug = f"{one.line.item} {name}".strip()
                short.append(
                    Words(
                        f"明细 {one.line.serial}（{drug}）还差 {one.short} 个追溯码",
                        f"line {one.line.serial} ({drug}) lacks {one.short} trace codes",
                    )
                )
        return (*short, *_extra(found)) if infno in SETTLEMENTS else tuple(short)

    @staticmethod
    def _is_wrong(infno: str, found: Binding) -> bool:
        is_short = any(one.short for one in found.lines)
        if infno in SETTLEMENTS:
            return is_short or bool(found.extra)
        # One of several messages of a sale: what lies at the desk belongs to the others. Stock and trials never wait.
        return infno in SALES and is_short

    def _with_codes(self, plan: Plan, found: Binding, now: datetime) -> Plan:
        said = plan.said
        if not carries_codes(said.infno, self._area) or not plan.bound:
            return self._signed_if_wanted(plan, now)
        wanted = [
            LineCodes(row, one.added, one.line.serial, is_split=one.line.is_split or one.line.count % 1 != 0)
            for row, one in enumerate(found.lines)
            if one.added
        ]
        if not self._is_signed(plan.post.headers, said):
            done = enrich(plan.post.body, self._area, said.infno, wanted)
            if not done.added:
                return self._untouched(plan, done.why)
            changed = _changed(plan, plan.post.headers, done.text, done.added)
            return self._signed_if_wanted(changed, now)
        try:
            return self._signed_anew(plan, wanted, now)
        except YimaError as exc:
            return self._untouched(plan, exc.words)

    def _untouched(self, plan: Plan, why: Words | None) -> Plan:
        remarks = (*plan.remarks, *((_untouched(why),) if why else ()))
        return replace(plan, remarks=remarks, owed=plan.bound if why else ())

    def _signed_anew(self, plan: Plan, wanted: Sequence[LineCodes], now: datetime) -> Plan:
        said = plan.said
        text = said.input_text or bytes(members_of(said.envelope)["input"])
        if text.startswith(b'"'):
            text = str(said.members["input"]).encode()
        done = enrich_input(text, self._area, said.infno, wanted)
        if not done.added:
            return self._untouched(plan, done.why)
        in_place = enrich(plan.post.body, self._area, said.infno, wanted).text
        headers, body = self._sent_by_us(Post("", b"", plan.post.headers, in_place), said, done.text, now)
        return replace(_changed(plan, headers, body, done.added), is_signed_here=True)

    def _sent_by_us(self, post: Post, said: Said, input_text: bytes, now: datetime) -> tuple[Headers, bytes]:
        """Sign, hide and wrap a message with the institution's own key; where only headers prove it, only they change.

        Raises:
            SigningError: The key is not here, or a person's password would be needed.
        """
        protection, secrets = self._keys.protection, self._keys.secrets
        secrets.institution(said.institution)
        members: Mapping[str, object] = members_of(said.envelope)
        fields = {name: value for name, value in members.items() if name not in {"input", "cainfo", "enc_type"}}
        sending = Sending(said.infno, said.institution, input_text, self._keys.new_nonce())
        sent = protection.send(fields, sending, secrets, now)
        is_in_body = (
            protection.signer.covers_input or protection.encryptor.enc_type or protection.transport.name != PLAIN
        )
        own = {name: value for name, value in sent.headers.items() if is_in_body or name != "Content-Type"}
        return with_headers(post.headers, own), sent.body if is_in_body else post.body

    def _signed_if_wanted(self, plan: Plan, now: datetime) -> Plan:
        """Sign what the POS left unsigned, where the area wants it and the key is here."""
        said, keys = plan.said, self._keys
        is_bare = self._area.signer == "none" and self._area.encryptor == "none"
        if is_bare or not keys.signs_unsigned or said.institution not in keys.secrets.institutions:
            return plan
        if (
            not carries_known(said.infno)
            or not isinstance(said.input, dict)
            or self._is_signed(plan.post.headers, said)
        ):
            return plan
        try:
            text = bytes(members_of(plan.post.body)["input"])
            if text.startswith(b'"'):
                text = str(said.members["input"]).encode()
            own = self.reader.request(plan.post.body)
            headers, body = self._sent_by_us(plan.post, own, text, now)
        except YimaError as exc:
            return replace(plan, remarks=(*plan.remarks, exc.words))
        return replace(
            plan, post=replace(plan.post, headers=headers, body=body), is_hidden_here=True, is_signed_here=True
        )

    def _is_signed(self, headers: Headers, said: Said) -> bool:
        return is_signed(headers, said, is_proof_password=self._area.signer == "card_password")

    def _note_visit(self, said: Said) -> None:
        read = read_lines("2204", said.input, self._area, self._goods)
        if read.message is None:
            return
        for row, line in zip(read.message.many("feedetail"), read.lines, strict=True):
            key = (said.institution, row.text("mdtrt_id"), row.text("chrg_bchno"))
            known = {one.serial: one for one in self._visits.pop(key, ())}
            self._visits[key] = tuple({**known, line.serial: line}.values())
        while len(self._visits) > _MOST_VISITS:
            del self._visits[next(iter(self._visits))]

    def _lines_of_visit(self, said: Said, message: Message) -> tuple[SaleLine, ...]:
        asked = message.one("data")
        lines = self._visits.get((said.institution, asked.text("mdtrt_id"), asked.text("chrg_bchno")), ())
        told: dict[str, tuple[str, ...]] = {}
        for one in message.many("drug_trac_info"):
            serial = one.text("feedetl_sn")
            told[serial] = (*told.get(serial, ()), one.text("drug_trac_codg"))
        return tuple(
            SaleLine(
                line.serial, line.item, line.count, line.units_per_pack, line.is_split,
                (*line.has, *told.get(line.serial, ())),
            )
            for line in lines
        )  # fmt: skip


def carries_known(infno: str) -> bool:
    """Tell whether the interface has a table of this transaction: only such a message is signed for its sender."""
    return infno in table_names()


def _changed(plan: Plan, headers: Headers, body: bytes, added: tuple[str, ...]) -> Plan:
    return replace(plan, post=replace(plan.post, headers=headers, body=body), put_in=added)


def _carried(infno: str, found: Binding) -> tuple[str, ...]:
    return tuple(code for one in found.lines for code, _ in one.codes) if infno in SALES else ()


def _all_of_them(lines: Sequence[SaleLine], own: Sequence[ScannedPack]) -> Sequence[ScannedPack]:
    """Return the codes of goods whose packs are all meant: of one among several nobody here can tell which it is."""
    needs = {item: sum(line.needs for line in lines if line.item == item) for item in (line.item for line in lines)}
    return [
        scan for scan in own if any(needs.get(item) == sum(item in other.items for other in own) for item in scan.items)
    ]


def _bound(found: Binding) -> tuple[LineScans, ...]:
    return tuple(LineScans(one.line, one.added) for one in found.lines if one.added)


def _extra(found: Binding) -> tuple[Words, ...]:
    return tuple(
        Words(
            f"追溯码 {_short_code(one.code)} 不属于本单任何明细",
            f"code {_short_code(one.code)} belongs to no line of this sale",
        )
        for one in found.extra
    )


def _short_code(code: str) -> str:
    """Codes are told cut: a journal is no place for them."""
    return f"{code[:7]}…{code[-4:]}" if len(code) > 12 else code  # noqa: PLR2004 - what is left must be shorter


def _setl_id(infno: str, message: Message) -> str:
    if infno not in SALES:
        return ""
    node = "selinfoDetail" if infno == "3505A" else "selinfo"
    return next((row.text_or("setl_id", "") for row in message.many(node)), "")


def _untouched(why: Words) -> Words:
    return Words(f"未加追溯码，原样转发：{why.zh}", f"passed on as it came, without codes: {why.en}")
