"""Before the store: take the envelope out of a body, read it, and prove who sent it and what it says.

Who calls is proved by the line (an API token, a terminal's seal) or by a signature that only the institution can make
over this request (gateway headers, platform token, portal form). An SM2 signature proves the input, not who calls with
it: what stands around the input is not signed. So it does not let anybody in by itself.

Over MQTT the terminal's seal covers the whole message, and stands for headers and signature; a message that is signed
or hidden all the same is checked and opened, and a person's password is asked for as everywhere.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from codes.words import Words
from server.fsi.case import Proved
from server.fsi.post import Post
from server.fsi.refusals import ReplayedError, UnprovedError
from server.store import fsi_sessions
from server.store.database import Store
from server.store.institutions import CallerKind
from wire.fsi.areas import Area
from wire.fsi.envelope import EnvelopeError, Request, district_fault, read_request
from wire.fsi.faults import Fault
from wire.fsi.json_text import NotJsonError, decode_json
from wire.fsi.said_twice import faults_of_doubles
from wire.fsi.signing import WINDOW, Opened, Protection, Secrets, Verified, protection_of
from wire.fsi.signing.sm2 import sm3

_JOINS = "+"
_PROVES_CALLER = frozenset({"gateway", "token", "portal"})
_OF_THE_MESSAGE = frozenset({"sm", "card_password"})
"""Signers that need no headers and no form."""
_PASSWORD_ONLY = frozenset({"card_password"})
_NONE = "none"
_FORGETS_EVERY = 256


class Gate:
    """Lets messages of one area in."""

    def __init__(self, area: Area, secrets: Secrets, store: Store, *, is_test_area: bool = False) -> None:
        self._area, self._secrets, self._store = area, secrets, store
        signers = frozenset(area.signer.split(_JOINS))
        self._proves_caller = bool(signers & _PROVES_CALLER)
        self.whole = protection_of(area, is_test_area=is_test_area)
        """What a message over HTTP goes through."""
        self._signed = protection_of(_for_the_line(area, signers & _OF_THE_MESSAGE, area.encryptor))
        self._sealed = protection_of(_for_the_line(area, signers & _PASSWORD_ONLY, _NONE))
        self._taken = itertools.count(1)

    def open(self, post: Post) -> tuple[Opened, Protection]:
        """Take the envelope out of the body.

        Raises:
            SignatureError: Its form is broken, or nobody knows the sender.
            EncryptedTextError: It does not open.
            SecretsError: The centre lacks a key.
        """
        if _is_by_terminal(post):
            return Opened(post.body), self._sealed
        return self.whole.open(post.body, self._secrets), self.whole

    def read(self, opened: Opened) -> Request:
        """Return the request in the envelope.

        Raises:
            EnvelopeError: It is none, or a name stands twice in an object: who reads it might take the other one.
        """
        try:
            request = read_request(opened.envelope, self._area)
        except EnvelopeError as exc:
            if exc.faults[0].code == NotJsonError.code:
                raise
            doubles = faults_of_doubles(opened.envelope, self._area)
            raise EnvelopeError((*doubles, *exc.faults), msgid=exc.msgid, infno=exc.infno) from exc
        _refuse(faults_of_doubles(opened.envelope, self._area), request)
        return request

    def prove(self, post: Post, opened: Opened, protection: Protection, request: Request) -> Proved:
        """Return the message with its input in clear, once it is known who sent it.

        Raises:
            UnprovedError: Nothing proves who calls.
            SignatureError: What should prove it does not hold.
            ReplayedError: It was used before, for something else.
            EncryptedTextError: The input does not open.
            EnvelopeError: The input is none, now that it is in clear.
            SecretsError: The centre lacks a key.
        """
        if post.voice is None and not self._proves_caller:
            raise UnprovedError(Words("未证明调用方身份", "Nothing proves who calls"))
        if _is_by_terminal(post) and _is_protected(request):
            protection = self._signed
        verified = protection.verify(post.headers, opened, request, self._secrets, post.arrived_at)
        is_copy = verified.nonce is not None and not self._take_nonce(post, verified, verified.nonce)
        return Proved(post, opened, self._in_clear(request, verified), verified, protection, is_copy)

    def _in_clear(self, request: Request, verified: Verified) -> Request:
        if verified.input_text is None:
            return request
        business = decode_json(verified.input_text)
        _refuse(faults_of_doubles(verified.input_text, self._area, infno=request.infno), request)
        fault = district_fault(request.insured_district, business)
        _refuse(() if fault is None else (fault,), request)
        return replace(request, input=business)

    def _take_nonce(self, post: Post, verified: Verified, nonce: str) -> bool:
        """Use a nonce; return whether it is new. It may come again with the very same bytes: programs repeat requests.

        Raises:
            ReplayedError: It came with other bytes before.
        """
        now, content = post.arrived_at, sm3(post.body)
        with self._store.writing() as connection:
            is_new = fsi_sessions.claim_nonce(connection, verified.key_id, nonce, content, now + 2 * WINDOW)
            came_with = content if is_new else fsi_sessions.load_nonce(connection, verified.key_id, nonce)
            if next(self._taken) % _FORGETS_EVERY == 0:
                fsi_sessions.forget_nonces(connection, now)
        if came_with != content:
            raise ReplayedError(Words("签名随机数已使用过", "The nonce of the signature was used before"))
        return is_new


def _for_the_line(area: Area, signers: frozenset[str], encryptor: str) -> Area:
    """Return the area as it is over MQTT, whose frames stand for headers and form."""
    return replace(area, signer=_JOINS.join(sorted(signers)) or _NONE, encryptor=encryptor, transport="plain")


def _is_by_terminal(post: Post) -> bool:
    return post.voice is not None and post.voice.kind is CallerKind.TERMINAL


def _is_protected(request: Request) -> bool:
    return bool(request.encryption) or request.sign_type.upper().startswith("SM")


def _refuse(faults: tuple[Fault, ...], request: Request) -> None:
    if faults:
        raise EnvelopeError(faults, msgid=request.msgid, infno=request.infno)
