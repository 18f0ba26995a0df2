"""Putting the interface together: keys from a folder, areas, rules, and what is remembered of answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codes.errors import ConfigError
from server.config import CentreConfig, FsiConfig, ServerConfig, StoreConfig, WebConfig
from server.fsi import recent_answers
from server.fsi.build import FsiFileError, build_fsi, load_configured_area, load_configured_books
from server.fsi.dispatch import HANDLERS
from server.fsi.keys import KeysFolderError, load_keys
from server.fsi.recent_answers import RecentAnswers
from server.people.sealing import Sealer
from server.settlement.entitlement import NothingClaimed
from server.store.database import Store, open_store
from tests.server.fsi.office import NOON
from web.secret_file import SecretFileError
from wire.fsi.areas import AreaError
from wire.fsi.tables import transactions

AREAS = Path(__file__).parents[3] / "config" / "areas"
BENEFITS = AREAS.with_name("benefits")


def written(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)
    return folder


class TestKeys:
    """A folder for each side, a file for each item."""

    def test_each_side_has_what_its_folder_holds(self, tmp_path: Path) -> None:
        written(tmp_path / "platform", sm2_private_key="2" * 64)
        written(tmp_path / "P1", client_id="one\n", secret="s" * 20, sm4_key="0" * 32)
        written(tmp_path / "P2", token="t")
        (tmp_path / "P2" / ".note").write_text("not a key", encoding="utf-8")
        (tmp_path / "README").write_text("nor this", encoding="utf-8")
        keys = load_keys(tmp_path)
        assert keys.platform.sm2_private is not None
        assert sorted(keys.institutions) == ["P1", "P2"]
        assert (keys.institution("P1").client_id, keys.owner_of("one")) == ("one", "P1")

    def test_without_a_folder_there_are_none(self) -> None:
        assert load_keys(None).institutions == {}

    def test_a_secret_that_others_can_read_is_refused_and_what_is_no_secret_is_not(self, tmp_path: Path) -> None:
        folder = written(tmp_path / "P1", client_id="one", secret="s" * 20)
        (folder / "client_id").chmod(0o644)
        load_keys(tmp_path)
        (folder / "secret").chmod(0o644)
        with pytest.raises(SecretFileError, match="secret"):
            load_keys(tmp_path)

    @pytest.mark.parametrize(
        ("name", "content"), [("sm4_key", b"short"), ("client_idd", b"x"), ("sm2_public_key", b"\xff\xfe")]
    )
    def test_what_is_no_key_is_named(self, tmp_path: Path, name: str, content: bytes) -> None:
        folder = written(tmp_path / "P1")
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
        with pytest.raises(KeysFolderError) as refused:
            load_keys(tmp_path)
        assert "P1" in refused.value.words.zh
        assert name in refused.value.words.zh

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(KeysFolderError, match="nowhere"):
            load_keys(tmp_path / "nowhere")


class TestBuilding:
    """What the configuration names."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        made = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "e")
        yield made
        made.close()

    def build(self, store: Store, **options: object) -> object:
        return build_fsi(FsiConfig(**options), store, Sealer(bytes(32)), NothingClaimed(), lambda: NOON)  # type: ignore[arg-type]

    @pytest.mark.parametrize("area", ["base", "shenzhen", "hunan", "jilin", "neimenggu", "guangdong", "hubei"])
    def test_every_shipped_area_can_be_spoken(self, store: Store, area: str) -> None:
        assert self.build(store, area=area)

    def test_an_area_file_of_ones_own_counts_more(self, tmp_path: Path) -> None:
        own = tmp_path / "own.toml"
        own.write_text((AREAS / "hubei.toml").read_text(encoding="utf-8").replace('"hubei"', '"own"'), encoding="utf-8")
        assert load_configured_area(FsiConfig(area="jilin", area_file=own)).name == "own"
        with pytest.raises(FsiFileError, match="nowhere"):
            load_configured_area(FsiConfig(area_file=tmp_path / "nowhere"))
        own.write_bytes(b"\xff")
        with pytest.raises(FsiFileError, match="UTF-8"):
            load_configured_area(FsiConfig(area_file=own))

    def test_an_unknown_area_is_refused(self, store: Store) -> None:
        with pytest.raises(AreaError):
            self.build(store, area="atlantis")

    def test_rules_of_ones_own_count_instead_of_the_shipped_ones(self, tmp_path: Path) -> None:
        shipped = sorted(one.name for one in BENEFITS.iterdir() if one.is_dir())
        shutil.copytree(BENEFITS / shipped[0], tmp_path / "rules" / shipped[0])
        books = load_configured_books(FsiConfig(benefits_folder=tmp_path / "rules"))
        assert books.of(shipped[0]).area == shipped[0]
        with pytest.raises(FsiFileError, match="nowhere"):
            load_configured_books(FsiConfig(benefits_folder=tmp_path / "nowhere"))

    @pytest.mark.parametrize(
        ("said", "area", "demanded"),
        [
            (None, "base", False),
            (None, "shenzhen", True),
            (None, "jilin", True),
            (True, "base", True),
            (False, "shenzhen", False),
        ],
    )
    def test_a_sign_in_is_demanded_as_said_or_as_the_area_has_it(
        self, store: Store, said: bool | None, area: str, demanded: bool
    ) -> None:
        built = self.build(store, area=area, is_sign_in_demanded=said)
        assert built.answering._parts.sign_in.is_demanded is demanded  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("is_exposed", "said", "has_fsi"),
    [(False, None, True), (True, None, False), (True, True, True), (False, False, False)],
)
def test_it_is_answered_on_loopback_and_beyond_only_if_that_is_said(
    is_exposed: bool, said: bool | None, has_fsi: bool
) -> None:
    config = ServerConfig(web=WebConfig(is_exposed=is_exposed), fsi=FsiConfig(is_enabled=said))
    assert config.has_fsi is has_fsi


