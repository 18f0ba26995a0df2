"""The grammar of the field tables: what a transaction, a node and a field of the national interface are.

These are plain values. The facts stand in `tables/*.toml`; `table_files` reads them, `tables` gives them as one area
wants them, `checking` holds a message against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from codes.words import Words
from wire.fsi.shapes import Shape


class Kind(StrEnum):
    """What a field holds."""

    CHAR = "char"
    """Text; a number in its place is taken as the text of its digits."""
    NUMBER = "number"
    """A decimal number, written as a JSON number or as text."""
    DATE = "date"
    """yyyy-MM-dd."""
    DATETIME = "datetime"
    """yyyy-MM-dd HH:mm:ss, Beijing time."""
    OBJECT = "object"
    """One nested record; without children anything that is an object."""
    ARRAY = "array"
    """Nested records; without children any list."""
    BYTES = "bytes"
    """The content of a file: Base64 text, or a list of byte values."""


class Sign(StrEnum):
    """Which numbers make sense."""

    NOT_NEGATIVE = "not_negative"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The values that a coded field may take."""

    values: Mapping[str, Words]
    is_closed: bool
    """True: another value is a fault. False: only some values are known (others come from transaction 1901)."""


_UNNAMED = Words("", "")
NO_DICTIONARY = Dictionary({}, is_closed=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule over the fields of one record: these fields are needed when that holds."""

    needs: tuple[str, ...]
    """Base names of the fields that are needed."""
    is_any: bool
    """True: one of them is enough."""
    when: Mapping[str, frozenset[str]]
    """The rule holds if each of these fields has one of these values; always, if there are none."""
    when_given: tuple[str, ...]
    """... and each of these fields is given."""
    since: Mapping[str, date]
    """... and each of these dates is given and not earlier."""
    begins: Mapping[str, tuple[str, ...]]
    """... and each of these fields begins with one of these texts."""
    negative: tuple[str, ...]
    """... and each of these numbers is below zero."""
    is_advice: bool
    """True: a warning, since places differ or the fact could not be verified."""
    why: Words
    """When the rule holds, as a person says it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record."""

    name: str
    """The base name, under which our own code knows it."""
    kind: Kind
    label: Words
    """What people call it; the Chinese label is the interface's own."""
    length: int | None = None
    """Most characters of a text; most digits of a number."""
    scale: int | None = None
    """Most decimals of a number."""
    is_required: bool = False
    is_requirement_known: bool = True
    """False: no source tells whether the field is required, so it is not demanded."""
    is_coded: bool = False
    """The value comes from a dictionary, known here or not."""
    dictionary: Dictionary = NO_DICTIONARY
    aliases: tuple[str, ...] = ()
    """Other spellings that are read everywhere."""
    written: str = ""
    """The spelling that the area writes."""
    condition: Condition | None = None
    """The rule that may demand the field, for who reads the table; the node holds it for checking."""
    children: tuple[Field, ...] = ()
    may_be_object: bool = False
    """A text that some write as a JSON object instead: it is kept as JSON text."""
    shape: Shape | None = None
    """What the text has to look like."""
    is_shape_advice: bool = False
    """Another look is remarked only: the field is no key of the message."""
    sign: Sign | None = None
    """Which numbers make sense; none: all."""
    is_sign_for_business: bool = False
    """The business refuses a wrong sign in words of its own (goods come back by another transaction), not the check."""
    spellings: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Every name under which the field is read, the area's own first."""

    def __post_init__(self) -> None:
        spellings = tuple(dict.fromkeys((self.written or self.name, self.name, *self.aliases)))
        # Asked for with every field of every message, and always the same.
        object.__setattr__(self, "spellings", spellings)

    @property
    def coded(self) -> Mapping[str, Words]:
        """The known values of a coded field; may be empty."""
        return self.dictionary.values


@dataclass(frozen=True, slots=True)
class Node:
    """One named part of an input or output; a node without a name is the object itself."""

    name: str
    is_many: bool
    is_required: bool
    fields: tuple[Field, ...]
    conditions: tuple[Condition, ...] = ()
    aliases: tuple[str, ...] = ()
    label: Words = _UNNAMED
    """What people call it."""
    origin: str = ""
    """The path of the node whose fields it takes over (`3505.input.selinfo`), or its own: areas override by it."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of the interface, as one area wants it."""

    infno: str
    name: Words
    input: tuple[Node, ...]
    output: tuple[Node, ...]
    notes: tuple[Words, ...] = field(default=())
    """What a reader of the table should know."""
