"""The process that loads a vendor's library and calls it, so that its crash or hang is not ours.

Started by `drivers.vendor.library` as `python -m drivers.vendor.child LIBRARY [LOADED-BEFORE ...]`. It answers call by
call, and ends when its input does. A twin serves its own functions the same way (`serve`): they are reached by their
addresses through the same C interface as an exported symbol is.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from drivers.orphan import die_with_parent
from drivers.vendor.calls import CALLS, ENCODER, Answers, Call, Given, Reply, Returned, Room, Unusable

Addresses = Callable[[str], int]
"""Where an exported function stands; raises `LookupError` if there is none of that name."""
_BEYOND = 4_096
"""Bytes behind each room that are ours too: a library that writes past the end is noticed, and breaks nothing else."""


class RoomOverrunError(Exception):
    """The library wrote more than the room it was given."""


def call_at(address: int, call: Call) -> Returned:
    """Call the C function at `address`."""
    arguments = [_argument(one) for one in call.arguments]
    result = ctypes.c_char_p if call.answers is Answers.TEXT else ctypes.c_int
    prototype = ctypes.CFUNCTYPE(result, *(ctypes.c_char_p for _ in arguments))
    answer = prototype(address)(*arguments)
    written = zip(arguments, call.arguments, strict=True)
    rooms = [_written(one, asked) for one, asked in written if one is not None and isinstance(asked, Room)]
    if call.answers is Answers.TEXT:
        return Returned(None, answer, rooms)
    return Returned(answer, None, rooms)


def _argument(one: Given | Room) -> ctypes.Array[ctypes.c_char] | None:
    if isinstance(one, Room):
        return ctypes.create_string_buffer(one.size + _BEYOND)
    # A copy: some libraries write to what they were only given to read.
    return None if one.data is None else ctypes.create_string_buffer(one.data)


def _written(room: ctypes.Array[ctypes.c_char], asked: Room) -> bytes:
    whole: bytes = room.raw
    if any(whole[asked.size - 1 :]):
        raise RoomOverrunError(asked.size)
    return whole.partition(b"\0")[0]


def exported(path: str, before: Sequence[str] = ()) -> Addresses:
    """Load a shared library.

    Args:
        path: The library.
        before: Libraries whose functions it takes to be there.

    Raises:
        OSError: One cannot be loaded.
    """
    if "/" in path:
        # Libraries look for their settings where they are started.
        os.chdir(Path(path).parent)
    for one in before:
        ctypes.CDLL(one, ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(path)

    def address(name: str) -> int:
        try:
            found = ctypes.cast(library[name], ctypes.c_void_p).value
        except AttributeError as exc:
            raise LookupError(name) from exc
        if found is None:
            raise LookupError(name)
        return found

    return address


def serve(load: Callable[[], Addresses]) -> int:
    """Answer the calls that come on standard input, on standard output, until the input ends."""
    die_with_parent()
    _leave_no_trace()
    calls, answers = _taken_streams()
    try:
        addresses = load()
    except OSError as exc:
        _answer(answers, Unusable(str(exc)))
        return 1
    for line in _lines(calls):
        _answer(answers, _reply(addresses, CALLS.decode(line)))
    return 0


def _leave_no_trace() -> None:
    """Keep what a library knows of a person from files that others read."""
    os.umask(0o077)
    # No core file after a crash. One byte, not none: a limit of 0 does not keep the kernel from feeding a program.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def _taken_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the three streams away from the library.

    Libraries print what they read, to where they like: to a log it would be somebody's identity number.
    """
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return calls, answers


def _answer(answers: BinaryIO, reply: Reply) -> None:
    answers.write(ENCODER.encode(reply) + b"\n")
    answers.flush()


def _reply(addresses: Addresses, call: Call) -> Reply:
    try:
        return call_at(addresses(call.function), call)
    except LookupError:
        return Unusable(f"it has no function {call.function}")
    except RoomOverrunError as exc:
        return Unusable(f"{call.function} wrote past the end of {exc} bytes")


def _lines(calls: BinaryIO) -> Iterator[bytes]:
    """Yield what comes in; the end of the input ends the process even in the midst of a call."""
    waiting: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line in calls:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=read, name="calls", daemon=True).start()
    while True:
        yield waiting.get()


def main() -> int:
    """Serve the library that the command line names."""
    _, library, *before = sys.argv
    return serve(lambda: exported(library, before))


if __name__ == "__main__":
    sys.exit(main())
