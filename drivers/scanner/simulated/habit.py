"""What a simulated scanner is set to do to every code, whatever it is attached by."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.scanner.case import Case, turned

_GS = b"\x1d"


@dataclass(frozen=True, slots=True)
class Habit:
    """The settings of a scanner that change a code. As it comes, none does."""

    prefix: bytes = b""
    """Sent before everything else."""
    gs: bytes = _GS
    """Sent in place of the group separator; nothing if empty. A keyboard scanner types a true one in its own way."""
    case: Case = Case.AS_IS
    turns_aim: bool = False
    """What it does to letters it does to the symbology identifier too."""

    def sent(self, code: bytes, aim: bytes = b"") -> bytes:
        """Return what goes out for a code with this identifier."""
        head = turned(aim, self.case) if self.turns_aim else aim
        return self.prefix + head + turned(code, self.case).replace(_GS, self.gs)


AS_IT_COMES = Habit()
