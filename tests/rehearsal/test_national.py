"""The simulated national server: takes each update once, from the right register only, and fails on demand."""

import asyncio
import hashlib
import io
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from daemon.contract.codec import decode, encode
from daemon.contract.endpoint import Problem
from daemon.contract.messages import texts
from daemon.contract.national import MAX_UPDATES, UPDATES, ReceiptOutcome, Receipts, Update, UpdateBatch
from daemon.register.rows import Register
from daemon.rehearsal.ledger import Ledger, read_ledger
from daemon.rehearsal.lives import Lives
from daemon.rehearsal.national import Faults, NationalServer, unix_listener
from daemon.rehearsal.pki import NATIONAL_NAMES, Pki
from daemon.rehearsal.residents import Population
from daemon.rehearsal.sendings import Sending
from daemon.rehearsal.tls import client_context, server_context
from tests.peers.test_national_line import caller

ACCEPTED, DUPLICATE, REFUSED = ReceiptOutcome.ACCEPTED, ReceiptOutcome.DUPLICATE, ReceiptOutcome.REFUSED


@dataclass(frozen=True)
class Line:
    """The register's end of the line."""

    address: tuple[str, int]
    register: Register
    tls: ssl.SSLContext

    async def post(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one answer."""
        url = f"https://{self.address[0]}:{self.address[1]}{UPDATES.path}"
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.post(
                url, data=io.BytesIO(body), ssl=self.tls, server_hostname=NATIONAL_NAMES[self.register]
            ) as answer,
        ):
            return answer.status, dict(answer.headers), await answer.read()

    async def send(self, *updates: Update) -> list[ReceiptOutcome]:
        """What becomes of each."""
        status, _, body = await self.post(encode(UpdateBatch(list(updates))))
        assert status == 200, body
        return [one.outcome for one in decode(body, Receipts).receipts]


@dataclass(frozen=True)
class Scene:
    """A running server with a line to it."""

    server: NationalServer
    line: Line
    file: Path


@pytest.fixture
async def scene(pki: Pki, ledger_file: Path) -> AsyncIterator[Scene]:
    """The national server of `honnin` on a free port."""
    register = Register.HONNIN
    tls = server_context(pki.national_server(register), pki.register_ca)
    server = NationalServer(register, await Ledger.open(ledger_file), tls)
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()
    await server.start(listening)
    yield Scene(
        server,
        Line(address, register, client_context(pki.register_client(register), pki.national_ca)),
        ledger_file,
    )
    await server.stop()


def passed_on(books: Any, register: Register, sendings: Iterable[Sending]) -> list[Update]:
    """What a register passes on of these."""
    found = []
    for number, one in enumerate(sendings, start=1):
        books.take(one.sender, one.notice)
        row = books.rows[one.notice.record.juminhyo_code]
        key = hashlib.sha256(f"{one.sender}/{one.notice.id}".encode()).hexdigest()
        row_as_sent = msgspec.to_builtins(row)
        found.append(Update(key=key, register=register, sender=one.sender, number=number, row=row_as_sent))
    return found


@pytest.fixture
def updates(small: Population, books: Callable[[Register], Any]) -> list[Update]:
    """What `honnin` would pass on: the initial load and some events, so several versions of some people."""
    events = [one for event in islice(Lives(small, 1).events(), 60) for one in event.sendings]
    own = [one for one in events if one.register is Register.HONNIN]
    return passed_on(books(Register.HONNIN), Register.HONNIN, [*small.initial(Register.HONNIN), *own])


def changed(update: Update, **fields: Any) -> Update:
    """`update` with other fields."""
    return msgspec.structs.replace(update, **fields)


async def test_each_update_is_accepted_once(scene: Scene, updates: list[Update]) -> None:
    """However often it comes, also twice in one batch."""
    assert await scene.line.send(*updates[:20]) == [ACCEPTED] * 20
    assert await scene.line.send(*updates[10:30]) == [DUPLICATE] * 10 + [ACCEPTED] * 10
    assert await scene.line.send(updates[40], updates[40]) == [ACCEPTED, DUPLICATE]
    ledger = await scene.server.ledger()
    assert {one.accepted for one in ledger.values()} == {1}
    assert sum(one.received for one in ledger.values()) == 42
    assert ledger == read_ledger(scene.file)


async def test_order_per_person_is_watched(scene: Scene, updates: list[Update]) -> None:
    """A version that comes after a later one of the same person is noted."""
    serials = [update.row for update in updates]
    later = next(n for n, row in enumerate(serials) if row["serial"] == 2)
    earlier = next(
        n for n, row in enumerate(serials) if row["juminhyo_code"] == serials[later]["juminhyo_code"]
    )
    await scene.line.send(updates[later], updates[earlier], updates[-1])
    ledger = await scene.server.ledger()
    assert [ledger[updates[n].key].late for n in (later, earlier, -1)] == [False, True, False]


async def test_everything_in_order_is_not_late(scene: Scene, updates: list[Update]) -> None:
    """All of it, as the register made it."""
    for start in range(0, len(updates), MAX_UPDATES):
        await scene.line.send(*updates[start : start + MAX_UPDATES])
    ledger = await scene.server.ledger()
    assert len(ledger) == len(updates) > 200
    assert not any(one.late for one in ledger.values())


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": "0" * 63}, "national.bad_key"),
        ({"key": "G" * 64}, "national.bad_key"),
        ({"register": "fuhyo"}, "national.other_register"),
        ({"sender": "13101"}, "national.other_sender"),
        ({"row": {"serial": 1}}, "json.wrong_shape"),
        ({"row": {}}, "json.wrong_shape"),
        ({"number": 0}, "national.bad_number"),
        ({"erased": True, "row": {}}, "national.bad_number"),
        ({"erased": True, "repeat": True}, "json.wrong_shape"),
    ],
)
async def test_what_is_not_as_agreed_is_refused_alone(
    scene: Scene, updates: list[Update], fields: dict[str, Any], code: str
) -> None:
    """Its neighbours are accepted; the receipt has the code, and the ledger no acceptance."""
    bad = changed(updates[1], **fields)
    _, _, body = await scene.line.post(encode(UpdateBatch([updates[0], bad, updates[2]])))
    receipts = decode(body, Receipts).receipts
    assert [one.outcome for one in receipts] == [ACCEPTED, REFUSED, ACCEPTED]
    assert receipts[1].code == code
    assert code in texts()
    assert (await scene.server.ledger())[bad.key].accepted == 0


async def test_a_row_with_an_unknown_item_is_refused(scene: Scene, updates: list[Update]) -> None:
    """Nothing beyond the lawful items goes to the 全国サーバ."""
    row = updates[0].row | {"hobby": "chess"}
    assert await scene.line.send(changed(updates[0], row=row)) == [REFUSED]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"updates": [', 400, "json.malformed"),
        (b'{"updates": [], "updates": []}', 400, "json.doubled_name"),
        (b'{"updates": [], "more": 1}', 400, "json.wrong_shape"),
        (b'{"updates": [{"key": "", "register": "", "sender": "", "row": []}]}', 400, "json.wrong_shape"),
        (b"[" * 100_000, 400, "json.too_deep"),
        (b" " * (4 * 1024 * 1024 + 1), 413, "national.too_large"),
    ],
)
async def test_a_bad_request_is_refused_whole(scene: Scene, body: bytes, status: int, code: str) -> None:
    """With a problem that has the code, and nothing in the ledger."""
    answered, _, told = await scene.line.post(body)
    assert (answered, decode(told, Problem).code) == (status, code)
    assert await scene.server.ledger() == {}


async def test_too_many_updates_are_refused_whole(scene: Scene, updates: list[Update]) -> None:
    """The limit of the contract."""
    status, _, told = await scene.line.post(encode(UpdateBatch([updates[0]] * (MAX_UPDATES + 1))))
    assert (status, decode(told, Problem).code) == (413, "national.too_many")


async def test_only_its_own_register_may_come(scene: Scene, pki: Pki, updates: list[Update]) -> None:
    """The sister register is answered 401; a municipality does not even get through the handshake."""
    sister = Line(
        scene.line.address,
        Register.HONNIN,
        client_context(pki.register_client(Register.FUHYO), pki.national_ca),
    )
    status, _, told = await sister.post(encode(UpdateBatch([updates[0]])))
    assert (status, decode(told, Problem).code) == (401, "national.unknown_client")
    stranger = Line(
        scene.line.address, Register.HONNIN, client_context(pki.municipality("35203"), pki.national_ca)
    )
    with pytest.raises(aiohttp.ClientError):
        await stranger.post(encode(UpdateBatch([updates[0]])))
    assert await scene.server.ledger() == {}


async def test_it_refuses_on_demand(scene: Scene, updates: list[Update]) -> None:
    """And accepts the same key later."""
    scene.server.faults.refuse = lambda update: "json.wrong_shape" if update.key == updates[1].key else ""
    assert await scene.line.send(*updates[:3]) == [ACCEPTED, REFUSED, ACCEPTED]
    scene.server.faults.refuse = Faults().refuse
    assert await scene.line.send(*updates[:3]) == [DUPLICATE, ACCEPTED, DUPLICATE]


async def test_a_number_belongs_to_one_key(scene: Scene, updates: list[Update]) -> None:
    """A key may have had several; a number has one key for ever."""
    taken = changed(updates[1], number=updates[0].number)
    _, _, body = await scene.line.post(encode(UpdateBatch([updates[0], taken])))
    assert [(one.outcome, one.code) for one in decode(body, Receipts).receipts] == [
        (ACCEPTED, ""),
        (REFUSED, "national.number_reused"),
    ]
    assert await scene.line.send(updates[1]) == [ACCEPTED]


async def test_repeats_are_counted_and_change_nothing(scene: Scene, updates: list[Update]) -> None:
    """One that was lost is taken; one of a row that was erased says so and holds nothing."""
    await scene.line.send(*updates[:3])
    erased = changed(updates[2], repeat=True, erased=True, row={})
    again = [changed(update, repeat=True) for update in (updates[1], updates[3])]
    assert await scene.line.send(*again, erased) == [DUPLICATE, ACCEPTED, DUPLICATE]
    numbers = [updates[place].number for place in (1, 2, 3)]
    assert await scene.server.book.repeats() == dict.fromkeys(numbers, 1)


async def test_it_knows_which_numbers_never_came(scene: Scene, updates: list[Update]) -> None:
    """Every gap below the highest."""
    await scene.line.send(*(updates[number - 1] for number in (3, 4, 7, 9)))
    assert await scene.server.book.missing() == [(1, 2), (5, 6), (8, 8)]


async def test_what_was_taken_is_never_refused_later(scene: Scene, updates: list[Update]) -> None:
    """Its answer may have been lost; whatever the server would refuse by now, the key has its answer."""
    assert await scene.line.send(updates[0]) == [ACCEPTED]
    scene.server.faults.refuse = lambda _: "json.wrong_shape"
    assert await scene.line.send(updates[0], updates[1]) == [DUPLICATE, REFUSED]


async def test_what_was_refused_has_come(scene: Scene, updates: list[Update]) -> None:
    """Its number is not missing: nobody asks for it again."""
    scene.server.faults.refuse = lambda update: "json.wrong_shape" if update.key == updates[0].key else ""
    assert await scene.line.send(*updates[:2]) == [REFUSED, ACCEPTED]
    assert await scene.server.book.missing() == []


async def test_who_passes_a_refused_message_of_the_same_person_is_found_out(
    scene: Scene, updates: list[Update]
) -> None:
    """A register that keeps order per person never does."""
    later = next(update for update in updates if update.row["serial"] == 2)
    code = later.row["juminhyo_code"]
    first = next(update for update in updates if update.row["juminhyo_code"] == code)
    other = next(update for update in updates if update.row["juminhyo_code"] != code)
    scene.server.faults.refuse = lambda update: "json.wrong_shape" if update.key == first.key else ""
    assert await scene.line.send(first, other) == [REFUSED, ACCEPTED]
    assert await scene.server.book.overtakers() == 0
    await scene.line.send(later)
    assert await scene.server.book.overtakers() == 1


async def test_it_is_away_on_demand(scene: Scene, updates: list[Update]) -> None:
    """503 with Retry-After; nothing is taken."""
    scene.server.faults.away, scene.server.faults.retry_after = True, 7
    status, headers, told = await scene.line.post(encode(UpdateBatch([updates[0]])))
    assert (status, headers["Retry-After"]) == (503, "7")
    assert decode(told, Problem).code in texts()
    scene.server.faults.away = False
    assert await scene.line.send(updates[0]) == [ACCEPTED]


async def test_it_loses_an_answer_on_demand(scene: Scene, updates: list[Update]) -> None:
    """What was applied is a duplicate when it comes again."""
    scene.server.faults.lost_answers = 1
    with pytest.raises(aiohttp.ClientError):
        await scene.line.send(updates[0])
    assert await scene.line.send(updates[0], updates[1]) == [DUPLICATE, ACCEPTED]


async def test_it_is_slow_on_demand(scene: Scene, updates: list[Update]) -> None:
    """Before each answer."""
    scene.server.faults.delay = 0.3
    begin = asyncio.get_running_loop().time()
    await scene.line.send(updates[0])
    assert asyncio.get_running_loop().time() - begin >= 0.3


async def test_the_ledger_holds_nobody(scene: Scene, updates: list[Update], small: Population) -> None:
    """No name, kana, address, code, number or birth date, byte by byte, in any of its files."""
    await scene.line.send(*updates[:100])
    written = b"".join(file.read_bytes() for file in scene.file.parent.iterdir())
    assert updates[0].key.encode() in written
    for one in small.residents:
        person = one.person
        values = (person.written, person.read, one.home.address, person.juminhyo_code, person.kojin_bango)
        for value in (*values, person.birth.code):
            for encoding in ("utf-8", "utf-16-le", "cp932"):
                assert value.encode(encoding, "ignore") not in written


async def test_the_ledger_outlives_the_server(scene: Scene, updates: list[Update], ledger_file: Path) -> None:
    """Opened again, it knows what it took, and the order too."""
    await scene.line.send(*updates[:5])
    again = await Ledger.open(ledger_file)
    assert await again.entries() == await scene.server.ledger()
    assert len(await again.entries()) == 5
    await again.close()


@pytest.mark.parametrize("register", list(Register))
async def test_the_registers_own_client_is_understood(
    pki: Pki, small: Population, books: Callable[[Register], Any], tmp_path: Path, register: Register
) -> None:
    """Both registers, over a unix socket, by the client that the daemon uses."""
    tls = server_context(pki.national_server(register), pki.register_ca)
    server = NationalServer(register, await Ledger.open(tmp_path / "ledger.db"), tls)
    await server.start(unix_listener(tmp_path / "national.sock"))
    client = caller(pki, tmp_path / "national.sock", register)
    updates = passed_on(books(register), register, list(small.initial(register))[:30])
    try:
        first = await client.deliver(updates)
        again = await client.deliver(updates)
    finally:
        await client.close()
        await server.stop()
    assert {one.outcome for one in first} == {ACCEPTED}
    assert {one.outcome for one in again} == {DUPLICATE}


@pytest.mark.parametrize("handed_in", [True, False])
async def test_it_runs_as_a_program_and_ends_on_sigterm(
    pki: Pki, updates: list[Update], tmp_path: Path, *, handed_in: bool
) -> None:
    """Over a unix socket, handed in or made; cleanly, within seconds."""
    path = tmp_path / "national.sock"
    ledger = tmp_path / "ledger.db"
    command = [sys.executable, "-m", "daemon.rehearsal.national", "--register", "honnin"]
    command += ["--pki", str(pki.folder), "--ledger", str(ledger)]
    if handed_in:
        listening = unix_listener(path)
        # LISTEN_PID must be the program's own: it keeps its pid through exec.
        script = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid()); "
        script += "os.execv(sys.argv[2], sys.argv[2:])"
        command = [sys.executable, "-c", script, str(listening.fileno()), *command]
        environment = os.environ | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "national"}
        running = subprocess.Popen(command, env=environment, pass_fds=[listening.fileno()])
        listening.close()
    else:
        running = subprocess.Popen([*command, "--socket", str(path)])
    try:
        await _until_there(path)
        tls = client_context(pki.register_client(Register.HONNIN), pki.national_ca)
        reader, writer = await asyncio.open_unix_connection(
            str(path), ssl=tls, server_hostname=NATIONAL_NAMES[Register.HONNIN]
        )
        body = encode(UpdateBatch(updates[:2]))
        head = f"POST {UPDATES.path} HTTP/1.1\r\nHost: national\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
        assert b"200" in answer
        running.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(running.wait, 10) == 0
        writer.close()
        assert len(read_ledger(ledger)) == 2
    finally:
        running.kill()
        running.wait()


async def _until_there(path: Path) -> None:
    for _ in range(200):
        if path.exists():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no socket came")
