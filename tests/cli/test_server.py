from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.server import server_app
from codes.errors import YimaError
from server.people.roles import COMMAND_LINE
from server.store.database import Store, open_store
from tests.server.fake_terminal import FakeTerminal, new_key
from wire.keys import load_or_create_key
from wire.receipts import Trust

SEED = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text('[store]\nurl = "sqlite:///centre.db"\n[centre]\nkey_file = "centre.key"\n', encoding="utf-8")
    return path


def yima(config: Path, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(server_app, [*arguments, "--config", str(config)], input=stdin)


def output(config: Path, *arguments: str, stdin: str | None = None) -> str:
    result = yima(config, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def failure(config: Path, *arguments: str, stdin: str | None = None) -> YimaError:
    result = yima(config, *arguments, stdin=stdin)
    assert isinstance(result.exception, YimaError), result.output
    return result.exception


def opened(config: Path) -> Store:
    return open_store(f"sqlite:///{config.parent}/centre.db", new_epoch=lambda: "e")


def test_the_key_is_made_once_and_shown_for_comparison(config: Path) -> None:
    shown = json.loads(output(config, "key", "--json"))
    key = load_or_create_key(config.parent / "centre.key").public

    assert shown == {"public_key": key.raw.hex(), "fingerprint": key.fingerprint}
    told = output(config, "key")
    assert key.fingerprint in told
    assert told.splitlines()[-1] == f'public_key = "{key.raw.hex()}"', "a line to copy into edge.toml"


def test_a_damaged_key_is_to_be_restored_because_every_terminal_knows_it(config: Path) -> None:
    (config.parent / "centre.key").write_text("junk", encoding="utf-8")
    (config.parent / "centre.key").chmod(0o600)

    refused = failure(config, "key")
    assert refused.code == "wire.key_file"
    assert "从备份恢复" in refused.next_step.zh
    assert "[centre] public_key" in refused.next_step.en
    assert "remove it and" not in refused.next_step.en
    assert refused.words.zh.isprintable()
    assert "PEM" not in str(refused.words)


def test_a_backup_into_a_folder_that_is_missing_says_that_the_folder_is(config: Path) -> None:
    refused = failure(config, "backup", str(config.parent / "none" / "centre.backup"))
    assert refused.code == "backup.file"
    assert "所在目录不存在" in refused.words.zh


def test_accounts_are_added_listed_and_disabled(config: Path) -> None:
    first = output(config, "user", "add", "boss", "--role", "admin")
    assert "password" in first
    assert output(config, "user", "add", "li", "--password-stdin", stdin="a long password\n") == ""
    listed = output(config, "user", "list")
    assert "boss" in listed
    assert "inspector" in listed
    output(config, "user", "disable", "li")
    assert "disabled" in output(config, "user", "list")
    output(config, "user", "enable", "li")
    assert "disabled" not in output(config, "user", "list")
    assert "password" in output(config, "user", "password", "li")
    assert output(config, "user", "password", "li", "--password-stdin", stdin="a longer password\n") == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("user", "add", "a b"), None, "request.invalid"),
        (("user", "add", "li", "--password-stdin"), "", "request.invalid"),
        (("user", "add", "li", "--password-stdin"), "short\n", "request.invalid"),
        (("user", "password", "nobody"), None, "request.not_found"),
        (("user", "disable", "nobody"), None, "request.not_found"),
        (("user", "enable", "nobody"), None, "request.not_found"),
        (("token", "create", "t", "--user", "nobody"), None, "request.not_found"),
        (("token", "revoke", "none"), None, "request.not_found"),
        (("terminal", "approve", "T-404"), None, "request.not_found"),
        (("terminal", "revoke", "T-404"), None, "request.not_found"),
    ],
)
def test_what_cannot_be_done_says_why(config: Path, arguments: tuple[str, ...], stdin: str | None, code: str) -> None:
    assert failure(config, *arguments, stdin=stdin).code == code


