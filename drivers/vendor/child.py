"""The process that loads a vendor's library and calls it, so that its crash or hang is not ours.

Started by `drivers.vendor.library` as `python -m drivers.vendor.child LIBRARY`. It answers call by call, and ends when
its input does. A twin serves its own functions the same way (`serve`): they are reached by their addresses through the
same C interface as an exported symbol is.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from drivers.orphan import die_with_parent
from drivers.vendor.calls import CALLS, ENCODER, Answers, Call, Given, Reply, Returned, Room, Unusable

Addresses = Callable[[str], int]
"""Where an exported function stands; raises `LookupError` if there is none of that name."""


def call_at(address: int, call: Call) -> Returned:
    """Call the C function at `address`."""
    arguments = [_argument(one) for one in call.arguments]
    result = ctypes.c_char_p if call.answers is Answers.TEXT else ctypes.c_int
    prototype = ctypes.CFUNCTYPE(result, *(ctypes.c_char_p for _ in arguments))
    answer = prototype(address)(*arguments)
    written = zip(arguments, call.arguments, strict=True)
    rooms = [one.value for one, asked in written if one is not None and isinstance(asked, Room)]
    if call.answers is Answers.TEXT:
        return Returned(None, answer, rooms)
    return Returned(answer, None, rooms)


def _argument(one: Given | Room) -> ctypes.Array[ctypes.c_char] | None:
    if isinstance(one, Room):
        return ctypes.create_string_buffer(one.size)
    # A copy: some libraries write to what they were only given to read.
    return None if one.data is None else ctypes.create_string_buffer(one.data)


def exported(path: str) -> Addresses:
    """Load a shared library.

    Raises:
        OSError: It cannot be loaded.
    """
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
    # Libraries write to descriptor 1 as they like; what we answer goes out elsewhere.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    try:
        addresses = load()
    except OSError as exc:
        answers.write(ENCODER.encode(Unusable(str(exc))) + b"\n")
        return 1
    for line in _lines():
        answers.write(ENCODER.encode(_reply(addresses, CALLS.decode(line))) + b"\n")
    return 0


def _reply(addresses: Addresses, call: Call) -> Reply:
    try:
        return call_at(addresses(call.function), call)
    except LookupError:
        return Unusable(f"no function {call.function}")


def _lines() -> Iterator[bytes]:
    """Yield what comes in; the end of the input ends the process even in the midst of a call."""
    waiting: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=read, name="calls", daemon=True).start()
    while True:
        yield waiting.get()


def main() -> int:
    """Serve the library that the command line names."""
    return serve(lambda: exported(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
