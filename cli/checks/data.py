"""The data folder: owner, mode, kind of disk, room; the store in it, and the key."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cli.checks.finding import Finding, fault, fault_of, finding_of, fine, notice
from cli.checks.salvage import check_salvage
from cli.paper import size_of
from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from edge.health import Machine
from edge.store.database import KEY_FILE, SALVAGING, database_path, had_a_life
from edge.store.errors import SalvageRunsError
from edge.store.inspection import StoreReport, inspect_store
from edge.store.life import Why
from edge.store.salvage import DAMAGED
from edge.troubles import machine_troubles

MOUNTS = Path("/proc/self/mounts")
_NO_FOLDER: Final = Words("这是文件，不是目录", "it is a file, not a folder")
_NOT_WRITABLE: Final = Words(
    "当前账户不能写入，或磁盘为只读", "this account may not write to it, or the disk is read-only"
)
_OTHERS = 0o077
_WHY: Final[Mapping[Why, Words]] = MappingProxyType(
    {
        "damaged": Words("数据库损坏", "it was damaged"),
        "copied": Words("数据目录被复制或恢复过", "its folder was copied or restored"),
        "forked": Words("另有一台终端在用同一数据库的副本", "another terminal uses a copy of it"),
    }
)
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "afs"})
_FLEETING = frozenset({"tmpfs", "ramfs", "overlay"})


def check_data(folder: Path) -> Iterator[Finding]:
    """Look at the data folder and what is in it."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        yield _no_folder(folder)
        return
    except OSError as exc:
        yield _unusable(folder, words_of_os_error(exc))
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _unusable(folder, _NO_FOLDER)
        return
    yield _access(folder, status)
    yield disk_kind(folder, filesystem_of(folder, MOUNTS))
    yield _room(folder)
    yield _key(folder / KEY_FILE)
    try:
        yield from check_salvage(folder)
        database = database_path(folder)
        is_there = database.exists()
        is_lost = had_a_life(database) and not (is_there and database.stat().st_size)
        # What a salvage has left was told above.
        is_told = (folder / SALVAGING).exists() or (not is_there and (folder / DAMAGED).exists())
    except OSError as exc:
        yield _unusable(folder, words_of_os_error(exc))
        return
    if is_lost and not is_told:
        yield _lost(folder)
    elif is_there:
        yield from _store(folder)


def filesystem_of(folder: Path, mounts: Path) -> str:
    """Return the kind of file system that a folder is on; nothing if the system does not say."""
    place, best = folder.resolve(), ("", "")
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, point, kind, *_ = line.split()
        point = point.replace("\\040", " ")
        if place.is_relative_to(point) and len(point) >= len(best[0]):
            best = point, kind
    return best[1]


def disk_kind(folder: Path, kind: str) -> Finding:
    """Return whether a kind of file system keeps what was committed."""
    if kind in _NETWORK:
        words = Words(f"{folder} 在网络盘上（{kind}），断电会丢记录", f"{folder} is on a network share ({kind})")
        step = Words("请把 [store] folder 改到本机磁盘。", "Set [store] folder to a local disk.")
        return fault("disk.network", words, step)
    if kind in _FLEETING:
        words = Words(
            f"{folder} 在临时文件系统上（{kind}），重启可能丢失",
            f"{folder} is on a file system ({kind}) that a restart may empty",
        )
        step = Words("请确认该目录位于可长期保存的磁盘或卷上。", "Make sure that it is on a disk or volume that stays.")
        return notice("disk.fleeting", words, step)
    return fine(
        "disk.local", f"数据目录在本机磁盘（{kind or '?'}）", f"The data folder is on a local disk ({kind or '?'})"
    )


def _no_folder(folder: Path) -> Finding:
    """Return whether the first start will be able to make it."""
    above = next(one for one in folder.absolute().parents if one.exists())
    if not above.is_dir():
        return _unusable(folder, Words(f"{above} 不是目录", f"{above} is no folder"))
    if not os.access(above, os.W_OK | os.X_OK):
        return _unusable(folder, Words(f"当前账户不能写入 {above}", f"this account may not write to {above}"))
    words = Words(f"数据目录 {folder} 尚不存在", f"The data folder {folder} is not there yet")
    return notice(
        "store.no_folder", words, Words("首次启动终端时会自动建立。", "The first start of the terminal makes it.")
    )


def _unusable(folder: Path, why: Words) -> Finding:
    words = Words(f"数据目录 {folder} 不能使用：{why.zh}", f"The data folder {folder} cannot be used: {why.en}")
    step = Words(
        "请检查 [store] folder、该磁盘是否只读和目录权限，并以运行终端的账户执行本命令。",
        "Check [store] folder, whether that disk is read-only, and permissions; run this as the terminal's account.",
    )
    return fault("store.folder_unusable", words, step)


