"""What every test of signing starts from."""

from __future__ import annotations

import pytest

from tests.wire.fsi.signing.parties import PARTIES, PLATFORM
from wire.fsi.signing import Secrets, read_party


@pytest.fixture(scope="session")
def secrets() -> Secrets:
    """What a centre and its clients hold together, so that either side may be played."""
    return Secrets(read_party(PLATFORM), {code: read_party(texts) for code, texts in PARTIES.items()})