@pytest.mark.parametrize(
    ("arguments", "stdin", "helps"),
    [
        (("user", "add", "a b"), None, "run the command again"),
        (("user", "add", "li", "--password-stdin"), "short\n", "run the command again"),
        (("user", "add", "li", "--password-stdin"), "", "standard input"),
        (("user", "add", "boss"), None, "yima server user password boss --config "),
        (("user", "disable", "boss"), None, "yima server user add NAME --role admin --config "),
        (("user", "enable", "nobody"), None, "yima server user list --config "),
        (("token", "create", "t", "--user", "nobody"), None, "yima server user list --config "),
        (("token", "revoke", "none"), None, "yima server token list --config "),
        (("terminal", "approve", "T-404"), None, "yima server terminal list --config "),
    ],
)
def test_what_to_do_next_is_said_for_the_command_line(
    config: Path, arguments: tuple[str, ...], stdin: str | None, helps: str
) -> None:
    output(config, "user", "add", "boss", "--role", "admin")
    step = failure(config, *arguments, stdin=stdin).next_step
    assert helps in step.en
    assert not helps.endswith("--config ") or f"{helps}{config}" in step.zh
    for foreign in ("openapi", "address", "Reload"):
        assert foreign not in step.en


def test_lists_for_programs_say_how_they_are_written(config: Path) -> None:
    assert "每行一个 JSON" in output(config, "terminal", "list", "--help")


def test_tokens_are_made_listed_and_revoked(config: Path) -> None:
    output(config, "user", "add", "boss", "--role", "admin")
    made = json.loads(output(config, "token", "create", "demo", "--user", "boss", "--json"))
    assert made["token"].startswith("yima_")
    assert "yima_" in output(config, "token", "create", "x", "--user", "boss", "--role", "inspector")
    listed = output(config, "token", "list")
    assert made["id"] in listed
    assert made["token"] not in listed
    output(config, "token", "revoke", made["id"])


def test_the_first_command_on_an_empty_folder_prints_nothing_but_its_answer(config: Path) -> None:
    """The schema is made on the way; that is no part of what a script reads."""
    made = yima(config, "catalogue", "import", str(SEED), "--json")

    assert json.loads(made.stdout)["is_committed"] is True


@pytest.fixture
def terminal(config: Path) -> Iterator[FakeTerminal]:
    """A terminal that waits for approval, with names that fill a line."""
    with closing(opened(config)) as store:
        made = FakeTerminal(name="counter-of-the-old-pharmacy-at-the-north-gate", institution="P35020000001")
        yield made.registered(store, Trust.PENDING)


def trust_of(config: Path, terminal: FakeTerminal) -> tuple[object, ...]:
    with closing(opened(config)) as store, store.reading() as connection:
        asked = "SELECT trust, institution, decided_by FROM terminal WHERE id = ?"
        return tuple(connection.exec_driver_sql(asked, (terminal.name,)).one())


