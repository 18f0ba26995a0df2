"""What a small command does not load: it is started again and again, by people, by scripts and by timers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from server.store.database import open_store

CENTRE = '[store]\nurl = "sqlite:///centre.db"\n[centre]\nkey_file = "centre.key"\n'
TERMINAL = '[terminal]\nid = "counter-1"\narea = "350200"\ninstitution = "P35020000001"\n[store]\nfolder = "edge"\n'
LARGE = {
    "alembic", "biip", "cv2", "fastapi", "httpx", "jinja2", "numpy", "onnxruntime", "prometheus_client", "psycopg",
    "sim", "starlette", "uvicorn", "zxingcpp",
    "edge.api", "edge.app", "edge.counter", "edge.screens", "edge.till",
    "server.api", "server.app", "server.centre", "server.console", "server.fsi", "server.settlement",
}  # fmt: skip
COMMANDS = (
    "server --help", "edge --help",
    *(f"server {part} list --config server.toml" for part in ("user", "token", "institution", "practitioner")),
    "server key --config server.toml",
    "edge key --config edge.toml", "edge token list --config edge.toml", "edge operator list --config edge.toml",
)  # fmt: skip
PROGRAM = """\
import sys
from cli.app import main
for command in sys.argv[1:]:
    sys.argv = ["yima", *command.split()]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, command
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def test_what_only_looks_up_or_changes_a_row_loads_neither_the_servers_nor_what_sees(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(CENTRE, encoding="utf-8")
    (tmp_path / "edge.toml").write_text(TERMINAL, encoding="utf-8")
    open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "e").close()

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *COMMANDS], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )

    assert "cli.people" in done.stderr.split()
    assert LARGE.intersection(done.stderr.split()) == set()
