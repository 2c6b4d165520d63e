"""The console's socket over real HTTP: signing in, sessions, rights, what is answered while sealed, and who may connect."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from daemon.audit.action import Action
from daemon.commands import setup
from daemon.commands.caller import RIGHTS, Right, Role
from daemon.console.server import ConsoleServer, Desk, uid_of_caller
from daemon.contract import keys
from daemon.contract.console import (
    ENDPOINTS,
    LOOKUP,
    MAX_HITS,
    PERSON,
    SEARCH,
    SIGN_IN,
    SIGN_OUT,
    STATUS,
    Status,
)
from daemon.contract.endpoint import Endpoint
from daemon.contract.exports import FETCH_FILE, ORDER_EXPORT
from daemon.contract.keys import KEY_ENDPOINTS
from daemon.contract.log_epochs import EPOCH_ENDPOINTS
from daemon.errors import InputError, StateError
from tests.audit.exporting import made
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import affair
from tests.console.cells import CELLS
from tests.console.room import ACCOUNTS, PASSWORD, Room, account
from tests.register.people import HONNIN


async def test_sign_in_search_sign_out(room: Room) -> None:
    await send(room.bench, notice("n1"))
    token = await room.sign_in("op1")
    status, found = await room.search(token)
    assert status == 200
    assert [hit["name"] for hit in found["hits"]] == [HONNIN.name]  # type: ignore[attr-defined]
    assert (await room.ask("DELETE", "/v1/session", token=token))[0] == 200
    status, answer = await room.search(token)
    assert (status, answer["code"]) == (401, "session.unknown")
    actions = [entry.header.action for entry in await entries(room.bench)]
    assert actions[-3:] == [Action.SESSION_OPENED, Action.SEARCH_DONE, Action.SESSION_CLOSED]


@pytest.mark.parametrize(
    ("operator", "password"), [("op1", "wrong"), ("nobody", PASSWORD), ("", ""), ("op1", "")]
)
async def test_a_wrong_id_and_a_wrong_password_look_the_same(
    room: Room, operator: str, password: str
) -> None:
    status, answer = await room.ask("POST", "/v1/session", {"operator": operator, "password": password})
    assert (status, answer["code"]) == (401, "session.refused")
    last = (await entries(room.bench))[-1]
    assert (last.header.action, last.header.actor) == (Action.SESSION_REFUSED, "unknown")
    assert last.fields["operator"].value == operator


async def test_a_session_belongs_to_the_uid_that_opened_it(room: Room) -> None:
    token = await room.sign_in("op1")
    room.uid = 1001
    assert (await room.search(token))[1]["code"] == "session.unknown"


async def test_ten_minutes_without_an_act_end_the_session(room: Room) -> None:
    token = await room.sign_in("op1")
    room.bench.clock.advance(timedelta(seconds=600))
    assert (await room.search(token))[0] == 200
    room.bench.clock.advance(timedelta(seconds=601))
    assert (await room.search(token))[1]["code"] == "session.idle"
    assert (await room.search(token))[1]["code"] == "session.unknown"
    assert [e.header.action for e in await entries(room.bench)].count(Action.SESSION_CLOSED) == 1


async def test_each_act_begins_the_ten_minutes_anew(room: Room) -> None:
    token = await room.sign_in("op1")
    for _ in range(4):
        room.bench.clock.advance(timedelta(seconds=400))
        assert (await room.search(token))[0] == 200


async def test_one_session_per_operator(room: Room) -> None:
    first = await room.sign_in("op1")
    second = await room.sign_in("op1")
    assert (await room.search(first))[1]["code"] == "session.unknown"
    assert (await room.search(second))[0] == 200


@pytest.mark.parametrize("token", ["", "x", "\u00e9", "A" * 5000])
async def test_a_forged_token_opens_nothing(room: Room, token: str) -> None:
    status, answer = await room.search(token)
    assert (status, str(answer["code"]).partition(".")[0]) == (401, "session")


async def test_an_affair_that_ended_is_not_offered(room: Room) -> None:
    room.bench.clock.advance(timedelta(days=120))
    _, answer = await room.ask("POST", "/v1/session", {"operator": "op1", "password": PASSWORD})
    assert answer["affairs"] == []


async def test_the_table_of_rights_cell_by_cell(room: Room) -> None:
    """Every role against every right, at the running server, compared with the table."""
    await send(room.bench, notice("n1"))
    for name, (role,), _ in ACCOUNTS:
        token = await room.sign_in(name)
        allowed = {
            Right.SEARCH: await _may_search(room, token),
            Right.SHOW: (await _show(room, token))["code"] == "person.unknown",
        } | await _rights(room, token)
        assert allowed == {right: role in RIGHTS[right] for right in Right}


KEY_CELLS: dict[Right, list[tuple[Endpoint, dict[str, object]]]] = {
    Right.KEYS_SEE: [
        (keys.LIST_KEYS, {}), (keys.TOKENS, {}), (keys.PROPOSALS, {}), (keys.STATEMENTS, {"number": 0}),
    ],
    Right.KEYS_PROPOSE: [(keys.PROPOSE, {"deed": {"type": "destroy_key", "name": "live.99"}})],
    Right.KEYS_DECIDE: [
        (keys.MAKE_KEYS, {"names": ["live.2"]}), (keys.ROTATE_KEY, {"kind": "live"}),
        (keys.SIGN, {"id": "0", "custodian": "x", "signature": ""}),
        (keys.CANCEL, {"id": "0", "custodian": "x", "signature": ""}), (keys.CARRY_OUT, {"id": "0"}),
    ],
}  # fmt: skip
"""Every endpoint about keys under the right that it needs."""


async def _rights(room: Room, token: str) -> dict[Right, bool]:
    """What the session may: all endpoints of a right, or none."""
    allowed = {}
    for right, cells in (KEY_CELLS | CELLS).items():
        answers = [
            (await room.ask(end.method, end.path, asked | _type(end), token=token))[1] for end, asked in cells
        ]
        refused = {answer.get("code") == "right.missing" for answer in answers}
        assert len(refused) == 1, (right, answers)
        allowed[right] = not refused.pop()
    return allowed


def _type(endpoint: Endpoint) -> dict[str, object]:
    """Messages that are the key service's own carry their tag."""
    tag = endpoint.request.__struct_config__.tag
    return {"type": tag} if tag else {}


