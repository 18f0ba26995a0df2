"""One rule for catalogue files: a wrong file is refused, a wrong line is left out, and everything is named."""

from __future__ import annotations

import pytest

from codes.errors import YimaError
from rules.catalogue import CatalogueFile, parse_catalogue
from rules.catalogue_intake import (
    SHOWN_PROBLEMS,
    CatalogueProblemsError,
    CatalogueUnreadableError,
    CatalogueUselessError,
    accept_catalogue,
)

HEADER = "产品编号,通用名,规格,生产企业,医保类别,单价,单位,拆零数"
GOOD = "D1,阿莫西林,0.25g,虚构制药,甲,1,盒,1"


def file_of(*lines: str) -> CatalogueFile:
    return parse_catalogue("\n".join([HEADER, *lines]).encode("gb18030"))


def wrong(number: int) -> str:
    return GOOD.replace("D1", f"W{number}").replace(",1,盒", ",一元,盒")


def test_good_lines_pass_and_wrong_ones_only_where_that_is_allowed() -> None:
    mixed = file_of(GOOD, wrong(1))
    accept_catalogue(file_of(GOOD), is_strict=True)
    accept_catalogue(mixed)
    with pytest.raises(CatalogueProblemsError) as refused:
        accept_catalogue(mixed, is_strict=True)
    assert refused.value.problems == mixed.problems


def test_every_wrong_line_is_named_and_a_flood_is_counted() -> None:
    few = file_of(GOOD, wrong(1), GOOD, wrong(2))
    with pytest.raises(CatalogueProblemsError) as refused:
        accept_catalogue(few, is_strict=True)
    for place in ("第 3 行 单价", "第 4 行 产品编号", "第 5 行 单价"):
        assert place in refused.value.words.zh
    assert "line 3, 单价:" in refused.value.words.en
    assert "另有" not in refused.value.words.zh

    with pytest.raises(CatalogueProblemsError) as refused:
        accept_catalogue(file_of(GOOD, *map(wrong, range(100))), is_strict=True)
    assert refused.value.words.zh.count("单价") == SHOWN_PROBLEMS
    assert "100" in refused.value.words.zh
    assert "另有 80 行" in refused.value.words.zh
    assert "80 more" in refused.value.words.en
    assert len(refused.value.problems) == 100


@pytest.mark.parametrize("lines", [(), (wrong(1),), ("D1,甲",)])
def test_a_file_of_which_nothing_can_be_used_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(CatalogueUselessError) as refused:
        accept_catalogue(file_of(*lines))
    assert refused.value.code == "catalogue.useless"
    assert len(refused.value.problems) == len(lines)


@pytest.mark.parametrize(
    ("error", "zh"),
    [
        (FileNotFoundError(2, "No such file"), "文件不存在"),
        (IsADirectoryError(21, "Is a directory"), "这是目录"),
        (PermissionError(13, "Permission denied"), "没有权限"),
        (OSError(5, "Input/output error"), "读写出错，设备可能有故障"),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(error: OSError, zh: str) -> None:
    told: YimaError = CatalogueUnreadableError("c.csv", error)
    assert zh in told.words.zh
    assert told.words.zh.isascii() is False
