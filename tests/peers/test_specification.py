"""The running server against its OpenAPI document: whatever fits the document, or does not, is answered as it says."""

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daemon.config import Limits
from daemon.contract.endpoint import Endpoint
from daemon.contract.openapi import document
from daemon.contract.peer import ENDPOINTS
from daemon.peers.desk import PeerDesk
from daemon.rehearsal.pki import Pki
from tests.audit.test_journal import log
from tests.commands.witnessing import witnessed
from tests.conftest import Bench
from tests.contract.witnessing import ed25519
from tests.peers.room import NAME, A, Room, served

EXAMPLES = 25
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PLAIN = [each for each in ENDPOINTS if not each.stream]
"""What takes a stream is tested with streams: no schema says how the lines of one belong together."""


class ByName(HTTPAdapter):
    """The server is known by a name that no resolver has."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, server_hostname=NAME, assert_hostname=NAME)


@pytest.fixture
async def room(honnin: Bench, pki: Pki) -> AsyncIterator[Room]:
    await witnessed(honnin, {A: ed25519()})
    await log(honnin, 3)
    await honnin.open.signer.sign()

    def desk() -> PeerDesk:
        return honnin.open.peer_desk

    limits = Limits(requests=10_000, requests_burst=10_000)
    async with served(pki, limits, endpoints=ENDPOINTS, desk=desk, write=honnin.open.writer.log) as made:
        yield made


def tried(room: Room, endpoint: Endpoint, mode: GenerationMode) -> int:
    """Ask what the document lets be asked; how often."""
    schema = schemathesis.openapi.from_dict(document(ENDPOINTS, "t", "1"))
    operation = schema[endpoint.path][endpoint.method]
    asked = 0
    pair = room.pki.municipality(A)
    with requests.Session() as session:
        session.mount("https://", ByName())

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def try_one(case: schemathesis.Case[Any]) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(
                base_url=f"https://127.0.0.1:{room.port}",
                session=session,
                cert=(str(pair.cert), str(pair.key)),
                verify=str(room.pki.register_ca),
                timeout=20,
            )
            case.validate_response(answer, checks=CHECKS)

        try_one()
    return asked


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("endpoint", PLAIN, ids=lambda each: f"{each.method}{each.path}")
async def test_the_server_answers_as_the_document_says(
    room: Room, endpoint: Endpoint, mode: GenerationMode
) -> None:
    if mode is GenerationMode.NEGATIVE and endpoint.method == "GET":
        pytest.skip("a query has no wrong form but those that the server's own tests try")
    assert await asyncio.to_thread(functools.partial(tried, room, endpoint, mode)) > 0
