"""The key services that the contract suites hold for: the one in memory, and the real one over each kind of token."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from hsm.cli import WORKER
from hsm.client import KeyClient, KeyService
from hsm.fake import FakeKeyService
from hsm.token import Token
from tests.hsm import opencryptoki, p11kit
from tests.hsm.kit import CUSTODIANS, LABEL, PIN, folder, served, token_in
from tests.hsm.opencryptoki import Slotd

RSA = 25.0  # seconds: a busy machine may take that long for an RSA pair


@asynccontextmanager
async def _fake(_: pytest.FixtureRequest) -> AsyncIterator[KeyService]:
    service = FakeKeyService(custodians=CUSTODIANS)
    yield service
    await service.close()


@asynccontextmanager
async def _softhsm(_: pytest.FixtureRequest) -> AsyncIterator[KeyService]:
    with folder() as state:
        async with _over(state, None) as service:
            yield service


@pytest.fixture(scope="session")
def slotd() -> Iterator[Slotd]:
    """One token for all: what a test leaves in it is an RSA pair less to make in the next, and none of its store."""
    if os.geteuid() != 0:
        pytest.skip("pkcsslotd runs as root only")
    with opencryptoki.slotd() as slotd:
        slotd.initialise()
        yield slotd


@asynccontextmanager
async def _opencryptoki(request: pytest.FixtureRequest) -> AsyncIterator[KeyService]:
    slotd: Slotd = request.getfixturevalue("slotd")
    with folder() as state:
        token = token_in(
            state,
            pin=opencryptoki.PIN,
            criteria={"token": opencryptoki.LABEL},
            create=False,
            module=slotd.module,
            command=(*slotd.prefix, *WORKER),
            deadline=RSA,
        )
        async with _over(state, token, deadline=RSA) as service:
            yield service


@asynccontextmanager
async def _p11kit(_: pytest.FixtureRequest) -> AsyncIterator[KeyService]:
    with folder() as state:
        far = state / "far"
        p11kit.make_token(far, LABEL, PIN)
        with p11kit.remote(far) as remote:
            token = token_in(state, create=False, module=remote.module, environ=remote.environ)
            async with _over(state, token) as service:
                yield service


@asynccontextmanager
async def _over(state: Path, token: Token | None, *, deadline: float = 9.0) -> AsyncIterator[KeyService]:
    async with served(state, token=token, custodians=CUSTODIANS, request_deadline=deadline) as service:
        client = KeyClient(service.path, deadline=deadline + 1)
        yield client
        await client.close()


SERVICES: Mapping[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[KeyService]]] = {
    "fake": _fake,
    "softhsm": _softhsm,
    "opencryptoki": _opencryptoki,
    "p11kit": _p11kit,
}


@pytest.fixture(params=SERVICES)
async def keys(request: pytest.FixtureRequest) -> AsyncIterator[KeyService]:
    async with SERVICES[request.param](request) as service:
        yield service
