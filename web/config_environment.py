"""Variables of the environment that override a configuration file: which option each sets, and which set none.

`PREFIX_SECTION__OPTION` sets one option, `PREFIX_SECTION` a whole table as JSON; a list, or a table inside one, is JSON
as well. Reading them is left to pydantic; this is for telling a person about them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_BETWEEN = "__"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the environment says instead of the file."""

    prefix: str
    """In capitals, with what separates it from the rest."""
    kind: type[BaseModel]
    """The typed tree of options."""
    variables: Mapping[str, str]
    """The environment; the case of names does not matter."""

    def variable_of(self, option: tuple[str | int, ...]) -> str | None:
        """Return the variable that says what `option` is, if one does."""
        names = [part for part in option if isinstance(part, str)][:2]
        given = self._given()
        exact = _BETWEEN.join(names).upper()
        if exact in given:
            return given[exact]
        whole = given.get(names[0].upper()) if names else None
        if whole is None:
            return None
        table = _read(self.variables[whole])
        return whole if isinstance(table, dict) and names[-1] in table else None

    def not_json(self) -> Iterator[tuple[str, ...]]:
        """Yield the options whose variables have to be JSON and are not."""
        given = self._given()
        for option, is_json in self._options():
            name = given.get(_BETWEEN.join(option).upper())
            if is_json and name is not None and _read(self.variables[name]) is None:
                yield option

    def unknown(self) -> Iterator[tuple[str, str | None]]:
        """Yield the variables that begin as ours do and set nothing, each with the one that was probably meant."""
        known = [_BETWEEN.join(option).upper() for option, _ in self._options()]
        for rest, name in self._given().items():
            if rest not in known:
                close = difflib.get_close_matches(rest, known, n=1)
                yield name, self.prefix + close[0] if close else None

    def _given(self) -> dict[str, str]:
        """Return the variables that begin as ours do: what follows, in capitals, and the whole name."""
        return {
            name.upper().removeprefix(self.prefix): name
            for name in self.variables
            if name.upper().startswith(self.prefix)
        }

    def _options(self) -> Iterator[tuple[tuple[str, ...], bool]]:
        """Yield every option, and whether its variable has to be JSON."""
        for name, field in self.kind.model_fields.items():
            section = field.annotation
            if isinstance(section, type) and issubclass(section, BaseModel):
                yield (name,), True
                for inner, inner_field in section.model_fields.items():
                    yield (name, inner), _is_json(inner_field)
            else:
                yield (name,), _is_json(field)


def _is_json(field: FieldInfo) -> bool:
    return get_origin(field.annotation) in (tuple, Mapping)


def _read(text: str) -> object:
    """Return what a variable says in JSON; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
