"""A secret is taken only from a file that nobody but its owner may read."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest

from web.config_sections import BrokerSection
from web.secret_file import SecretFileError, load_secret, refuse_open_key

ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, allowed, who)
    for tag, allowed, who in [
        (0x01, 4, 0xFFFFFFFF),  # the owner reads
        (0x02, 4, 4711),  # the service reads
        (0x04, 0, 0xFFFFFFFF),  # the group does not
        (0x10, 4, 0xFFFFFFFF),  # the mask, which shows in place of the group's bits
        (0x20, 0, 0xFFFFFFFF),  # nobody else
    ]
)


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "pass word"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"k7mwq", b"k7mwq\n", b"  k7mwq \r\n"])
def test_a_secret_is_read_without_its_line_end(tmp_path: Path, content: bytes) -> None:
    assert load_secret(written(tmp_path, content)) == "k7mwq"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o610])
def test_a_file_that_others_may_use_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, b"k7mwq", mode)
    with pytest.raises(SecretFileError) as caught:
        load_secret(path)
    assert f"{mode:03o}" in caught.value.words.zh
    assert caught.value.next_step.en == f"Run: chmod 600 '{path}'"
    assert caught.value.next_step.zh == f"请执行：chmod 600 '{path}'"
    assert "k7mwq" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "zh"), [(b"\n", "是空的"), (b"\xff", "不是 UTF-8 文字"), (b"k7mwq\nrest\n", "只应有一行")]
)
def test_a_file_that_holds_no_one_secret_is_refused(tmp_path: Path, content: bytes, zh: str) -> None:
    with pytest.raises(SecretFileError) as caught:
        load_secret(written(tmp_path, content))
    assert caught.value.words.zh.endswith(zh)
    assert "rest" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match=r"文件不存在 .* there is no such file"):
        load_secret(tmp_path / "none")
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o600)
    with pytest.raises(SecretFileError, match="这是一个目录"):
        load_secret(folder)


def test_a_broker_gets_no_password_while_others_may_read_our_key(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("key")
    key.chmod(0o644)
    section = BrokerSection(certificate_file=tmp_path / "c.pem", key_file=key)
    with pytest.raises(SecretFileError, match=r"key\.pem"):
        section.load_password()
    key.chmod(0o600)
    assert section.load_password() is None


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_key_may_be_read_by_a_group_that_we_are_in(tmp_path: Path, mode: int) -> None:
    refuse_open_key(written(tmp_path, b"key", mode))


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o650])
def test_a_key_open_any_further_is_refused_with_a_command_that_leaves_the_group_in(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, b"key", mode)
    with pytest.raises(SecretFileError) as caught:
        refuse_open_key(path)
    assert f"{mode:03o}" in caught.value.words.zh
    assert caught.value.next_step.en == f"Run: chmod g-wx,o= '{path}'"


def test_a_key_that_a_strange_group_may_read_is_refused_without_breaking_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"key", 0o640)
    strange = path.stat().st_gid + 1
    monkeypatch.setattr(os, "getegid", lambda: strange)
    monkeypatch.setattr(os, "getgroups", lambda: [strange + 1])
    with pytest.raises(SecretFileError, match="which is not ours") as caught:
        refuse_open_key(path)
    assert "chmod" not in caught.value.next_step.en
    monkeypatch.setattr(os, "getgroups", lambda: [path.stat().st_gid])
    refuse_open_key(path)


@pytest.fixture
def credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as systemd hands it to a service: an access list lets one more user read, which shows as mode 440."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    path = written(tmp_path, b"k7mwq", 0o400)
    try:
        os.setxattr(path, "system.posix_acl_access", ACCESS_LIST)
    except OSError as exc:
        pytest.skip(f"no access lists on this disk: {exc}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    # As the service sees it: the group is root's, and not one of ours.
    monkeypatch.setattr(os, "getegid", lambda: 4711)
    monkeypatch.setattr(os, "getgroups", lambda: [4711])
    return path


@pytest.mark.req("T-48")
def test_a_credential_of_the_service_manager_is_taken_as_it_is(credential: Path) -> None:
    assert load_secret(credential) == "k7mwq"
    refuse_open_key(credential)


def test_the_same_file_is_refused_where_no_service_manager_vouches_for_it(
    credential: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (None, "", ".", str(credential.parent.parent)):
        monkeypatch.delenv("CREDENTIALS_DIRECTORY") if folder is None else monkeypatch.setenv(
            "CREDENTIALS_DIRECTORY", folder
        )
        for refuse in (load_secret, refuse_open_key):
            with pytest.raises(SecretFileError):
                refuse(credential)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_credential_that_others_may_use_is_refused(credential: Path, mode: int) -> None:
    credential.chmod(mode)
    for refuse in (load_secret, refuse_open_key):
        with pytest.raises(SecretFileError, match=f"{mode:03o}"):
            refuse(credential)


def test_a_credential_of_another_user_is_refused(credential: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = credential.stat().st_uid + 1
    monkeypatch.setattr("web.secret_file._ROOT", other)
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(SecretFileError):
        load_secret(credential)
