"""An address is shown without the name and password in it, however they are written."""

from __future__ import annotations

import pytest

from codes.userinfo import without_userinfo


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0", "0"),
        ("/dev/v4l/by-id/usb-a@b", "/dev/v4l/by-id/usb-a@b"),
        ("rtsp://10.0.0.9/ch1", "rtsp://10.0.0.9/ch1"),
        ("rtsp://u:p@10.0.0.9/ch1", "rtsp://10.0.0.9/ch1"),
        ("rtsp://u:p 'w\"@10.0.0.9/ch1", "rtsp://10.0.0.9/ch1"),
        ("rtsp://u:p/w@d@10.0.0.9/ch1", "rtsp://10.0.0.9/ch1"),
        ("['camera:rtsp://u:p@a/1', 'camera:rtsp://v:q@b/2']", "['camera:rtsp://a/1', 'camera:rtsp://b/2']"),
        ("rtsp://10.0.0.9/user=admin&password=p&channel=1", "rtsp://10.0.0.9/user=admin&password=…&channel=1"),
        ("camera:rtsp:/u:p@10.0.0.9/1", "camera:rtsp:/10.0.0.9/1"),
        ("camera:rtsp//u:p@10.0.0.9/1", "camera:rtsp//10.0.0.9/1"),
        ("http://10.0.0.9/live?user_pwd=p&loginpas=p&psw=p", "http://10.0.0.9/live?user_pwd=…&loginpas=…&psw=…"),
    ],
)
def test_what_may_be_shown(text: str, shown: str) -> None:
    assert without_userinfo(text) == shown
