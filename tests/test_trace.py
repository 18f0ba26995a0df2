"""`make trace` sees what tests and benches say they show."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

from tests import trace


def test_a_benchs_rows_count_and_its_prose_does_not(monkeypatch, tmp_path):
    monkeypatch.setattr(trace, "ROOT", tmp_path)
    bench = tmp_path / "bench_x.py"
    bench.write_text('"""P-99 is prose."""\ndef rows():\n    """P-98."""\n    return [{"id": "P-01"}, row("P-02")]\n')
    assert trace.bench_rows(bench) == [("P-01", "bench_x.py::rows (bench)"), ("P-02", "bench_x.py::rows (bench)")]


def test_a_mark_of_the_whole_file_or_class_counts_for_each_test_in_it(monkeypatch, tmp_path):
    monkeypatch.setattr(trace, "ROOT", tmp_path)
    (tmp_path / "test_x.py").write_text(
        'pytestmark = [pytest.mark.slow, pytest.mark.req("T-70", "T-71")]\n'
        "def build(): ...\n"
        '@pytest.mark.req("T-71")\n@pytest.mark.req("T-02")\ndef test_one(): ...\n'
        '@pytest.mark.req("T-03")\nclass TestTwo:\n'
        '    pytestmark: object = pytest.mark.req("T-04")\n    async def test_in(self): ...\n'
    )
    assert trace.marked_tests(tmp_path / "test_x.py") == [
        *((requirement, "test_x.py::test_one") for requirement in ("T-70", "T-71", "T-02")),
        *((requirement, "test_x.py::test_in") for requirement in ("T-70", "T-71", "T-03", "T-04")),
    ]


def test_an_unknown_requirement_of_a_whole_file_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(trace, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text('pytestmark = pytest.mark.req("T-99")\ndef test_one(): ...\n')
    assert trace.main() == 1
    assert "named but unknown: T-99" in capsys.readouterr().out


@pytest.fixture(scope="module")
def table() -> str:
    """The table of this tree, made once: every test file is taken apart for it."""
    said = io.StringIO()
    with redirect_stdout(said):
        assert trace.main() == 0
    return said.getvalue()


def test_the_benches_are_in_the_table(table):
    assert "bench_drain.py" in table.partition("P-06")[2].partition("P-07")[0]
    assert "bench_footprint.py" in table.partition("P-15")[2].partition("C-01")[0]


def test_every_requirement_says_what_it_asks(table):
    assert "T-21  Scans of two scanners never run into each other.\n      tests/" in table
    assert "of 76 requirements" in table
