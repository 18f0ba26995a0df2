"""Checking a password without stopping the counter: the slow hash runs in a thread of its own, one at a time."""

from __future__ import annotations

import asyncio

from edge.operators.desk import Admitted, Also, OperatorDesk, nothing
from edge.operators.errors import SignInRefusedError
from edge.store.lane import InStore
from web.passwords import hash_password, new_password, new_token, verify_password


class SignIn:
    """The door of the terminal."""

    def __init__(self, desk: OperatorDesk, in_store: InStore) -> None:
        self._desk = desk
        self._in_store = in_store
        self._one_at_a_time = asyncio.Lock()
        self._nobodys_hash = hash_password(new_password())

    async def admit(self, login: str, password: str, also: Also = nothing) -> Admitted:
        """Let an operator in.

        Args:
            login: The operator.
            password: The operator's.
            also: What is done in the same transaction, before the shift begins, once the password is known to be right.

        Raises:
            SignInRefusedError: Operator or password is wrong.
            SignInLockedError: Too many wrong guesses before.
            OperatorDisabledError: The password is right, but the operator may not sign in any more.
        """
        new_hash = await self._checked(login, password)
        return await self._in_store(lambda: self._desk.admit(login, new_token(), new_hash, also))

    async def vouch(self, login: str, password: str) -> None:
        """Let an operator vouch for something, without signing in.

        Raises:
            SignInRefusedError, SignInLockedError, OperatorDisabledError: As for `admit`.
        """
        await self._checked(login, password)
        await self._in_store(lambda: self._desk.accept_voucher(login))

    async def _checked(self, login: str, password: str) -> str | None:
        """Check a password; return it hashed anew, if its hash is of an older kind."""
        async with self._one_at_a_time:
            stored = await self._in_store(lambda: self._desk.begin_guess(login))
            # An unknown login takes as long as a known one, so that time does not tell which it is.
            check = await asyncio.to_thread(verify_password, stored or self._nobodys_hash, password)
            if stored is None or not check.is_right:
                raise SignInRefusedError
            return await asyncio.to_thread(hash_password, password) if check.needs_rehash else None
