"""Texts as they may be shown: without the name and password that an address in them carries. Pure.

IP cameras are opened by an address such as `rtsp://user:password@10.0.0.9/ch1`; some take the password among the
other parameters instead.
"""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?<=://)(?:(?!://).)*@", re.DOTALL)
"""Up to the last `@` before the next address: passwords hold `/`, `@` and blanks although they should not."""
_MISTYPED = re.compile(r"(?i)\b((?:rtsps?|https?)(?::/?|//))(?!/)[^\s@]*(?:@[^\s@/]*)*@")
"""The same where `://` itself is written wrong."""
_PARAMETER = re.compile(r"(?i)\b([\w-]*(?:pass|pas|passwd|password|pwd|psw|secret|token|auth|key))=[^&;\s'\"“”]+")


def without_userinfo(text: str) -> str:
    """Return `text` with name and password of every address in it left out.

    >>> without_userinfo("camera:rtsp://user:secret@10.0.0.9/ch1;name=ward")
    'camera:rtsp://10.0.0.9/ch1;name=ward'
    >>> without_userinfo("http://10.0.0.9/live?user=admin&password=secret&channel=1")
    'http://10.0.0.9/live?user=admin&password=…&channel=1'
    """
    if "://" not in text:
        return _MISTYPED.sub(r"\1", text)
    return _PARAMETER.sub(r"\1=…", _USERINFO.sub("", text))
