"""The national interface put together from the configuration, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import structlog

from codes.errors import ConfigError, YimaError
from codes.words import Words
from rules.benefits.book import Books, load_books
from rules.benefits.shipped import shipped_books
from rules.entitlements.book import EntitlementBook, load_entitlement_book, shipped_entitlements
from server.config import FsiConfig
from server.errors import ServerError
from server.fsi.answering import Answering
from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Figures
from server.fsi.keys import load_keys
from server.fsi.parts import Parts, SignInTerms
from server.people.sealing import Sealer
from server.settlement.entitlement import Entitlements
from server.settlement.pack_ledger import PackLedger
from server.settlement.reckoning import Ground
from server.settlement.settling import Settlements
from server.store.database import Store
from web.faults import words_of_file
from wire.fsi.areas import Area, load_area, shipped_area

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class FsiFileError(ServerError, ConfigError):
    """A file that `[fsi]` names cannot be read."""

    code: ClassVar[str] = "fsi.file"
    next_step: ClassVar[Words] = Words(
        "请核对配置 [fsi] 中的路径与权限。", "Check the paths in [fsi] of the configuration, and their permissions."
    )


@dataclass(frozen=True, slots=True)
class Fsi:
    """The national interface at one centre."""

    area: Area
    sealer: Sealer
    settlements: Settlements
    answering: Answering
    figures: Figures

    def close(self) -> None:
        """Keep what waits to be kept; the store is still open."""
        try:
            self.answering.lookups.keep()
        except YimaError as exc:
            # Whatever is closed after this is closed all the same.
            _logger.error("fsi.lookups_not_kept", code=exc.code, reason=exc.words.en)


def build_fsi(
    config: FsiConfig,
    store: Store,
    sealer: Sealer,
    entitlements: Entitlements,
    now: Callable[[], datetime],
    *,
    rules: EntitlementBook | None = None,
) -> Fsi:
    """Put the interface together; `rules` are those of `entitlements`, for sales that nobody insures.

    Raises:
        AreaError: The area is unknown, or its file is wrong.
        BookError: A benefit rule is wrong.
        KeysFolderError: A key of the interface cannot be used.
        SecretFileError: A secret is open to others.
    """
    area = load_configured_area(config)
    settlements = Settlements(Ground(load_configured_books(config), sealer, PackLedger(entitlements)))
    figures = Figures(HANDLERS)
    terms = SignInTerms(
        is_demanded=area.demands_sign_in if config.is_sign_in_demanded is None else config.is_sign_in_demanded,
        lasts=timedelta(hours=config.sign_in_hours),
        ends_with_day=config.sign_in_ends_with_day,
    )
    answering = Answering(
        store=store,
        area=area,
        secrets=load_keys(config.keys_folder),
        district=config.district,
        parts=Parts(sealer, terms, settlements, rules),
        deeds=HANDLERS,
        figures=figures,
        now=now,
        is_test_area=config.is_test_area,
    )
    return Fsi(area, sealer, settlements, answering, figures)


def load_configured_area(config: FsiConfig) -> Area:
    """Return the area whose form of the interface is spoken.

    Raises:
        AreaError: There is none of that name, or its file is wrong.
        FsiFileError: Its file cannot be read.
    """
    return shipped_area(config.area) if config.area_file is None else load_area(_text(config.area_file))


def load_configured_books(config: FsiConfig) -> Books:
    """Return the benefit rules.

    Raises:
        BookError: One of them is wrong.
        FsiFileError: One cannot be read.
    """
    folder = config.benefits_folder
    if folder is None:
        return shipped_books()
    try:
        areas = sorted(one for one in folder.iterdir() if one.is_dir())
        files = {area.name: sorted(area.glob("*.toml")) for area in areas}
    except OSError as exc:
        raise _unreadable(folder, exc) from exc
    return load_books({area: {f"{area}/{file.name}": _text(file) for file in found} for area, found in files.items()})


def load_configured_entitlements(config: FsiConfig) -> EntitlementBook:
    """Return the rules on what may be sold to whom.

    Raises:
        EntitlementRulesError: One of them is wrong.
        FsiFileError: One cannot be read.
    """
    folder = config.entitlements_folder
    if folder is None:
        return shipped_entitlements()
    try:
        found = sorted(one for one in folder.iterdir() if one.suffix == ".toml")
    except OSError as exc:
        raise _unreadable(folder, exc) from exc
    return load_entitlement_book({file.name: _text(file) for file in found})


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise FsiFileError(Words(f"{file} 不是 UTF-8 文字", f"{file} is no UTF-8 text")) from exc
    except OSError as exc:
        raise _unreadable(file, exc) from exc


def _unreadable(path: Path, error: OSError) -> FsiFileError:
    why = words_of_file(error)
    return FsiFileError(Words(f"无法读取 {path}：{why.zh}", f"Cannot read {path}: {why.en}"))
