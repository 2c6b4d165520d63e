"""The register of a bench, in a process of its own; its key service runs already.

    host.py load FOLDER SEED RESIDENTS ROWS DAY    take everybody in through the migration, and end
    host.py serve FOLDER                           serve the console until standard input ends

Whom it takes in is in the file `people` of the folder, or made meanwhile where there is none.

Prints JSON objects, one a line. While it serves it answers each line of its standard input: `peak` tells the most memory
since it was asked last, `rest` what it holds now, `sizes` what lies in its files (and how large).
"""

import asyncio
import gc
import logging
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, cast

from filling import PLAIN, load, say
from memory import forget_peak, peak, resident
from plaintext import PlainReader
from sizes import by_name, with_companions
from stage import Opened, opened

from daemon import logs, pace
from daemon.clock import SystemClock
from daemon.commands.caller import Caller
from daemon.commands.inquiries.lookup import Lookups
from daemon.commands.inquiries.search import Searches
from daemon.console.server import ConsoleServer, Desk, Handler
from daemon.contract.console import LOOKUP, SEARCH
from daemon.register.rows import Register
from daemon.store.reader import Reader

UID = 4242
"""Who the client is taken for: root, as whom a bench may run, has no business at a console."""
TRUTH, INDEX, TABLE = "register.db", "index.db", "plain.db"


async def serve(folder: Path) -> None:
    """Serve until standard input ends."""
    began = time.perf_counter()
    async with opened(folder) as register:
        desk, plain = register.parts.desk, None
        if (folder / TABLE).exists():
            plain = await PlainReader.open(folder / TABLE)
            desk = _beside(register, desk, plain)
        server = ConsoleServer(_nothing, lambda: desk, identify=lambda _: UID)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "console.sock"))
            listening.listen()
            listening.setblocking(False)  # noqa: FBT003
            await server.start(listening)
            pace.keep()
            say(open_seconds=round(time.perf_counter() - began, 2))
            try:
                await _answer(register, folder)
            finally:
                await server.stop()
                if plain is not None:
                    await plain.close()


def _beside(register: Opened, desk: Desk, plain: PlainReader) -> Desk:
    """The desk, where the affair says which of the two registers is asked; all else is the same for both."""
    parts, clock = register.parts, SystemClock()
    given = (Register.HONNIN, cast("Reader", plain), parts.writer, clock)
    timely = parts.signer.require_timely
    theirs: dict[Any, Handler] = {
        SEARCH: Searches(*given, holds=parts.holds, require_timely=timely).search,
        LOOKUP: Lookups(*given, holds=parts.holds, require_timely=timely).lookup,
    }

    def chosen(ours: Handler, other: Handler) -> Handler:
        async def ask(caller: Caller, query: Any) -> Any:  # noqa: ANN401
            return await (other if query.affair == PLAIN else ours)(caller, query)

        return ask

    handlers = {endpoint: chosen(desk.handlers[endpoint], other) for endpoint, other in theirs.items()}
    return Desk(desk.sessions, {**desk.handlers, **handlers}, desk.deliveries)


async def _answer(register: Opened, folder: Path) -> None:
    words: dict[str, Callable[[], Awaitable[dict[str, object]]]] = {
        "peak": _peak,
        "rest": _rest,
        "sizes": lambda: _sizes(register, folder),
    }
    loop = asyncio.get_running_loop()
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        say(**await words[word]())


async def _peak() -> dict[str, object]:
    most = peak()
    forget_peak()
    return {"peak": most}


async def _rest() -> dict[str, object]:
    gc.collect()
    return {"rest": resident()}


async def _sizes(register: Opened, folder: Path) -> dict[str, object]:
    parts = register.parts
    files = {TRUTH: parts.engine.pages, INDEX: parts.index.pages}
    for pages in files.values():
        await pages.settle()
    loop = asyncio.get_running_loop()
    found = {
        name: await loop.run_in_executor(None, by_name, folder / name, pages.key.raw, folder / "scratch")
        for name, pages in files.items()
    }
    return {"files": {name: with_companions(folder / name) for name in files}, "within": found}


async def _nothing() -> NoReturn:
    """Nobody asks for the status here."""
    raise NotImplementedError


def main() -> None:
    """Entry point."""
    logs.start(level=logging.WARNING)
    pace.settle()
    what, folder, *rest = sys.argv[1:]
    if what == "load":
        asyncio.run(load(Path(folder), tuple(rest)))
    else:
        asyncio.run(serve(Path(folder)))


if __name__ == "__main__":
    main()
