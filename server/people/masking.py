"""What is shown of a name or a number where the whole of it is nobody's business."""

from __future__ import annotations

_SHOWN_BEFORE, _SHOWN_AFTER = 4, 4


def masked_number(number: str) -> str:
    """Return a number of which only both ends can be read, and nothing of a short one.

    >>> masked_number("990101198001010017"), masked_number("12345678")
    ('9901**********0017', '********')
    """
    hidden = len(number) - _SHOWN_BEFORE - _SHOWN_AFTER
    if hidden < _SHOWN_BEFORE:
        return "*" * len(number)
    return f"{number[:_SHOWN_BEFORE]}{'*' * hidden}{number[-_SHOWN_AFTER:]}"


def masked_name(name: str) -> str:
    """Return a name of which only the first character can be read.

    >>> masked_name("甲一"), masked_name("A. Nobody"), masked_name("甲")
    ('甲*', 'A*', '*')
    """
    if not name[1:]:
        return "*" * len(name)
    # As many stars as a Chinese name has characters; how long another one is says too much.
    return name[0] + "*" * (len(name) - 1 if not name.isascii() else 1)
