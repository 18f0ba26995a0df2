"""What went wrong is told whole, however deep it comes."""

from __future__ import annotations

from cli.breaking_off import causes_of


def test_every_cause_is_named_once_whatever_groups_it_came_through() -> None:
    first, second, third = ValueError("1"), KeyError("2"), OSError("3")
    group = ExceptionGroup("outer", [first, ExceptionGroup("inner", [second, ExceptionGroup("innermost", [third])])])
    assert list(causes_of(group)) == [first, second, third]
