"""What a person should know of the terminal, from what is known of its parts. Pure.

An alarm needs a person and is a fault of this box: a scanner that is gone, a disk that fills, a clock that is wrong. A
line that is down is none (T-66): it is shown by its lamp and, at most, as a notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from codes.words import Words
from edge.health import (
    CLOCK_OFF_MS,
    CertificateStatus,
    ConfigRevision,
    DeviceState,
    DeviceStatus,
    Lamp,
    LampState,
    Machine,
    SiteStatus,
    SyncStatus,
    Trouble,
    is_clock_off,
)
from edge.link_trouble import REVOKED
from edge.setup_findings import setup_troubles

EVENTS_AHEAD_S: Final = 60.0
DISK_LOW: Final = 1_000_000_000
DISK_FULL: Final = 200_000_000
HOT_C: Final = 80.0
TOO_HOT_C: Final = 95.0
MEMORY_LOW: Final = 100_000_000
RENEW: Final = timedelta(days=30)
RENEW_NOW: Final = timedelta(days=7)
NOT_APPLIED: Final = "config.not_applied"
"""The configuration file is not the one in use."""
_MEGA: Final = 1_000_000
_IMPOSTURES: Final = frozenset({"site.forged_answer", "site.old_answer"})
"""Somebody answers in another terminal's place: said at once, whether or not anybody is at work."""

_SWITCHED_OFF: Final = Lamp(
    LampState.OFF, "sync.switched_off", Words("联网已关闭，记录只存本机", "The line is switched off; records stay here")
)
_UP: Final = Lamp(LampState.OK, "sync.up", Words("与中心同步正常", "Records reach the centre"))
_NO_ANSWER_YET: Final = Lamp(
    LampState.NOTICE,
    "sync.no_answer_yet",
    Words("已联网，中心尚未应答", "The line is up; the centre has not answered yet"),
)
_CONNECTING: Final = Lamp(
    LampState.DOWN, "sync.connecting", Words("正在连接，记录暂存本机", "Connecting; records are kept here")
)
_NOT_APPROVED: Final = Trouble(
    "terminal.not_approved",
    Words("中心尚未批准本终端，记录暂存本机", "The centre does not take our records yet; they are kept here"),
    Words(
        "请管理员在中心控制台核对指纹后批准。",
        "An administrator compares the fingerprint at the centre's console and approves this terminal.",
    ),
)


def sync_lamp(sync: SyncStatus, *, is_approved: bool | None) -> Lamp:
    """Return how the way to the centre is."""
    if not sync.is_enabled:
        return _SWITCHED_OFF
    problem = sync.problem
    if not sync.is_up:
        return _CONNECTING if problem is None else Lamp(LampState.DOWN, problem.code, problem.words)
    if problem is not None:
        state = LampState.DOWN if problem.is_alarm else LampState.NOTICE
        return Lamp(state, problem.code, problem.words)
    if is_approved is False:
        return Lamp(LampState.NOTICE, _NOT_APPROVED.code, _NOT_APPROVED.words)
    # An open line to the broker says nothing of the centre behind it.
    return _NO_ANSWER_YET if sync.last_receipt_at is None else _UP