def test_what_a_person_compares_is_never_cut(
    config: Path, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    listed = output(config, "terminal", "list")
    assert terminal.name in listed
    assert terminal.key.public.fingerprint in listed
    output(config, "user", "add", "boss", "--role", "admin")
    made = json.loads(output(config, "token", "create", "demo", "--user", "boss", "--json"))
    assert made["id"] in output(config, "token", "list")


def test_terminals_are_listed_for_programs(config: Path, terminal: FakeTerminal) -> None:
    (line,) = output(config, "terminal", "list", "--json").splitlines()
    said = json.loads(line)
    assert (said["terminal"], said["fingerprint"], said["trust"]) == (
        terminal.name,
        terminal.key.public.fingerprint,
        "pending",
    )


def test_a_centre_without_terminals_says_so(config: Path) -> None:
    assert "还没有终端" in output(config, "terminal", "list")
    assert output(config, "terminal", "list", "--json") == ""


def test_more_terminals_than_a_page_are_all_listed(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.terminals._PAGE", 2)
    with closing(opened(config)) as store:
        for number in range(5):
            FakeTerminal(name=f"T-{number}").registered(store, Trust.PENDING)
    assert len(output(config, "terminal", "list", "--json").splitlines()) == 5


def test_a_terminal_is_approved_only_after_its_fingerprint_was_confirmed(config: Path, terminal: FakeTerminal) -> None:
    asked = yima(config, "terminal", "approve", terminal.name, stdin="n\n")
    assert terminal.key.public.fingerprint in asked.output
    assert asked.exit_code == 1
    assert yima(config, "terminal", "approve", terminal.name).exit_code == 1
    assert trust_of(config, terminal)[0] == "pending"

    output(config, "terminal", "approve", terminal.name, "--institution", "P9", stdin="y\n")
    assert trust_of(config, terminal) == ("approved", "P9", COMMAND_LINE.name)
    output(config, "terminal", "revoke", terminal.name)
    assert trust_of(config, terminal)[0] == "revoked"


def test_a_fingerprint_on_the_command_line_must_be_the_one_that_is_registered(
    config: Path, terminal: FakeTerminal
) -> None:
    shown = terminal.key.public.fingerprint
    wrong = failure(config, "terminal", "approve", terminal.name, "--fingerprint", "0000-0000-0000-0000")
    assert wrong.code == "fleet.fingerprint"
    assert shown in wrong.words.zh
    assert trust_of(config, terminal)[0] == "pending"
    output(config, "terminal", "approve", terminal.name, "--fingerprint", shown.replace("-", "").lower())
    assert trust_of(config, terminal)[0] == "approved"


def test_a_key_that_changes_while_it_is_compared_is_not_approved(
    config: Path, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_long(*_question: object, **_options: object) -> bool:
        with closing(opened(config)) as store, store.writing() as connection:
            connection.exec_driver_sql("UPDATE terminal SET public_key = ?", (new_key().public.raw,))
        return True

    monkeypatch.setattr("cli.terminals.typer.confirm", look_long)
    refused = failure(config, "terminal", "approve", terminal.name)
    assert refused.code == "terminal.other_key"
    assert f"yima server terminal approve {terminal.name} --config {config}" in refused.next_step.en
    assert trust_of(config, terminal)[0] == "pending"


def test_who_has_compared_already_is_not_asked(config: Path, terminal: FakeTerminal) -> None:
    assert terminal.key.public.fingerprint in output(config, "terminal", "approve", terminal.name, "--yes")
    assert trust_of(config, terminal)[0] == "approved"


def test_a_catalogue_is_previewed_and_imported(config: Path) -> None:
    assert "74" in output(config, "catalogue", "import", str(SEED), "--dry-run")
    done = json.loads(output(config, "catalogue", "import", str(SEED), "--json"))
    assert (len(done["added"]), done["revision"], done["problems"]) == (74, 1, [])
    again = json.loads(output(config, "catalogue", "import", str(SEED), "--json"))
    assert (again["unchanged"], again["is_committed"]) == (74, False)


def test_the_wrong_lines_of_a_catalogue_are_left_out_and_named(config: Path, tmp_path: Path) -> None:
    header = "产品编号,通用名,规格,生产企业,医保类别,单价,单位,拆零数"
    good, bad = "D1,甲,乙,丙,甲,1,盒,1", "D2,甲,乙,丙,甲,一元,盒,1"
    file = tmp_path / "c.csv"
    file.write_bytes("\n".join([header, good, *[bad.replace("D2", f"D{n}") for n in range(2, 30)]]).encode("gb18030"))

    refused = failure(config, "catalogue", "import", str(file), "--strict")
    assert refused.code == "catalogue.problems"
    assert "第 22 行 单价" in refused.words.zh
    assert "另有 8 行" in refused.words.zh
    shown = output(config, "catalogue", "import", str(file), "--dry-run")
    assert "可用 1 行，未采用 28 行" in shown
    assert "第 3 行 单价" in shown
    assert "catalogue.price" in shown
    assert "--json" in shown
    done = json.loads(output(config, "catalogue", "import", str(file), "--json"))
    assert (done["added"], done["taken"], done["left_out"], len(done["problems"])) == (["D1"], 1, 28, 28)
    assert {"line": 3, "column": "单价", "code": "catalogue.price"}.items() <= done["problems"][0].items()


@pytest.mark.parametrize(("name", "zh"), [("none.csv", "文件不存在"), (".", "这是目录")])
def test_a_catalogue_that_cannot_be_opened_says_why(config: Path, tmp_path: Path, name: str, zh: str) -> None:
    refused = failure(config, "catalogue", "import", str(tmp_path / name))
    assert refused.code == "catalogue.unreadable"
    assert zh in refused.words.zh


def test_a_catalogue_with_wrong_columns_is_refused(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes("编号,名称\n1,2\n".encode("gb18030"))

    assert failure(config, "catalogue", "import", str(file)).code == "catalogue.columns"


def test_a_wrong_configuration_is_named(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text("[web]\nprt = 1\n", encoding="utf-8")

    assert failure(path, "key").code == "config.value"
    assert failure(tmp_path / "none.toml", "run").code == "config.unreadable"