def test_every_endpoint_has_its_cell() -> None:
    known = {STATUS, SIGN_IN, SIGN_OUT, SEARCH, LOOKUP, PERSON, *KEY_ENDPOINTS, *EPOCH_ENDPOINTS}
    assert {end for cells in CELLS.values() for end, _ in cells} == set(ENDPOINTS) - known


def test_every_endpoint_about_keys_has_its_cell() -> None:
    assert {end for cells in KEY_CELLS.values() for end, _ in cells} == set(KEY_ENDPOINTS)


async def _may_search(room: Room, token: str) -> bool:
    """By 4情報 and by key alike."""
    by_key = {"affair": "number", "purpose": "p", "application": "A", "code": HONNIN.juminhyo_code}
    refused = (await room.ask("POST", LOOKUP.path, by_key, token=token))[1].get("code") == "right.missing"
    allowed = (await room.search(token))[0] == 200
    assert allowed != refused
    return allowed


async def _show(room: Room, token: str) -> dict[str, object]:
    asked = {"affair": "plain", "purpose": "p", "application": "A", "person": "00" * 16}
    return (await room.ask("POST", "/v1/person", asked, token=token))[1]


async def test_a_file_of_an_export_comes_as_it_is_and_is_logged(room: Room) -> None:
    token = await room.sign_in("audit1")
    _, state = await room.ask("POST", ORDER_EXPORT.path, {"basis": "監査"}, token=token)
    export = str(state["export"])
    await made(room.bench, export)
    asked = {"export": export, "file": "manifest.txt"}
    status, content = await room.content(FETCH_FILE.path, asked, token=token)
    assert (status, content.decode().split("\n")[2]) == (200, export)
    assert (await entries(room.bench))[-1].header.action is Action.LOG_EXPORTED


