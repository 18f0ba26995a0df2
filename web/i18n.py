"""The words of the screens, in both languages, from gettext catalogues.

The catalogues are the `.po` files beside this module; they are read at the start, so nothing that is built from them
can be stale. A message id is a stable key such as `counter.close`, never a sentence. Sentences that the rules and the
errors bring along are `codes.words.Words` and do not pass through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, get_args

from babel.messages.pofile import PoFileError, read_po
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from codes.words import Language, Words
from web.errors import WebError

FOLDER: Final = Path(__file__).parent / "locales"
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
HTML_LANGUAGE: Final[Mapping[Language, str]] = {"zh": "zh-CN", "en": "en"}
"""What stands in the `lang` attribute."""
LANGUAGE_COOKIE: Final = "yima_language"

Forms = tuple[str, ...]
"""A message by number: one form in Chinese; one and many in English."""


class CatalogueFileError(WebError):
    """A catalogue of words cannot be read."""

    code: ClassVar[str] = "web.words_unreadable"
    next_step: ClassVar[Words] = Words("请重新安装程序。", "Install the program again.")


class UnknownMessageError(WebError):
    """A screen asks for a message that no catalogue has."""

    code: ClassVar[str] = "web.unknown_message"
    next_step: ClassVar[Words] = Words("请把此错误码报告给开发者。", "Report this error code to the developers.")


@dataclass(frozen=True, slots=True)
class Messages:
    """Everything the screens say in one language."""

    language: Language
    forms: Mapping[str, Forms]
    """By key."""

    def text(self, key: str, **values: object) -> str:
        """Return the sentence at `key` with `values` in its places.

        Raises:
            UnknownMessageError: There is no such key.
        """
        return self._forms(key)[0].format_map(values)

    def count(self, key: str, number: int, **values: object) -> str:
        """Return the sentence at `key` in the form for `number`, which fills the place `{n}`."""
        forms = self._forms(key)
        form = forms[0] if number == 1 else forms[-1]
        return form.format_map({"n": number, **values})

    def for_script(self, *prefixes: str) -> Markup:
        """Return the messages whose keys begin with one of `prefixes` as JSON for a script block: forms by key."""
        chosen = {key: forms for key, forms in self.forms.items() if key.startswith(prefixes)}
        return htmlsafe_json_dumps(chosen, ensure_ascii=False, separators=(",", ":"))

    def _forms(self, key: str) -> Forms:
        forms = self.forms.get(key)
        if forms is None:
            raise UnknownMessageError(Words(f"缺少文案 {key!r}", f"There is no message {key!r}"))
        return forms


def load_messages(folder: Path = FOLDER) -> Mapping[Language, Messages]:
    """Return the messages of every language.

    Raises:
        CatalogueFileError: A catalogue is missing or is no PO file.
    """
    return {language: _load(folder / f"{language}.po", language) for language in LANGUAGES}


def choose_language(cookie: str | None, accepted: str) -> Language:
    """Return the language of a page: the reader's choice, else the browser's first that we have, else Chinese.

    >>> choose_language(None, "en-GB,en;q=0.9,zh;q=0.8")
    'en'
    """
    for language in LANGUAGES:
        if cookie == language:
            return language
    for wanted in accepted.split(","):
        name = wanted.split(";")[0].split("-")[0].strip().lower()
        for language in LANGUAGES:
            if name == language:
                return language
    return "zh"


def _load(path: Path, language: Language) -> Messages:
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
    except (OSError, PoFileError, UnicodeDecodeError) as exc:
        raise CatalogueFileError(Words(f"无法读取文案 {path}：{exc}", f"Cannot read {path}: {exc}")) from exc
    forms: dict[str, Forms] = {}
    for message in catalogue:
        key = message.id if isinstance(message.id, str) else message.id[0]
        texts = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if key and texts and all(texts):
            forms[key] = texts
    return Messages(language, forms)
