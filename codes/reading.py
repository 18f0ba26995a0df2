"""What a scanned string turned out to be.

`Scan` is what a driver hands over: bytes, the symbology identifier if the device sent one, and where it came from.
`Reading` is the answer of `codes.classify.read`: one kind, the parts by their standard names, how sure we are, what
was done to the text, what else it might have been, and why. A reading never raises and never guesses: unsure means
`Kind.UNKNOWN` with the raw bytes kept (C-01).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from codes.words import Words

FieldValue = str | int | Mapping[str, str] | None
"""A part of a code: text, a count, a map of GS1 application identifiers, or a part that the code leaves out."""

NO_FIELDS: Mapping[str, FieldValue] = MappingProxyType({})


class Kind(StrEnum):
    """The code systems that a terminal can meet (docs/codes.md)."""

    TRACE = "trace"
    """Drug trace code (药品追溯码) that is not a GS1 element string."""
    GS1 = "gs1"
    """GS1 element string: a UDI, or a trace code in GS1 form."""
    HIBC = "hibc"
    """UDI of the Health Industry Bar Code."""
    MA = "ma"
    """UDI of the MA (IDcode) system."""
    ISBT = "isbt"
    """ISBT 128, recognised and passed through."""
    RETAIL = "retail"
    """EAN-13, EAN-8, UPC-A or GTIN-14 without further data."""
    SSCC = "sscc"
    """Serial shipping container code: a pallet or a carton."""
    DRUG = "drug"
    """National insurance drug code (国家医保药品代码)."""
    CONSUMABLE = "consumable"
    """National insurance consumable code (医用耗材代码)."""
    BENWEI = "benwei"
    """Drug standard code (药品本位码)."""
    VOUCHER = "voucher"
    """Patient's electronic credential (医保码): masked, never stored."""
    ID_NUMBER = "id_number"
    """Resident identity number: masked, never stored."""
    UNKNOWN = "unknown"
    """Not established; the raw bytes are kept."""

    @property
    def is_personal(self) -> bool:
        """A credential of a person, which must not be stored or sent on the trace path (C-04)."""
        return self in {Kind.VOUCHER, Kind.ID_NUMBER}


class Confidence(StrEnum):
    """How sure a reading is."""

    CERTAIN = "certain"
    """The grammar, its check digit or the symbology leaves no other reading."""
    LIKELY = "likely"
    """The grammar fits and nothing else fits as well, but nothing proves it."""
    POSSIBLE = "possible"
    """Another reading fits as well; see `candidates`."""


class Flag(StrEnum):
    """What was noticed or done on the way (C-03). Nothing is ever repaired without its flag."""

    NORMALISED_WIDTH = "normalised_width"
    """Full-width characters were read as their ASCII twins."""
    ZERO_WIDTH_REMOVED = "zero_width_removed"
    """Invisible characters (U+200B–200D, U+FEFF) were dropped."""
    AFFIX_STRIPPED = "affix_stripped"
    """CR, LF, Tab or a leading group separator around the code was dropped."""
    AIM_STRIPPED = "aim_stripped"
    """A symbology identifier stood in the text itself and was taken off."""
    CASE_FOLDED = "case_folded"
    """Letters were read in the other case: the system has upper case only, or shows that Caps Lock was on."""
    GS_SUBSTITUTE = "gs_substitute"
    """A printable stand-in was read as the group separator."""
    PARENTHESES = "parentheses"
    """The text was the human-readable form with brackets."""
    GB18030 = "gb18030"
    """The bytes were text in GB18030, not UTF-8."""
    UNDECODABLE = "undecodable"
    """The bytes are no text in any encoding we accept."""
    CONTROL_CHARACTERS = "control_characters"
    """Control characters other than the group separator stand inside the text."""
    NO_SEPARATOR = "no_separator"
    """A field of variable length runs to the end with no group separator in the code: a scanner that drops it
    could have merged two fields, and no parser can tell."""
    PLACEHOLDER = "placeholder"
    """A known stand-in code, never unique."""
    CHECK_FAILED = "check_failed"
    """A check character is wrong."""
    CHECK_ADVISORY = "check_advisory"
    """A check character of an unpublished or withdrawn rule does not fit: a warning, no reason to refuse."""
    GLUED = "glued"
    """Two codes arrived as one; both halves are among the candidates."""
    TYPED = "typed"
    """The characters came at the pace of a hand, not of a scanner."""
    TOO_LONG = "too_long"
    """Longer than any code; only the beginning is kept in `value`."""
    MASKED = "masked"
    """`value` is masked because it belongs to a person."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that spoke for or against a reading."""

    code: str
    """Stable, dotted, for example `hibc.check_character`."""
    words: Words
    """The same for people."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another kind that the text might be."""

    kind: Kind
    value: str
    """As it would stand in `Reading.value`."""
    confidence: Confidence
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What a driver hands over: one trigger pull."""

    raw: bytes
    """The code as it came, without the device's suffix. Group separators are 0x1D."""
    symbology: str | None = None
    """AIM symbology identifier such as `]d2`, if the device or decoder tells."""
    source: str = ""
    """The device that read it, for example `serial:counter-left`."""
    flags: tuple[Flag, ...] = ()
    """What the driver already knows (typed, glued)."""
    frame: bytes = field(default=b"", compare=False, repr=False)
    """Every byte of this scan as the line carried it, prefix and suffix too; empty where there is no line. For whoever
    hands it on as it came; never kept: it may be a person's credential."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One scan, understood as far as can be proved."""

    kind: Kind
    value: str
    """The code in its normal form; masked if `kind.is_personal`."""
    confidence: Confidence
    raw: bytes
    """The bytes as they came. Empty if `kind.is_personal`, or if the text is hidden because it may
    hold a credential (`Flag.MASKED`): a credential is not kept (C-04)."""
    symbology: str | None = None
    """The AIM identifier used, from the device or from the text."""
    source: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: NO_FIELDS)
    """The parts by their standard names (docs/codes.md)."""
    flags: tuple[Flag, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def is_masked(self) -> bool:
        """It belongs, or may belong, to a person: `value` is masked and `raw` is empty (C-04)."""
        return self.kind.is_personal or Flag.MASKED in self.flags
