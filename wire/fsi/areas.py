"""Area profiles: how one place speaks the national interface differently from the base.

A profile is a TOML file in `config/areas/`; what it does not say is as in the base. Unknown keys, unknown fields and
unknown transactions are refused by name, so that a typing error in a profile cannot pass for a setting.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, ClassVar, Generic, TypeVar

import msgspec

from codes.errors import ConfigError
from codes.words import Words
from wire.errors import WireError
from wire.fsi.fields import Field
from wire.fsi.table_files import node_at, table_names

T = TypeVar("T")
_HARD_MOST_CODE_CHARACTERS = 100


class Channel(StrEnum):
    """Where trace codes travel."""

    SETTLEMENT = "A"
    """A node of its own in the settlement message (2207 `drug_trac_info`)."""
    SALE = "B"
    """The sale ledger, 3505."""
    STOCK = "C"
    """Stock records, 3501 and 3502."""


class TraceCodeForm(StrEnum):
    """How the codes of one record are written; every form is read everywhere."""

    LIST = "list"
    """`drugtracinfo`, one entry a code."""
    FLAT = "flat"
    """`drug_trac_codg` in the record itself if there is one code, else the list: the older form has room for one."""
    BOTH = "both"
    """The list, and the flat field too if there is one code."""


class AreaError(WireError, ConfigError):
    """An area profile cannot be used."""

    code: ClassVar[str] = "fsi.area"
    next_step: ClassVar[Words] = Words(
        "请对照 config/areas/ 中的样例修改该地区文件。", "Correct the area file; those in config/areas/ are examples."
    )


class UnknownAreaError(AreaError):
    """No profile has this name."""

    code: ClassVar[str] = "fsi.area_unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """How one place differs. Two profiles are the same only if they are the same object."""

    name: str
    """Short name, as the command line takes it."""
    title: Words
    required: Mapping[str, Mapping[str, bool]]
    """By node path and field: whether the field is required here."""
    spellings: Mapping[str, Mapping[str, str]]
    """By node path and field: which spelling this area writes."""
    lengths: Mapping[str, Mapping[str, int]]
    """By node path and field: most characters here."""
    sends_infcode_as_text: bool
    """Whether answers carry `"0"` instead of `0`."""
    refusal_infcode: int
    """What `infcode` says when the transaction failed."""
    trace_channels: frozenset[Channel]
    trace_code_form: TraceCodeForm
    trace_code_field: str
    """The name of the flat field of one code."""
    trace_code_length: int
    """The longest code that is read and written."""
    fund_pay_includes_account: bool
    """Whether `fund_pay_sumamt` counts the personal account as a fund."""
    acct_includes_mutual_aid: bool
    """Whether `acct_pay` contains `acct_mulaid_pay`."""
    signer: str
    """Name of the plug-in that checks and makes signatures."""
    encryptor: str
    """Name of the plug-in for encrypted input."""
    transport: str
    """Name of the plug-in that says how headers and body carry the message."""
    checks_password: frozenset[str]
    """Transactions for which the person's password is checked."""
    demands_sign_in: bool
    """Whether business names a sign-in (9001) that is in force."""
    hospitals_sell: bool
    """Whether a hospital may sell over the counter as a pharmacy does (2101, 2102)."""
    interface_version: str
    """What `infver` says here."""


class _AreaFile(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,29}$")]
    zh: str
    en: str
    interface_version: Annotated[str, msgspec.Meta(min_length=1, max_length=6)] = "V1.0"
    sends_infcode_as_text: bool = False
    refusal_infcode: Annotated[int, msgspec.Meta(ge=-999, le=999)] = -1
    trace_channels: tuple[Channel, ...] = (Channel.SALE,)
    trace_code_form: TraceCodeForm = TraceCodeForm.LIST
    trace_code_field: str = "drug_trac_codg"
    trace_code_length: Annotated[int, msgspec.Meta(ge=20, le=_HARD_MOST_CODE_CHARACTERS)] = _HARD_MOST_CODE_CHARACTERS
    fund_pay_includes_account: bool = False
    acct_includes_mutual_aid: bool = False
    signer: str = "none"
    encryptor: str = "none"
    transport: str = "plain"
    checks_password: list[str] = []
    demands_sign_in: bool = False
    hospitals_sell: bool = False
    # What stands in these is looked at by hand, so that a wrong value is named by its field.
    required: dict[str, dict[str, object]] = {}
    spellings: dict[str, dict[str, object]] = {}
    lengths: dict[str, dict[str, object]] = {}


@dataclass(frozen=True, slots=True)
class _Wanted(Generic[T]):
    """What the value of an override must be."""

    kind: type[T]
    words: Words


_BOOLEAN = _Wanted(bool, Words(" true 或 false", "true or false"))
_NAME = _Wanted(str, Words("一种写法", "a spelling"))
_LENGTH = _Wanted(int, Words("正整数", "a whole number above 0"))


