"""C11 sign-in by id and password. An unknown id costs the same time and gets the same answer as a wrong password."""

import asyncio
import hashlib
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct, msgpack

from daemon.clock import day_of
from daemon.commands.caller import Role
from daemon.contract.console import Affair
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import AuthenticationError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table

MOST = 10_000
"""Accounts of one register."""


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operator as the register keeps them, sealed."""

    id: str
    name: str
    department: str
    roles: list[Role]
    affairs: list[str]
    password: str
    """argon2id, PHC string."""


class People:
    """The accounts of one register."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer, hasher: PasswordHasher) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer
        self._hasher = hasher
        self._nobody = hasher.hash("nobody")

    def put(self, draft: Draft, account: Account) -> None:
        """Keep `account` with the draft."""
        key = _key(account.id)
        sealed = self._sealer.seal(
            self._sealer.newest(classes.SECRET), self._place(key), msgpack.encode(account)
        )
        draft.put(Table.PEOPLE, key, sealed)

    async def all(self) -> list[Account]:
        """Every account, in no order."""
        held = await self._engine.scan(Table.PEOPLE, limit=MOST)
        return [
            msgpack.decode(self._sealer.open(self._place(key), value), type=Account) for key, value in held
        ]

    async def verify(self, operator: str, password: str) -> Account:
        """The account of `operator`, if `password` is theirs; AuthenticationError otherwise."""
        key = _key(operator)
        held = (await self._engine.get_many(Table.PEOPLE, [key])).get(key)
        account = msgpack.decode(self._sealer.open(self._place(key), held), type=Account) if held else None
        fits = await asyncio.to_thread(self._fits, account.password if account else self._nobody, password)
        if account is None or not fits:
            raise AuthenticationError("session.refused")
        return account

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _place(self, key: bytes) -> Place:
        return Place(self._register, Table.PEOPLE, key)


def affairs_of(account: Account, catalogue: dict[str, Affair], now: datetime) -> list[Affair]:
    """The affairs of `account` that are valid on the day of `now`, in the account's order."""
    today = day_of(now)
    known = [catalogue[affair] for affair in account.affairs if affair in catalogue]
    return [affair for affair in known if affair.valid_from <= today <= affair.valid_until]


def _key(operator: str) -> bytes:
    return hashlib.sha256(operator.encode()).digest()
