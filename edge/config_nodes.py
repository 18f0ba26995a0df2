"""What several tables of devices refuse alike: an option that their kind needs, a node that is no full path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codes.words import Words
from web.config_sections import Fault

_NEEDED = Words("使用该设备时须填写", "is required for this kind of device")
_WHOLE_PATH = Words("设备须写完整路径，如 /dev/ttyUSB0", "a node is named by its full path, such as /dev/ttyUSB0")


def missing(needed: Mapping[str, object]) -> Iterator[Fault]:
    """Yield the options that say nothing."""
    yield from (Fault((name,), _NEEDED) for name, value in needed.items() if not value)


def relative_nodes(paths: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the nodes that would depend on where the program is started."""
    yield from (Fault((name,), _WHOLE_PATH) for name, path in paths.items() if path and not path.startswith("/"))
