"""A register for the console to talk to: the contract served strictly over a real unix socket, in a thread of its own.

It knows no rule of the domain beyond what a screen can show. Tests look at `calls` and turn the knobs.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from msgspec.structs import replace

from daemon.callers import uid_of
from daemon.contract import codec
from daemon.contract import console as contract
from daemon.contract.console import Affair, Counts, Match, Person, Scope, Session, State, Status
from daemon.contract.endpoint import Empty, Endpoint, Problem
from daemon.contract.exports import FETCH_FILE, FetchFile
from daemon.contract.verification import ACCEPT_ROWS, RowsAccepted
from tests.tui.fake_epochs import FakeEpochs
from tests.tui.fake_exports import FakeExports
from tests.tui.fake_halt import FakeHalt
from tests.tui.fake_holds import FakeHolds
from tests.tui.fake_keys import FakeKeys, KeyRefusal
from tests.tui.fake_log import FakeLog
from tests.tui.fake_log_holds import FakeLogHolds
from tests.tui.fake_post import FakePost
from tests.tui.fake_reconciled import FakeReconciled
from tests.tui.people import ABROAD, PEOPLE, Invented

PASSPORT = Affair(
    id="passport", title="旅券の発給", basis="住基法30条の15第1項1号", number=False, code=True,
    valid_from=date(2020, 4, 1), valid_until=date(2030, 3, 31),
)  # fmt: skip
TAX = Affair(
    id="tax", title="県税の賦課徴収", basis="番号法9条1項", number=True, code=False,
    valid_from=date(2020, 4, 1), valid_until=date(2030, 3, 31),
)  # fmt: skip
OPERATOR, PASSWORD = "OP001", "正しいパスワード"
AUDITOR = "AU001"
CUSTODIAN = "KG001"
CLERKS = ("SI001", "SI002")
ADMINISTRATOR = "AD001"
CHIEF = "CH001"
OFFICERS = ("SO001", "SO002")

COUNTS = Counts(
    people=9_981, rows=12_345, notices_today=123, refused_today=2, searches_today=7, outbox=4, outbox_aside=0,
    delivered=12_341, log_size=25_000, log_signed=24_998,
)  # fmt: skip
STATUS = Status(
    register="honnin", state=State.READY, reasons=[], at_rest="protected",
    started=datetime(2026, 4, 1, 0, 0, tzinfo=UTC), now=datetime(2026, 4, 1, 5, 3, 22, tzinfo=UTC), version="0.1.0",
    terminal="T-001", municipalities=19, connections=["市町村CS 19", "全国サーバ", "操作卓"], counts=COUNTS,
)  # fmt: skip
TURNS_TO_CONNECT = 3
"""Turns of the loop from accepting to a connection that the server knows."""


class Refusal(Exception):  # noqa: N818 - an answer, not an error of the fake
    """Answer with a problem."""

    def __init__(self, status: int, code: str, *, field: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.problem = Problem(
            code=code, field=field, ja=f"{code}の説明。次の手順。", en=f"What {code} means."
        )


class FakeDaemon:
    """Serves until the `with` block ends."""

    def __init__(self, path: Path, *, register: str = "honnin") -> None:
        self.socket = path
        self.status = replace(STATUS, register=register)
        self.people: tuple[Invented, ...] = PEOPLE if register == "honnin" else ABROAD
        self.affairs = [PASSPORT, TAX]
        self.roles = {OPERATOR: ["operator"], AUDITOR: ["auditor"], CUSTODIAN: ["custodian"]}
        self.roles |= {ADMINISTRATOR: ["administrator"], CHIEF: ["chief"]} | {
            clerk: ["clerk"] for clerk in CLERKS
        }
        self.roles |= {officer: ["officer"] for officer in OFFICERS}
        self.keys = FakeKeys(register)
        self.epochs = FakeEpochs(self.keys)
        self.holds = FakeHolds()
        self.log_holds = FakeLogHolds()
        self.exports = FakeExports()
        self.post = FakePost()
        self.halt = FakeHalt()
        self.reconciled = FakeReconciled()
        self.log = FakeLog()
        self.idle_seconds = 600
        self.max_hits = contract.MAX_HITS
        self.sessions: set[str] = set()
        self.calls: list[tuple[str, Any]] = []
        """(path, decoded request) of every call but the status."""
        self.refuse: dict[str, Refusal] = {}
        """Answers by path, before anything is looked at."""
        self.raw: dict[str, bytes] = {}
        """Bytes to answer with, by path, whatever they are."""
        self.callers: set[int] = set()
        """The uids that called."""
        self.delay = 0.0
        """Seconds before each answer."""
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._listening: socket.socket | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        asyncio.run_coroutine_threadsafe(_drop_requests(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def start(self) -> None:
        """Begin to answer (again)."""
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(5)

    def stop(self) -> None:
        """Go away, as a register that is restarted does; sessions die with it."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)

    def asked(self, path: str) -> list[Any]:
        """What was asked of `path` so far."""
        return [message for where, message in self.calls if where == path]

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024)
        for endpoint in contract.ENDPOINTS:
            app.router.add_route(endpoint.method, endpoint.path, self._route(endpoint))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handle_signals=False)
        await self._runner.setup()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.socket))
        await web.SockSite(self._runner, self._listening).start()

    async def _stop(self) -> None:
        self.sessions.clear()
        if self._runner is not None and self._listening is not None:
            # A connection accepted in the turn in which the server closes is dropped unclosed (Python before 3.12):
            # accept no more first, and let those that came become connections.
            self._loop.remove_reader(self._listening)
            for _ in range(TURNS_TO_CONNECT):
                await asyncio.sleep(0)
            await self._runner.cleanup()
            self._runner = None
        self.socket.unlink(missing_ok=True)

    def _route(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            if request.transport is not None:
                self.callers.add(uid_of(request.transport.get_extra_info("socket")))
            await asyncio.sleep(self.delay)
            try:
                return await self._serve(endpoint, request)
            except (Refusal, KeyRefusal) as refusal:
                return _answer(refusal.status, refusal.problem)

        return serve

    async def _serve(self, endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
        if endpoint.path in self.refuse:
            raise self.refuse[endpoint.path]
        if endpoint.path in self.raw:
            return web.Response(body=self.raw[endpoint.path])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if endpoint.session and token not in self.sessions:
            raise Refusal(401, "session.unknown")
        if not endpoint.session and token:
            raise Refusal(400, "fake.token_not_wanted")
        message = codec.decode(await request.read() or b"{}", endpoint.request)
        if endpoint is not contract.STATUS:
            self.calls.append((f"{endpoint.method} {endpoint.path}", message))
        if endpoint is FETCH_FILE:
            return await self._file(request, message)
        answers: dict[Endpoint, Callable[[Any], Any]] = {
            contract.STATUS: lambda _: self.keys.shown_in(self.status),
            contract.SIGN_IN: self._sign_in,
            contract.SIGN_OUT: lambda _: self._sign_out(token),
            contract.SEARCH: self._search,
            contract.LOOKUP: self._lookup,
            contract.PERSON: self._person,
            **self.keys.acts,
            **self.epochs.acts,
            **self.holds.acts,
            **self.log_holds.acts,
            **self.exports.acts,
            **self.halt.acts,
            ACCEPT_ROWS: lambda _: RowsAccepted(done=len(self.asked("POST /v1/rows/acceptances")) > 1),
            **self.post.acts,
            **self.reconciled.acts,
            **self.log.acts,
        }
        return _answer(200, answers[endpoint](message))

    def _sign_in(self, asked: contract.SignIn) -> Session:
        if asked.operator not in self.roles or asked.password != PASSWORD:
            raise Refusal(401, "session.wrong")
        token = f"token-{len(self.calls)}"
        self.sessions.add(token)
        self.holds.operator = self.log_holds.operator = self.exports.operator = asked.operator
        return Session(
            token=token, register=self.status.register, operator=asked.operator, name="見本　職員",
            department="市町課", roles=self.roles[asked.operator],
            affairs=[] if asked.operator == CUSTODIAN else self.affairs, idle_seconds=self.idle_seconds,
            max_hits=self.max_hits,
        )  # fmt: skip

    def _sign_out(self, token: str) -> Empty:
        self.sessions.discard(token)
        return Empty()

    def _search(self, asked: contract.Search) -> contract.Found:
        self._allowed(asked.affair)
        hits = [
            replace(
                self._marked(hit),
                by="name" if _matches([hit.name], asked.name, asked.name_match) else "earlier",
            )
            for who in self.people
            if (hit := who.hit_on(_digits(asked.as_of))) and _fits(who, hit, asked)
        ]
        if len(hits) > self.max_hits:
            raise Refusal(413, "search.too_many", field="birth")
        return contract.Found(sorted(hits, key=lambda hit: (hit.kana, hit.birth.code)))

    def _lookup(self, asked: contract.Lookup) -> contract.Found:
        affair = self._allowed(asked.affair)
        if asked.number and not affair.number:
            raise Refusal(403, "affair.without_number", field="number")
        own = ("code", asked.code) if asked.code else ("number", asked.number)
        found = [who.hit for who in self.people if getattr(who, own[0]) == own[1]]
        return contract.Found([self._marked(hit) for hit in found])

    def _marked(self, hit: contract.Hit) -> contract.Hit:
        return replace(hit, pending=self.holds.arrives(hit.person))

    def _person(self, asked: contract.PersonQuery) -> Person:
        affair = self._allowed(asked.affair)
        who = next((who for who in self.people if who.reference == asked.person), None)
        if who is None:
            raise Refusal(409, "person.unknown", field="person")
        if asked.open_number and not affair.number:
            raise Refusal(403, "affair.without_number", field="open_number")
        if asked.open_code and not affair.code:
            raise Refusal(403, "affair.without_code", field="open_code")
        opened: dict[str, str] = {}
        if asked.open_code:
            opened["juminhyo_code"] = who.code
        if asked.open_number or not affair.number:
            opened["kojin_bango"] = who.number if asked.open_number else ""
        if not affair.code or not who.code:
            opened["juminhyo_code"] = ""
        versions = [replace(version, **opened) for version in who.versions]
        return Person(who.reference, versions, self.holds.pending.get(who.reference, []))

    def _allowed(self, affair_id: str) -> Affair:
        affair = next((affair for affair in self.affairs if affair.id == affair_id), None)
        if affair is None:
            raise Refusal(403, "affair.unknown", field="affair")
        return affair

    async def _file(self, request: web.Request, asked: FetchFile) -> web.StreamResponse:
        content = self.exports.content(asked)
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = len(content)
        await response.prepare(request)
        if asked.file in self.exports.cut and request.transport is not None:
            await response.write(content[:1])
            request.transport.abort()
        else:
            await response.write(content)
        await response.write_eof()
        return response


async def _drop_requests() -> None:
    """End what still waits to answer."""
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    # A closed connection lets its socket go in a later round of the loop, which is about to end.
    await asyncio.sleep(0.01)


def _fits(who: Invented, hit: contract.Hit, asked: contract.Search) -> bool:
    names = [version.name for version in who.versions] if asked.former else [hit.name]
    return (
        (hit.standing in {"present", "abroad"}) is (asked.scope is Scope.CURRENT)
        and _matches([hit.kana], asked.kana, asked.kana_match)
        and _matches(names, asked.name, asked.name_match)
        and hit.birth.code.startswith(_digits(asked.birth))
        and asked.sex in ("", hit.sex)
        and asked.municipality in ("", hit.municipality)
        and asked.address in hit.address
    )


def _matches(held: list[str], wanted: str, match: Match) -> bool:
    keys, key = [name.replace("　", "") for name in held], wanted.replace("　", "")
    return key in keys if match is Match.WHOLE else any(each.startswith(key) for each in keys)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _answer(status: int, message: object) -> web.Response:
    return web.Response(status=status, body=codec.encode(message), content_type="application/json")
