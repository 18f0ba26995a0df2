"""A shared library in a process of its own: loaded, called by its C interface, and done without when it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.vendor.calls import Answers, Call, Given, Returned, Room
from drivers.vendor.errors import VendorLibraryCrashedError, VendorLibrarySilentError, VendorLibraryUnusableError
from drivers.vendor.library import VendorLibrary, library_command

C_LIBRARY = Path("libc.so.6")


def called(*calls: Call, path: Path = C_LIBRARY, within_s: float = 10.0) -> list[Returned]:
    async def run() -> list[Returned]:
        library = VendorLibrary("card:x", library_command(path))
        try:
            async with library.session():
                return [await library.call(call, within_s=within_s) for call in calls]
        finally:
            await library.close()

    return asyncio.run(run())


def test_a_real_library_takes_text_and_answers_numbers_texts_and_rooms():
    number, text, room = called(
        Call("atoi", [Given(b"-4711")], Answers.NUMBER),
        Call("strchr", [Given("医保|码".encode()), Given(None)], Answers.TEXT),
        Call("strcpy", [Room(32), Given("读卡".encode("gb18030"))], Answers.TEXT),
    )
    assert number.number == -4711
    assert text.text == b""
    assert room.rooms == ["读卡".encode("gb18030")]


@pytest.mark.parametrize(("path", "function"), [(Path("/nowhere/libHeaSec.so"), "Init"), (C_LIBRARY, "NationEcTrans")])
def test_a_library_that_is_not_there_or_lacks_the_function_is_named(path, function):
    with pytest.raises(VendorLibraryUnusableError, match="card:x"):
        called(Call(function, [], Answers.NUMBER), path=path)


def test_a_library_that_ends_the_process_is_a_crash_and_the_next_call_loads_it_anew():
    async def run() -> list[object]:
        library = VendorLibrary("card:x", library_command(C_LIBRARY))
        try:
            async with library.session():
                with pytest.raises(VendorLibraryCrashedError, match="abort"):
                    await library.call(Call("abort", [], Answers.NUMBER), within_s=10)
                assert library.is_fresh
                return [(await library.call(Call("atoi", [Given(b"7")], Answers.NUMBER), within_s=10)).number]
        finally:
            await library.close()

    assert asyncio.run(run()) == [7]


def test_a_library_that_never_comes_back_is_given_up():
    with pytest.raises(VendorLibrarySilentError, match="pause"):
        called(Call("pause", [], Answers.NUMBER), within_s=0.5)


def test_what_a_call_carries_is_not_printed():
    assert "secret" not in repr(Call("f", [Given(b"secret")], Answers.TEXT))
    assert "secret" not in repr(Returned(0, b"secret", [b"secret"]))
