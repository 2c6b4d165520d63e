"""Tokens and store together: keys made and opened, the token's side first and the disk before the answer.

Decides nothing; `hsm.policy` and `hsm.deeds` do, and the acts ask them. Whoever changes which keys exist holds
`changing` meanwhile.
"""

import asyncio
import os
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from daemon.contract.statement import Kind
from daemon.errors import InputError, IntegrityError, StateError
from hsm import names, wrap
from hsm.burial import Burial
from hsm.files import Files
from hsm.member import Member
from hsm.notary import Notary
from hsm.orders import Derive, Done, MakePair, MakeSecret, Public, Value
from hsm.protocol import SignatureKind
from hsm.rack import Rack
from hsm.signatures import canonical
from hsm.timekeeper import Timekeeper

T = TypeVar("T")


@dataclass(frozen=True)
class MadePair:
    """A pair that lies in a token."""

    name: str
    serial: str
    kind: SignatureKind
    public: bytes


class Vault:
    """The keys of one register."""

    def __init__(
        self,
        register: str,
        files: Files,
        rack: Rack,
        keeper: Timekeeper,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.files = files
        self.store = files.store
        self.rack = rack
        self.keeper = keeper
        self.notary = Notary(register, files, rack, keeper)
        self.burial = Burial(files, rack, keeper, self.notary)
        self.changing = asyncio.Lock()
        self._register = register
        self._entropy = entropy

    # Making.

    async def make(self, wanted: Sequence[str]) -> None:
        """New keys in every token that answers: on the disk, all of them, when this returns; else none."""
        data = {name: self._entropy(wrap.KEY_SIZE) for name in wanted if not names.is_pair(name)}
        pairs = sorted((name for name in wanted if names.is_pair(name)), reverse=True)  # seal before form
        made = await self.everywhere(lambda member: self._in_one(member, data, pairs))
        await self.files.settle()
        await self.files.run(self._keep_made, wanted, made, self.keeper.now())
        await self.notary.catch_up()

    async def everywhere(self, work: Callable[[Member], Awaitable[T]]) -> dict[str, T]:
        """What `work` gives in each token that answers, by serial; where it fails in all, the reason of the first."""
        members = await self.rack.serving()
        results = await asyncio.gather(*(work(member) for member in members), return_exceptions=True)
        failed = [each for each in results if isinstance(each, BaseException)]
        given = {
            member.serial: each
            for member, each in zip(members, results, strict=True)
            if not isinstance(each, BaseException)
        }
        unforeseen = [each for each in failed if not isinstance(each, StateError | IntegrityError)]
        if unforeseen or not given:
            raise (unforeseen or failed)[0]
        return given

    async def _in_one(
        self, member: Member, data: Mapping[str, bytes], pairs: Iterable[str]
    ) -> tuple[dict[str, bytes], list[MadePair]]:
        copies = await self.wrapped_for(member, data)
        return copies, [await self.pair_in(member, name) for name in pairs]

    def _keep_made(
        self,
        wanted: Iterable[str],
        made: Mapping[str, tuple[dict[str, bytes], list[MadePair]]],
        now: datetime,
    ) -> None:
        with self.store.transaction():
            for name in wanted:
                self.store.keys.add(name, now)
            for serial, (copies, pairs) in made.items():
                self.store.keys.wrap(serial, copies)
                self.keep_pairs(pairs, now)

    async def wrapped_for(self, member: Member, keys: Mapping[str, bytes]) -> dict[str, bytes]:
        """Data keys, each wrapped under a secret of that name in the member's token, made if it is not there."""
        copies = {}
        for name, key in keys.items():
            await member.token.call(MakeSecret(name), Done)
            member.note(name, there=True)
            wrapping = await self._wrapping(member, name)
            if wrapping != await self._wrapping(
                member, name
            ):  # a copy that never opens would be found too late
                raise IntegrityError("hsm.wrapped_damaged", field=name)
            copies[name] = wrap.wrap(wrapping, key)
        return copies

    async def pair_in(self, member: Member, name: str) -> MadePair:
        """A pair in the member's token, made if it is not there."""
        await member.token.call(MakePair(name), Done)
        member.note(name, there=True)
        public = (await member.token.call(Public(name), Value)).value
        session = await member.token.opened()
        try:
            return MadePair(name, member.serial, session.signature, canonical(public))
        except InputError:
            raise IntegrityError("hsm.signature_false", field=name) from None

    def keep_pairs(self, made: Iterable[MadePair], now: datetime) -> None:
        """Keep pairs, in one transaction, each with the statement that is to endorse it unless it is the first."""
        with self.store.transaction():
            for pair in made:
                if self.store.pairs.kept(pair.name, pair.serial, pair.public):
                    continue
                self.store.pairs.end(pair.name, pair.serial)
                number = None
                if self.store.pairs.any_seal():
                    number = self.store.statements.add(Kind.ENDORSEMENT, now, _endorsement(pair))
                self.store.pairs.add(
                    pair.name, pair.serial, made=now, kind=pair.kind, public=pair.public, statement=number
                )

    # Using.

    async def unwrap(self, wanted: Sequence[str], uid: str) -> dict[str, bytes]:
        """The data keys `wanted`, each counted as used by `uid`."""
        keys = {name: await self.opened(name) for name in wanted}
        await self.files.run(self.store.keys.used, wanted, uid)
        return keys

    async def opened(self, name: str) -> bytes:
        """One data key, from the first token that can give it."""
        inventory = await self.files.run(self.store.inventory)
        return await self.rack.first(
            self.rack.ranked(inventory, name), lambda member: self._opened_by(member, name)
        )

    async def _opened_by(self, member: Member, name: str) -> bytes:
        copy = await self.files.run(self.store.keys.wrapped, name, member.serial)
        if copy is None:
            raise StateError("hsm.token_lacks", field=name)
        return wrap.unwrap(await self._wrapping(member, name), copy, name=name)

    async def _wrapping(self, member: Member, name: str) -> bytes:
        derived = await member.token.call(Derive(name, wrap.kdf_input(self._register, name)), Value)
        return derived.value

    async def close(self) -> None:
        """Log the tokens out and let go of the store."""
        await self.rack.close()
        await self.files.close()


def _endorsement(pair: MadePair) -> list[tuple[str, str]]:
    return [
        ("name", pair.name),
        ("serial", pair.serial),
        ("kind", pair.kind),
        ("public", b64encode(pair.public).decode("ascii")),
    ]
