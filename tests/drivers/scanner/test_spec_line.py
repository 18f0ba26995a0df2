"""One line of the configuration becomes a typed scanner, or a message that names what is wrong."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.errors import ConfigError
from drivers.errors import DeviceSpecError
from drivers.scanner import parse_spec
from drivers.scanner.spec import (
    Address,
    AimId,
    CameraSpec,
    GsKey,
    KeyboardSpec,
    KeySuffix,
    MatchBy,
    PosSpec,
    ReportLayout,
    SerialSpec,
    Suffix,
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("serial:/dev/ttyACM0", SerialSpec(Address(MatchBy.PATH, "/dev/ttyACM0"))),
        (
            "serial:/dev/ttyUSB0,115200,7e2;suffix=crlf;aim=on;gs=~;silence_ms=80;name=left",
            SerialSpec(
                Address(MatchBy.PATH, "/dev/ttyUSB0"),
                name="left",
                baud=115200,
                frame="7E2",
                suffix=Suffix.CRLF,
                aim=AimId.ON,
                gs="~",
                silence_s=0.08,
            ),
        ),
        ("serial:usb-serial=AB12,9600", SerialSpec(Address(MatchBy.USB_SERIAL, "AB12"))),
        (
            "keyboard:usb-path=1.2;layout=de;gs=down;suffix=tab;invert_case=yes;hand_pace_ms=50",
            KeyboardSpec(
                Address(MatchBy.USB_PATH, "1.2"),
                layout="de",
                gs=GsKey.DOWN,
                suffix=KeySuffix.TAB,
                invert_case=True,
                hand_pace_s=0.05,
            ),
        ),
        (
            "pos:/dev/hidraw2;reports=plain",
            PosSpec(Address(MatchBy.PATH, "/dev/hidraw2"), reports=ReportLayout.PLAIN),
        ),
        (
            "camera:rtsp://127.0.0.1/tray;name=tray;budget_ms=30",
            CameraSpec("rtsp://127.0.0.1/tray", "tray", budget_ms=30),
        ),
        (" serial:/dev/ttyS0 ; name=back ", SerialSpec(Address(MatchBy.PATH, "/dev/ttyS0"), name="back")),
    ],
)
def test_a_line_says_everything_about_a_scanner(line, expected):
    assert parse_spec(line) == expected


@pytest.mark.parametrize(
    ("line", "device"),
    [
        ("serial:/dev/ttyACM0,9600", "serial:/dev/ttyACM0"),
        ("serial:/dev/ttyACM0;name=counter-left", "serial:counter-left"),
        ("keyboard:usb-serial=X1", "keyboard:usb-serial=X1"),
        ("camera:0;name=tray", "camera:tray"),
        ("camera:0", "camera:0"),
        ("pos:/dev/hidraw0", "pos:/dev/hidraw0"),
        ("camera:rtsp://u:SECRET@10.0.0.9/ch1", "camera:rtsp://10.0.0.9/ch1"),
        ("camera:rtsp://u:SEC/R@ET@10.0.0.9/ch1;name=ward", "camera:ward"),
    ],
)
def test_a_device_is_called_by_its_name_or_else_its_address(line, device):
    assert parse_spec(line).device == device


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "serial"),
        ("/dev/ttyACM0", "serial"),
        ("usb:/dev/ttyACM0", "serial"),
        ("serial:", "address"),
        ("serial:;name=x", "address"),
        ("serial:ttyACM0", "absolute"),
        ("serial:usb-serial=", "usb-serial"),
        ("serial:/dev/ttyACM0,fast", "fast"),
        ("serial:/dev/ttyACM0,0", "positive"),
        ("serial:/dev/ttyACM0,9600,8X1", "8X1"),
        ("serial:/dev/ttyACM0,9600,8N", "8N"),
        ("serial:/dev/ttyACM0;suffix=cr2", "suffix"),
        ("serial:/dev/ttyACM0;gs=||", "gs"),
        ("keyboard:/dev/input/event3;gs=||", "gs"),
        ("serial:/dev/ttyACM0;gs=é", "gs"),
        ("serial:/dev/ttyACM0;silence_ms=0", "silence_ms"),
        ("serial:/dev/ttyACM0;silence_ms=soon", "silence_ms"),
        ("serial:/dev/ttyACM0;layout=us", "layout"),
        ("serial:/dev/ttyACM0;name", "name"),
        ("serial:/dev/ttyACM0;name=a;name=b", "name"),
        ("keyboard:/dev/input/event3;baud=9600", "baud"),
        ("keyboard:/dev/input/event3;invert_case=maybe", "invert_case"),
        ("keyboard:usb-path=1.2;layout=xx", "layout must be one of us, uk, de, fr"),
        ("pos:/dev/hidraw0;suffix=cr", "suffix"),
        ("camera:0;widht=1", "unknown setting: widht"),
        ("camera:0;width=wide", "width must be a positive whole number"),
        ("camera:0;expect=0", "expect must be a positive whole number"),
        ("camera:0;absent_ms=²", "absent_ms must be a positive whole number of milliseconds"),
    ],
)
def test_a_line_with_a_mistake_is_refused_and_the_mistake_named(line, named):
    with pytest.raises(DeviceSpecError) as refused:
        parse_spec(line)
    assert named in refused.value.words.en
    assert line in refused.value.words.zh
    assert refused.value.code == "driver.spec"
    assert isinstance(refused.value, ConfigError)


@pytest.mark.parametrize(
    "line",
    [
        "camra:rtsp://user:SECRET@10.0.0.9/ch1",
        "camera:rtsp://user:SECRET@10.0.0.9/ch1;width=wide",
        "camera:rtsp://user:SECRET@10.0.0.9/ch1;zoom=1",
        "camera:rtsp://user:a;SECRET@10.0.0.9/ch1",
        "camera:rtsp://user:a;SECRET=b@10.0.0.9/ch1",
        "camera:http://10.0.0.9/live?password=SECRET&channel=1;zoom=1",
        "serial:rtsp://user:SECRET@10.0.0.9/ch1",
        "serial:/dev/x,rtsp://user:SECRET@10.0.0.9",
    ],
)
def test_a_refusal_never_quotes_a_password(line):
    with pytest.raises(DeviceSpecError) as refused:
        parse_spec(line)
    assert "SECRET" not in str(refused.value.words) + refused.value.device


@given(
    st.text()
    | st.builds(
        "{}:{}{}".format,
        st.sampled_from(["serial", "keyboard", "pos", "camera"]),
        st.sampled_from(["/dev/x", "usb-path=1.2", "", "0"]),
        st.text(alphabet=",;=:x019N" + "é"),
    )
)
def test_any_text_is_a_scanner_or_a_spec_error(line):
    with contextlib.suppress(DeviceSpecError):
        assert ":" in parse_spec(line).device
