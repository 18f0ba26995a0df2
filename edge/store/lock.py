"""One terminal process per store, and nobody beside it while it starts: locks that end with whoever holds them.

There are two files, never removed. `terminal.lock` is the terminal's as long as it runs. `terminal.mend.lock`, the
gate, is shut from before the terminal takes the first until its database is open, and shared by every tool that has the
database open beside it. SQLite tidies up after a crash for whoever opens a store first; a tool that came before the
salvage would tidy away what the salvage goes by, and one that stayed would write into files that are set aside.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from codes.words import Words
from edge.store.errors import SalvageRunsError, StoreLockedError, of_os_error
from wire.on_disk import make_private_folder

LOCKS = Path("/proc/locks")
BOOT = Path("/proc/sys/kernel/random/boot_id")
PATIENCE_S = 20.0
"""How long a terminal waits for tools to let go of the store before it gives up its start."""
_STEP_S = 0.1
_MODE = 0o600
_LONGEST_NOTE = 128

Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class HeldStore:
    """A store that is ours alone, until tools are let in beside us."""

    path: Path
    descriptor: int
    gate: int

    def let_in(self) -> None:
        """Open the gate: the database is open, and from now on its index of the log is of this start of the machine.

        Raises:
            EdgeError: The disk refuses to write.
        """
        try:
            _write_note(self.descriptor, _boot())
            fcntl.flock(self.gate, fcntl.LOCK_UN)
        except OSError as exc:
            raise of_os_error(self.path.parent, exc) from exc


@contextmanager
def store_lock(path: Path, *, patience_s: float = PATIENCE_S, wait: Wait = time.sleep) -> Iterator[HeldStore]:
    """Hold the lock file at `path`, and keep tools out of the store until they are let in.

    Args:
        path: It names its holder, for people.
        patience_s: How long tools that look at the store are waited for.
        wait: Waits so many seconds.

    Raises:
        StoreLockedError: Another process has it, or a tool does not let go of the store; the message names the process.
        DiskFullError: There is no room for it.
        WriteFailedError: The disk refuses to write.
        NotDurableError: The folder cannot be used.
    """
    with ExitStack() as held:
        database = path.with_suffix(".db")
        gate = _opened(gate_of(path), database)
        held.callback(os.close, gate)
        _shut(path, gate, round(patience_s / _STEP_S), wait)
        descriptor = _opened(path, database)
        held.callback(os.close, descriptor)
        _hold(path, descriptor)
        yield HeldStore(path, descriptor, gate)


@contextmanager
def visit(path: Path) -> Iterator[None]:
    """Be let in beside the terminal that holds the lock at `path`; it does not start anew meanwhile.

    Nothing is written.

    Raises:
        SalvageRunsError: It is just starting, or has just ended.
        EdgeError: The lock cannot be used.
    """
    with ExitStack() as held:
        try:
            gate = os.open(gate_of(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            held.callback(os.close, gate)
            is_let_in = _is_locked(gate, fcntl.LOCK_SH) and _is_taken(path)
        except FileNotFoundError:
            # The program that runs is older than the gate.
            is_let_in = True
        except OSError as exc:
            raise of_os_error(path.parent, exc) from exc
        if not is_let_in:
            raise SalvageRunsError(
                Words(
                    "终端正在启动（可能正在抢救数据库），或刚刚退出",
                    "The terminal is just starting, may be salvaging its store, or has just ended",
                )
            )
        yield


def gate_of(path: Path) -> Path:
    """Return the file that keeps tools out while the terminal starts."""
    return path.with_name(f"{path.stem}.mend{path.suffix}")


def is_held(path: Path, locks: Path = LOCKS) -> bool:
    """Tell whether a terminal holds the lock at `path`, without touching it: one that starts now must get it."""
    return bool(_holders(path, locks))


def is_of_this_boot(path: Path) -> bool:
    """Tell whether the machine was not started anew since a terminal last opened the store of the lock at `path`."""
    try:
        _, boot = _note(path.read_bytes())
        return bool(boot) and boot == _boot()
    except OSError:
        return False


def give_to_owner(descriptor: int, of: Path) -> None:
    """Give an open file, where root opened it, to the owner of another: the terminal's own account has to use it.

    Raises:
        OSError: The system does not let us.
    """
    owner = of.stat()
    if os.geteuid() == 0 and os.fstat(descriptor).st_uid != owner.st_uid:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _shut(path: Path, gate: int, steps: int, wait: Wait) -> None:
    for left in range(steps, -1, -1):
        try:
            if _is_locked(gate, fcntl.LOCK_EX):
                return
        except OSError as exc:
            raise of_os_error(path.parent, exc) from exc
        if is_held(path):
            raise _another_terminal(path)
        if left:
            wait(_STEP_S)
    tools = "、".join(_holders(gate_of(path))) or "?"
    raise StoreLockedError(
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


def _hold(path: Path, descriptor: int) -> None:
    try:
        if not _is_locked(descriptor, fcntl.LOCK_EX):
            raise _another_terminal(path)
        # What opened the store last is still what its index of the log is of.
        _write_note(descriptor, _note(os.pread(descriptor, _LONGEST_NOTE, 0))[1])
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc


def _is_locked(descriptor: int, how: int) -> bool:
    """Lock an open file, unless somebody has it."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_taken(path: Path) -> bool:
    """Tell whether a terminal holds the lock at `path`. Only with the gate shared: else one that starts may miss it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return not _is_locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _another_terminal(path: Path) -> StoreLockedError:
    try:
        holder = _note(path.read_bytes())[0] or "?"
    except OSError:
        holder = "?"
    return StoreLockedError(
        Words(
            f"数据目录 {path.parent} 正被另一个终端进程使用（进程号 {holder}）",
            f"Another terminal process ({holder}) uses the data folder {path.parent}",
        )
    )


def _holders(path: Path, locks: Path = LOCKS) -> list[str]:
    """Return the processes that the kernel says have locked a file."""
    try:
        held, file, (noted, _) = locks.read_text(encoding="ascii"), path.stat(), _note(path.read_bytes())
    except (OSError, UnicodeDecodeError):
        return []
    place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    lines = [line.split() for line in held.splitlines()]
    flocks = [(line[4], line[5]) for line in lines if line[1] == "FLOCK"]
    # Other disks have files of the same number. Some file systems tell another device here than there: then the process
    # that the lock file names decides.
    return [pid for pid, at in flocks if at == place or (pid == noted and at.endswith(f":{file.st_ino}"))]


def _note(content: bytes) -> tuple[str, str]:
    """Return what a lock file says: the process, and the start of the machine in which the store was last opened."""
    lines = content[:_LONGEST_NOTE].decode("ascii", "replace").splitlines()
    process, boot, *_ = (*(line.strip() for line in lines), "", "")
    return process, boot


def _write_note(descriptor: int, boot: str) -> None:
    note = f"{os.getpid()}\n{boot}\n".encode()
    os.pwrite(descriptor, note, 0)
    os.ftruncate(descriptor, len(note))


def _boot() -> str:
    """Return the name of this start of the machine; nothing where the system has none."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
