"""The tests' Debian packages are installed without starting a server, and nothing else on the machine changes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "system-packages.sh"
OURS = "#!/bin/sh\nexit 101\n"
KNOWING_APT = """
wanted=$(for word in "$@"; do case $word in install | -*) ;; *) echo "$word" ;; esac; done)
for one in $wanted; do
    case " {known} " in *" $one "*) ;; *) exit 100 ;; esac
done
cd {installed} && touch $wanted
"""


@pytest.fixture
def machine(tmp_path):
    """A Debian machine made of recorded commands; `installed` names what it has."""
    return Machine(tmp_path)


class Machine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy = folder / "policy-rc.d"
        self.log = folder / "log"
        self.said = ""
        (folder / "bin").mkdir()
        (folder / "installed").mkdir()
        self.command("id", "echo 0")
        self.command("dpkg", f'test -e {folder}/installed/"$2"')
        self.command("apt-get", f"test $1 = update && exit 0; sh {self.policy}; echo start $? >> {self.log}; add $*")
        self.knows(
            "mosquitto", "chromium", "chromium-headless-shell", "postgresql", "libzbar0", "fonts-noto-cjk", "systemd"
        )
        self.command("update-rc.d", f'echo "$@" >> {self.log}')

    def command(self, name: str, does: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        path.chmod(0o755)

    def knows(self, *packages: str) -> None:
        """Let only these be installed; like apt, nothing is where one of those asked for is not known."""
        script = KNOWING_APT.format(known=" ".join(packages), installed=self.folder / "installed")
        self.command("add", script)

    def has(self, *packages: str) -> None:
        for package in packages:
            (self.folder / "installed" / package).touch()

    def run(self) -> list[str]:
        """Run the script; return what apt was allowed to start, and which services were switched off."""
        environment = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "POLICY_RC_D": str(self.policy),
        }
        command = ["sh", str(SCRIPT)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30, text=True)
        self.said = done.stderr
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


def test_no_server_is_started_now_or_at_boot(machine):
    assert machine.run() == ["start 101", "mosquitto disable", "postgresql disable"]
    assert not machine.policy.exists()


def test_the_policy_that_was_there_comes_back(machine):
    machine.policy.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    machine.run()
    assert machine.policy.read_text(encoding="utf-8") == "#!/bin/sh\nexit 0\n"


def test_the_policy_comes_back_after_a_run_that_was_killed(machine):
    machine.policy.write_text(OURS, encoding="utf-8")
    Path(f"{machine.policy}.before-yima").write_text("theirs", encoding="utf-8")
    machine.run()
    assert machine.policy.read_text(encoding="utf-8") == "theirs"


def test_a_server_that_was_there_already_is_left_as_it_is(machine):
    machine.has("mosquitto", "postgresql")
    assert machine.run() == ["start 101"]


def test_nothing_is_touched_where_nothing_is_missing(machine):
    machine.has("mosquitto", "chromium-headless-shell", "libzbar0", "fonts-noto-cjk", "postgresql", "systemd")
    assert machine.run() == []


def test_packages_that_cannot_be_installed_are_named_and_the_policy_comes_back(machine):
    machine.knows()
    assert set(machine.run()) == {"start 101"}
    assert "mosquitto" in machine.said
    assert "chromium" in machine.said
    assert not machine.policy.exists()


def test_an_unknown_package_keeps_out_none_of_the_others_and_chromium_stands_in_for_its_shell(machine):
    machine.knows("mosquitto", "chromium", "libzbar0", "fonts-noto-cjk", "systemd")
    machine.run()
    assert sorted(path.name for path in (machine.folder / "installed").iterdir()) == [
        "chromium",
        "fonts-noto-cjk",
        "libzbar0",
        "mosquitto",
        "systemd",
    ]
    assert "could not install: postgresql;" in machine.said
