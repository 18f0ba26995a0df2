"""The field tables as data: complete, consistent, and as the area wants them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import pytest

from wire.fsi.areas import load_area, shipped_area
from wire.fsi.fields import Field, Kind, Node
from wire.fsi.table_files import ENVELOPE, RuleLine, base_table, condition_of, node_at, table_names
from wire.fsi.tables import NoTableError, UnknownTransactionError, envelope, transaction, transactions

BASE = shipped_area("base")
KNOWN = {
    "person and institution": ["1101", "1201", "2001"],
    "catalogues": ["1301", "1312", "1316", "1317", "1318", "1319", "3301", "3302"],
    "pharmacy": ["2101", "2102", "2103"],
    "outpatient": ["2201", "2202", "2203", "2204", "2205", "2206", "2207", "2208"],
    "inpatient": ["2301", "2302", "2303", "2304", "2305", "2401", "2402", "2404", "2405"],
    "reversal, audit, accounts": ["2601", "3101", "3102", "3103", "3201", "3202"],
    "stock": [str(number) for number in range(3501, 3514)],
    "queries, session, files": ["5203", "9001", "9002", "9101", "9102"],
}
CATALOGUES = [str(number) for number in (*range(1302, 1312), 1313, 1314, 1315, 1320, 1321) if number != 1304]
CHINESE = re.compile("[\u4e00-\u9fff]")


def every_record(fields: tuple[Field, ...], path: str) -> Iterator[tuple[str, tuple[Field, ...]]]:
    yield path, fields
    for one in fields:
        if one.children:
            yield from every_record(one.children, f"{path}.{one.name}")


def every_node(name: str) -> Iterator[tuple[str, Node]]:
    table = base_table(name)
    for side, nodes in (("input", table.input), ("output", table.output)):
        for node in nodes:
            yield f"{name}.{side}.{node.name}", node


def test_every_transaction_has_its_table():
    known = [number for group in KNOWN.values() for number in group]
    assert len(known) == 55
    assert set(known) | set(CATALOGUES) | {"3501A", "3505A"} == set(transactions())


@pytest.mark.parametrize("name", [*table_names(), ENVELOPE])
def test_a_table_is_sound(name):
    table = base_table(name)
    assert table.infno == name
    assert CHINESE.search(table.name.zh)
    for path, node in every_node(name):
        for place, fields in every_record(node.fields, path):
            spelt = [spelling for one in fields for spelling in one.spellings]
            assert len(spelt) == len(set(spelt)), place
            for one in fields:
                check_field(one, f"{place}.{one.name}")
        for condition in node.conditions:
            check_condition(condition, node, path)


def check_field(one: Field, place: str) -> None:
    assert CHINESE.search(one.label.zh) or one.label.zh.isupper(), place
    assert one.label.en, place
    assert "(" not in one.label.en, place
    assert (one.scale is not None) == (one.kind is Kind.NUMBER and one.length is not None), place
    assert not (one.children and one.kind not in {Kind.ARRAY, Kind.OBJECT}), place
    if one.length is not None:
        assert all(len(value) <= one.length for value in one.coded if value not in {"2304A", "9901"}), place
    if one.coded:
        assert one.is_coded, place
        assert one.kind is Kind.CHAR, place


def check_condition(condition, node: Node, path: str) -> None:
    fields = {one.name: one for one in node.fields}
    asked = {*condition.needs, *condition.when, *condition.when_given, *condition.since, *condition.begins}
    assert asked <= fields.keys(), path
    assert all(fields[name].kind is Kind.DATE for name in condition.since), path
    for name, values in condition.when.items():
        assert values <= fields[name].coded.keys(), path
    assert all(fields[name].condition is not None for name in condition.needs)


def test_a_trace_code_may_have_100_characters_wherever_it_stands():
    found = [
        one.length
        for name in table_names()
        for path, node in every_node(name)
        for _, fields in every_record(node.fields, path)
        for one in fields
        if one.name in {"drug_trac_codg", "drugTracCodg"}
    ]
    assert len(found) > 10
    assert set(found) == {100}


def test_a_table_takes_over_what_another_has():
    admission = {one.name for one in node_at("2401.input.diseinfo").fields}
    assert admission == {one.name for one in node_at("2203.input.diseinfo").fields} | {"psn_no"}
    trial, settlement = node_at("2101.output.setlinfo"), node_at("2102.output.setlinfo")
    assert {one.name for one in settlement.fields} - {one.name for one in trial.fields} == {"setl_id"}
    assert base_table("1307").input == base_table("1301").input
    assert base_table("3102").output == base_table("3101").output
    assert node_at("3505A.input.selinfoDetail").is_many


@pytest.mark.parametrize(
    "path", ["3505", "3505.input", "3505.input.nope", "3505.inside.selinfo", "9.input.x", "x/y.input."]
)
def test_there_is_no_node_elsewhere(path):
    with pytest.raises(KeyError):
        node_at(path)


def test_unknown_transactions_name_their_neighbours():
    with pytest.raises(UnknownTransactionError) as unknown:
        transaction("3550", BASE)
    assert "3505" in unknown.value.next_step.zh
    with pytest.raises(UnknownTransactionError) as unknown:
        transaction("0505", BASE)
    assert "3505" in unknown.value.next_step.zh
    with pytest.raises(UnknownTransactionError) as unknown:
        transaction("../../" * 50, BASE)
    assert len(unknown.value.words.zh) < 60
    assert "yima fsi tables" in unknown.value.next_step.en


def field_of(infno: str, area: str, name: str, node: int = 0) -> Field:
    return next(one for one in transaction(infno, shipped_area(area)).input[node].fields if one.name == name)


@pytest.mark.parametrize(
    ("infno", "area", "name", "is_required"),
    [
        ("9001", "base", "mac", True),
        ("9001", "neimenggu", "mac", False),
        ("9002", "base", "sign_no", False),
        ("9002", "neimenggu", "sign_no", True),
        ("9002", "neimenggu", "opter_no", False),
        ("2102", "base", "mdtrt_cert_no", True),
        ("2102", "shenzhen", "mdtrt_cert_no", False),
        ("2101", "shenzhen", "mdtrt_cert_no", False),
        ("3202", "jilin", "refd_setl_flag", True),
        ("3502", "jilin", "trdn_flag", True),
        ("3503", "jilin", "prod_geay_flag", True),
        ("3503", "hunan", "prod_geay_flag", False),
        ("3506", "jilin", "mdtrt_sn", True),
        ("3505A", "jilin", "expy_end", True),
        ("3505A", "hubei", "mdtrt_setl_type", True),
        ("3505A", "base", "expy_end", False),
    ],
)
def test_an_area_requires_what_it_requires(infno, area, name, is_required):
    assert field_of(infno, area, name).is_required is is_required


def test_what_nobody_knows_is_not_demanded_until_an_area_says_so():
    assert not field_of("3202", "base", "clr_type").is_requirement_known
    assert field_of("3202", "jilin", "clr_type").is_requirement_known


def test_an_area_has_its_lengths_and_spellings():
    longest = {one.name: one.length for one in envelope(shipped_area("neimenggu")).input[0].fields}
    assert (longest["fixmedins_code"], longest["fixmedins_name"]) == (30, 200)
    assert field_of("3505", "neimenggu", "mdtrt_setl_type").written == "MDTRT_SETL_TYPE"
    assert field_of("3503", "shenzhen", "prodentp_name").written == "prdr_name"
    assert field_of("3503", "hunan", "prodentp_name").written == "prodentp_name"
    (codes,) = [one for one in transaction("3501A", shipped_area("neimenggu")).input[0].fields if one.children]
    assert codes.children[0].written == "drug_trac_code"
    (plain,) = [one for one in transaction("3501", shipped_area("neimenggu")).input[0].fields if one.children]
    assert plain.children[0].written == "drug_trac_codg"


def test_an_institution_is_named_everywhere_as_long_as_in_the_envelope():
    def longest(infno, area):
        found = transaction(infno, area)
        fields = [one for node in (*found.input, *found.output) for one in node.fields]
        return {one.length for one in fields if one.name == "fixmedins_code"}

    for infno, base in (("1201", {12}), ("2001", {12}), ("5203", {12}), ("9101", {30})):
        assert longest(infno, shipped_area("base")) == base
        assert longest(infno, shipped_area("neimenggu")) == {30}
    shorter = load_area('name = "x"\nzh = "甲"\nen = "x"\n[lengths."envelope.input."]\nfixmedins_code = 14\n')
    assert [longest(infno, shorter) for infno in ("2001", "9101")] == [{14}, {30}]
    own = load_area(
        'name = "x"\nzh = "甲"\nen = "x"\n[lengths."envelope.input."]\nfixmedins_code = 14\n'
        '[lengths."2001.input.data"]\nfixmedins_code = 12\n'
    )
    assert longest("2001", own) == {12}


def test_an_override_of_the_copy_wins_over_one_of_the_original():
    area = load_area(
        'name = "x"\nzh = "甲"\nen = "x"\n'
        '[required."3505.input.selinfo"]\nexpy_end = true\n[required."3505A.input.selinfoDetail"]\nexpy_end = false\n'
    )
    assert [transaction(no, area).input[0].fields[20].is_required for no in ("3505", "3505A")] == [True, False]


def test_a_table_is_made_once_an_area():
    assert transaction("3505", BASE) is transaction("3505", shipped_area("base"))
    assert transaction("3505", BASE) is not transaction("3505", shipped_area("jilin"))


def test_every_file_of_the_folder_is_a_table_and_is_shipped():
    names = {file.name for file in (files("wire.fsi") / "tables").iterdir()}
    assert names == {f"{name}.toml" for name in (*table_names(), ENVELOPE, "dictionaries", "nodes")}
    for name in names:
        tomllib.loads((files("wire.fsi") / "tables" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("asked", [{}, {"need": ["a"], "need_one_of": ["b"]}])
def test_a_rule_names_one_kind_of_need(asked):
    with pytest.raises(ValueError, match="need"):
        condition_of(RuleLine(zh="甲", en="x", **asked))


def test_transactions_without_a_table_say_why_and_name_no_others():
    with pytest.raises(NoTableError) as known:
        transaction("7101", BASE)
    assert known.value.code == "fsi.not_implemented"
    assert "9101" not in str(known.value.words) + str(known.value.next_step)
