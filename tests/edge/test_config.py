"""A configuration either means exactly what it says, or is refused with the option and the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.config import EdgeConfig, load_config, warn_of_unknown_variables
from web.config_file import ConfigFileError, ConfigSyntaxError, ConfigValueError, line_of

MINIMAL = """\
[terminal]
id = "counter-1"
area = "350200"
institution = "P35020000001"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_minimal_file_is_enough(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL))
    assert config.terminal.id == "counter-1"
    assert config.api.host == "127.0.0.1"
    assert config.scanners == ()


def test_relative_paths_are_taken_from_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL + '[store]\nfolder = "data"\n[catalogue]\nfile = "/a/b.csv"\n'))
    assert config.store.folder == tmp_path / "data"
    assert config.catalogue.file == Path("/a/b.csv")
    assert config.link.ca_file is None


def test_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIMA_EDGE_API__PORT", "8701")
    assert load_config(write(tmp_path, MINIMAL + "[api]\nport = 8700\n")).api.port == 8701


@pytest.mark.parametrize(
    ("given", "option", "hint"),
    [
        ("YIMA_EDGE_API__PORT=99999", "api.port", "不大于 65535"),
        ("yima_edge_api__port=x", "api.port", "应为整数"),
        ("YIMA_EDGE_API__PROT=x", "api.prot", "是否指 port"),
        ('YIMA_EDGE_API={"port": 99999}', "api.port", "不大于 65535"),
        ("YIMA_EDGE_API=8700", "api", "应为一组键与值"),
        ("YIMA_EDGE_API=many", "api", "应为 JSON"),
        ("YIMA_EDGE_API__ALLOWED_HOSTS=a.example", "api.allowed_hosts", "应为 JSON"),
        ("YIMA_EDGE_CARD__START=IP=10.0.0.5", "card.start", "应为 JSON"),
        ('YIMA_EDGE_CARD__START={"PASSWORD": "x"}', "card.start.PASSWORD", "密码和密钥不写在配置里"),
        ("YIMA_EDGE_API__HOST=0.0.0.0", "api.host", "is_exposed"),
        ("YIMA_EDGE_SCANNERS=camera:rtsp://u:SECRET@10.0.0.9/1", "scanners", "应为 JSON"),
        ('YIMA_EDGE_SCANNERS=["laser:rtsp://u:SECRET@10.0.0.9/1"]', "scanners.0", "laser"),
    ],
)
def test_wrong_variable_is_named_and_not_a_line_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, option: str, hint: str
) -> None:
    variable, _, value = given.partition("=")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, MINIMAL + "[api]\nport = 8700\n"))
    problem = caught.value.problems[0]
    assert (problem.option, problem.line, problem.variable) == (option, None, variable)
    assert hint in problem.words.zh
    assert caught.value.words.zh.startswith(f"配置有误：环境变量 {variable}（{option}）：")
    assert f"{variable} in the environment ({option})" in caught.value.words.en
    assert "SECRET" not in str(caught.value.words)


def test_file_and_environment_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIMA_EDGE_API__PORT", "99999")
    path = write(tmp_path, MINIMAL + '[log]\nlevel = "loud"\n')
    with pytest.raises(ConfigValueError) as caught:
        load_config(path)
    assert str(path) in caught.value.words.zh
    assert {(problem.option, problem.line) for problem in caught.value.problems} == {
        ("api.port", None),
        ("log.level", 6),
    }


def test_variable_that_sets_nothing_is_logged_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("YIMA_EDGE_APIS__PORT", "YIMA_EDGE_ZZZZZZZZZ", "YIMA_EDGE_API__PORT", "YIMA_EDGE_SCANNERS"):
        monkeypatch.setenv(name, "1")
    with capture_logs() as logged:
        warn_of_unknown_variables()
    assert {(line["event"], line["log_level"], line["variable"], line["nearest"]) for line in logged} == {
        ("config.unknown_variable", "warning", "YIMA_EDGE_APIS__PORT", "YIMA_EDGE_API__PORT"),
        ("config.unknown_variable", "warning", "YIMA_EDGE_ZZZZZZZZZ", None),
    }


@pytest.mark.parametrize(
    ("extra", "option", "line", "hints"),
    [
        ("[api]\nprot = 8620\n", "api.prot", 6, ("是否指 port", "did you mean port")),
        ("[apis]\nport = 1\n", "apis", 5, ("是否指 api", "did you mean api")),
        ("[zzz]\nport = 1\n", "zzz", 5, ("没有这个选项", "there is no such option")),
        ("[api]\n\nport = 99999\n", "api.port", 7, ("值“99999”无效：应不大于 65535", "65535 or less")),
        ('[counter]\nmode = "sell"\n', "counter.mode", 6, ("sell", "dispense")),
        (
            '[centre]\npublic_key = "abc"\n',
            "centre.public_key",
            6,
            ("值“abc”无效：应为 64 位十六进制数字", "64 hexadecimal digits"),
        ),
        ('[api]\nhost = "0.0.0.0"\nis_behind_proxy = true\n', "api.host", 6, ("is_exposed", "is_exposed")),
        ('[link]\nhost = "mq.example"\n', "link.host", 6, ("ca_file", "ca_file")),
    ],
)
def test_wrong_option_is_named_with_its_line(
    tmp_path: Path, extra: str, option: str, line: int, hints: tuple[str, str]
) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, MINIMAL + extra))
    (problem,) = caught.value.problems
    assert (problem.option, problem.line) == (option, line)
    assert hints[0] in problem.words.zh
    assert hints[1] in problem.words.en
    assert f"第 {line} 行" in caught.value.words.zh
    assert f"line {line}" in caught.value.words.en
    assert caught.value.next_step.zh


