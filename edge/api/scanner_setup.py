"""Setting scanners up: what the page `/setup` asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints

from codes.words import Words
from drivers.scanner.advice import Advice
from drivers.scanner.conclusion_words import words_of_topic, words_of_values
from drivers.scanner.learning import Certainty, Topic
from drivers.scanner.profile import Profile
from drivers.scanner.setup import Last, SetUpShown, Stage, SymbolState
from edge.api.access import looking, signed_in
from edge.api.forms import Form
from edge.api.parts import ApiParts
from edge.health import DeviceStatus
from edge.setup_desk import ScannerShown

Device = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class ScannerForm(Form):
    """The scanner that is meant."""

    device: Device


class SkipForm(ScannerForm):
    """A symbol that the scanner does not read."""

    symbol: Annotated[str, StringConstraints(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class LearnedShown:
    """One thing that a set-up learned, in words."""

    topic: Topic
    name: Words
    value: Words
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class ProfileShown:
    """What a set-up learned."""

    is_good: bool
    gs_ok: bool | None
    line: str
    proposed: str
    """The line to write; the same as `line` if it is right."""
    learned: tuple[LearnedShown, ...]
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class RunShown:
    """A set-up as it stands."""

    device: str
    stage: Stage
    next_symbol: str | None
    symbols: tuple[SymbolState, ...]
    last: Last | None
    profile: ProfileShown | None


@dataclass(frozen=True, slots=True)
class SetupScannerShown:
    """One scanner with its set-up."""

    status: DeviceStatus
    can_be_set_up: bool
    setup: RunShown | None
    stored: ProfileShown | None
    """What an earlier set-up learned."""
    stored_at: datetime | None


def scanner_setup_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/scanner-setup`."""
    routes = APIRouter(prefix="/scanner-setup", tags=["scanner set-up"])
    guarded = [Depends(signed_in(parts, None))]

    @routes.get("", dependencies=looking(parts))
    async def show() -> list[SetupScannerShown]:
        """Return every scanner, its set-up, and what an earlier one learned."""
        return [_scanner(one) for one in parts.setup.show((await parts.status()).devices)]

    @routes.put("", dependencies=guarded)
    async def begin(form: ScannerForm) -> RunShown:
        """Begin, or go on: from now on the scans of this device go to the set-up and into no sale."""
        return _run(parts.setup.begin(form.device))

    @routes.put("/skip", dependencies=guarded)
    async def skip(form: SkipForm) -> RunShown:
        """Leave a symbol that the scanner does not read; one that came stays."""
        return _run(parts.setup.skip(form.device, form.symbol))

    @routes.delete("", dependencies=guarded)
    async def stop(device: Annotated[Device, Query(description="As the status names it")]) -> RunShown:
        """Give the set-up up; nothing is kept of it."""
        return _run(parts.setup.stop(device))

    return routes


def _scanner(shown: ScannerShown) -> SetupScannerShown:
    stored = shown.stored
    return SetupScannerShown(
        status=shown.status,
        can_be_set_up=shown.can_be_set_up,
        setup=None if shown.setup is None else _run(shown.setup),
        stored=None if stored is None else _profile(stored.profile),
        stored_at=None if stored is None else stored.tested_at,
    )


def _run(shown: SetUpShown) -> RunShown:
    profile = None if shown.profile is None else _profile(shown.profile)
    return RunShown(shown.device, shown.stage, shown.next_symbol, shown.symbols, shown.last, profile)


def _profile(profile: Profile) -> ProfileShown:
    learned = tuple(
        LearnedShown(one.topic, words_of_topic(one.topic), words_of_values(one), one.certainty)
        for one in profile.conclusions
    )
    return ProfileShown(profile.is_good, profile.gs_ok, profile.line, profile.proposed, learned, profile.advice)
