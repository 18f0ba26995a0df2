"""An area profile chooses plug-ins by name; what does not exist or does not fit is told at the start."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from wire.fsi.areas import area_names, shipped_area
from wire.fsi.signing import ENCRYPTORS, PATH, SIGNER_NAMES, TRANSPORT_NAMES, PlugInError, protection_of
from wire.fsi.signing.card_password import CardPassword
from wire.fsi.signing.joined import JoinedSigners


@dataclass(frozen=True)
class Names:
    signer: str = "none"
    encryptor: str = "none"
    transport: str = "plain"
    checks_password: frozenset[str] = frozenset({"2102"})


@pytest.mark.parametrize("name", area_names())
def test_every_shipped_area_has_its_plug_ins(name: str) -> None:
    protection = protection_of(shipped_area(name))
    assert protection.signer.name == shipped_area(name).signer
    assert protection.transport.path == PATH


@pytest.mark.parametrize("signer", SIGNER_NAMES)
@pytest.mark.parametrize("encryptor", ENCRYPTORS)
@pytest.mark.parametrize("transport", TRANSPORT_NAMES)
def test_the_portals_signer_and_transport_go_together_and_all_else_mixes(
    signer: str, encryptor: str, transport: str
) -> None:
    area = Names(signer, encryptor, transport)
    if (signer == "portal") != (transport == "portal"):
        with pytest.raises(PlugInError, match="together"):
            protection_of(area)
        return
    protection = protection_of(area)
    assert (protection.signer.name, protection.transport.name) == (signer, transport)
    assert protection.encryptor.name == ("none" if transport == "portal" else encryptor)


@pytest.mark.parametrize(
    ("area", "named"),
    [
        (Names(signer="sm9"), "sm9"),
        (Names(signer=""), "signer"),
        (Names(signer="sm+"), "signer"),
        (Names(signer="sm+sm"), "sm"),
        (Names(signer="sm+card_password"), "card_password"),
        (Names(encryptor="aes"), "aes"),
        (Names(transport="soap"), "soap"),
    ],
)
def test_what_does_not_exist_or_fit_is_named(area: Names, named: str) -> None:
    with pytest.raises(PlugInError, match=named) as refused:
        protection_of(area)
    assert named in refused.value.words.zh


def test_joined_signers_are_named_after_their_parts() -> None:
    signer = protection_of(Names(signer="token+sm")).signer
    assert isinstance(signer, JoinedSigners)
    assert signer.name == "token+sm"
    assert signer.covers_input
    assert signer.centre_needs == ("token_sha256", "client_id", "sm2_public_key")
    assert not protection_of(Names(signer="token+gateway")).signer.covers_input


def test_the_password_plug_in_knows_the_areas_transactions_and_whether_it_is_a_test() -> None:
    for is_test in (False, True):
        signer = protection_of(Names(signer="card_password"), is_test_area=is_test).signer
        assert signer == CardPassword(frozenset({"2102"}), is_test)


def test_without_the_sm2_library_all_else_works_and_sm2_says_what_to_install() -> None:
    """The base installation has none; a fresh interpreter that cannot import it plays one."""
    program = """
import sys
sys.modules["gmssl_pyx"] = None
from wire.fsi.signing import read_party, SmLibraryMissingError
from wire.fsi.signing.plug_ins import SIGNERS, protection_of
party = read_party({"sm2_private_key": "1" * 64})
assert party.require_sm2_public().fingerprint
private = party.require_sm2_private()
for use in (lambda: private.sign(b"", b""), lambda: private.public.verifies(b"1" * 64, b"", b"")):
    try:
        use()
    except SmLibraryMissingError as missing:
        assert "yima[server]" in missing.next_step.en
    else:
        raise AssertionError
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("done\n", "")
