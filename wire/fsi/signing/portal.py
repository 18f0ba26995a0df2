"""`portal`: the public portal's form around the envelope, its signature in `signData`, its data in `encData`.

The form is both a transport and a signer: `PortalForm` carries, and signs what it carries; `PortalSignature` verifies
what arrived. Messages met have the form itself as the body, or as the only member `data` of it; the cipher text as a
member of the form, or as the only member of its data.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from codes.words import Words
from wire.fsi.signing import portal_text
from wire.fsi.signing.errors import EncryptedTextError, MissingSignatureError, SignatureError, WrongSignatureError
from wire.fsi.signing.exact_text import members_of, read_base64_signature, read_exactly, write_members
from wire.fsi.signing.keyring import Party, Secrets
from wire.fsi.signing.portal_time import moment_of
from wire.fsi.signing.ports import Form, Opened, Received, Sending, Signed, Verified
from wire.fsi.signing.sm2 import DEFAULT_USER_ID, SIGNATURE_BYTES, Sm2PublicKey
from wire.fsi.signing.transports import PATH
from wire.fsi.signing.unsigned import UnsignedAnswers
from wire.fsi.signing.window import check_window

_SECRET_STOOD_HERE = "{secret}"  # noqa: S105 - it says where one stood
_NAME = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)
_ACCOUNTS = ("appId", "appCode")
_VERSION = "1.0.0"
_NONCE_CHARACTERS = 32
_NO_FORM = Words("报文不是门户格式的表单", "The message is no form of the portal")


class PortalForm:
    """Carries an envelope in a signed form, encrypted if the area says so."""

    name = "portal"
    path = PATH

    def __init__(self, *, is_encrypted: bool) -> None:
        self._is_encrypted = is_encrypted

    def open(self, body: bytes, secrets: Secrets) -> Opened:
        """Take the envelope out of the form; the signature is not looked at.

        Raises:
            SignatureError: It is no form, or nobody knows the account.
            EncryptedTextError: It does not open, or is not encrypted.
        """
        raw = _form_of(body)
        account = _account(raw)
        owner = secrets.owner_of(account)
        return replace(self._open(raw, account, secrets.institution(owner)), institution=owner)

    def wrap(self, envelope: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the form, signed by the institution."""
        party = secrets.institution(institution)
        return self._wrap(envelope, party, party, now, {})

    def wrap_answer(self, answer: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the form, signed by the platform if it has a key."""
        return self._wrap(answer, secrets.institution(institution), secrets.platform, now, {"code": "0"})

    def open_answer(self, body: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Take the answer out, and check the platform's signature if its key is known.

        Raises:
            SignatureError: The platform did not sign this, or not now.
            EncryptedTextError: It does not open.
        """
        party = secrets.institution(institution)
        raw = _form_of(body)
        opened = self._open(raw, _account(raw), party)
        if opened.form is None or not hmac.compare_digest(_account(raw).encode(), party.client_id.encode()):
            raise WrongSignatureError(_NO_FORM)
        key = secrets.platform.sm2_public_or_none()
        if key is not None:
            _check(opened.form, party, key, secrets.platform.sm2_user_id, now)
        return opened.envelope

    def _open(self, raw: dict[str, msgspec.Raw], account: str, party: Party) -> Opened:
        form = {name: read_exactly(bytes(value)) for name, value in raw.items() if name != "data"}
        _check_members(form)
        hidden = form.get("encData") or _only_cipher_text(raw)
        if hidden is None and self._is_encrypted:
            raise EncryptedTextError(Words("表单须加密（encData）", "The form must be encrypted (encData)"))
        text = bytes(raw.get("data", b"")) if hidden is None else _reveal(str(hidden), account, party)
        if not isinstance(read_exactly(text), dict):
            raise SignatureError(_NO_FORM)
        return Opened(text, Form(form, text))

    def _wrap(self, envelope: bytes, party: Party, signer: Party, now: datetime, more: Mapping[str, str]) -> bytes:
        account, secret = party.require("client_id"), party.require("secret")
        form: dict[str, object] = {"appId": account, "signType": "SM2", "version": _VERSION, **more}
        form["timestamp"] = str(int(now.timestamp()))
        if self._is_encrypted:
            form["encType"] = "SM4"
        if signer is party or signer.sm2_private is not None:
            text = portal_text.deep_text({**form, "data": read_exactly(envelope)}, secret)
            signature = signer.require_sm2_private().sign(_bytes(text), signer.sm2_user_id or DEFAULT_USER_ID)
            form["signData"] = base64.b64encode(signature).decode()
        if self._is_encrypted:
            form["encData"] = portal_text.hide(portal_text.derived_key(account, secret), envelope.decode())
        else:
            form["data"] = msgspec.Raw(envelope)
        return write_members(form)


class PortalSignature(UnsignedAnswers):
    """Verifies the signature of a form; to make one is the form's own job."""

    name = "portal"
    centre_needs = ("client_id", "secret", "sm2_public_key")

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Accept the message if the institution it names signed the form, within the window.

        Raises:
            SignatureError: It did not, or not now.
        """
        form = received.opened.form
        if form is None:
            raise MissingSignatureError(_NO_FORM)
        party = secrets.institution(received.request.institution)
        account = next((str(form.members[name]) for name in _ACCOUNTS if name in form.members), "")
        if not hmac.compare_digest(account.encode(), party.require("client_id").encode()):
            raise WrongSignatureError(
                Words("appId 不属于报文中的机构", "The appId is not that of the institution in the message")
            )
        return _check(form, party, party.require_sm2_public(), party.sm2_user_id, now)

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Add nothing: the form is signed when it is made."""
        del sending, secrets, now
        return Signed()


def _check(form: Form, party: Party, key: Sm2PublicKey, user_id: bytes, now: datetime) -> Verified:
    signature = str(form.members.get("signData", ""))
    raw = read_base64_signature(signature)
    members = {**form.members, "data": read_exactly(form.data)}
    at = moment_of(str(form.members.get("timestamp", "")))
    for text, kept in _texts(members, party.require("secret")):
        if len(raw) == SIGNATURE_BYTES and key.verifies(raw, _bytes(text), user_id or DEFAULT_USER_ID):
            check_window(at, now)
            nonce = hashlib.sha256(raw).hexdigest()[:_NONCE_CHARACTERS]
            key_id = f"{party.client_id}:{key.fingerprint}"
            return Verified(_bytes(kept), signature, key_id, f"{party.client_id}:{nonce}", at)
    raise WrongSignatureError(
        Words(
            "signData 验签不通过：请核对签名原文的字段顺序、空值和 key",
            "signData does not fit: compare the order of the fields, empty values and the key in the signed text",
        )
    )


def _texts(members: Mapping[str, object], secret: str) -> Iterator[tuple[str, str]]:
    deep = portal_text.deep_text(members, secret)
    yield deep, portal_text.deep_text(members, _SECRET_STOOD_HERE)
    shallow = portal_text.shallow_text(members, secret)
    if shallow != deep:
        yield shallow, portal_text.shallow_text(members, _SECRET_STOOD_HERE)


def _form_of(body: bytes) -> dict[str, msgspec.Raw]:
    raw = members_of(body)
    if list(raw) == ["data"]:
        return members_of(bytes(raw["data"]))
    return raw


def _account(raw: Mapping[str, msgspec.Raw]) -> str:
    for name in _ACCOUNTS:
        value = read_exactly(bytes(raw[name])) if name in raw else None
        if isinstance(value, str) and value:
            return value
    raise MissingSignatureError(Words("表单缺少 appId", "The form has no appId"))


def _check_members(form: Mapping[str, object]) -> None:
    """Refuse a form whose signed text could be read as that of another form."""
    for name, value in form.items():
        if not _NAME.fullmatch(name) or "&" in str(value):
            raise SignatureError(Words("表单字段含有不允许的字符", "A field of the form holds a character it may not"))


def _only_cipher_text(raw: Mapping[str, msgspec.Raw]) -> object:
    data = read_exactly(bytes(raw["data"])) if "data" in raw else None
    return data["encData"] if isinstance(data, dict) and list(data) == ["encData"] else None


def _reveal(digits: str, account: str, party: Party) -> bytes:
    key = portal_text.derived_key(account, party.require("secret"))
    try:
        return portal_text.reveal(key, digits)
    except ValueError as exc:
        raise EncryptedTextError(Words("encData 不是十六进制", "encData is not hexadecimal")) from exc


def _bytes(text: str) -> bytes:
    # Half a pair of surrogates is legal in JSON. Nobody can have signed it; it must not stop us either.
    return text.encode("utf-8", "surrogatepass")
