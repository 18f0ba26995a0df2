from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from codes.errors import ConfigError
from server.config import BrokerConfig, ServerConfig, link_settings, load_config
from tests.web.certificates import written_pair
from web.tls import CertificateError

EXAMPLE = Path(__file__).parents[2] / "config" / "server.example.toml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_states_every_default_and_nothing_else() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))

    assert ServerConfig(**example) == ServerConfig()
    for name, section in example.items():
        defaults = ServerConfig().model_dump(mode="json")[name]
        assert {key for key, value in defaults.items() if value is not None} == set(section)
    optional = {"password_file", "shared_group", "ca_file", "certificate_file", "key_file", "username"}
    commented = {
        line[2:].split(" =")[0] for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if "# " in line[:2]
    }
    assert optional <= commented


def test_an_empty_file_listens_on_loopback_only(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, ""))

    assert config.web.host == "127.0.0.1"
    assert config.broker.host == "127.0.0.1"


def test_relative_paths_start_at_the_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    config = load_config(
        written(
            tmp_path, '[store]\nurl="sqlite:///data/c.db"\n[centre]\nkey_file="/keys/c"\n[broker]\nca_file="ca.pem"\n'
        )
    )

    assert config.store.url == f"sqlite:///{tmp_path}/data/c.db"
    assert config.centre.key_file == Path("/keys/c")
    assert config.broker.ca_file == tmp_path / "ca.pem"


def test_an_address_of_postgresql_is_left_as_it_is(tmp_path: Path) -> None:
    url = "postgresql://yima@127.0.0.1:5432/yima"

    assert load_config(written(tmp_path, f'[store]\nurl = "{url}"\n')).store.url == url


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[store]\nurll = 'x'\n", "store.urll"),
        ("[sotre]\n", "sotre"),
        ("[store]\nurl = 'mysql://x'\n", "store.url"),
        ("[web]\nport = 99999\n", "web.port"),
        ("[web]\nport = 'many'\n", "web.port"),
        ("[web\n", "server.toml"),
        ("[store]\nurl = 'postgresql://yima:s3cret@db/yima'\n", "store.url"),
    ],
)
def test_a_wrong_file_is_refused_and_the_place_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(written(tmp_path, text))

    assert named in refused.value.words.en
    assert named in refused.value.words.zh
    assert "server.toml" in refused.value.words.zh
    assert "s3cret" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError):
        load_config(tmp_path / "x.toml")


def test_the_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", '{"url": "sqlite:////elsewhere"}')
    monkeypatch.setenv("WEB__PORT", "1")

    assert load_config(written(tmp_path, "")).web.port == 8700


def test_the_link_gets_its_password_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "pw"
    secret.write_text("s3cret\n", encoding="utf-8")
    secret.chmod(0o600)
    authority, _ = written_pair(tmp_path, "ca")

    settings = link_settings(BrokerConfig(username="centre", password_file=secret, ca_file=authority))

    assert (settings.username, settings.password, settings.ca_file) == ("centre", "s3cret", str(authority))
    assert "s3cret" not in repr(settings)
    with pytest.raises(ConfigError):
        link_settings(BrokerConfig(password_file=tmp_path / "none"))
    with pytest.raises(CertificateError, match="ca_file"):
        link_settings(BrokerConfig(ca_file=tmp_path / "none"))


def test_every_option_is_described_in_both_languages() -> None:
    for name, section in ServerConfig.model_json_schema()["$defs"].items():
        for option, schema in section.get("properties", {}).items():
            assert {"title", "description", "title_en", "description_en"} <= set(schema), f"{name}.{option}"
