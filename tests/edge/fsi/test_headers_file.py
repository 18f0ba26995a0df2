"""Headers of a gateway come from a file of their own, and what is no header is refused without being said."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.fsi.headers_file import HeadersFileError, read_headers
from web.secret_file import SecretFileError


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "headers"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_one_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, b"# gateway\nX-App-Id: shop-1\r\n\nX-Secret:a:b \n")
    assert read_headers(path) == {"X-App-Id": "shop-1", "X-Secret": "a:b"}


@pytest.mark.parametrize("content", [b"X-App-Id shop", b": x", b"X Y: z", "X: 药".encode(), b"X: a\x00b"])
def test_what_is_no_header_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(HeadersFileError) as refused:
        read_headers(written(tmp_path, content))
    assert "shop" not in refused.value.words.zh + refused.value.words.en


def test_a_file_that_others_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError):
        read_headers(written(tmp_path, b"X: y", 0o644))
    with pytest.raises(SecretFileError):
        read_headers(tmp_path / "none")
