"""Devices beside the till are configured strictly, and a terminal without them has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import EdgeConfig, load_config
from edge.config_person import CardKind, VoucherKind
from edge.config_wedge import WedgeKind
from tests.edge.test_config import MINIMAL, write
from web.config_file import ConfigValueError

INSTITUTION = '[institution]\ncode = "P35020000001"\nname = "安心药店"\n'


def loaded(folder: Path, text: str) -> EdgeConfig:
    return load_config(write(folder, MINIMAL + text))


def test_a_terminal_without_them_has_none(tmp_path):
    config = loaded(tmp_path, "")
    assert (config.voucher.kind, config.card.kind) == (VoucherKind.NONE, CardKind.NONE)
    assert (config.pinpad.path, config.wedge.kind) == ("", WedgeKind.NONE)


def test_paths_are_taken_from_the_file_and_bare_names_stay(tmp_path):
    config = loaded(
        tmp_path,
        INSTITUTION
        + '[voucher]\nkind = "national"\nlibrary = "vendor/libNationECCode.so"\nurl = "http://10.0.0.1/x"\n'
        + 'preload = ["vendor/liba.so", "/opt/b.so", "libdcrf32.so"]\n'
        + '[card]\nkind = "heasec"\nlibrary = "/opt/c.so"\npreload = ["./libd.so"]\n'
        + '[card.start]\nIP = "10.0.0.5"\nPORT = 8080\nPASSWORD = { file = "secrets/card" }\n',
    )
    assert config.voucher.library == tmp_path / "vendor/libNationECCode.so"
    assert config.voucher.preload == (str(tmp_path / "vendor/liba.so"), "/opt/b.so", "libdcrf32.so")
    assert config.card.preload == (str(tmp_path / "libd.so"),)
    assert config.card.started_with == {"IP": "10.0.0.5", "PORT": 8080, "PASSWORD": tmp_path / "secrets/card"}


@pytest.mark.parametrize(
    ("text", "option", "words"),
    [
        ('[voucher]\nkind = "national"\nlibrary = "/x"\nurl = "u"\n', "institution.code", "须填写"),
        ('[card]\nkind = "simulated"\nfolder = "x"\n', "institution.name", "须填写"),
        (INSTITUTION + '[voucher]\nkind = "national"\nlibrary = "/x"\n', "voucher.url", "须填写"),
        (INSTITUTION + '[voucher]\nkind = "national"\nurl = "u"\n', "voucher.library", "须填写"),
        (INSTITUTION + '[voucher]\nkind = "simulated"\n', "voucher.folder", "须填写"),
        (INSTITUTION + '[card]\nkind = "heasec"\nlibrary = "/x"\n', "card.start", "须填写"),
        ('[voucher]\nkind = "nationl"\n', "voucher.kind", "national"),
        ('[voucher]\nlibary = "/x"\n', "voucher.libary", "是否指 library"),
        ('[card.start]\nAPP_SECRET = "x"\n', "card.start.APP_SECRET", "file"),
        ('[card.start]\nX = { fiel = "x" }\n', "card.start.X", "整数或"),
        ("[card.start]\nX = true\n", "card.start.X", "整数或"),
        ('[pinpad]\npath = "ttyUSB0"\n', "pinpad.path", "完整路径"),
        ("[pinpad]\nleast = 9\n", "pinpad.least", "不能大于 most"),
        ('[wedge]\nkind = "serial"\n', "wedge.path", "须填写"),
        ('[wedge]\nlayout = "xx"\n', "wedge.layout", "us"),
        ('[wedge]\nend = "return"\n', "wedge.end", "enter"),
        ('[wedge]\nkind = "hidg"\ntypes = "raw"\n', "wedge.types", "serial"),
        ('[wedge]\nkind = "uinput"\npasses_credentials = true\n', "wedge.passes_credentials", "raw"),
        ('[institution]\ndistrict = "3502"\n', "institution.district", "6 位"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option(tmp_path, text, option, words):
    with pytest.raises(ConfigValueError) as refused:
        loaded(tmp_path, text)
    found = [one for one in refused.value.problems if one.option.startswith(option)]
    assert found, refused.value.problems
    assert any(words in one.words.zh for one in found)


def test_a_wedge_knows_its_usual_node(tmp_path):
    assert loaded(tmp_path, '[wedge]\nkind = "uinput"\n').wedge.node == "/dev/uinput"
    assert loaded(tmp_path, '[wedge]\nkind = "hidg"\npath = "/dev/hidg1"\n').wedge.node == "/dev/hidg1"
