"""The calls about exports of the log, typed, over a signed-in client; and fetching one whole."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from daemon.contract import exports
from daemon.contract.endpoint import Empty
from daemon.contract.exports import (
    CancelExport,
    DecideExport,
    ExportPhase,
    Exports,
    ExportState,
    FetchFile,
    OrderExport,
)
from daemon.contract.manifest import NAME
from daemon.errors import InputError
from tui.apart import apart
from tui.client import ConsoleClient
from tui.export import ExportFolder

LOOK = 0.5  # seconds between two looks at one that is being made

Told = Callable[[ExportState], None]
Fetched = Callable[[int, int], None]


class ExportCalls:
    """What an auditor, and who approves, can ask about exports of one register."""

    def __init__(self, client: ConsoleClient) -> None:
        self._client = client

    async def all(self) -> Exports:
        """Those that there are."""
        return await self._client.call(exports.EXPORTS, Empty(), Exports)

    async def order(self, asked: OrderExport) -> ExportState:
        """Order one."""
        return await self._client.call(exports.ORDER_EXPORT, asked, ExportState)

    async def decide(self, export: str, reason: str, *, approve: bool) -> ExportState:
        """Approve or decline one."""
        asked = DecideExport(export=export, approve=approve, reason=reason)
        return await self._client.call(exports.DECIDE_EXPORT, asked, ExportState)

    async def cancel(self, export: str) -> ExportState:
        """Give one up."""
        return await self._client.call(exports.CANCEL_EXPORT, CancelExport(export=export), ExportState)

    async def find(self, begins: str) -> ExportState:
        """The one whose number begins so; exactly one must."""
        fitting = [each for each in (await self.all()).exports if begins and each.export.startswith(begins)]
        if len(fitting) != 1:
            code = "console.export_ambiguous" if fitting else "console.export_unknown"
            raise InputError(code, field="export")
        return fitting[0]

    async def made(self, state: ExportState, told: Told) -> ExportState:
        """The same once it is not being made any more; `told` hears how far it is."""
        while state.phase is ExportPhase.MAKING:
            told(state)
            await asyncio.sleep(LOOK)
            state = await self.find(state.export)
        return state

    async def fetch(self, export: str, folder: ExportFolder, told: Fetched = lambda _, __: None) -> None:
        """Every file of one that is ready, except what is in the folder already; `told` hears how many of how many are there."""
        manifest = b"".join([chunk async for chunk in self._file(export, NAME)])
        await apart(partial(folder.begin, manifest))
        for place, file in enumerate(folder.files):
            told(place, len(folder.files))
            if not await apart(partial(folder.holds, file)):
                async with aclosing(self._file(export, file.name)) as chunks:
                    await folder.write(file, chunks)

    async def _file(self, export: str, name: str) -> AsyncGenerator[bytes, None]:
        asked = FetchFile(export=export, file=name)
        async with aclosing(self._client.download(exports.FETCH_FILE, asked)) as chunks:
            async for chunk in chunks:
                yield chunk
