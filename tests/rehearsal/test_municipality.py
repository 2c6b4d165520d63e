"""A municipality's client, over real mutual TLS 1.3."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from aiohttp import web

from daemon.contract.codec import encode
from daemon.contract.messages import problem, texts
from daemon.contract.peer import Notice, Outcome
from daemon.errors import AuthenticationError, AuthorityError, IntegrityError, JukuraError, StateError
from daemon.register.rows import Register
from daemon.rehearsal.municipality import BATCH, MunicipalityClient, Patience
from daemon.rehearsal.pki import PEER_NAMES, expired_municipality, unknown_municipality
from daemon.rehearsal.residents import Population
from daemon.rehearsal.tls import client_context

HURRY = Patience(deadline=0.4, attempt=0.2, first_pause=0.01, longest_pause=0.02)


def notices_of(population: Population, code: str, number: int) -> list[Notice]:
    """The first notices that one municipality sends."""
    own = (one.notice for one in population.initial(Register.HONNIN) if one.sender == code)
    return list(islice(own, number))


def refuse(error: JukuraError) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Answers every request so."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=error.status, body=encode(problem(error)), content_type="application/json")

    return answer


async def test_notices_get_their_verdicts_in_order(stage: Any, population: Population) -> None:
    """In batches, under the name in the certificate, applied once however often they are sent."""
    notices = notices_of(population, "35201", BATCH + 50)
    async with stage.client("35201") as client:
        first = await client.send(notices)
        again = await client.send(notices)
    assert [one.id for one in first] == [one.id for one in notices]
    assert {one.outcome for one in first} == {Outcome.APPLIED}
    assert {one.outcome for one in again} == {Outcome.DUPLICATE}
    assert stage.front.requests == 4
    assert stage.front.senders.keys() == {"35201"}


async def test_one_refused_notice_does_not_stop_its_neighbours(stage: Any, population: Population) -> None:
    """It gets a verdict with code and texts."""
    good, other = notices_of(population, "35201", 2), notices_of(population, "35203", 1)
    async with stage.client("35201") as client:
        verdicts = await client.send([good[0], *other, good[1]])
    assert [one.outcome for one in verdicts] == [Outcome.APPLIED, Outcome.REFUSED, Outcome.APPLIED]
    assert (verdicts[1].code, verdicts[1].field) == ("notice.wrong_sender", "municipality")


async def test_a_lost_answer_is_asked_for_again_with_the_same_ids(stage: Any, population: Population) -> None:
    """The notices were applied; the second answer says so."""
    stage.front.lose = 2
    notices = notices_of(population, "35201", 3)
    async with stage.client("35201") as client:
        verdicts = await client.send(notices)
    assert [one.outcome for one in verdicts] == [Outcome.DUPLICATE] * 3
    assert stage.front.requests == 3
    assert len(stage.front.books.rows) == 3


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_register_is_given_the_time_it_asks_for(
    stage: Any, population: Population, status: int
) -> None:
    """Retry-After counts, in seconds."""
    asked: list[float] = []

    async def busy_once(_request: web.Request) -> web.Response | None:
        asked.append(asyncio.get_running_loop().time())
        return web.Response(status=status, headers={"Retry-After": "1"}) if len(asked) == 1 else None

    stage.front.answer = busy_once
    async with stage.client("35201") as client:
        verdicts = await client.send(notices_of(population, "35201", 1))
    assert verdicts[0].outcome is Outcome.APPLIED
    assert asked[1] - asked[0] >= 1


async def test_a_register_that_is_not_there_is_given_up_at_the_deadline(
    stage: Any, population: Population
) -> None:
    """Nobody listens on the port."""
    door = replace(stage.door, port=1)
    tls = client_context(stage.pki.municipality("35201"), stage.pki.register_ca)
    async with MunicipalityClient("35201", door, tls, patience=HURRY) as client:
        with pytest.raises(StateError) as caught:
            await client.send(notices_of(population, "35201", 1))
    assert caught.value.code == "municipality.no_answer"


async def test_a_register_that_hangs_is_given_up_at_the_deadline(stage: Any, population: Population) -> None:
    """Every try has a limit of its own, and all together too."""

    async def hang(_request: web.Request) -> None:
        await asyncio.sleep(30)

    stage.front.answer = hang
    begin = asyncio.get_running_loop().time()
    async with stage.client("35201", HURRY) as client:
        with pytest.raises(StateError):
            await client.send(notices_of(population, "35201", 1))
    assert asyncio.get_running_loop().time() - begin < 2
    assert stage.front.requests >= 2


async def test_a_refused_request_is_raised_with_the_code_of_the_register(
    stage: Any, population: Population
) -> None:
    """Not tried again: it would be refused again."""
    stage.front.answer = refuse(AuthorityError("notice.wrong_sender", field="municipality"))
    async with stage.client("35201") as client:
        with pytest.raises(AuthorityError) as caught:
            await client.send(notices_of(population, "35201", 1))
    assert (caught.value.code, caught.value.field) == ("notice.wrong_sender", "municipality")
    assert stage.front.requests == 1


@pytest.mark.parametrize("mangle", [lambda verdicts: verdicts[:-1], lambda verdicts: verdicts[::-1]])
async def test_an_answer_about_other_notices_is_not_believed(
    stage: Any, population: Population, mangle: Callable[[list[Any]], list[Any]]
) -> None:
    """Too few verdicts, or in another order."""
    stage.front.mangle = mangle
    async with stage.client("35201") as client:
        with pytest.raises(IntegrityError) as caught:
            await client.send(notices_of(population, "35201", 2))
    assert caught.value.code == "municipality.strange_answer"


async def test_a_server_of_another_authority_or_name_gets_nothing(stage: Any, population: Population) -> None:
    """Certificates are checked before a byte of a notice leaves."""
    pair, notices = stage.pki.municipality("35201"), notices_of(population, "35201", 1)
    strangers = (
        (stage.door, client_context(pair, stage.pki.national_ca)),
        (replace(stage.door, name=PEER_NAMES[Register.FUHYO]), client_context(pair, stage.pki.register_ca)),
    )
    for door, tls in strangers:
        async with MunicipalityClient("35201", door, tls) as client:
            with pytest.raises(AuthenticationError) as caught:
                await client.send(notices)
        assert caught.value.code == "municipality.server_unknown"
    assert stage.front.requests == 0


async def test_a_bad_client_certificate_gets_no_answer(stage: Any, population: Population) -> None:
    """Expired, of an unknown authority, or of another kind of peer."""
    now = datetime.now(UTC)  # noqa: TID251 - TLS asks the real clock
    bad = (
        expired_municipality(stage.pki, "35201", now=now),
        unknown_municipality(stage.pki, "35201", now=now),
        stage.pki.register_client(Register.HONNIN),
    )
    for pair in bad:
        tls = client_context(pair, stage.pki.register_ca)
        async with MunicipalityClient("35201", stage.door, tls, patience=HURRY) as client:
            with pytest.raises(StateError):
                await client.send(notices_of(population, "35201", 1))
    assert stage.front.requests == 0


async def test_nothing_below_tls_1_3(stage: Any) -> None:
    """A client that knows no better than 1.2 is turned away."""
    old = client_context(stage.pki.municipality("35201"), stage.pki.register_ca)
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(
            stage.door.host, stage.door.port, ssl=old, server_hostname=stage.door.name
        )


def test_every_code_has_its_text() -> None:
    """Those of this client."""
    assert {
        f"municipality.{code}" for code in ("no_answer", "server_unknown", "strange_answer")
    } <= texts().keys()