@pytest.mark.parametrize(
    ("url", "connections", "workers", "busy"),
    [
        ("sqlite:///x", 2, 4, 4),
        ("postgresql://h/d", 10, 4, 4),
        ("postgresql://h/d", 5, 4, 1),
        ("postgresql://h/d", 2, 9, 1),
    ],
)
def test_workers_leave_connections_for_others(url: str, connections: int, workers: int, busy: int) -> None:
    config = ServerConfig(store=StoreConfig(url=url, connections=connections), fsi=FsiConfig(workers=workers))
    assert config.fsi_workers == busy


def test_the_sealing_key_lies_beside_the_centres_own_unless_said_otherwise() -> None:
    centre = CentreConfig(key_file=Path("/keys/centre.key"))
    assert ServerConfig(centre=centre).sealing_key_file == Path("/keys/sealing.key")
    said = ServerConfig(centre=centre, fsi=FsiConfig(sealing_key_file=Path("/other")))
    assert said.sealing_key_file == Path("/other")


@pytest.mark.parametrize("district", ["35020", "35020x", "3502000"])
def test_a_district_is_six_digits(district: str) -> None:
    with pytest.raises(ValueError, match="district"):
        FsiConfig(district=district)


def test_every_handler_has_a_table_and_no_number_is_handled_twice() -> None:
    from server.fsi.dispatch import GROUPS  # noqa: PLC0415

    assert set(HANDLERS) <= set(transactions())
    assert len(HANDLERS) == sum(len(group.TRANSACTIONS) for group in GROUPS)


class TestRecentAnswers:
    """A bounded memory."""

    def test_the_oldest_go_first_and_all_go_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recent_answers, "MOST_BYTES", 3 * (recent_answers.ENTRY_BYTES + 100))
        now = [0.0]
        recent = RecentAnswers(lambda: now[0])
        for number in range(5):
            recent.keep(("P", str(number)), b"d", b"x" * 100)
        assert [recent.find(("P", str(number))) is not None for number in range(5)] == [False, False, True, True, True]
        now[0] = recent_answers.KEPT_S
        assert recent.find(("P", "4")) is None
        assert recent.keep(("P", "4"), b"e", b"new").body == b"new"

    def test_of_two_the_first_counts(self) -> None:
        recent = RecentAnswers(lambda: 0.0)
        first = recent.keep(("P", "1"), b"d", b"one")
        assert recent.keep(("P", "1"), b"d", b"two") is first


def test_config_errors_say_which_option() -> None:
    assert issubclass(KeysFolderError, ConfigError)
    assert "keys_folder" in KeysFolderError.next_step.zh
