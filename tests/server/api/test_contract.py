"""Whatever the OpenAPI document allows, the API answers as the document says, and never with a fault of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from server.api.application import create_app
from server.centre import build_centre
from server.config import CentreConfig, ServerConfig, StoreConfig
from server.people.roles import COMMAND_LINE, Role
from tests.server.fake_terminal import NOW

HOST = {"host": "127.0.0.1"}
CHECKS = (not_a_server_error, response_schema_conformance, content_type_conformance)


@pytest.mark.slow
def test_every_answer_is_as_documented(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/centre.db"
    config = ServerConfig(store=StoreConfig(url=url), centre=CentreConfig(key_file=tmp_path / "key"))
    centre = build_centre(config, lambda: NOW)
    centre.accounts.add("admin", Role.ADMIN, by=COMMAND_LINE, now=NOW)
    secret = centre.tokens.create("t", "admin", by=COMMAND_LINE, now=NOW).secret
    headers = HOST | {"authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(centre), headers=HOST)
    called = set()
    # The live stream never ends.
    for found in schema.exclude(path="/api/v1/scans/live").get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=6,
            derandomize=True,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            case.validate_response(case.call(headers=headers), checks=CHECKS)

        answers()
        called.add(operation.label)
    assert len(called) >= 25
    centre.close()
