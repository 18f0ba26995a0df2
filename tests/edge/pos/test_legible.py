"""Answers are read whatever they are packed in and written with, within bounds."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
import zstandard

from edge.pos.legible import MOST_BYTES, legible, why_unread
from edge.pos.upstream import Reply

ANSWER = json.dumps({"infcode": 0, "err_msg": "结算成功"}, ensure_ascii=False)
UTF8, GBK = ANSWER.encode(), ANSWER.encode("gb18030")


def bare(text: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(text) + packing.flush()


def reply(body: bytes, **headers: str) -> Reply:
    return Reply(200, tuple((name.replace("_", "-").encode(), said.encode()) for name, said in headers.items()), body)


READ = {
    "as it is": reply(UTF8),
    "with a mark": reply(b"\xef\xbb\xbf" + UTF8),
    "gzip": reply(gzip.compress(UTF8), Content_Encoding="gzip"),
    "gzip in two parts": reply(gzip.compress(UTF8[:9]) + gzip.compress(UTF8[9:]) + b"\0\0", content_encoding="x-gzip"),
    "gzip unsaid": reply(gzip.compress(UTF8)),
    "deflate": reply(zlib.compress(UTF8), Content_Encoding="Deflate"),
    "deflate without a frame": reply(bare(UTF8), Content_Encoding="deflate"),
    "zstd": reply(zstandard.compress(UTF8), Content_Encoding="zstd"),
    "twice": reply(gzip.compress(zlib.compress(UTF8)), Content_Encoding="deflate, gzip"),
    "GBK": reply(GBK, Content_Type="application/json; charset=GBK"),
    "GBK unsaid": reply(GBK, Content_Type="application/json"),
    "GBK that says UTF-8": reply(GBK, Content_Type="application/json;charset=UTF-8"),
    "UTF-8 that says Latin-1": reply(UTF8, Content_Type='text/plain;charset="ISO-8859-1"'),
    "UTF-16": reply(ANSWER.encode("utf-16"), Content_Type="application/json;charset=utf-16"),
    "GBK in gzip": reply(gzip.compress(GBK), Content_Encoding="gzip", Content_Type="text/json;charset=gb2312"),
}
UNREAD = {
    "packed as nobody knows here": (reply(b"\x0b\x02", Content_Encoding="br"), "br"),
    "torn": (reply(gzip.compress(UTF8)[:-4], Content_Encoding="gzip"), "broken"),
    "not packed at all": (reply(UTF8, Content_Encoding="gzip"), "broken"),
    "no zstd": (reply(UTF8, Content_Encoding="zstd"), "broken"),
    "torn zstd": (reply(zstandard.compress(UTF8)[:-3], Content_Encoding="zstd"), "GB18030"),
    "a bomb": (reply(gzip.compress(bytes(MOST_BYTES + 1)), Content_Encoding="gzip"), "too long"),
    "a bomb of parts": (reply(gzip.compress(b" " * (MOST_BYTES // 2)) * 3, Content_Encoding="gzip"), "too long"),
    "a zstd bomb": (reply(zstandard.compress(bytes(MOST_BYTES + 1)), Content_Encoding="zstd"), "too long"),
    "many packings": (reply(UTF8, Content_Encoding="gzip," * 9), "too long"),
    "no letters": (reply(b'{"infcode":0,"x":"\xff\xff"}'), "GB18030"),
    "no answer of the interface": (reply(b"<html>"), "form"),
    "nothing": (reply(b""), "form"),
}


@pytest.mark.parametrize("name", sorted(READ))
def test_an_answer_is_read_in_whatever_it_comes(name: str) -> None:
    assert json.loads(legible(READ[name]).text.decode("utf-8-sig")) == json.loads(ANSWER)
    assert why_unread(READ[name], {"infcode": 0}) is None


@pytest.mark.parametrize("name", sorted(UNREAD))
def test_what_cannot_be_read_says_why_in_both_languages(name: str) -> None:
    answer, word = UNREAD[name]
    why = why_unread(answer, {})
    assert why is not None
    assert word in why.en
    assert why.zh
