"""install.sh where there is no network: install, upgrade, roll back, uninstall; the configuration stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systemd.routeless import routeless
from tests.systemd.tiny import load_bundle, tiny_bundle

pytestmark = pytest.mark.slow


class Box:
    """A machine without a network, below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.enter = routeless()
        self.home = root / "opt" / "yima"
        self.config = root / "etc" / "yima" / "edge.toml"

    def run(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self.enter, "sh", str(script), "--root", str(self.root), *arguments]
        environ = {**os.environ, "PYTHON": sys.executable}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=100)

    def install(self, bundle: Path) -> str:
        done = self.run(bundle / "install.sh")
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def version(self) -> str:
        yima = self.home / "current" / "bin" / "yima"
        return subprocess.run([yima], capture_output=True, text=True, check=True).stdout.strip()

    def releases(self) -> list[str]:
        return sorted(path.name.partition("-")[0] for path in (self.home / "releases").iterdir())


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "root")


@pytest.mark.req("T-69")
def test_life_of_an_installation(box: Box, tmp_path: Path) -> None:
    first, second, third = (tiny_bundle(tmp_path, version) for version in ("1.0", "2.0", "3.0"))

    told = box.install(first)
    assert "systemctl enable --now yima-edge" in told
    assert box.version() == "yima 1.0"
    assert 'folder = "/var/lib/yima-edge"' in box.config.read_text(encoding="utf-8")
    lib = box.root / "usr" / "local" / "lib"
    assert sorted(path.name for path in (lib / "systemd" / "system").iterdir()) == [
        "yima-broker.service",
        "yima-centre.service",
        "yima-edge.service",
    ]
    assert (lib / "udev" / "rules.d" / "70-yima.rules").is_file()
    assert (box.root / "usr" / "local" / "bin" / "yima").is_symlink()
    share = box.home / "current" / "share" / "yima"
    for named in ("docs/drivers/serial.md", "docs/install.md", "config/site.example.toml", "install.sh"):
        assert (share / named).is_file(), named
    for unit in (lib / "systemd" / "system").iterdir():
        (manual,) = re.findall(r"^Documentation=file:///(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert (box.root / manual).is_file()

    box.config.write_text("# the administrator's\n", encoding="utf-8")
    assert "this release is there already" in box.install(first)
    assert not (box.home / "previous").exists(), "installed twice it is one release"

    assert "--roll-back" in box.install(second)
    box.install(third)
    assert (box.version(), box.releases()) == ("yima 3.0", ["2.0", "3.0"])
    for expected in ("yima 2.0", "yima 3.0"):
        assert box.run(third / "install.sh", "--roll-back").returncode == 0
        assert box.version() == expected

    records = box.root / "var" / "lib" / "yima-edge" / "terminal.db"
    records.parent.mkdir(parents=True)
    records.touch()
    # As a technician finds it: the bundle is long gone.
    done = box.run(box.home / "current" / "share" / "yima" / "install.sh", "--uninstall")
    assert done.returncode == 0, done.stderr
    left = sorted(str(path.relative_to(box.root)) for path in box.root.rglob("*") if path.is_file())
    assert "var/lib/yima-edge/terminal.db" in left
    assert "etc/yima/edge.toml" in left
    assert box.config.read_text(encoding="utf-8") == "# the administrator's\n"
    assert not [path for path in left if path.startswith(("opt", "usr"))]


@pytest.mark.req("T-69")
def test_a_bundle_that_was_damaged_or_changed_on_the_way_installs_nothing(box: Box, tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, "1.0")
    unit = bundle / "systemd" / "yima-edge.service"
    unit.write_text(unit.read_text(encoding="utf-8").replace("User=yima-edge", "User=root"), encoding="utf-8")
    done = box.run(bundle / "install.sh")
    assert done.returncode == 2
    assert "The bundle is damaged" in done.stderr
    assert not box.home.exists()


def test_a_release_that_fails_leaves_the_one_before_and_one_cut_short_is_done_anew(box: Box, tmp_path: Path) -> None:
    whole, other = tiny_bundle(tmp_path, "1.0"), tiny_bundle(tmp_path, "2.0")
    box.install(whole)
    (other / "requirements.txt").write_text(f"yima==2.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    (other / "SHA256SUMS").unlink()
    load_bundle().seal(other)
    done = box.run(other / "install.sh")
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()
    assert box.version() == "yima 1.0"
    assert box.run(other / "install.sh", "--roll-back").returncode == 2
    assert box.version() == "yima 1.0"

    (release,) = (path for path in (box.home / "releases").iterdir() if path.name.startswith("1.0"))
    (release / ".complete").unlink()
    (release / "bin" / "yima").unlink()
    box.install(whole)
    assert box.version() == "yima 1.0"


def test_another_python_is_refused(box: Box, tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    other.chmod(0o755)
    bundle = tiny_bundle(tmp_path, "1.0")
    command = ["sh", str(bundle / "install.sh"), "--root", str(box.root)]
    for python, words in ((str(other), "is not Python 3.11"), (str(tmp_path / "none"), "Python 3.11 is missing")):
        done = subprocess.run(
            command, env={**os.environ, "PYTHON": python}, capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
