"""The states of devices and of the store, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from codes.words import Words
from edge.health import DeviceState
from edge.store.quota import QuotaState

DEVICE_STATES: Final[Mapping[DeviceState, Words]] = MappingProxyType(
    {
        DeviceState.OPENING: Words("正在连接", "connecting"),
        DeviceState.READY: Words("就绪", "ready"),
        DeviceState.SILENT: Words("未收到内容", "silent"),
        DeviceState.LOST: Words("已断开", "disconnected"),
        DeviceState.FAILED: Words("故障", "failed"),
    }
)
"""As the screens call them."""

QUOTA_STATES: Final[Mapping[QuotaState, Words]] = MappingProxyType(
    {
        QuotaState.OK: Words("充足", "enough room"),
        QuotaState.NOTICE: Words("偏满", "filling up"),
        QuotaState.LOW: Words("快满", "nearly full"),
        QuotaState.ALARM: Words("即将用尽", "almost no room"),
        QuotaState.FULL: Words("已满", "full"),
    }
)
