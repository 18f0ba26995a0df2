"""From a file's tree to examples and cases; what cannot be read becomes a problem of that example alone.

A case takes the example's inputs and puts its own over them, whether they stand under `inputs` or beside the name.
What is expected may be a number, a list, or a table by name, and may stand at the case, at the example, or at the
example by the case's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codes.errors import YimaError
from codes.words import Words
from rules.examples.errors import ShapeError
from rules.examples.given import LIST, TABLE, table_of
from rules.examples.task import Case, Example

RUN = ("examples", "dip", "drg")
"""Sections of a file that hold examples."""
SKIPPED: Mapping[str, Words] = {
    "trace_cases": Words("追溯码案例，不是金额计算", "cases of trace codes; nothing is computed in them"),
}
_SILENT = frozenset({"meta", "field_identities"})
_EXPECTED = "expected"
_SAYS = frozenset(
    {"id", "name", "title", "kind", "place", "made", "quality", "source", "basis", "note", "notes", "rule", "unit"}
    | {"cases", "inputs", "aggregate", _EXPECTED}
)
"""What an entry says about itself; everything else beside it is an input."""
_REMARKS = frozenset({"note", "notes"})


@dataclass(frozen=True, slots=True)
class Skipped:
    """A section that is not run."""

    name: str
    entries: int
    why: Words


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that is no example."""

    id: str
    section: str
    problem: YimaError


@dataclass(frozen=True, slots=True)
class ExamplesFile:
    """What a file holds, in its order."""

    entries: tuple[Example | Unreadable, ...]
    skipped: tuple[Skipped, ...]


def read_examples(tree: object) -> ExamplesFile:
    """Return the examples of a file.

    Raises:
        ShapeError: The file is no table of sections at all.
    """
    if not isinstance(tree, dict):
        raise ShapeError("YAML", TABLE)
    entries: list[Example | Unreadable] = []
    skipped: list[Skipped] = []
    for section, content in table_of("YAML", tree).items():
        if section in _SILENT:
            continue
        why = _why_skipped(section, content)
        if why is not None:
            skipped.append(Skipped(section, len(content) if isinstance(content, (list, dict)) else 0, why))
        elif content is not None:
            entries += _entries(section, content)
    return ExamplesFile(tuple(entries), tuple(skipped))


def _why_skipped(section: str, content: object) -> Words | None:
    if section in RUN:
        return None
    if section in SKIPPED:
        return SKIPPED[section]
    # A section under a new name is run when it holds examples: left out, they would look as if they had passed.
    if isinstance(content, list) and any(isinstance(one, dict) and "kind" in one for one in content):
        return None
    return Words("没有算例的部分", "a section without examples")


def _entries(section: str, content: object) -> Iterator[Example | Unreadable]:
    if not isinstance(content, list):
        yield Unreadable(section, section, ShapeError(section, LIST))
        return
    for place, one in enumerate(content, 1):
        name = f"{section}[{place}]"
        if isinstance(one, dict):
            name = str(one.get("id", name))
        try:
            yield _example(name, section, table_of(name, one))
        except YimaError as problem:
            yield Unreadable(name, section, problem)


def _example(name: str, section: str, entry: Mapping[str, object]) -> Example:
    aggregate = entry.get("aggregate")
    return Example(
        id=name,
        section=section,
        title=_text(entry, "title"),
        place=_text(entry, "place"),
        note=f"{_text(entry, 'note')} {_text(entry, 'notes')}".strip(),
        rule=_text(entry, "rule"),
        cases=tuple(_cases(entry)),
        aggregate={} if aggregate is None else table_of("aggregate", aggregate),
    )


def _cases(entry: Mapping[str, object]) -> Iterator[Case]:
    """Yield the cases; an example without any is its own."""
    rows = _rows(entry)
    shared = _inputs(entry)
    kind = _text(entry, "kind")
    if not rows:
        yield Case("", kind, shared, _expected(entry), "")
        return
    dealt = _dealt(entry.get(_EXPECTED), rows)
    if dealt is None and entry.get(_EXPECTED) is not None:
        yield Case("", kind, shared, _expected(entry), "")
    for place, row in enumerate(rows):
        expected = {**_named(None if dealt is None else dealt[place]), **_expected(row)}
        inputs = {**shared, **_inputs(row)}
        yield Case(
            _text(row, "name") or _text(row, "id"), _text(row, "kind") or kind, inputs, expected, _text(row, "note")
        )


def _rows(entry: Mapping[str, object]) -> tuple[dict[str, object], ...]:
    cases = entry.get("cases")
    if cases is None:
        return ()
    if isinstance(cases, dict):
        return tuple({"name": name, **table_of(name, one)} for name, one in table_of("cases", cases).items())
    if not isinstance(cases, list) or not cases:
        raise ShapeError("cases", LIST)
    return tuple(table_of(f"cases[{place}]", one) for place, one in enumerate(cases, 1))


def _dealt(expected: object, rows: tuple[dict[str, object], ...]) -> tuple[object, ...] | None:
    """Return what the example expects of each of its cases, if it says it there by name or in their order."""
    has_own = any(name.startswith(_EXPECTED) for row in rows for name in row)
    if isinstance(expected, dict) and set(map(str, expected)) == {_text(row, "name") for row in rows}:
        by_name = table_of(_EXPECTED, expected)
        return tuple(by_name[_text(row, "name")] for row in rows)
    if isinstance(expected, list) and len(expected) == len(rows) and not has_own:
        return tuple(expected)
    return None


def _inputs(entry: Mapping[str, object]) -> dict[str, object]:
    beside = {name: value for name, value in entry.items() if name not in _SAYS and not name.startswith("expected_")}
    inputs = entry.get("inputs")
    return {**beside, **({} if inputs is None else table_of("inputs", inputs))}


def _expected(entry: Mapping[str, object]) -> dict[str, object]:
    """Return what is expected, by name; `expected_first` expects `first`."""
    named = {name.removeprefix("expected_"): value for name, value in entry.items() if name.startswith("expected_")}
    return {**_named(entry.get(_EXPECTED)), **named}


def _named(expected: object) -> dict[str, object]:
    if expected is None:
        return {}
    if isinstance(expected, dict):
        return {name: value for name, value in table_of(_EXPECTED, expected).items() if name not in _REMARKS}
    return {"": expected}


def _text(entry: Mapping[str, object], name: str) -> str:
    value = entry.get(name)
    return "" if value is None else str(value)
