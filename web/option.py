"""One option of the configuration, described so that a form, the manual and an error can be made from it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from codes.words import Words


def option(title: Words, description: Words, *, unit: str | None = None, **limits: Any) -> Any:
    """Return a pydantic field with a title and a description in both languages and, for a quantity, its unit.

    `limits` are pydantic's own (`ge`, `le`, `pattern`, ...). The default stands behind the annotation, as usual.
    """
    extra: dict[str, Any] = {"title_en": title.en, "description_en": description.en}
    if unit is not None:
        extra["unit"] = unit
    return Field(title=title.zh, description=description.zh, json_schema_extra=extra, **limits)
