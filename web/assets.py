"""The files that browsers load: one address per version, so that they may be kept for ever and are never stale.

The version is a digest over every file, and stands in the path: modules import each other by relative addresses, so
a page never mixes two versions.
"""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).parent / "static"
_DIGEST_LENGTH = 12
_KEEP = "public, max-age=31536000, immutable"

# A machine's own table may call JavaScript text/plain, and browsers refuse modules of that type.
mimetypes.add_type("text/javascript", ".js")


class Assets:
    """The static files and their addresses."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self.version = _digest(folder)
        """Changes with any file."""

    def url(self, path: str) -> str:
        """Return the address of the file at `path` below the static folder."""
        return f"/static/{self.version}/{path}"

    def modules(self, area: str) -> tuple[str, ...]:
        """Return the scripts of one area and those that all share, so that a page can load them at once."""
        scripts = self._folder / "js"
        found = sorted([*scripts.glob("*.js"), *(scripts / area).glob("*.js")])
        return tuple(path.relative_to(scripts).as_posix() for path in found)

    def mount(self, app: Starlette) -> None:
        """Let `app` serve the files."""
        app.mount(f"/static/{self.version}", _KeptFiles(directory=self._folder), name="static")


class _KeptFiles(StaticFiles):
    """Static files that browsers may keep, because their address changes with them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = _KEEP
        return response


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGEST_LENGTH]
