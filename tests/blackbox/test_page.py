"""What docs/fsi.md says of itself: its examples are messages, its list of transactions is the centre's."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable

import pytest

from tests.blackbox.stand import PAGE, Running, commands_of_the_page, yima
from tests.blackbox.till import GOODS, refused

TEXT = PAGE.read_text(encoding="utf-8")


def test_its_examples_are_json_and_its_anchors_lead_somewhere() -> None:
    blocks = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) > 4
    for block in blocks:
        json.loads(block)
    titles = re.findall(r"^#+ (.*)", TEXT, re.MULTILINE)
    headings = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings


def test_its_set_up_imports_all_samples_as_the_page_of_registers_says() -> None:
    registers = (PAGE.parent / "registers.md").read_text(encoding="utf-8")
    assert "*Set up an institution* imports all samples in order" in " ".join(registers.split())
    seed = PAGE.parents[1] / "config" / "seed"
    samples = {str(file.relative_to(seed.parents[1])) for file in seed.rglob("*.*")} - {"config/seed/catalogue.csv"}
    imported = {word for command in commands_of_the_page() if "import" in command for word in command}
    assert samples <= imported


def test_its_list_of_transactions_is_that_of_the_program() -> None:
    tables = {one["infno"] for one in json.loads(yima("fsi", "tables", "--json"))["transactions"]}
    done, undone = listed()
    assert tables <= done | undone
    assert done <= tables


@pytest.mark.slow
def test_what_a_vendor_does_first_and_wrong(open_centre: Callable[..., Running]) -> None:
    centre = open_centre()
    till = centre.till()
    done, undone = listed()
    for number in sorted(done | undone):
        answer = till.post(till.frame(number, "350203"), {"data": {"strange": "1"}})
        is_undone = str(answer["infcode"]) != "0" and refused(answer) == "fsi.not_implemented"
        assert is_undone == (number in undone), number
    assert refused(till.post(till.frame("9999"), {"data": {}})) == "fsi.unknown_transaction"

    line = centre.line()
    words = shlex.split(re.search(r"```sh\n(curl .*?)```", TEXT, re.DOTALL)[1])  # type: ignore[index]
    example = words[words.index("-d") + 1].encode()
    asked = {"Authorization": f"Bearer {centre.seeded.token}"}
    assert [json.loads(line.post(example, asked)[1])["infcode"] for _ in range(2)] == [0, 0]
    line.token = ""
    assert line.post(example, {})[0] == 401
    assert line.post(example, {"Authorization": "Bearer wrong"})[0] == 401
    gbk = example.decode().encode("gbk")
    assert refused(json.loads(line.post(gbk, asked)[1])) == "fsi.not_json"
    assert line.post(gbk, asked | {"Content-Type": "application/json; charset=GBK"})[0] == 415
    assert line.post(example, asked | {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415

    other = centre.till("P35020300002")
    cart = other.sale(*GOODS)
    assert refused(other.post(other.frame("2102", "350203"), cart)) == "fsi.not_your_institution"
    cart = till.sale(*GOODS)
    assert refused(till.post(till.frame("2102", ""), cart)) in {"fsi.condition", "fsi.missing"}, (
        "insuplc_admdvs is missing"
    )
    del cart["drugdetail"][1]["cnt"]
    answer = till.post(till.frame("2102", "350203"), cart)
    assert refused(answer) == "fsi.missing"
    assert "drugdetail[1].cnt（数量）" in str(answer["err_msg"])


def listed() -> tuple[set[str], set[str]]:
    """Return the numbers that the page lists as implemented, and those it lists as not."""
    chapter = TEXT.partition("## What is implemented")[2].partition("\n## ")[0]
    table, _, rest = chapter.partition("Not implemented")
    number = r"\b\d{4,5}A?\b(?![–x])"
    return set(re.findall(number, table)), set(re.findall(number, rest.partition("A number of no")[0]))
