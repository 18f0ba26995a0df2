"""A catalogue file is taken whole or refused with the reason; what is wrong in it is named by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from codes.errors import YimaError
from codes.pack import ProductKey, ProductSystem
from edge.catalogue_file import import_catalogue
from edge.store.catalogue import look_up
from rules.catalogue import CatalogueColumnsError, CatalogueError
from rules.catalogue_intake import SHOWN_PROBLEMS, CatalogueUnreadableError, CatalogueUselessError
from tests.edge.scene import NOON

HEADER = "产品编号,通用名,规格,生产企业,医保类别,单价,单位,拆零数,小码标识"
LINE = "D0001,阿莫西林胶囊,0.25g×24粒,虚构制药,甲,9.80,盒,24,8600011"
PREFIX = ProductKey(ProductSystem.TRACE_PREFIX, "8600011")


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "catalogue.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_file_from_any_spreadsheet_is_taken(connection: Connection, tmp_path: Path, encoding: str) -> None:
    done = import_catalogue(connection, write(tmp_path, HEADER, LINE, encoding=encoding), NOON)
    assert (done.products, done.identifiers, done.problems, done.is_new) == (1, 1, (), True)
    with connection.begin():
        found = look_up(connection, [PREFIX])
    assert found is not None
    assert found.name == "阿莫西林胶囊"


def test_wrong_columns_in_gb18030_are_named_and_nothing_is_changed(connection: Connection, tmp_path: Path) -> None:
    import_catalogue(connection, write(tmp_path, HEADER, LINE), NOON)
    wrong = write(tmp_path, HEADER.replace("单价", "零售价"), LINE, encoding="gb18030")
    with pytest.raises(CatalogueColumnsError) as caught:
        import_catalogue(connection, wrong, NOON)
    assert "零售价" in caught.value.words.zh
    assert "单价" in caught.value.words.zh
    with connection.begin():
        assert look_up(connection, [PREFIX]) is not None


def test_wrong_lines_are_left_out_and_named(connection: Connection, tmp_path: Path) -> None:
    wrong = LINE.replace("9.80", "nine").replace("D0001", "D0002").replace("8600011", "8600012")
    done = import_catalogue(connection, write(tmp_path, HEADER, wrong, LINE), NOON)
    assert done.products == 1
    assert [(problem.line, problem.column) for problem in done.problems] == [(2, "单价")]


def test_lines_that_are_left_out_stand_in_the_log_and_a_flood_is_counted(
    connection: Connection, tmp_path: Path
) -> None:
    wrong = [LINE.replace("9.80", "nine").replace("D0001", f"W{number}") for number in range(50)]
    with capture_logs() as logs:
        import_catalogue(connection, write(tmp_path, HEADER, LINE, *wrong), NOON)
    summary, *lines = logs
    assert (summary["event"], summary["taken"], summary["left_out"]) == ("catalogue.lines_left_out", 1, 50)
    assert len(lines) == SHOWN_PROBLEMS
    assert (lines[0]["line"], lines[0]["column"], lines[0]["code"]) == (3, "单价", "catalogue.price")
    assert lines[0]["zh"] != lines[0]["en"]
    with capture_logs() as logs:
        import_catalogue(connection, write(tmp_path, HEADER, LINE), NOON)
    assert logs == []


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((HEADER,), CatalogueUselessError),
        ((HEADER, LINE.replace("9.80", "nine")), CatalogueUselessError),
        (("",), CatalogueError),
    ],
)
def test_file_without_a_usable_line_is_refused(
    connection: Connection, tmp_path: Path, lines: tuple[str, ...], error: type[YimaError]
) -> None:
    with pytest.raises(error) as caught:
        import_catalogue(connection, write(tmp_path, *lines), NOON)
    assert caught.value.next_step.zh


def test_missing_file_is_refused(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnreadableError):
        import_catalogue(connection, tmp_path / "nothing.csv", NOON)


def test_same_file_again_changes_nothing(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, LINE)
    import_catalogue(connection, path, NOON)
    assert not import_catalogue(connection, path, NOON).is_new
    assert import_catalogue(connection, write(tmp_path, HEADER, LINE, ""), NOON).is_new
