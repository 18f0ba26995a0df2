"""Which scanned code belongs to which line of a sale: by what the code's product is, and how many the line needs.

Software that knows no trace codes sends lines; the counter has scans. A line needs a code for each pack that leaves
with it, and one for a part of a pack. A code is bound to lines of its own product only. A code of no known product may
be presumed to belong to the one line that is still short, and is marked so: refusing it would leave an honest sale
unpaid, and passing it silently would hide a swap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from codes.words import Words


@dataclass(frozen=True, slots=True)
class SaleLine:
    """What a line of the sale asks for."""

    serial: str
    """`feedetl_sn`, or what numbers the line."""
    item: str
    """National code (`med_list_codg`)."""
    count: Decimal
    """Packs; below one, or not whole: a part of a pack."""
    units_per_pack: int = 1
    """Where `count` is of smallest units (`is_split`), how many of them make a pack."""
    is_split: bool = False
    """`trdn_flag`: sold by the smallest unit."""
    has: tuple[str, ...] = ()
    """Codes that the line brought along."""

    @property
    def needs(self) -> int:
        """Codes for this line: each opened pack counts once. Of a pack of unknown size nobody can ask for more."""
        if self.is_split and self.units_per_pack <= 1:
            return 1 if self.count > 0 else 0
        packs = self.count / self.units_per_pack if self.is_split else self.count
        return max(0, int(packs.to_integral_value(ROUND_CEILING)))

    @property
    def units(self) -> int | None:
        """Smallest units that are sold, of a line that is sold in part; None of whole packs, or if nobody can tell."""
        if not self.is_split and (self.count % 1 == 0 or self.units_per_pack <= 1):
            return None
        units = self.count if self.is_split else self.count * self.units_per_pack
        return int(units) if units > 0 and units % 1 == 0 else None


@dataclass(frozen=True, slots=True)
class ScannedPack:
    """A code that was scanned at the desk and belongs to no sale yet."""

    code: str
    items: frozenset[str]
    """National codes its product goes by; none if the product is not known."""
    left: int | None = None
    """Smallest units that it holds, where it lies there to be sold in part; None of a whole pack."""


class Basis(StrEnum):
    """Why a code stands on a line."""

    BROUGHT = "brought"
    """The line came with it."""
    PRODUCT = "product"
    """It is a code of the line's product."""
    PRESUMED = "presumed"
    """Its product is not known, and only this line was short."""


@dataclass(frozen=True, slots=True)
class BoundLine:
    """A line with its codes."""

    line: SaleLine
    codes: tuple[tuple[str, Basis], ...]

    @property
    def short(self) -> int:
        """Codes that are missing."""
        return max(0, self.line.needs - len(self.codes))

    @property
    def added(self) -> tuple[str, ...]:
        """Codes that the line did not bring along."""
        return tuple(code for code, basis in self.codes if basis is not Basis.BROUGHT)


@dataclass(frozen=True, slots=True)
class Binding:
    """What became of lines and scans."""

    lines: tuple[BoundLine, ...]
    extra: tuple[ScannedPack, ...]
    """Scanned, and no line needs them: left on the counter, or the wrong drug."""

    @property
    def is_whole(self) -> bool:
        """Every line has its codes, and nothing lies about."""
        return not self.extra and not any(one.short for one in self.lines)

    @property
    def presumed(self) -> tuple[str, ...]:
        """Codes whose product is not known."""
        return tuple(code for one in self.lines for code, basis in one.codes if basis is Basis.PRESUMED)

    def remarks(self) -> tuple[Words, ...]:
        """Say what is not as it should be."""
        short = [
            Words(
                f"明细 {one.line.serial}（{one.line.item}）还差 {one.short} 个追溯码",
                f"Line {one.line.serial} ({one.line.item}) lacks {one.short} trace codes",
            )
            for one in self.lines
            if one.short
        ]
        presumed = [
            Words(
                f"追溯码 {code} 的药品未知，按唯一缺码的明细绑定",
                f"Code {code} is of no known product and was presumed",
            )
            for code in self.presumed
        ]
        extra = [
            Words(f"追溯码 {one.code} 不属于本单任何明细", f"Code {one.code} belongs to no line of this sale")
            for one in self.extra
        ]
        return (*short, *presumed, *extra)


def in_part(lines: Iterable[SaleLine], scans: Sequence[ScannedPack]) -> tuple[SaleLine, ...]:
    """Return the lines, those as sold in part whose scanned packs are all to be sold so, and hold what the line counts.

    Many messages have no field that says it. An opened pack is not sold whole, so the count is one of its units.
    """
    return tuple(replace(line, is_split=True) if _is_in_part(line, scans) else line for line in lines)


def _is_in_part(line: SaleLine, scans: Sequence[ScannedPack]) -> bool:
    if line.is_split or line.units_per_pack <= 1 or line.count <= 0 or line.count % 1:
        return False
    left = [scan.left for scan in scans if line.item in scan.items]
    return bool(left) and all(left) and line.count <= sum(one or 0 for one in left)


def bind(lines: Sequence[SaleLine], scans: Iterable[ScannedPack]) -> Binding:
    """Bind scans to lines, in the order of scanning and of the lines; a code is bound once."""
    held: list[list[tuple[str, Basis]]] = [
        [(code, Basis.BROUGHT) for code in dict.fromkeys(line.has)] for line in lines
    ]
    taken = {code for codes in held for code, _ in codes}
    left: list[ScannedPack] = []
    for scan in scans:
        if scan.code not in taken:
            taken.add(scan.code)
            left.append(scan)
    # An opened pack before another is opened, and a whole one where a whole one is sold; then what there is.
    for is_exact in (True, False):
        left = _bind_some(lines, held, left, is_exact=is_exact)
    left = _presume(lines, held, left)
    bound = tuple(BoundLine(line, tuple(codes)) for line, codes in zip(lines, held, strict=True))
    return Binding(bound, tuple(left))


def _bind_some(
    lines: Sequence[SaleLine], held: Sequence[list[tuple[str, Basis]]], scans: Iterable[ScannedPack], *, is_exact: bool
) -> list[ScannedPack]:
    """Bind scans to lines of their product; return what no line needs."""
    left = []
    for scan in scans:
        place = _first_short(lines, held, scan, is_exact=is_exact)
        if place is None:
            left.append(scan)
        else:
            held[place].append((scan.code, Basis.PRODUCT))
    return left


def _first_short(
    lines: Sequence[SaleLine], held: Sequence[Sequence[object]], scan: ScannedPack, *, is_exact: bool
) -> int | None:
    for place, line in enumerate(lines):
        is_in_part = line.is_split or line.units is not None
        is_other = is_exact and is_in_part != (scan.left is not None)
        if line.item in scan.items and len(held[place]) < line.needs and not is_other:
            return place
    return None


def _presume(
    lines: Sequence[SaleLine], held: Sequence[list[tuple[str, Basis]]], left: list[ScannedPack]
) -> list[ScannedPack]:
    """Give codes of no known product to the one line that is short; return what is left."""
    short = [place for place, line in enumerate(lines) if len(held[place]) < line.needs]
    if len(short) != 1:
        return left
    (place,) = short
    unknown = [scan for scan in left if not scan.items][: lines[place].needs - len(held[place])]
    held[place].extend((scan.code, Basis.PRESUMED) for scan in unknown)
    return [scan for scan in left if scan not in unknown]