async def test_sealed_answers_status_and_refuses_everything_else(room: Room) -> None:
    room.refusal = "state.sealed"
    status, answer = await room.ask("GET", "/v1/status")
    assert (status, answer["state"], answer["reasons"]) == (200, "sealed", ["token_away"])
    for endpoint in (one for one in ENDPOINTS if not one.sealed):
        status, answer = await room.ask(endpoint.method, endpoint.path)
        assert (status, answer["code"]) == (503, "state.sealed")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "json.malformed"),
        (b'{"operator":"a","operator":"b","password":"c"}', 400, "json.doubled_name"),
        (b'{"operator":"a"}', 400, "json.wrong_shape"),
        (b"x" * 70_000, 413, "console.body_too_large"),
    ],
)
async def test_bad_requests(room: Room, raw: bytes, status: int, code: str) -> None:
    answered, answer = await room.ask("POST", "/v1/session", raw=raw)
    assert (answered, answer["code"]) == (status, code)


async def test_an_error_of_ours_is_told_without_its_text(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await room.sign_in("op1")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("住民　太郎")

    monkeypatch.setattr(room.bench.open.reader._index, "find", broken)
    status, answer = await room.search(token)
    assert (status, answer["code"]) == (500, "console.failed")
    assert "住民" not in json.dumps(answer, ensure_ascii=False)


async def test_a_second_set_up_has_no_power(room: Room) -> None:
    parts = room.bench.open
    other = setup.Setup([affair("plain")], [account("intruder", [Role.AUDITOR], [])])
    assert not await setup.take_in(other, parts.engine, parts.writer, parts.people)
    status, _ = await room.ask("POST", "/v1/session", {"operator": "intruder", "password": PASSWORD})
    assert status == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "名前"}, "setup.bad_operator"),
        ({"id": "12345678901"}, "setup.bad_operator"),
        ({"affairs": ["nothing"]}, "setup.unknown_affair"),
        ({"roles": ["king"]}, "setup.unreadable"),
    ],
)
def test_a_set_up_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], code: str) -> None:
    plain = msgspec.to_builtins(account("op1", [Role.OPERATOR], ["plain"])) | change
    file = tmp_path / "setup.json"
    file.write_bytes(msgspec.json.encode({"affairs": [affair("plain")], "operators": [plain]}))
    with pytest.raises(InputError) as refused:
        setup.read(file)
    assert refused.value.code == code


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
async def test_uid_0_is_refused_and_another_user_is_not(tmp_path: Path) -> None:
    """For real: SO_PEERCRED of a process with another uid."""
    path = tmp_path / "c.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o666)
    listening.listen()
    listening.setblocking(False)  # noqa: FBT003

    def desk() -> Desk:
        raise StateError("state.sealed")

    async def status() -> Status:
        raise StateError("state.sealed")

    server = ConsoleServer(status, desk, identify=uid_of_caller)
    await server.start(listening)
    script = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); fd = os.open(sys.argv[1], os.O_PATH)\n"
        "os.setuid(int(sys.argv[2])); s.connect(f'/proc/self/fd/{fd}')\n"
        "s.sendall(b'GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')\n"
        "print(b''.join(iter(lambda: s.recv(4096), b'')).decode())\n"
    )

    async def code_for(uid: int) -> str:
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", script, str(path), str(uid)],
            capture_output=True,
            text=True,
            check=True,
        )
        return str(json.loads(run.stdout.rpartition("\n\n")[2])["code"])

    assert await code_for(0) == "caller.refused"
    assert await code_for(65534) == "caller.refused"
    assert await code_for(12345) == "state.sealed"
    await server.stop()
    listening.close()


def test_the_bound_on_hits_is_the_contracts() -> None:
    assert MAX_HITS == 50