def load_area(text: str) -> Area:
    """Return the profile written in `text`.

    Raises:
        AreaError: It is no TOML, has an unknown key or a wrong value, or names a field that no table has.
    """
    try:
        read = msgspec.convert(tomllib.loads(text), _AreaFile)
    except tomllib.TOMLDecodeError as exc:
        raise AreaError(Words(f"地区文件不是合法的 TOML：{exc}", f"The area file is no valid TOML: {exc}")) from exc
    except msgspec.ValidationError as exc:
        raise AreaError(Words(f"地区文件有误：{exc}", f"The area file is wrong: {exc}")) from exc
    required = _overrides(read.required, _BOOLEAN)
    spellings = _overrides(read.spellings, _NAME)
    lengths = _overrides(read.lengths, _LENGTH)
    _check_spellings(spellings)
    _check_transactions(read.checks_password)
    return Area(
        name=read.name,
        title=Words(read.zh, read.en),
        required=required,
        spellings=spellings,
        lengths=lengths,
        sends_infcode_as_text=read.sends_infcode_as_text,
        refusal_infcode=read.refusal_infcode,
        trace_channels=frozenset(read.trace_channels),
        trace_code_form=read.trace_code_form,
        trace_code_field=read.trace_code_field,
        trace_code_length=read.trace_code_length,
        fund_pay_includes_account=read.fund_pay_includes_account,
        acct_includes_mutual_aid=read.acct_includes_mutual_aid,
        signer=read.signer,
        encryptor=read.encryptor,
        transport=read.transport,
        checks_password=frozenset(read.checks_password),
        demands_sign_in=read.demands_sign_in,
        hospitals_sell=read.hospitals_sell,
        interface_version=read.interface_version,
    )


def area_names() -> tuple[str, ...]:
    """Return the names of the profiles that are shipped."""
    names = (file.name for file in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def shipped_area(name: str) -> Area:
    """Return a profile of `config/areas/`.

    Raises:
        UnknownAreaError: There is none of this name; the next step lists those that are there.
    """
    known = area_names()
    if name not in known:
        listed = "、".join(known), ", ".join(known)
        raise UnknownAreaError(
            Words(f"没有地区“{name}”", f"There is no area “{name}”"),
            next_step=Words(f"可用的地区：{listed[0]}", f"Known areas: {listed[1]}"),
        )
    return load_area((_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def _folder() -> Traversable:
    # Data beside the code, not an import: wire knows nobody but codes.
    return files("config") / "areas"


def fields_below(path: str) -> tuple[Field, ...]:
    """Return the fields at a path of an override: a node, or a nested list of one (`3501.input.invinfo.drugtracinfo`).

    Raises:
        KeyError: There is nothing at the path.
    """
    infno, side, node, *nested = [*path.split("."), "", ""][: max(3, path.count(".") + 1)]
    fields = node_at(f"{infno}.{side}.{node}").fields
    for name in nested:
        fields = next((one.children for one in fields if one.name == name), ())
        if not fields:
            raise KeyError(path)
    return fields


def _overrides(group: Mapping[str, Mapping[str, object]], wanted: _Wanted[T]) -> dict[str, dict[str, T]]:
    """Return the settings of one kind, each known to name a field and to have a value of that kind."""
    return {
        path: {name: _setting(path, name, value, _names_at(path), wanted) for name, value in settings.items()}
        for path, settings in group.items()
    }


def _names_at(path: str) -> list[str]:
    try:
        return [one.name for one in fields_below(path)]
    except KeyError:
        words = Words(f"地区文件中的“{path}”不是任何节点", f"“{path}” in the area file is no node")
        raise AreaError(words) from None


def _setting(path: str, name: str, value: object, known: list[str], wanted: _Wanted[T]) -> T:
    if name not in known:
        raise AreaError(_no_such_field(path, name, known))
    # Exactly: true is an int to Python, and no length.
    if type(value) is not wanted.kind or (not value and wanted.kind is not bool):
        raise AreaError(Words(f"{path} 的 {name} 应为{wanted.words.zh}", f"{name} of {path} must be {wanted.words.en}"))
    return value


def _no_such_field(path: str, name: str, known: list[str]) -> Words:
    near = get_close_matches(name, known, 1)
    hint = (f"，是否为 {near[0]}？", f"; did you mean {near[0]}?") if near else ("", "")
    return Words(f"{path} 没有字段 {name}{hint[0]}", f"{path} has no field {name}{hint[1]}")


def _check_spellings(spellings: Mapping[str, Mapping[str, str]]) -> None:
    """A spelling that we would not read ourselves is refused: an answer must be readable where it was written."""
    for path, settings in spellings.items():
        for one in fields_below(path):
            spelt = settings.get(one.name, one.name)
            if spelt not in one.spellings:
                listed = ", ".join(one.spellings)
                raise AreaError(
                    Words(f"{path}.{one.name} 不能写作 {spelt}，可用：{listed}", f"{path}.{one.name} is spelt {listed}")
                )


def _check_transactions(names: Iterable[str]) -> None:
    for infno in names:
        if infno not in table_names():
            raise AreaError(Words(f"没有交易 {infno}", f"There is no transaction {infno}"))
