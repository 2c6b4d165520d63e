"""Certificates and revocation lists: what changes on the disk changes who is let in, without a restart, or changes nothing."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from daemon.audit.action import Action
from daemon.clock import ManualClock
from daemon.config import Files
from daemon.contract.deadlines import Deadline, Ends
from daemon.errors import InputError
from daemon.peers.trust import Trust, load
from daemon.register.rows import Register
from daemon.rehearsal.certificates import Authority, Holder, Pair, Purpose
from daemon.rehearsal.pki import Pki, make_pki, revoke
from tests.peers.room import NOW, A, B, Room, ask, served


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("trust"), now=NOW)


@pytest.fixture
def own(made: Pki, tmp_path: Path) -> Pki:
    """Certificates that a test may change."""
    shutil.copytree(made.folder, tmp_path / "pki")
    return Pki(tmp_path / "pki")


def files(pki: Pki) -> Files:
    pair = pki.register_server(Register.HONNIN)
    return Files(certificate=pair.cert, key=pair.key, ca=pki.municipality_ca, crl=pki.municipality_crl)


@pytest.fixture
async def room(own: Pki, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr("daemon.peers.server.LOOK", 0.02)
    async with served(own, files=files(own)) as made_room:
        yield made_room


async def comes_in(room: Room, code: str = A) -> bool:
    try:
        async with room.caller(code) as session:
            return (await ask(session))[0] == 200
    except aiohttp.ClientError:
        return False


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while True:
            result = holds()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.02)


async def test_who_is_revoked_is_cut_off_and_comes_in_no_more(room: Room) -> None:
    async with room.caller(A) as session, room.caller(B) as other:
        assert (await ask(session))[0] == 200
        assert (await ask(other))[0] == 200
        revoke(room.pki, A, now=NOW)
        acts = await room.until(Action.HANDSHAKE_REFUSED)
        assert [(act.actor, act.code) for act in acts] == [("CS:35203", "peer.certificate_revoked")]
        with pytest.raises(aiohttp.ClientError):
            await ask(session)
        assert (await ask(other))[0] == 200
    await until(lambda: room.acts(Action.HANDSHAKE_REFUSED)[-1].actor == "peer")
    assert room.acts(Action.HANDSHAKE_REFUSED)[-1].code == "peer.certificate_revoked"
    assert await comes_in(room, B)


async def test_a_request_under_way_ends_with_its_connection_and_not_with_the_register(room: Room) -> None:
    room.gate = asyncio.Event()
    async with room.caller(A) as session, asyncio.TaskGroup() as group:
        answer = group.create_task(asyncio.wait_for(_refused(session), 10))
        await room.until(Action.PEER_RECEIVED)
        revoke(room.pki, A, now=NOW)
        assert await answer
    room.gate.set()
    assert await comes_in(room, B)


async def _refused(session: aiohttp.ClientSession) -> bool:
    try:
        await ask(session)
    except aiohttp.ClientError:
        return True
    return False


@pytest.mark.parametrize("content", [b"", b"rubbish", None, "foreign", "older"])
async def test_a_list_that_cannot_be_used_leaves_the_one_before_in_force(
    room: Room, content: bytes | str | None
) -> None:
    revoke(room.pki, A, now=NOW)
    await until(lambda: not room.peers.trust.stale and _now_refuses(room))
    match content:
        case None:
            room.pki.municipality_crl.unlink()
        case "foreign":
            foreign = Authority(room.pki.pair("registers-ca"), "registers-ca", now=NOW)
            foreign.revoke(room.pki.municipality_crl, [], now=NOW)
        case "older":
            revoke(room.pki, now=NOW - timedelta(minutes=1))
        case _:
            assert isinstance(content, bytes)
            room.pki.municipality_crl.write_bytes(content)
    await until(lambda: room.peers.trust.stale)
    assert not room.peers.trust.closed
    assert not await comes_in(room, A)
    assert await comes_in(room, B)
    revoke(room.pki, now=NOW + timedelta(minutes=1))
    await until(lambda: not room.peers.trust.stale)
    assert await comes_in(room, A)


def _now_refuses(room: Room) -> bool:
    return bool(room.peers.trust._trusted.revoked)


async def test_past_its_end_a_list_lets_nobody_in_and_ends_what_is_open(
    own: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.peers.server.LOOK", 0.02)
    async with served(own, files=files(own)) as room:
        assert await comes_in(room)
        _, writer = await room.open()
        room.clock.advance(timedelta(days=31))
        await until(lambda: room.peers.trust.closed)
        acts = await room.until(Action.HANDSHAKE_REFUSED)
        assert [act.code for act in acts] == ["peer.revocations_missing"]
        writer.close()


async def test_a_list_that_ended_before_is_refused_by_the_handshake_itself(own: Pki) -> None:
    revoke(own, now=NOW - timedelta(days=2), days=1)
    async with served(own, files=files(own)) as room:
        assert room.peers.trust.closed
        assert not await comes_in(room)
        (act,) = await room.until(Action.HANDSHAKE_REFUSED)
        assert act.code == "peer.revocations_missing"


async def test_without_any_list_it_starts_shut_and_opens_by_itself(
    own: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.peers.server.LOOK", 0.02)
    own.municipality_crl.unlink()
    async with served(own, files=files(own)) as room:
        trust = room.peers.trust
        assert (trust.closed, trust.stale) == (True, True)
        assert not await comes_in(room)
        (act,) = await room.until(Action.HANDSHAKE_REFUSED)
        assert act.code == "peer.revocations_missing"
        revoke(own, now=NOW)
        await until(lambda: not trust.closed)
        assert await comes_in(room)


async def test_a_new_certificate_of_ours_is_shown_from_then_on(room: Room) -> None:
    authority = Authority(Pair(room.pki.register_ca, room.pki.register_ca.with_suffix(".key")), "x", now=NOW)
    pair = room.pki.register_server(Register.HONNIN)
    before = await _serial(room)
    holder = _holder()
    authority.issue(pair, holder, now=NOW)
    await until(lambda: _changed(room, before))
    assert not room.peers.trust.stale


async def _changed(room: Room, before: str) -> bool:
    return await _serial(room) != before


async def _serial(room: Room) -> str:
    _, writer = await room.open()
    serial = str(writer.get_extra_info("peercert")["serialNumber"])
    writer.close()
    return serial


def _holder() -> Holder:
    return Holder(
        "honnin.jukura.test", ["honnin.jukura.test"], ["urn:jukura:register:honnin"], purpose=Purpose.SERVER
    )


async def test_a_key_that_is_not_the_certificates_leaves_the_pair_before_in_force(room: Room) -> None:
    pair = room.pki.register_server(Register.HONNIN)
    before, fitting = await _serial(room), pair.key.read_bytes()
    pair.key.write_bytes(room.pki.register_client(Register.HONNIN).key.read_bytes())
    await until(lambda: room.peers.trust.stale)
    assert await comes_in(room)
    assert await _serial(room) == before
    pair.key.write_bytes(fitting)
    await until(lambda: not room.peers.trust.stale)


async def test_another_authority_ends_every_connection_of_the_former_one(room: Room) -> None:
    async with room.caller(A) as session:
        assert (await ask(session))[0] == 200
        new = Authority(room.pki.pair("new-ca"), "new-ca", now=NOW)
        new.revoke(room.pki.municipality_crl, [], now=NOW)
        room.pki.municipality_ca.write_bytes(new.pair.cert.read_bytes())
        acts = await room.until(Action.HANDSHAKE_REFUSED)
        assert (acts[0].actor, acts[0].code) == ("CS:35203", "peer.authorities_changed")
    assert not await comes_in(room, A)


async def test_two_authorities_need_two_lists(own: Pki) -> None:
    new = Authority(own.pair("new-ca"), "new-ca", now=NOW)
    own.municipality_ca.write_bytes(own.municipality_ca.read_bytes() + new.pair.cert.read_bytes())
    clock = ManualClock(NOW)
    assert Trust(files(own), clock.now).closed
    new.revoke(own.folder / "new.crl", [], now=NOW)
    own.municipality_crl.write_bytes(
        own.municipality_crl.read_bytes() + (own.folder / "new.crl").read_bytes()
    )
    assert not Trust(files(own), clock.now).closed


def test_what_it_cannot_start_with_is_said_at_the_start(own: Pki) -> None:
    pair = own.register_server(Register.HONNIN)
    wrong = Files(certificate=pair.cert, key=own.municipality(A).key, ca=own.municipality_ca)
    with pytest.raises(InputError, match=r"peer\.files_unusable"):
        Trust(wrong, ManualClock(NOW).now)


async def test_what_ends_is_told_sixty_days_ahead_with_whose_it_is(room: Room) -> None:
    assert await comes_in(room)
    assert room.peers.deadlines() == []
    room.clock.advance(timedelta(days=24))
    (ending,) = room.peers.deadlines()
    assert (ending.what, ending.who) == (Ends.REVOCATIONS, "Jukura rehearsal municipalities-ca")
    room.clock.advance(timedelta(days=397 - 24 - 59))
    told = {(each.what, each.who) for each in room.peers.deadlines()}
    assert told == {
        (Ends.OWN, "honnin.jukura.test"),
        (Ends.PEER, A),
        (Ends.REVOCATIONS, "Jukura rehearsal municipalities-ca"),
    }
    assert all(isinstance(each, Deadline) for each in room.peers.deadlines())


async def test_a_certificate_that_ends_while_it_is_connected_is_cut_off(room: Room) -> None:
    room.pki.municipality_crl.unlink()  # so that the list is not what ends first
    room.peers.trust._files = Files(certificate=room.files.certificate, key=room.files.key, ca=room.files.ca)
    async with room.caller(A) as session:
        assert (await ask(session))[0] == 200
        room.clock.advance(timedelta(days=398))
        acts = await room.until(Action.HANDSHAKE_REFUSED)
        assert acts[0].code == "peer.certificate_expired"


def test_lists_are_asked_for_in_every_handshake(own: Pki) -> None:
    flags = Trust(files(own), ManualClock(NOW).now).context.verify_flags
    assert flags & ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


@pytest.mark.parametrize("content", [b"rubbish", "foreign", "ahead", None])
def test_a_list_that_cannot_be_used_has_its_code(own: Pki, content: bytes | str | None) -> None:
    match content:
        case None:
            own.municipality_crl.unlink()
        case "foreign":
            foreign = Authority(own.pair("registers-ca"), "registers-ca", now=NOW)
            foreign.revoke(own.municipality_crl, [], now=NOW)
        case "ahead":
            revoke(own, now=NOW + timedelta(days=1))
        case _:
            assert isinstance(content, bytes)
            own.municipality_crl.write_bytes(content)
    with pytest.raises(InputError) as refused:
        load(files(own), NOW)
    assert refused.value.code == "peer.revocations_unusable"
