"""A program of this machine may ask how an exposed terminal is, and nobody else without a sign-in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from edge.clock import SystemClock
from edge.local_proof import HEADER, is_proof, proof_of
from edge.operators.accounts import NewPassword
from tests.edge.scene import NOON
from tests.edge.test_app import configured, play
from wire.keys import load_or_create_key


def test_proof_holds_for_a_minute_and_for_one_key(tmp_path: Path) -> None:
    ours, other = load_or_create_key(tmp_path / "a.key"), load_or_create_key(tmp_path / "b.key")
    shown = proof_of(ours, NOON)
    assert is_proof(shown, ours.public, NOON + timedelta(seconds=59))
    assert not is_proof(shown, other.public, NOON)
    for away in (timedelta(seconds=61), -timedelta(seconds=61)):
        assert not is_proof(shown, ours.public, NOON + away)


@pytest.mark.parametrize("shown", ["", "1", f"1.{'0' * 128}", "٣." + "0" * 128, f"{'9' * 400}.{'0' * 128}"])
def test_anything_else_proves_nothing(shown: str, tmp_path: Path) -> None:
    assert not is_proof(shown, load_or_create_key(tmp_path / "a.key").public, NOON)


def test_signature_cannot_be_carried_to_another_moment(tmp_path: Path) -> None:
    key = load_or_create_key(tmp_path / "a.key")
    later = NOON + timedelta(hours=1)
    moved = f"{later.timestamp():.0f}.{proof_of(key, NOON).partition('.')[2]}"
    assert not is_proof(moved, key.public, later)


def test_exposed_terminal_tells_its_state_to_its_own_account_and_nothing_more(folder: Path) -> None:
    config = configured(folder, api={"is_exposed": True}, link={"is_enabled": False})

    async def scene(browser: httpx.AsyncClient, _first: NewPassword) -> None:
        proof = {HEADER: proof_of(load_or_create_key(folder / "terminal.key"), SystemClock().now())}
        assert (await browser.get("/api/v1/status")).status_code == 401
        assert (await browser.get("/api/v1/status", headers=proof)).json()["terminal"] == config.terminal.id
        assert (await browser.get("/api/v1/scans", headers=proof)).status_code == 401

    play(config, scene)