def _access(folder: Path, status: os.stat_result) -> Finding:
    is_stranger = status.st_uid != os.geteuid()
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK) and not (is_stranger and os.geteuid()):
        return _unusable(folder, _NOT_WRITABLE)
    if status.st_mode & _OTHERS:
        shown = f"{stat.S_IMODE(status.st_mode):03o}"
        words = Words(f"数据目录权限为 {shown}，他人可进入", f"Mode {shown} lets others into the data folder")
        step = Words(f"请执行：chmod 700 {folder}", f"Run: chmod 700 {folder}")
        return notice("store.open_folder", words, step)
    if is_stranger:
        words = Words(
            f"数据目录属于用户 {status.st_uid}，当前用户是 {os.geteuid()}",
            f"The data folder belongs to user {status.st_uid}; this is user {os.geteuid()}",
        )
        step = Words(
            "请以运行终端的账户执行本命令，例如 sudo -u yima-edge。",
            "Run this as the account of the terminal, for example with sudo -u yima-edge.",
        )
        return notice("store.other_owner", words, step)
    return fine("store.folder", f"数据目录 {folder} 仅属主可进入", f"Only its owner may enter {folder}")


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    for trouble in machine_troubles(Machine(disk_free_bytes=free)):
        return finding_of(trouble)
    return fine("disk.room", f"数据磁盘可用 {size_of(free)}", f"{size_of(free)} are free on the data disk")


def _key(path: Path) -> Finding:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        words = Words("终端密钥尚未生成", "The terminal has no key yet")
        return notice("key.missing", words, Words("首次启动终端时会自动生成。", "The first start makes it."))
    except OSError as exc:
        why = words_of_os_error(exc)
        words = Words(f"终端密钥无法查看：{why.zh}", f"The terminal's key cannot be looked at: {why.en}")
        return fault("key.unreadable", words, Words("请以运行终端的账户执行。", "Run this as the terminal's account."))
    if mode & _OTHERS:
        words = Words("终端密钥可被他人读取", "Others can read the terminal's key")
        return fault("key.open", words, Words(f"请执行：chmod 600 {path}", f"Run: chmod 600 {path}"))
    return fine("key.closed", "终端密钥仅属主可读", "Only its owner can read the terminal's key")


def _lost(folder: Path) -> Finding:
    words = Words(f"{folder} 中的 terminal.db 丢失或为空", f"The terminal.db in {folder} is gone or empty")
    step = Words(
        "若有备份或原盘，请先找回该文件再启动；否则启动终端：会另起新纪元，并告知中心。",
        "If it is on a backup or another disk, put it back before the next start; else start the terminal: it begins a "
        "new life and tells the centre.",
    )
    return fault("store.lost", words, step)


def _store(folder: Path) -> Iterator[Finding]:
    try:
        report = inspect_store(folder)
    except SalvageRunsError as exc:
        yield notice(exc.code, exc.words, exc.next_step)
        return
    except YimaError as exc:
        yield fault_of(exc)
        return
    except OSError as exc:
        why = words_of_os_error(exc)
        words = Words(f"数据库无法查看：{why.zh}", f"The store cannot be looked at: {why.en}")
        yield fault("store.unreadable", words, Words("请以运行终端的账户执行。", "Run this as the terminal's account."))
        return
    yield from store_findings(report)


def store_findings(report: StoreReport) -> Iterator[Finding]:
    """Return what the look at a store means."""
    if report.finding != "ok":
        words = Words(f"数据库已损坏：{report.finding}", f"The store is damaged: {report.finding}")
        step = Words(
            "请重启终端：会自动另存损坏文件并逐行抢救，不要删除任何文件。",
            "Restart the terminal: it sets the files aside and salvages them row by row. Delete nothing.",
        )
        yield fault("store.damaged", words, step)
    elif report.version > report.newest_version:
        words = Words(
            f"数据库版本 {report.version} 高于本程序支持的 {report.newest_version}",
            f"The store has version {report.version}, this program knows {report.newest_version}",
        )
        yield fault("store.newer", words, Words("请升级程序。", "Upgrade the program."))
    elif report.version < report.newest_version:
        words = Words("数据库版本较旧，下次启动时升级", "The store is of an older version; the next start brings it up")
        yield notice("store.older", words, Words("请重启终端。", "Restart the terminal."))
    else:
        yield fine(
            "store.whole", f"数据库完好（版本 {report.version}）", f"The store is whole (version {report.version})"
        )
    if report.outbox is not None and report.outbox.dead:
        dead = report.outbox.dead
        words = Words(f"中心拒收 {dead} 条记录", f"The centre refused {dead} events")
        step = Words("请在柜台页面“同步”中查看原因。", "See the reasons under “sync” at the counter.")
        yield fault("outbox.refused", words, step)
    if report.former:
        last = report.former[0]
        why = _WHY[last.why]
        words = Words(
            f"数据库曾于 {last.ended_at:%Y-%m-%d} 另起新纪元（{why.zh}）",
            f"The store began a new life on {last.ended_at:%Y-%m-%d} ({why.en})",
        )
        step = Words(
            "如原因不明，请查看日志并告知管理员。", "If nobody knows why, see the log and tell an administrator."
        )
        yield notice("store.rebuilt", words, step)
