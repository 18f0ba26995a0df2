"""The interface is configured strictly: what would fail at the counter is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config_fsi import Way
from tests.edge.test_config_person import INSTITUTION, loaded
from web.config_file import ConfigValueError

CENTRE = f'[centre]\npublic_key = "{"a" * 64}"\n'
ON = "[fsi]\nis_enabled = true\ndesk = 3\n"
BY_HTTP = INSTITUTION + ON + 'way = "http"\n'


def test_a_terminal_without_it_needs_nothing(tmp_path: Path) -> None:
    assert not loaded(tmp_path, "").fsi.is_enabled


def test_over_the_line_to_the_centre(tmp_path: Path) -> None:
    fsi = loaded(tmp_path, INSTITUTION + CENTRE + ON).fsi
    assert (fsi.way, fsi.desk, fsi.area, fsi.day_begins_h) == (Way.MQTT, 3, "base", 0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8700/x", "http://localhost/x", "https://10.0.0.9/x"])
def test_over_http_and_paths_are_taken_from_the_file(tmp_path: Path, url: str) -> None:
    fsi = loaded(tmp_path, BY_HTTP + f'url = "{url}"\nkeys_folder = "keys"\ntoken_file = "token"\n').fsi
    assert (fsi.url, fsi.keys_folder, fsi.token_file) == (url, tmp_path / "keys", tmp_path / "token")


def test_a_closed_network_may_go_without_tls(tmp_path: Path) -> None:
    assert loaded(tmp_path, BY_HTTP + 'url = "http://10.0.0.9/x"\nis_plain_http_allowed = true\n').fsi.is_enabled


@pytest.mark.parametrize(
    ("text", "option", "words"),
    [
        (INSTITUTION + CENTRE + "[fsi]\nis_enabled = true\n", "fsi.desk", "须填写"),
        (INSTITUTION + CENTRE + "[fsi]\nis_enabled = true\ndesk = 100\n", "fsi.desk", "100"),
        (CENTRE + ON, "institution.code", "须填写"),
        (CENTRE + ON + '[institution]\ncode = "P35020000001"\n', "institution.name", "须填写"),
        (CENTRE + ON + '[institution]\ncode = "P35020000002"\nname = "x"\n', "institution.code", "不一致"),
        ('[institution]\ncode = "P35020000002"\n', "institution.code", "不一致"),
        (INSTITUTION + ON, "centre.public_key", "须填写"),
        (INSTITUTION + CENTRE + ON + "[link]\nis_enabled = false\n", "fsi.way", "is_enabled"),
        (INSTITUTION + CENTRE + ON + 'area = "xiamen"\n', "fsi.area", "shenzhen"),
        (INSTITUTION + CENTRE + ON + 'way = "https"\n', "fsi.way", "http"),
        (BY_HTTP, "fsi.url", "https://"),
        (BY_HTTP + 'url = "10.0.0.9/x"\n', "fsi.url", "https://"),
        (BY_HTTP + 'url = "http://10.0.0.9/x"\n', "fsi.url", "is_plain_http_allowed"),
        (BY_HTTP + 'url = "https://10.0.0.9/x"\ncertificate_file = "a.pem"\n', "fsi.key_file", "一并"),
        (INSTITUTION + CENTRE + ON + "day_begins_h = 13\n", "fsi.day_begins_h", "12"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option(tmp_path: Path, text: str, option: str, words: str) -> None:
    with pytest.raises(ConfigValueError) as refused:
        loaded(tmp_path, text)
    found = [one for one in refused.value.problems if one.option == option]
    assert found, refused.value.problems
    assert any(words in one.words.zh for one in found)
