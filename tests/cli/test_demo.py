"""What `yima demo` prints for a person to read."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest
from rich.console import Console

from cli.demo import _show_report, _table
from sim.cashier import Notebook
from sim.checker import CentreClaims, Findings
from sim.plan import Way
from sim.report import make_report
from sim.tally import Tally

NOTHING = CentreClaims(ledger={}, answers={}, unknown_answers={}, events=())


def notebook() -> Notebook:
    every_way = Counter(dict.fromkeys(Way, 2))
    return Notebook("P1", Tally("t1"), emitted=every_way, read=every_way.copy(), played=6, commit_ms=[1_234.56])


def printed(findings: Findings) -> str:
    report = make_report(
        asked=6, notebooks=[notebook()], claims=NOTHING, findings=findings, status=[], faults=["kill -9 x"], seconds=1.0
    )
    console = Console(width=120)
    with console.capture() as captured:
        _show_report(console, report)
    return captured.get()


def test_a_right_run_is_said_to_be_one_with_its_figures() -> None:
    text = printed(Findings())
    assert "一致 / All agrees" in text
    assert "serial 2 · hid 2 · camera 2" in text
    assert "p50 1,234.6 ms · p99 1,234.6 ms" in text
    assert "p50 — · p99 —" in text
    assert "kill -9 x" in text


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("lost", "丢失 / lost"),
        ("duplicated", "重复 / duplicated"),
        ("wrong_states", "状态错误 / wrong states"),
        ("false_answers", "错误回答 / false answers"),
    ],
)
def test_a_finding_is_spelt_out_beside_what_it_is(kind: str, label: str) -> None:
    text = printed(Findings(**{kind: ["t1: A [1] is gone"]}))
    assert "不一致 / Something is wrong" in text
    assert any(label in line and "t1: A [1] is gone" in line for line in text.splitlines())


def test_the_table_of_a_running_demo_says_of_each_terminal_how_it_is() -> None:
    class Screen:
        url = "http://127.0.0.1:9"

        async def press(self, method: str, path: str) -> dict[str, object]:
            return {"sync": {"is_up": False, "delivered": 11, "pending": 3}}

    city = SimpleNamespace(places=[SimpleNamespace(shop=SimpleNamespace(label="河西药房"), screen=Screen())])
    table = asyncio.run(_table(city, SimpleNamespace(notebooks=[notebook()])))
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    row = next(line for line in captured.get().splitlines() if "河西药房" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        *("河西药房", "http://127.0.0.1:9", "断开 / down", "6", "6", "11", "3")
    ]
