"""The lots on the shelf, from the command line, beside a terminal that runs or not."""

from __future__ import annotations

import json
from pathlib import Path

from codes.errors import YimaError
from edge.store.database import opened_store
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, TERMINAL
from tests.edge.test_cli import CONFIG, yima


def test_lots_are_imported_listed_and_opened(tmp_path: Path) -> None:
    config, lots = tmp_path / "edge.toml", tmp_path / "lots.csv"
    config.write_text(CONFIG, encoding="utf-8")
    with opened_store(tmp_path / "store") as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
    lots.write_text(
        "product,batch,lot,made_on,expires_on,opened_on\nD1,B1,L1,2026-01-02,,2026-03-01\nD1,B2,L2,2026-02-02,2028-01-31,2026-02-01\n",
        encoding="utf-8",
    )
    assert json.loads(yima(config, "batch", "import", str(lots), "--json").output) == {"batches": 2, "unknown": ["D1"]}
    shown = json.loads(yima(config, "batch", "list", "--json").output)
    assert [(one["batch"], one["expires_on"]) for one in shown] == [("B2", "2028-01-31"), ("B1", None)]
    assert yima(config, "batch", "open", "D1", "B2").exit_code == 0
    assert [one["batch"] for one in json.loads(yima(config, "batch", "list", "--json").output)] == ["B1", "B2"]
    assert "L2" in yima(config, "batch", "list").output
    for arguments, code in ((("open", "D1", "B9"), "batch.unknown"), (("import", str(tmp_path)), "batch.file")):
        refused = yima(config, "batch", *arguments).exception
        assert isinstance(refused, YimaError)
        assert refused.code == code
