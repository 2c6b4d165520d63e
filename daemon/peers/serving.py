"""One request of a peer, from its head to its answer: may it come in now, what does it say, what becomes of it."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sized

from aiohttp import web

from daemon.clock import Clock
from daemon.config import Limits
from daemon.contract.endpoint import Endpoint
from daemon.contract.note import MAX_NOTE
from daemon.contract.peer import NOTICES
from daemon.contract.witnessing import COSIGNATURE
from daemon.errors import InputError, JukuraError, StateError, TooFastError
from daemon.peers.answers import answer, refused
from daemon.peers.asked import message_of, query, require_head, size_of
from daemon.peers.bodies import Body, Codes
from daemon.peers.desk import Act, PeerDesk, Stream
from daemon.peers.kind import Kind
from daemon.peers.limits import Room
from daemon.peers.lines import Line
from daemon.peers.records import Records, Request

log = logging.getLogger(__name__)

CODES: Mapping[Endpoint, Codes] = {
    NOTICES: Codes(
        wrong_type="notice.not_json",
        late="notice.body_late",
        broken="notice.body_broken",
        too_large="notice.body_too_large",
    ),
    COSIGNATURE: Codes(most=MAX_NOTE),
}
"""Where an endpoint has its own words for a body that will not do, or a bound of its own."""
OK = 200
HOLD = 0.25  # seconds until a 429: one connection asks one thing at a time, so whoever floods is slowed down by it


class Serving:
    """Serves the requests of one listener."""

    def __init__(
        self, kind: Kind, desk: Callable[[], PeerDesk], limits: Limits, records: Records, clock: Clock
    ) -> None:
        self._endpoints = {(each.method, each.path): each for each in kind.endpoints}
        self._paths = frozenset(each.path for each in kind.endpoints)
        self._desk = desk
        self._records = records
        self._clock = clock
        self._room = Room(limits.bodies_total)

    async def serve(self, line: Line, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to `request`."""
        if line.error is not None:
            no = refused(line.error)
            no.force_close()  # one answer a handshake
            return no
        record = Request(line.actor, line.address)
        try:
            return answer(OK, await self._allowed(line, request, record))
        except JukuraError as error:
            if isinstance(error, TooFastError):
                await asyncio.sleep(HOLD)
            return refused(await self._told(record, error))
        except ConnectionError:
            raise
        except Exception as error:
            # What it was about may be in its text; the type alone goes to the log.
            log.exception("request failed", extra={"kind": record.kind, "error": type(error).__name__})
            return refused(await self._told(record, StateError("peer.failed")))

    def malformed(self, line: Line) -> web.StreamResponse:
        """The answer to what is no HTTP."""
        self._records.too_much(line.actor, "peer.malformed", line.address)
        return refused(InputError("peer.malformed"))

    async def _told(self, record: Request, error: JukuraError) -> JukuraError:
        """What to tell the peer, once the log has it."""
        # Of these anyone may get any number without our doing anything for them. What was read has its own entry all the same.
        cheap = isinstance(error, TooFastError) or error.code.startswith("state.")
        if cheap and not (record.body and record.body.size):
            self._records.too_much(record.actor, error.code, record.address)
            return error
        try:
            await self._records.refused(record, error.code)
        except JukuraError as worse:
            return worse
        return error

    async def _allowed(self, line: Line, request: web.BaseRequest, record: Request) -> object:
        line.allowance.begin(self._clock.monotonic())
        try:
            endpoint = self._endpoint(request)
            record.kind = kind_of(endpoint)
            desk = self._desk()
            desk.admit(endpoint)
            codes = CODES.get(endpoint, Codes())
            require_head(request, endpoint, codes)
            record.body = body = Body(
                request.content,
                codes,
                lambda size: line.allowance.spend(size, self._clock.monotonic()),
                lambda: desk.still(endpoint),
            )
            if endpoint.stream:
                return await self._streamed(desk.streams[endpoint], line.sender, record, body)
            with self._room.held(size_of(request, codes)):
                read = desk.readers.get(endpoint)
                message = (
                    query(request, endpoint)
                    if endpoint.method == "GET"
                    else await message_of(body, endpoint, read)
                )
                return await self._done(desk.acts[endpoint], line.sender, record, message)
        finally:
            line.allowance.end()

    def _endpoint(self, request: web.BaseRequest) -> Endpoint:
        path = request.rel_url.raw_path
        if path not in self._paths:
            raise InputError("peer.unknown_path")
        found = self._endpoints.get((request.method, path))
        if found is None:
            raise InputError("peer.wrong_method")
        return found

    async def _streamed(self, act: Stream, sender: str, record: Request, body: Body) -> object:
        try:
            response = await act(sender, body.by_line())
        finally:
            record.items = body.lines
        await self._records.taken(record)
        return response

    async def _done(self, act: Act, sender: str, record: Request, message: object) -> object:
        record.items = len(message) if isinstance(message, Sized) else 1
        # Queued one behind the other, so they are in one commit, and the peer waits for one flush to the disk.
        recorded, response = await asyncio.gather(
            self._records.taken(record), act(sender, message), return_exceptions=True
        )
        for result in (response, recorded):
            if isinstance(result, BaseException):
                raise result
        return response


def kind_of(endpoint: Endpoint) -> str:
    """An endpoint as a count in the log is called: `/v1/reports/ack` is `reports_ack`."""
    return endpoint.path.removeprefix("/v1/").replace("/", "_").replace("-", "_")
