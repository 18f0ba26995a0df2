"""Which scanned code belongs to which line of a sale: by what the code's product is, and how many the line needs.

Software that knows no trace codes sends lines; the counter has scans. A line needs a code for each pack that leaves
with it, and one for a part of a pack. A code is bound to lines of its own product only. A code of no known product may
be presumed to belong to the one line that is still short, and is marked so: refusing it would leave an honest sale
unpaid, and passing it silently would hide a swap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
        """Codes for this line: each opened pack counts once."""
        packs = self.count / self.units_per_pack if self.is_split else self.count
        return max(0, int(packs.to_integral_value(ROUND_CEILING)))


@dataclass(frozen=True, slots=True)
class ScannedPack:
    """A code that was scanned at the desk and belongs to no sale yet."""

    code: str
    items: frozenset[str]
    """National codes its product goes by; none if the product is not known."""


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


def bind(lines: Sequence[SaleLine], scans: Iterable[ScannedPack]) -> Binding:
    """Bind scans to lines, in the order of scanning and of the lines; a code is bound once."""
    held: list[list[tuple[str, Basis]]] = [
        [(code, Basis.BROUGHT) for code in dict.fromkeys(line.has)] for line in lines
    ]
    taken = {code for codes in held for code, _ in codes}
    left: list[ScannedPack] = []
    for scan in scans:
        if scan.code in taken:
            continue
        taken.add(scan.code)
        place = _first_short(lines, held, scan.items)
        if place is None:
            left.append(scan)
        else:
            held[place].append((scan.code, Basis.PRODUCT))
    left = _presume(lines, held, left)
    bound = tuple(BoundLine(line, tuple(codes)) for line, codes in zip(lines, held, strict=True))
    return Binding(bound, tuple(left))


def _first_short(lines: Sequence[SaleLine], held: Sequence[Sequence[object]], items: frozenset[str]) -> int | None:
    for place, line in enumerate(lines):
        if line.item in items and len(held[place]) < line.needs:
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
