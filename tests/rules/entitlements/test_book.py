"""Rule files of entitlement: what they say, what is wrong with them, and which of them holds on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from rules.entitlements.book import load_entitlement_book, shipped_entitlements
from rules.entitlements.errors import EntitlementRulesError, NoEntitlementRulesError
from rules.entitlements.purchase import Drug

HEAD = 'version = "{n}"\ntitle = {{ zh = "一", en = "one" }}\nfrom = {day}\n'
TITLE = 'title = { zh = "一", en = "one" }\n'


def file(n: int = 1, day: str = "2026-01-01", more: str = "") -> str:
    return HEAD.format(n=n, day=day) + more


def told(*texts: str) -> str:
    with pytest.raises(EntitlementRulesError) as caught:
        load_entitlement_book({f"{n}.toml": text for n, text in enumerate(texts)})
    assert caught.value.faults
    return caught.value.words.zh


def test_the_shipped_rules_hold_today_and_know_names_and_flags() -> None:
    rules = shipped_entitlements().on(date(2026, 3, 10))
    cold = Drug("Z", "氨酚伪麻美芬片")
    assert [rule.id for rule in rules.drugs if rule.is_for("pharmacy", cold)] == ["ephedrine", "ephedrine-limit"]
    on_prescription = Drug("Z", "麻黄碱注射液", is_prescription=True)
    found = [rule.id for rule in rules.drugs if rule.is_for("pharmacy", on_prescription)]
    assert found == ["prescription", "ephedrine"]
    assert not [rule.id for rule in rules.drugs if rule.is_for("hospital", on_prescription)]


def test_the_version_of_the_day_holds() -> None:
    second = file(2, "2026-07-01", "to = 2026-12-31\n")
    book = load_entitlement_book({"b": second, "a": file()})
    assert [book.on(date(2026, month, 1)).version for month in (1, 6, 7, 12)] == ["1", "1", "2", "2"]
    for day in (date(2026, 1, 1) - timedelta(days=1), date(2027, 1, 1)):
        with pytest.raises(NoEntitlementRulesError) as caught:
            book.on(day)
        assert str(day) in caught.value.words.zh


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("to = 2025-12-31\n", "早于 from"),
        ("surprise = 1\n", "不认识的键"),
        ('rest = "somewhere"\n', "应为"),
        (f'[[drugs]]\nid = "a"\n{TITLE}which = {{ prescription = true }}\n', "没有任何要求"),
        (f'[[drugs]]\nid = "a"\n{TITLE}needs = ["doctor"]\n', "没有说明是哪些药品"),
        (f'[[drugs]]\nid = "a"\n{TITLE}which = {{ items = ["X"] }}\nneeds = ["luck"]\n', "luck"),
        (f'[[drugs]]\nid = "a"\n{TITLE}which = {{ items = ["X"] }}\nneeds = ["certificate"]\n', "certificates"),
        (f'[[drugs]]\nid = "a"\n{TITLE}which = {{ items = ["X"] }}\n[[drugs.window]]\ncount = 1\n', "days"),
        (f'[[drugs]]\nid = "a"\n{TITLE}which = {{ items = ["X"] }}\nat_once = 0\n', "at_once"),
        (f'[[dual_channel]]\nid = "a"\n{TITLE}which = {{ items = ["X"] }}\n', "unapproved"),
        (f'[[dual_channel]]\nid = "a"\n{TITLE}which = {{ items = ["X"] }}\nunapproved = "refuse"\n' * 2, "两次"),
        ("= nothing", "不是有效的 TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(more: str, fault: str) -> None:
    assert fault in told(file(more=more))


def test_files_must_not_contradict_each_other() -> None:
    assert "版本 1 已用于" in told(file(), file(day="2026-02-01"))
    assert "重叠" in told(file(), file(2))
    assert "重叠" in told(file(more="to = 2026-12-31\n"), file(2, "2026-06-01"))
    assert "没有规则文件" in told()


def test_many_faults_are_counted() -> None:
    text = file(more="".join(f"key{n} = 1\n" for n in range(25)))
    assert "另有 5 处" in told(text)
