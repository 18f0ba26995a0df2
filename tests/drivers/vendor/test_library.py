"""A shared library in a process of its own: loaded, called by its C interface, and done without when it fails."""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from pathlib import Path

import pytest

from drivers.vendor.calls import Answers, Call, Given, Returned, Room
from drivers.vendor.errors import (
    VendorFileMissingError,
    VendorLibraryCrashedError,
    VendorLibrarySilentError,
    VendorLibraryUnusableError,
    VendorPartMissingError,
)
from drivers.vendor.files import LibraryFiles
from drivers.vendor.library import VendorLibrary, try_loading
from drivers.vendor.text import read_text, shown_words

C_LIBRARY = Path("libc.so.6")
_HEAD = struct.Struct("<4sBB10xHH")
_OURS = Path(sys.executable).resolve()


def vendor_library(path: Path) -> VendorLibrary:
    files = LibraryFiles(path)
    return VendorLibrary("card:x", files.command, files=files)


def called(*calls: Call, path: Path = C_LIBRARY, within_s: float = 10.0) -> list[Returned]:
    async def run() -> list[Returned]:
        library = vendor_library(path)
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


def test_a_library_that_lacks_the_function_is_named():
    with pytest.raises(VendorLibraryUnusableError, match="没有函数 NationEcTrans"):
        called(Call("NationEcTrans", [], Answers.NUMBER))


def test_what_a_library_prints_and_reads_is_not_ours(capfd):
    (read,) = called(
        Call("puts", [Given(b"350203197001011236")], Answers.NUMBER),
        Call("perror", [Given(b"350203197001011236")], Answers.NUMBER),
        Call("fflush", [Given(None)], Answers.NUMBER),
        Call("getchar", [], Answers.NUMBER),
    )[3:]
    assert (read.number, capfd.readouterr()) == (-1, ("", ""))


def test_a_library_that_writes_past_the_end_of_its_room_is_not_believed():
    with pytest.raises(VendorLibraryUnusableError, match="strcpy 写出了给定的 8 字节之外"):
        called(Call("strcpy", [Room(8), Given(b"12345678")], Answers.TEXT))


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, VendorFileMissingError, "没有文件"),
        (b"", VendorLibraryUnusableError, "不是动态库"),
        (b"MZ" + bytes(40), VendorLibraryUnusableError, "Windows"),
        (_HEAD.pack(b"\x7fELF", 1, 1, 3, 3), VendorLibraryUnusableError, "x86, 32 bit"),
        (_HEAD.pack(b"\x7fELF", 2, 1, 3, 258), VendorLibraryUnusableError, "LoongArch, 64 bit"),
    ],
    ids=["missing", "empty", "Windows", "32 bit", "another processor"],
)
def test_a_file_that_cannot_be_used_is_named_before_a_process_is_started(tmp_path, content, error, words):
    library, beside = tmp_path / "libHeaSec.so", tmp_path / "libdcrf32.so"
    if content is not None:
        library.write_bytes(content)
    beside.write_bytes(_HEAD.pack(b"\x7fELF", 1, 1, 3, 3))
    for files in (LibraryFiles(library), LibraryFiles(C_LIBRARY, (str(library),))):
        with pytest.raises(error, match=words) as refused:
            files.look("card:x")
        assert str(library) in str(refused.value)
    # Beside the library, by its name alone.
    library.write_bytes(_OURS.read_bytes()[:16] + b"\x03\x00" + _build(_OURS)[6:])
    with pytest.raises(VendorLibraryUnusableError, match="libdcrf32"):
        LibraryFiles(library, ("libdcrf32.so",)).look("card:x")


def test_what_a_library_needs_besides_is_named_and_found_beside_it_where_it_is_named(tmp_path):
    with pytest.raises(VendorPartMissingError, match=r"libdcrf32\.so") as missing:
        try_loading("card:x", LibraryFiles(C_LIBRARY, ("libdcrf32.so",)), within_s=10)
    assert "preload" in missing.value.next_step.zh
    math = next(path for path in map(Path, ("/lib", "/usr/lib", "/lib64")) if path.exists())
    found = next((path for path in math.rglob("libm.so.6") if _is_for_us(path)), None)
    if found is not None:
        (tmp_path / "libdcrf32.so").symlink_to(found.resolve())
        beside = LibraryFiles(tmp_path / "libcard.so", ("libdcrf32.so", "libm.so.6"))
        assert beside.preloaded == (str(tmp_path / "libdcrf32.so"), "libm.so.6")
        try_loading("card:x", LibraryFiles(found.resolve(), (str(tmp_path / "libdcrf32.so"),)), within_s=10)


def _is_for_us(path: Path) -> bool:
    return _build(path) == _build(_OURS)


def _build(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(20)
    return head[:6] + head[18:]


def test_a_library_that_ended_between_two_calls_is_loaded_anew_without_a_word():
    async def run() -> object:
        library = vendor_library(C_LIBRARY)
        try:
            async with library.session():
                pid = (await library.call(Call("getpid", [], Answers.NUMBER), within_s=10)).number
                library.set_up()
            os.kill(pid, 9)
            while library.is_running:  # noqa: ASYNC110 - the kernel is another party
                await asyncio.sleep(0.01)
            async with library.session():
                fresh = library.is_fresh
                return fresh, (await library.call(Call("atoi", [Given(b"7")], Answers.NUMBER), within_s=10)).number
        finally:
            await library.close()

    assert asyncio.run(run()) == (True, 7)


@pytest.mark.parametrize("text", ["叶强", "魏强", "李宁", "买买提·艾力", "X00000019|叶强|", "", "John"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_text_is_read_whichever_of_the_two_encodings_it_is_in(text, encoding):
    assert read_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("二维码已失效", "二维码已失效"),
        ("卡号X00000019\n已过期 (1001)", "卡号… 已过期 (1001)"),
        ("350203197001011236", "…"),
        ("4241234567890123456712350000 已失效", "…"),
        ("token 350200ec0123456789abcdef0123456789ab", "token …"),
    ],
)
def test_a_librarys_words_are_shown_without_numbers_of_a_person(said, shown):
    assert shown_words(said) == shown


def test_a_library_that_ends_the_process_is_a_crash_and_the_next_call_loads_it_anew():
    async def run() -> list[object]:
        library = vendor_library(C_LIBRARY)
        try:
            async with library.session():
                with pytest.raises(VendorLibraryCrashedError, match="abort"):
                    await library.call(Call("abort", [], Answers.NUMBER), within_s=10)
                assert library.is_fresh
                return [(await library.call(Call("atoi", [Given(b"7")], Answers.NUMBER), within_s=10)).number]
        finally:
            await library.close()

    assert asyncio.run(run()) == [7]


def test_an_answer_that_is_longer_than_any_is_none():
    with pytest.raises(VendorLibraryCrashedError, match="strcpy"):
        called(Call("strcpy", [Room(1_000_000), Given(b"x" * 900_000)], Answers.TEXT))


def test_a_library_that_never_comes_back_is_given_up():
    with pytest.raises(VendorLibrarySilentError, match="pause"):
        called(Call("pause", [], Answers.NUMBER), within_s=0.5)


def test_what_a_call_carries_is_not_printed():
    assert "secret" not in repr(Call("f", [Given(b"secret")], Answers.TEXT))
    assert "secret" not in repr(Returned(0, b"secret", [b"secret"]))
