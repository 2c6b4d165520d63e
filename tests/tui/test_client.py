import asyncio
import socket
import time
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.contract import codec
from daemon.contract.console import Lookup, PersonQuery, Search
from daemon.contract.exports import FETCH_FILE, FetchFile
from daemon.errors import InputError
from tests.tui.fake_daemon import OPERATOR, PASSWORD, STATUS, FakeDaemon, Refusal
from tests.tui.fake_exports import FILES
from tui.client import ConsoleClient, socket_of
from tui.errors import RemoteError, UnreachableError

SEARCH = Search(affair="passport", purpose="審査", application="R8-1", kana="じゅうみん")


def query(person: str, *, open_code: bool = False, open_number: bool = False) -> PersonQuery:
    return PersonQuery(
        person=person, affair="passport", purpose="審査", application="R8-1",
        open_code=open_code, open_number=open_number,
    )  # fmt: skip


def test_the_socket_lies_in_the_state_folder() -> None:
    assert socket_of(Path("/var/lib/jukura/honnin")) == Path("/var/lib/jukura/honnin/run/console.sock")


async def test_the_status_needs_no_session(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        assert await client.status() == STATUS


async def test_an_operator_signs_in_searches_opens_and_signs_out(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        session = await client.sign_in(OPERATOR, PASSWORD)
        found = await client.search(SEARCH)
        masked = await client.person(query(found.hits[0].person))
        opened = await client.person(query(found.hits[0].person, open_code=True))
        await client.sign_out()
    assert session.operator == OPERATOR
    assert [hit.name for hit in found.hits] == ["住民　太郎", "住民　花子"]
    assert masked.versions[0].juminhyo_code == "＊" * 11
    assert opened.versions[0].juminhyo_code == "24727059600"
    assert fake.sessions == set()


async def test_a_lookup_finds_one_person_by_key(fake: FakeDaemon) -> None:
    asked = Lookup(affair="passport", purpose="審査", application="R8-1", code="24727059600")
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        found = await client.lookup(asked)
    assert [hit.name for hit in found.hits] == ["住民　太郎"]
    assert fake.asked("POST /v1/lookup") == [asked]


async def test_half_a_character_is_refused_by_the_name_of_its_field(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        with pytest.raises(InputError) as refused:
            await client.search(replace(SEARCH, address="滝町\ud842"))
    assert (refused.value.code, refused.value.field) == ("json.half_character", "address")
    assert fake.asked("POST /v1/search") == []


async def test_the_token_never_travels_with_the_status(fake: FakeDaemon) -> None:
    # The fake refuses a token where no session is asked for: a poll would keep a session alive.
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        assert await client.status() == STATUS


async def test_after_signing_out_nothing_is_allowed(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        await client.sign_out()
        with pytest.raises(RemoteError) as refused:
            await client.search(SEARCH)
        await client.sign_out()
    assert refused.value.signed_out
    assert len(fake.asked("DELETE /v1/session")) == 1


async def test_a_refusal_brings_its_code_field_texts_and_status(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        with pytest.raises(RemoteError) as refused:
            await client.person(query("nobody"))
    error = refused.value
    assert (error.code, error.field, error.http_status) == ("person.unknown", "person", 409)
    assert (error.problem.ja, error.problem.en) == (
        "person.unknownの説明。次の手順。",
        "What person.unknown means.",
    )
    assert not error.signed_out


async def test_a_wrong_password_leaves_no_token(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        with pytest.raises(RemoteError) as refused:
            await client.sign_in(OPERATOR, "wrong")
        await client.sign_out()
    assert refused.value.code == "session.wrong"
    assert fake.asked("DELETE /v1/session") == []


async def test_nobody_there_is_said(states: Path) -> None:
    async with ConsoleClient(socket_of(states)) as client:
        with pytest.raises(UnreachableError) as away:
            await client.status()
    assert away.value.code == "console.unreachable"


async def test_a_socket_that_one_may_not_open_is_said(
    fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may open any socket, so the refusal is made at the connection.
    async def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    async with ConsoleClient(fake.socket) as client:
        monkeypatch.setattr("asyncio.BaseEventLoop.create_unix_connection", refuse, raising=False)
        monkeypatch.setattr("asyncio.unix_events._UnixSelectorEventLoop.create_unix_connection", refuse)
        with pytest.raises(UnreachableError) as shut:
            await client.status()
    assert shut.value.code == "console.not_permitted"


async def test_a_late_answer_is_an_error_at_its_deadline(fake: FakeDaemon) -> None:
    fake.delay = 5
    begin = time.monotonic()
    async with ConsoleClient(fake.socket, deadline=0.2) as client:
        with pytest.raises(UnreachableError) as late:
            await client.status()
    fake.delay = 0
    assert late.value.code == "console.late"
    assert time.monotonic() - begin < 2


async def test_a_connection_cut_without_an_answer_is_said(states: Path) -> None:
    def hang_up(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                listening.accept()[0].close()

    path = states / "cut.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        refusing = asyncio.get_running_loop().run_in_executor(None, hang_up, listening)
        async with ConsoleClient(path) as client:
            with pytest.raises(UnreachableError) as cut:
                await client.status()
        listening.shutdown(socket.SHUT_RDWR)
        await refusing
    assert cut.value.code == "console.cut_off"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200), st.sampled_from([b"{}", b"[]", b"null", codec.encode(STATUS)[:-1]])
    )
)
async def test_an_answer_that_is_no_status_is_never_taken_for_one(fake: FakeDaemon, body: bytes) -> None:
    fake.raw["/v1/status"] = body
    async with ConsoleClient(fake.socket) as client:
        with pytest.raises(UnreachableError) as unreadable:
            await client.status()
    assert unreadable.value.code == "console.bad_answer"


async def test_an_answer_over_the_limit_is_not_read(fake: FakeDaemon) -> None:
    fake.raw["/v1/status"] = b" " * (4 * 1024 * 1024) + codec.encode(STATUS)
    async with ConsoleClient(fake.socket) as client:
        with pytest.raises(UnreachableError) as too_long:
            await client.status()
    assert too_long.value.code == "console.bad_answer"


async def test_a_restarted_register_is_found_again(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        await client.status()
        fake.stop()
        with pytest.raises(UnreachableError):
            await client.status()
        fake.start()
        assert await client.status() == STATUS


async def test_a_file_comes_whole(fake: FakeDaemon) -> None:
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        assert await _file(client, "entries-0001.jsonl") == FILES["entries-0001.jsonl"]
        assert await _file(client, "statements.txt") == b""


async def test_a_file_that_breaks_off_is_an_error(fake: FakeDaemon) -> None:
    fake.exports.cut = {"entries-0001.jsonl"}
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        with pytest.raises(UnreachableError) as broken:
            await _file(client, "entries-0001.jsonl")
    assert broken.value.code == "console.cut_off"


async def test_a_refused_file_is_a_refusal(fake: FakeDaemon) -> None:
    fake.refuse[FETCH_FILE.path] = Refusal(403, "caller.without_right")
    async with ConsoleClient(fake.socket) as client:
        await client.sign_in(OPERATOR, PASSWORD)
        with pytest.raises(RemoteError) as refused:
            await _file(client, "entries-0001.jsonl")
    assert refused.value.http_status == 403


async def _file(client: ConsoleClient, name: str) -> bytes:
    asked = FetchFile(export="0a" * 16, file=name)
    async with aclosing(client.download(FETCH_FILE, asked)) as chunks:
        return b"".join([chunk async for chunk in chunks])
