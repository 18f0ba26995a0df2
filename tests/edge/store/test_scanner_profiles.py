"""A profile comes back as it was kept, the last one counts, and one of another version is as good as none."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from drivers.scanner import parse_spec
from drivers.scanner.profile import Profile, make_profile
from drivers.scanner.selftest import SHEET
from drivers.scanner.sighting import sightings
from edge.store import sql
from edge.store.scanner_profiles import StoredProfile, all_profiles, find_gs_ok, save_profile
from tests.edge.scene import NOON

LINE = "serial:/dev/left;name=left"


def profiled(suffix: bytes) -> Profile:
    bursts = {symbol.name: (symbol.code + suffix,) for symbol in SHEET}
    return make_profile(LINE, bursts, {name: sightings(burst, parse_spec(LINE)) for name, burst in bursts.items()})


def test_the_last_profile_of_a_device_comes_back_as_it_was_kept(connection: Connection) -> None:
    later = NOON + timedelta(hours=1)
    with connection.begin():
        save_profile(connection, profiled(b"\r"), NOON)
        save_profile(connection, profiled(b"\t"), later)
        assert all_profiles(connection) == {"serial:left": StoredProfile(profiled(b"\t"), later)}
        assert find_gs_ok(connection, "serial:left") is True
        assert find_gs_ok(connection, "serial:right") is None


def test_a_profile_that_another_version_wrote_is_left_out(connection: Connection) -> None:
    with connection.begin():
        save_profile(connection, profiled(b"\r"), NOON)
        sql.change(connection, "UPDATE scanner_profile SET learned = ?", ('{"device": 1}',))
        assert all_profiles(connection) == {}
        assert find_gs_ok(connection, "serial:left") is True
