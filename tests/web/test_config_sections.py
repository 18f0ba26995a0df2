"""Terminal and centre refuse the same things, in the same words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

import edge.config
import server.config
from web.config_file import ConfigValueError
from web.config_sections import ListeningSection, is_loopback


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two programs that are configured."""

    load: Callable[[Path], BaseModel]
    start: str
    listening: str
    broker: str


TERMINAL = Side(
    edge.config.load_config,
    '[terminal]\nid = "c-1"\narea = "350200"\ninstitution = "P1"\n',
    "api",
    "link",
)
CENTRE = Side(server.config.load_config, "", "web", "broker")
BOTH_SIDES = pytest.mark.parametrize("side", [TERMINAL, CENTRE], ids=["terminal", "centre"])


def load(side: Side, folder: Path, section: str, lines: str) -> BaseModel:
    path = folder / "x.toml"
    path.write_text(f"{side.start}[{section}]\n{lines}\n", encoding="utf-8")
    return side.load(path)


def refused(side: Side, folder: Path, section: str, lines: str) -> tuple[str, str]:
    with pytest.raises(ConfigValueError) as caught:
        load(side, folder, section, lines)
    assert "x.toml" in caught.value.words.zh
    assert "config/" in caught.value.next_step.zh
    assert "config/" in caught.value.next_step.en
    (problem,) = caught.value.problems
    return problem.option, problem.words.zh


@BOTH_SIDES
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "counter.example"])
def test_an_address_that_others_reach_must_be_meant_and_safe(side: Side, tmp_path: Path, host: str) -> None:
    listening = side.listening
    option, zh = refused(side, tmp_path, listening, f'host = "{host}"\nis_behind_proxy = true')
    assert (option, "is_exposed = true" in zh) == (f"{listening}.host", True)
    option, zh = refused(side, tmp_path, listening, f'host = "{host}"\nis_exposed = true')
    assert (option, "certificate_file" in zh, "is_behind_proxy" in zh) == (f"{listening}.host", True, True)

    load(side, tmp_path, listening, f'host = "{host}"\nis_exposed = true\nis_behind_proxy = true')
    load(side, tmp_path, listening, f'host = "{host}"\nis_exposed = true\ncertificate_file = "c"\nkey_file = "k"')


@BOTH_SIDES
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_loopback_needs_neither(side: Side, tmp_path: Path, host: str) -> None:
    load(side, tmp_path, side.listening, f'host = "{host}"')
    load(side, tmp_path, side.broker, f'host = "{host}"')


@BOTH_SIDES
@pytest.mark.parametrize("line", ["is_behind_proxy = true", 'allowed_hosts = ["counter.example"]'])
def test_a_way_in_from_elsewhere_must_be_meant_on_loopback_too(side: Side, tmp_path: Path, line: str) -> None:
    option, zh = refused(side, tmp_path, side.listening, line)
    assert option == f"{side.listening}.{line.partition(' ')[0]}"
    assert "is_exposed = true" in zh
    load(side, tmp_path, side.listening, f"{line}\nis_exposed = true")


@BOTH_SIDES
def test_a_broker_elsewhere_needs_tls_with_its_authority(side: Side, tmp_path: Path) -> None:
    option, zh = refused(side, tmp_path, side.broker, 'host = "mq.example"')
    assert (option, "ca_file" in zh) == (f"{side.broker}.host", True)
    load(side, tmp_path, side.broker, 'host = "mq.example"\nca_file = "ca.pem"')


@BOTH_SIDES
@pytest.mark.parametrize(("given", "missing"), [("certificate_file", "key_file"), ("key_file", "certificate_file")])
def test_certificate_and_key_go_together(side: Side, tmp_path: Path, given: str, missing: str) -> None:
    for section in (side.listening, side.broker):
        assert refused(side, tmp_path, section, f'{given} = "x.pem"') == (
            f"{section}.{missing}",
            "证书与私钥须一并填写",
        )


@BOTH_SIDES
def test_a_misspelt_option_is_refused_with_the_nearest_one(side: Side, tmp_path: Path) -> None:
    option, zh = refused(side, tmp_path, side.broker, 'pasword_file = "x"')
    assert (option, zh) == (f"{side.broker}.pasword_file", "没有这个选项，是否指 password_file？")


@BOTH_SIDES
def test_relative_paths_start_at_the_file(side: Side, tmp_path: Path) -> None:
    config = load(side, tmp_path, side.broker, 'host = "mq"\nca_file = "ca.pem"')
    assert getattr(config, side.broker).ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize("host", ["", "localhost.example", "1.2.3.4", "127.0.0.1.example"])
def test_what_only_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("127.0.0.2", ("a.example", "127.0.0.2")),
        ("FE80:0::1", ("a.example", "fe80::1")),
        ("Counter.example", ("a.example", "Counter.example")),
        ("0.0.0.0", ("a.example",)),
        ("::", ("a.example",)),
    ],
)
def test_the_address_itself_is_a_name_to_ask_for_unless_it_is_every_address(
    host: str, accepted: tuple[str, ...]
) -> None:
    assert ListeningSection(host=host, is_exposed=True, allowed_hosts=("a.example",)).accepted_hosts == accepted
