"""One terminal process per store, and nobody beside it while it starts: locks that end with whoever holds them.

There are two files, never removed. `terminal.lock` is the terminal's as long as it runs. `terminal.mend.lock`, the
gate, is shut from before the terminal takes the first until its database is open, and shared by every tool that has the
database open beside it. SQLite tidies up after a crash for whoever opens a store first; a tool that came before the
salvage would tidy away what the salvage goes by, and one that stayed would write into files that are set aside. Where
no terminal runs, a tool takes both in the same way. A terminal starts beside a tool that stays only where nothing has
to be salvaged.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codes.words import Words
from edge.store.errors import SalvageRunsError, StoreLockedError, of_os_error
from edge.store.lock_holders import LOCKS, Holder, Kind, holders, is_terminals, read_note, this_boot, write_note
from wire.on_disk import make_private_folder

PATIENCE_S = 20.0
"""How long a terminal waits for tools to let go of a lock of the store."""
_STEP_S = 0.1
_MODE = 0o600

Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class HeldStore:
    """A store that is ours alone, until tools are let in beside us."""

    path: Path
    descriptor: int
    gate: int
    holder: Holder
    beside: Sequence[str]
    """Processes that were let in before us and stay; as long as there is one, nothing may be set aside."""

    def let_in(self) -> None:
        """Open the gate: the database is open, and from now on its index of the log is of this start of the machine.

        Raises:
            EdgeError: The disk refuses to write.
        """
        try:
            write_note(self.descriptor, this_boot(), self.holder)
            fcntl.flock(self.gate, fcntl.LOCK_UN)
        except OSError as exc:
            raise of_os_error(self.path.parent, exc) from exc


@contextmanager
def store_lock(
    path: Path,
    *,
    holder: Holder = Holder.TERMINAL,
    patience_s: float = PATIENCE_S,
    wait: Wait = time.sleep,
) -> Iterator[HeldStore]:
    """Hold the lock file at `path`, and keep tools out of the store until they are let in.

    A terminal does not wait for ever for tools that were let in by the one before: it then has the lock, and not the
    store to itself.

    Args:
        path: It names its holder, for people and for whoever has to wait.
        holder: What holds it.
        patience_s: How long tools are waited for, at each of the two locks.
        wait: Waits so many seconds.

    Raises:
        StoreLockedError: Another process has it; the message names the process.
        DiskFullError: There is no room for it.
        WriteFailedError: The disk refuses to write.
        NotDurableError: The folder cannot be used.
    """
    with ExitStack() as held:
        database = path.with_suffix(".db")
        gate = _opened(gate_of(path), database)
        held.callback(os.close, gate)
        beside = _shut(path, gate, holder, _waits(patience_s, wait))
        descriptor = _opened(path, database)
        held.callback(os.close, descriptor)
        _hold(path, descriptor, holder, _waits(patience_s, wait))
        yield HeldStore(path, descriptor, gate, holder, beside)


@contextmanager
def visit(path: Path) -> Iterator[Callable[[], None]]:
    """Be let in beside whoever holds the lock at `path`; a terminal does not start anew meanwhile.

    Nothing is written. What is given is to be called with the database open and not yet read: it refuses once nobody
    holds the lock any more, as SQLite would then tidy up for the first who reads.

    Raises:
        SalvageRunsError: A process is just opening the store, or has just let go of it.
        EdgeError: The lock cannot be used.
    """
    with ExitStack() as held:
        try:
            gate = os.open(gate_of(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            held.callback(os.close, gate)
            is_shared = _is_locked(gate, fcntl.LOCK_SH)
        except FileNotFoundError:
            # The program that runs is older than the gate.
            is_shared = True
        except OSError as exc:
            raise of_os_error(path.parent, exc) from exc
        if not is_shared:
            raise _not_now()
        _refuse_ended(path)
        yield partial(_refuse_ended, path)


def gate_of(path: Path) -> Path:
    """Return the file that keeps tools out while the terminal starts."""
    return path.with_name(f"{path.stem}.mend{path.suffix}")


def is_held(path: Path, locks: Path = LOCKS) -> bool:
    """Tell whether a process has the lock at `path` to itself, without touching it: one that starts now must get it."""
    return bool(holders(path, Kind.ALONE, locks))


def is_of_this_boot(path: Path) -> bool:
    """Tell whether the machine was not started anew since a terminal last opened the store of the lock at `path`."""
    try:
        boot = read_note(path).boot
    except OSError:
        return False
    return bool(boot) and boot == this_boot()


def tool_in_the_way(path: Path, processes: Sequence[str]) -> StoreLockedError:
    """Return the error that says that a tool keeps a terminal from starting, and which."""
    tools = "、".join(processes)
    return StoreLockedError(
        Words(
            f"有工具正打开着 {path.parent} 中的数据库（进程号 {tools}）",
            f"A tool ({tools}) has the store in {path.parent} open",
        ),
        next_step=Words(
            "请等该命令（如 yima outbox、yima doctor）结束，或结束该进程；随后终端即可启动。",
            "Wait for that command to end, such as `yima outbox` or `yima doctor`, or end the process; then the "
            "terminal can start.",
        ),
    )


def give_to_owner(descriptor: int, of: Path) -> None:
    """Give an open file, where root opened it, to the owner of another: the terminal's own account has to use it.

    Raises:
        OSError: The system does not let us.
    """
    owner = of.stat()
    if os.geteuid() == 0 and os.fstat(descriptor).st_uid != owner.st_uid:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _shut(path: Path, gate: int, holder: Holder, waits: Iterator[None]) -> Sequence[str]:
    """Shut the gate; return who is left inside all the same."""
    try:
        if _is_won(path, gate, waits):
            return ()
        stay = _in_the_way(path)
        # A tool that hangs must not keep the shop closed. One that just opens the store does not share the gate.
        if holder is Holder.TERMINAL and _is_locked(gate, fcntl.LOCK_SH):
            return stay
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
    raise tool_in_the_way(path, stay)


def _in_the_way(path: Path) -> Sequence[str]:
    gate = gate_of(path)
    return holders(gate, Kind.SHARED) or holders(path, Kind.ALONE) or holders(gate, Kind.ALONE) or ("?",)


def _is_won(path: Path, descriptor: int, waits: Iterator[None]) -> bool:
    """Lock a file for us alone, as soon as tools have let go of it; tell whether they did.

    Raises:
        StoreLockedError: A terminal has the store: it will not let go.
    """
    while not _is_locked(descriptor, fcntl.LOCK_EX):
        if is_terminals(path):
            raise _another_terminal(path)
        try:
            next(waits)
        except StopIteration:
            return False
    return True


def _waits(patience_s: float, wait: Wait) -> Iterator[None]:
    for _ in range(round(patience_s / _STEP_S)):
        wait(_STEP_S)
        yield


def _opened(path: Path, database: Path) -> int:
    try:
        make_private_folder(path.parent)
        # No link: the process number would be written over whatever file it leads to.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
    try:
        give_to_owner(descriptor, database if database.exists() else path.parent)
    except OSError as exc:
        os.close(descriptor)
        raise of_os_error(path.parent, exc) from exc
    return descriptor


def _hold(path: Path, descriptor: int, holder: Holder, waits: Iterator[None]) -> None:
    try:
        is_ours = _is_won(path, descriptor, waits)
        note = read_note(path)
        if is_ours:
            # What opened the store last is still what its index of the log is of.
            write_note(descriptor, note.boot, holder)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
    if not is_ours:
        raise (
            tool_in_the_way(path, holders(path, Kind.ALONE) or ("?",))
            if note.holder is Holder.TOOL
            else _another_terminal(path)
        )


def _is_locked(descriptor: int, how: int) -> bool:
    """Lock an open file, unless somebody has it."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_ended(path: Path) -> None:
    """Refuse where nobody has the lock at `path`. Only with the gate shared: a terminal that starts might miss it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            is_free = _is_locked(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
    if is_free:
        raise _not_now()


def _not_now() -> SalvageRunsError:
    return SalvageRunsError(
        Words(
            "终端或另一个工具正在打开数据库（终端可能正在抢救），或终端刚刚退出",
            "The terminal, which may be salvaging its store, or another tool is just opening it, or the terminal has "
            "just ended",
        ),
        next_step=Words(
            "请稍后再试；终端正在启动时，请等它启动完成。",
            "Try again in a moment; where the terminal is starting, wait until it has started.",
        ),
    )


def _another_terminal(path: Path) -> StoreLockedError:
    try:
        holder = read_note(path).process or "?"
    except OSError:
        holder = "?"
    return StoreLockedError(
        Words(
            f"数据目录 {path.parent} 正被另一个终端进程使用（进程号 {holder}）",
            f"Another terminal process ({holder}) uses the data folder {path.parent}",
        )
    )
