"""Tokens of SoftHSM, several at once, behind real workers: enrolled, lost, and replaced ten times over."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hsm import softhsm
from hsm.client import KeyClient
from hsm.protocol import Alarm, EnrolToken, ReplaceToken
from tests.hsm.kit import CUSTODIANS, MODULE, agree, carried_out, folder, grown, served, token_in

NAMES = ["live.1", "store.1", "index.1", "secret.1", "backup.1", "seal.1"]
DATA = NAMES[:-1]


@pytest.fixture
def state() -> Iterator[Path]:
    with folder() as path:
        yield path


@asynccontextmanager
async def service(state: Path) -> AsyncIterator[KeyClient]:
    async with served(state, custodians=CUSTODIANS) as running:
        client = KeyClient(running.path, deadline=20)
        yield client
        await client.close()


async def made(state: Path, label: str) -> tuple[str, Path]:
    """A new token of that label: its URI, and its folder."""
    tokens = softhsm.token_folder(state)
    before = set(tokens.iterdir())
    token = token_in(state, criteria={"token": label})
    await token.opened()
    await token.close()
    (fresh,) = set(tokens.iterdir()) - before
    return f"pkcs11:token={label}?module-path={MODULE}", fresh


async def test_with_one_token_deleted_everything_still_reads(state: Path) -> None:
    async with service(state) as keys:
        await keys.make(NAMES)
        opened = await keys.unwrap(DATA)
        (first,) = set(softhsm.token_folder(state).iterdir())
        uri, _ = await made(state, "second")
        await carried_out(keys, await agree(keys, EnrolToken(uri)))
        await keys.sign_checkpoint(grown(3))
        shutil.rmtree(first)
        assert await keys.unwrap(DATA) == opened
        await keys.sign_checkpoint(grown(5, since=3))
        assert await keys.make(["live.2"]) == ["live.2"]
        pong = await keys.ping()
        assert pong.token
        assert [token.present for token in pong.tokens] == [False, True]
        assert pong.alarms == [Alarm.TOKEN_LACKS]
    async with service(state) as keys:  # and a service that starts anew
        assert await keys.unwrap(DATA) == opened
        await keys.sign_checkpoint(grown(6, since=5))


async def test_ten_replacements_of_real_tokens_touch_no_key(state: Path) -> None:
    async with service(state) as keys:
        await keys.make(NAMES)
        opened = await keys.unwrap(DATA)
        for number in range(10):
            uri, _ = await made(state, f"token-{number}")
            (old,) = (await keys.ping()).tokens
            await carried_out(keys, await agree(keys, ReplaceToken(old.serial, uri)))
            (new,) = (await keys.ping()).tokens
            assert (new.label, new.lacking) == (f"token-{number}", 0)
            assert await keys.unwrap(DATA) == opened
            await keys.sign_checkpoint(grown(number + 2, since=number + 1 if number else 0))
        (last,) = (await keys.ping()).tokens
        listed = await keys.keys()
        assert len({pair.serial for pair in listed.pairs}) == 11
        assert {tuple(key.tokens) for key in listed.keys} == {(last.serial,)}
