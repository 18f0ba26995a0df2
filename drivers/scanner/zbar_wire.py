"""How pictures and answers are framed between `drivers.scanner.zbar` and its child process."""

from __future__ import annotations

import struct

HEADER = struct.Struct("<II")
"""Before each picture: width and height. The pixels follow, row by row."""
LENGTH = struct.Struct("<I")
"""Before each answer: its length in bytes. The answer is JSON."""