def in_order(troubles: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return alarms before notices, otherwise as they come."""
    return tuple(sorted(troubles, key=lambda trouble: not trouble.is_alarm))


def sync_troubles(sync: SyncStatus, *, is_approved: bool | None) -> Iterator[Trouble]:
    """Yield what is wrong with the way to the centre; that it is down is no alarm by itself."""
    if sync.problem is not None:
        yield sync.problem
    if is_approved is False and sync.problem != REVOKED:
        yield _NOT_APPROVED
    if sync.dead:
        yield Trouble(
            "outbox.refused",
            Words(
                f"中心拒收 {sync.dead} 条记录，记录仍在本机", f"The centre refused {sync.dead} events; they are kept"
            ),
            Words(
                "请在柜台页面的“同步”中查看原因，并联系管理员。",
                "See the reasons under “sync” at the counter, and tell an administrator.",
            ),
        )


def device_troubles(devices: Iterable[DeviceStatus]) -> Iterator[Trouble]:
    """Yield what is wrong with devices: gone or failed is an alarm; silent, exchanged or set badly is not."""
    listed = tuple(devices)
    for device in listed:
        if device.problem is not None and device.words is not None and device.next_step is not None:
            is_alarm = device.state in {DeviceState.LOST, DeviceState.FAILED}
            yield Trouble(device.problem, device.words, device.next_step, is_alarm=is_alarm)
    yield from setup_troubles(listed)


def clock_troubles(offset_ms: int | None) -> Iterator[Trouble]:
    """Yield a clock that is far from the centre's (T-12)."""
    if offset_ms is not None and is_clock_off(offset_ms):
        seconds = abs(offset_ms) / 1000
        zh, en = ("慢", "slow") if offset_ms > 0 else ("快", "fast")
        yield Trouble(
            "clock.off",
            Words(
                f"本机时钟比中心{zh} {seconds:.0f} 秒（超过 {CLOCK_OFF_MS // 1000} 秒）",
                f"The clock of this machine is {seconds:.0f} s {en} (more than {CLOCK_OFF_MS // 1000} s)",
            ),
            Words(
                "请管理员打开时间同步（timedatectl set-ntp true）；记录的先后不受影响。",
                "An administrator switches time synchronisation on (timedatectl set-ntp true); the order of records "
                "does not suffer.",
            ),
        )


def event_clock_troubles(lead_s: float) -> Iterator[Trouble]:
    """Yield that our events are dated ahead of time, because a clock was ahead once and order goes before truth."""
    if lead_s > EVENTS_AHEAD_S:
        minutes = lead_s / 60
        yield Trouble(
            "clock.events_ahead",
            Words(
                f"新记录的时间比实际快 {minutes:.0f} 分钟：本机或中心的时钟曾经超前",
                f"New records are dated {minutes:.0f} min ahead: the clock of this machine or of the centre was fast",
            ),
            Words(
                "本机记录之间的先后不受影响，但在账中会排在其他终端之后，时间追上后自动消失；"
                "请管理员核对本机与中心的时钟（timedatectl status）。",
                "Among themselves they keep their order, but in the ledger they count as later than those of other "
                "terminals, until time has caught up; an administrator checks the clocks of this machine and of the "
                "centre (timedatectl status).",
            ),
            is_alarm=False,
        )


def machine_troubles(machine: Machine) -> Iterator[Trouble]:
    """Yield what is wrong with the box."""
    free, heat, memory = machine.disk_free_bytes, machine.temperature_c, machine.memory_available_bytes
    if free is not None and free < DISK_LOW:
        yield Trouble(
            "disk.low",
            Words(f"数据磁盘只剩 {free // _MEGA} MB", f"{free // _MEGA} MB are left on the data disk"),
            Words(
                "请管理员清理磁盘；未上传的记录不会被删除。", "An administrator makes room; nothing unsent is deleted."
            ),
            is_alarm=free < DISK_FULL,
        )
    if heat is not None and heat >= HOT_C:
        yield Trouble(
            "machine.hot",
            Words(f"机器温度 {heat:.0f} °C", f"The machine is {heat:.0f} °C hot"),
            Words("请检查风扇和通风口。", "Check fan and air holes."),
            is_alarm=heat >= TOO_HOT_C,
        )
    if memory is not None and memory < MEMORY_LOW:
        yield Trouble(
            "machine.memory_low",
            Words(f"可用内存只剩 {memory // _MEGA} MB", f"{memory // _MEGA} MB of memory are left"),
            Words("请关闭其他程序，或重启机器。", "Close other programs, or restart the machine."),
            is_alarm=False,
        )


def site_troubles(site: SiteStatus, *, is_open: bool) -> Iterator[Trouble]:
    """Yield what is wrong between the terminals of the site: notices, because each sells on without the others.

    Args:
        site: The terminals.
        is_open: Somebody is at work here. At night the others may well be switched off.
    """
    if site.problem is not None:
        yield site.problem
    for peer in site.peers:
        if peer.problem in _IMPOSTURES and peer.words is not None and peer.next_step is not None:
            words = Words(f"本店终端 {peer.terminal}：{peer.words.zh}", f"Terminal {peer.terminal}: {peer.words.en}")
            yield Trouble(peer.problem, words, peer.next_step, is_alarm=False)
        elif peer.is_missing and is_open:
            yield Trouble(
                "site.peer_unheard",
                Words(
                    f"超过一小时没有收到本店终端 {peer.terminal} 的售出信息",
                    f"Nothing was heard of terminal {peer.terminal} of this site for more than an hour",
                ),
                peer.next_step or Words("请检查该终端和店内网络。", "Check that terminal and the site's network."),
                is_alarm=False,
            )


def certificate_troubles(certificates: Iterable[CertificateStatus], now: datetime) -> Iterator[Trouble]:
    """Yield certificates that run out within 30 days; within 7 days it is an alarm."""
    renew = Words(
        "请管理员换上新证书（文件名不变），再重启终端。",
        "An administrator puts a new certificate under the same name and restarts the terminal.",
    )
    for one in certificates:
        if one.expires_at is None:
            words = Words(f"{one.use} 的证书无法读取", f"The certificate of {one.use} cannot be read")
            yield Trouble("certificate.unreadable", words, renew)
        elif one.expires_at - now <= RENEW:
            left = one.expires_at - now
            yield _running_out(one.use, left, renew)


def config_troubles(config: ConfigRevision | None) -> Iterator[Trouble]:
    """Yield a configuration file that is not the one in use."""
    if config is None or config.wanted == config.applied:
        return
    if config.wanted is None:
        words = Words("配置文件无法读取，终端仍按启动时的配置运行", "The configuration file cannot be read any more")
        step = Words(
            "请恢复该文件；缺少它终端无法再次启动。", "Restore it; without it the terminal cannot start again."
        )
    else:
        words = Words("配置文件已修改，尚未生效", "The configuration file was changed and is not in use yet")
        step = Words(
            "先用 `yima doctor` 检查新配置，再在空闲时重启终端，使其生效。",
            "Let `yima doctor` look at it, then restart the terminal when it is idle.",
        )
    yield Trouble(NOT_APPLIED, words, step, is_alarm=False)


def _running_out(use: str, left: timedelta, renew: Words) -> Trouble:
    if left <= timedelta():
        return Trouble("certificate.expired", Words(f"{use} 的证书已过期", f"{use} has expired"), renew)
    words = Words(f"{use} 的证书还有 {left.days} 天到期", f"{use} runs out in {left.days} days")
    return Trouble("certificate.running_out", words, renew, is_alarm=left <= RENEW_NOW)
