"""Area profiles: what is shipped, and what a profile may not say."""

from __future__ import annotations

import pytest

from wire.fsi.areas import AreaError, Channel, TraceCodeForm, UnknownAreaError, area_names, load_area, shipped_area
from wire.fsi.signing import protection_of

HEAD = 'name = "x"\nzh = "甲"\nen = "x"\n'


def test_the_shipped_areas_differ_where_the_facts_say_so():
    assert set(area_names()) == {"base", "shenzhen", "hunan", "jilin", "neimenggu", "guangdong", "hubei"}
    areas = {name: shipped_area(name) for name in area_names()}
    assert all(area.name == name for name, area in areas.items())
    assert [name for name, area in areas.items() if area.fund_pay_includes_account] == ["guangdong"]
    assert [name for name, area in areas.items() if Channel.SETTLEMENT in area.trace_channels] == ["hubei"]
    assert {name for name, area in areas.items() if Channel.STOCK in area.trace_channels} == {"jilin", "neimenggu"}
    assert all(Channel.SALE in area.trace_channels for area in areas.values())
    assert areas["neimenggu"].checks_password == {"2102", "2207", "2304"}
    assert (areas["jilin"].signer, areas["jilin"].encryptor, areas["guangdong"].signer) == (
        "token+sm",
        "sm4",
        "gateway",
    )
    assert (areas["hubei"].refusal_infcode, areas["base"].refusal_infcode) == (1, -1)
    assert {name for name, area in areas.items() if area.demands_sign_in} == {"shenzhen", "jilin"}
    assert all(area.trace_code_length == 100 for area in areas.values())


@pytest.mark.parametrize("name", area_names())
def test_a_shipped_area_names_plug_ins_that_there_are(name):
    assert protection_of(shipped_area(name)) is not None


def test_a_profile_that_says_nothing_is_the_base():
    area, base = load_area(HEAD), shipped_area("base")
    for name in base.__dataclass_fields__:
        if name not in {"name", "title"}:
            assert getattr(area, name) == getattr(base, name), name


def test_a_profile_says_everything():
    area = load_area(
        HEAD + 'sends_infcode_as_text = true\ntrace_channels = ["A", "C"]\ntrace_code_form = "both"\n'
        'checks_password = ["2102"]\nrefusal_infcode = 1\n'
        '[spellings."9101.output."]\ndld_endtime = "dld_end_time"\n'
        '[lengths."3501.input.invinfo.drugtracinfo"]\ndrug_trac_codg = 60\n'
    )
    assert area.sends_infcode_as_text
    assert area.trace_channels == {Channel.SETTLEMENT, Channel.STOCK}
    assert area.trace_code_form is TraceCodeForm.BOTH


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x =", "TOML"),
        ('name = "x"', "zh"),
        (HEAD + "colour = 1", "colour"),
        (HEAD + 'trace_channels = ["D"]', "D"),
        (HEAD + "refusal_infcode = 12345", "refusal_infcode"),
        (HEAD + "trace_code_length = 200", "trace_code_length"),
        (HEAD + 'interface_version = "V1.2.02"', "interface_version"),
        (HEAD + 'checks_password = ["9999"]', "9999"),
        ('name = "../x"\nzh = "甲"\nen = "x"', "name"),
        (HEAD + '[required."3505.input.selinfo"]\nexpy_edn = true', "是否为 expy_end"),
        (HEAD + '[required."3505.input.selinfo"]\nzzzz = true', "没有字段 zzzz"),
        (HEAD + '[required."3505.input.sellinfo"]\nexpy_end = true', "3505.input.sellinfo"),
        (HEAD + '[required."3505"]\nexpy_end = true', "3505"),
        (HEAD + '[required."3505.input.selinfo.memo"]\nexpy_end = true', "selinfo.memo"),
        (HEAD + '[required."3505.input.selinfo"]\nexpy_end = "yes"', "expy_end"),
        (HEAD + '[lengths."3505.input.selinfo"]\nmemo = 0', "memo"),
        (HEAD + '[spellings."3505.input.selinfo"]\nmemo = "note"', "memo 不能写作 note"),
    ],
)
def test_what_a_profile_may_not_say_is_refused_by_name(text, named):
    with pytest.raises(AreaError) as refused:
        load_area(text)
    assert named in str(refused.value)


@pytest.mark.parametrize("name", ["wuhan", "", "../base", "base.toml"])
def test_an_unknown_area_lists_those_there_are(name):
    with pytest.raises(UnknownAreaError) as unknown:
        shipped_area(name)
    assert "jilin" in unknown.value.next_step.zh
    assert "jilin" in unknown.value.next_step.en
