"""Our side of the line to the national server: JSON over TLS end to end, through a unix socket that is forwarded.

The daemon's network namespace is empty; the socket is its one way out (docs/ARCHITECTURE.md).
"""

from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace

from daemon.contract import codec
from daemon.contract.national import UPDATES, Receipt, Receipts, Update, UpdateBatch
from daemon.errors import JukuraError, StateError
from daemon.peers.calling import Calling

DEADLINE = 30.0  # seconds for one batch
MAX_ANSWER = 1024 * 1024  # bytes
BUSY = frozenset({429, 503})
POISON = frozenset({400, 413, 422})
"""With these the server says that there is something about the batch itself that it cannot take."""


class AwayError(StateError):
    """The server does not take anything now; `after` seconds, if it said so, it may."""

    def __init__(self, code: str, *, after: float = 0.0) -> None:
        super().__init__(code)
        self.after = after


class BatchRefusedError(StateError):
    """The server refuses a batch as a whole, and would again."""


class TlsUnixConnector(aiohttp.UnixConnector):
    """aiohttp's own connector speaks plain HTTP over a unix socket; this one speaks TLS."""

    def __init__(self, path: Path, calling: Calling, name: str) -> None:
        super().__init__(path=str(path))
        self._calling = calling
        self._name = name

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - the base class's own
    ) -> ResponseHandler:
        del traces, timeout  # the session's total deadline covers this
        try:
            _, protocol = await self._loop.create_unix_connection(
                cast("Callable[[], ResponseHandler]", self._factory),
                self.path,
                ssl=self._calling.context,
                server_hostname=self._name,
            )
        except OSError as error:
            raise aiohttp.ClientConnectionError from error
        return protocol


class NationalClient:
    """Delivers updates."""

    def __init__(self, path: Path, calling: Calling, name: str) -> None:
        self._path = path
        self.calling = calling
        self._name = name
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        """One receipt per update, in order; StateError where the line or the server is not there."""
        if self._session is None:
            connector = TlsUnixConnector(self._path, self.calling, self._name)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=DEADLINE), raise_for_status=False
            )
        try:
            receipts = await self._post(self._session, codec.encode(UpdateBatch(list(updates))))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise StateError("national.away") from error
        if [receipt.key for receipt in receipts] != [update.key for update in updates]:
            raise StateError("national.wrong_answer")
        return receipts

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> list[Receipt]:
        # The host is a name only: the socket decides where this goes, the certificate who answers.
        url = f"http://{self._name}{UPDATES.path}"
        async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
            if answer.status in BUSY:
                raise AwayError("national.busy", after=retry_after(answer.headers))
            if answer.status in POISON:
                raise BatchRefusedError("national.refused_batch", field=str(answer.status))
            if answer.status != 200:  # noqa: PLR2004
                raise StateError("national.no_answer", field=str(answer.status))
            content = await _whole(answer)
        try:
            return codec.decode(content, Receipts).receipts
        except JukuraError as error:
            raise StateError("national.wrong_answer") from error

    async def close(self) -> None:
        """Close the line."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise StateError("national.wrong_answer")
    return bytes(content)


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that Retry-After names, as a number or as a day by the server's own clock (RFC 9110 §10.2.3); 0 where there are none."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked[:9])
    try:
        until = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, until.total_seconds())
