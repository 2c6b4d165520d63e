"""Opening the two files, and bringing the projection level with the truth before anyone uses it.

Which generation of its key a file lies under shows only when it is tried, the newest first.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from daemon.crypto import classes
from daemon.crypto.keyring import Keyring
from daemon.errors import IntegrityError
from daemon.store import index, sqlite
from daemon.store.catchup import Sources, can_follow, catch_up, is_near
from daemon.store.closing import closed_on_error
from daemon.store.files import remove, renewed
from daemon.store.index import Index
from daemon.store.pages import PageKey, open_fitting
from daemon.store.rebuild import Finish, Rebuild
from daemon.store.record import opened
from daemon.store.sqlite import SqliteEngine
from daemon.store.touched import Touched

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


async def open_truth(folder: Path, keyring: Keyring) -> SqliteEngine:
    """Open `register.db`, or make it under the newest `store`; IntegrityError where no key fits."""
    keys = page_keys(keyring, classes.STORE)
    return SqliteEngine(await open_fitting(folder / "register.db", keys, sqlite.SHAPE))


async def open_index(folder: Path, keyring: Keyring) -> Index:
    """Open `index.db`, or make it under the newest `index`.

    One that cannot be read is deleted, since the truth has everything.
    """
    file, keys = folder / "index.db", page_keys(keyring, classes.INDEX)
    remove(renewed(file))
    try:
        return Index(await open_fitting(file, keys, index.SHAPE))
    except IntegrityError:
        log.warning("index unreadable, deleted")
        remove(file)
        return Index(await open_fitting(file, keys, index.SHAPE))


async def noting(engine: SqliteEngine) -> Touched:
    """The participant that notes what groups touch; it does from the first group on if a copy of the truth was begun."""
    touched = Touched()
    record = (await opened(engine)).get(classes.STORE)
    touched.on = record is not None and engine.pages.key.name != record.new
    return touched


async def level(index: Index, sources: Sources, progress: Progress, *, total: int) -> int:
    """Return when `index` holds exactly what the truth holds, before anyone uses it; `total` rows that is.

    The commit up to which its file has come; what came later is in its memory.
    """
    if await can_follow(index, sources) and await is_near(index, sources):
        await catch_up(index, sources, index.remember)
        await sources.entries.catch_up(index, index.mentioned.remember)
    elif total or await index.position() is not None:
        await _anew(index, sources, progress, total)
    else:
        await index.start(sources.truth.followed, sources.truth.head)
        await sources.entries.catch_up(index, index.mentioned.remember)
    position = await index.position()
    return position[1] if position is not None else 0


async def _anew(index: Index, sources: Sources, progress: Progress, total: int) -> None:
    key = index.pages.key
    log.warning("index rebuilds", extra={"count": total})

    async def exchange(finish: Finish) -> None:
        await finish()
        await index.pages.replace(key)

    work = await Rebuild.begin(index, sources, exchange, key=key, total=total)
    async with closed_on_error(work):
        while await work.step():
            progress(total - work.left(), total)
    await work.close()


def page_keys(keyring: Keyring, of: str) -> list[PageKey]:
    """Every loaded generation of a kind, the newest first; StateError if there is none."""
    keyring.newest(of)
    return [PageKey(keyring.raw(name), name) for name in keyring.generations(of)]