def test_wrong_scanner_line_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, 'scanners = ["serial:/dev/ttyACM0", "laser:/dev/x"]\n' + MINIMAL))
    (problem,) = caught.value.problems
    assert (problem.option, problem.line) == ("scanners.1", 1)


@pytest.mark.parametrize(
    "scanners",
    [
        '"camera:rtsp://u:SECRET@10.0.0.9/ch1"',
        '["camra:rtsp://u:SECRET@10.0.0.9/ch1"]',
        '["camera:rtsp://u:SECRET@10.0.0.9/ch1;zoom=1"]',
    ],
)
def test_a_refusal_does_not_quote_the_password_of_a_camera(tmp_path: Path, scanners: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, f"scanners = {scanners}\n{MINIMAL}"))
    assert "SECRET" not in str(caught.value.words)
    assert "10.0.0.9" in caught.value.words.zh


@pytest.mark.parametrize(
    ("scanner", "named"), [("keyboard:usb-path=1.2;layout=xx", "layout"), ("camera:0;widht=1", "widht")]
)
def test_wrong_setting_of_a_scanner_is_refused_before_anything_starts(tmp_path: Path, scanner: str, named: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, f'scanners = ["{scanner}"]\n{MINIMAL}'))
    (problem,) = caught.value.problems
    assert named in problem.words.zh
    assert named in problem.words.en


def test_every_problem_is_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, '[terminal]\nid = "a b"\narea = "35"\n'))
    assert [(problem.option, problem.line) for problem in caught.value.problems] == [
        ("terminal.id", 2),
        ("terminal.area", 3),
        ("terminal.institution", 1),
    ]


def test_missing_table_is_named_without_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, "[api]\nport = 1\n"))
    (problem,) = caught.value.problems
    assert (problem.option, problem.line, problem.words.zh) == ("terminal", None, "缺少该项")
    assert "terminal：缺少该项" in caught.value.words.zh


def test_unknown_key_inside_a_plain_value_has_no_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_config(write(tmp_path, MINIMAL + "[counter]\nmode = {a = 1}\n"))
    assert caught.value.problems[0].option == "counter.mode"


def test_syntax_error_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        load_config(write(tmp_path, MINIMAL + "port = = 3\n"))
    assert caught.value.line == 5
    assert "第 5 行" in caught.value.words.zh


@pytest.mark.parametrize(
    ("text", "zh", "en"), [('a = "', "引号", "Unterminated string"), ("a = [", "没有写完", "value")]
)
def test_syntax_error_at_the_end_of_the_file_says_so(tmp_path: Path, text: str, zh: str, en: str) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        load_config(write(tmp_path, text))
    assert "文件末尾不是有效的 TOML" in caught.value.words.zh
    assert zh in caught.value.words.zh
    assert "at the end of the file" in caught.value.words.en
    assert en in caught.value.words.en
    assert "文件末尾" in caught.value.next_step.zh


def test_a_mark_before_the_first_character_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_config(path).terminal.id == "counter-1"


def test_another_encoding_is_told_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(MINIMAL + 'label = "一号柜台"\n', encoding="gb18030")
    with pytest.raises(ConfigFileError) as caught:
        load_config(path)
    assert "UTF-8 另存" in caught.value.next_step.zh
    assert "as UTF-8" in caught.value.next_step.en


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_unreadable_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "edge.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigFileError) as caught:
        load_config(path)
    assert str(path) in caught.value.words.zh


def test_loopback_by_another_name_is_no_exposure(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL + '[api]\nhost = "::1"\n[link]\nhost = "localhost"\n'))
    assert config.api.host == "::1"


def test_exposed_api_and_tls_link_pass(tmp_path: Path) -> None:
    exposed = '[api]\nhost = "0.0.0.0"\nis_exposed = true\nis_behind_proxy = true\n'
    text = MINIMAL + exposed + '[link]\nhost = "mq"\nca_file = "ca.pem"\n'
    config = load_config(write(tmp_path, text))
    assert config.api.host == "0.0.0.0"
    assert config.link.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("option", "line"),
    [
        (("scanners",), 1),
        (("link", "port"), 4),
        (("link", "host"), 3),
        (("api", "allowed_hosts", 1), 7),
        (("nowhere", "x"), None),
    ],
)
def test_line_of(option: tuple[str | int, ...], line: int | None) -> None:
    text = "scanners = []\n\n[ link ]\n\"port\" = 1\n\n[api]\nallowed_hosts = ['a',\n 'b']\n"
    assert line_of(text, option) == line


def test_every_option_is_described_in_both_languages() -> None:
    for name, section in EdgeConfig.model_json_schema()["$defs"].items():
        for option, schema in section.get("properties", {}).items():
            assert {"title", "description", "title_en", "description_en"} <= set(schema), f"{name}.{option}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_site_is_not_listened_for_on_every_network(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigValueError, match=r"site\.host"):
        load_config(write(tmp_path, MINIMAL + f'[site]\nhost = "{host}"\n'))


def test_half_of_the_sites_tls_is_refused(tmp_path: Path) -> None:
    site = '[site]\nca_file = "ca.pem"\ncertificate_file = "site.pem"\n'
    with pytest.raises(ConfigValueError, match=r"site\.key_file") as caught:
        load_config(write(tmp_path, MINIMAL + site))
    assert [problem.option for problem in caught.value.problems] == ["site.key_file"]
    assert load_config(write(tmp_path, MINIMAL + site + 'key_file = "site.key"\n')).site.file is None
