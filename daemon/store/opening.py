"""Opening the two files: which generation of its key each lies under shows only when it is tried, the newest first."""

import logging
from pathlib import Path

from daemon.crypto import classes
from daemon.crypto.keyring import Keyring
from daemon.errors import IntegrityError
from daemon.store import index, sqlite
from daemon.store.files import remove
from daemon.store.index import Index
from daemon.store.pages import PageKey, open_fitting
from daemon.store.record import opened
from daemon.store.sqlite import SqliteEngine
from daemon.store.touched import Touched

log = logging.getLogger(__name__)


async def open_truth(folder: Path, keyring: Keyring) -> SqliteEngine:
    """Open `register.db`, or make it under the newest `store`; IntegrityError where no key fits."""
    keys = page_keys(keyring, classes.STORE)
    return SqliteEngine(await open_fitting(folder / "register.db", keys, sqlite.SHAPE))


async def open_index(folder: Path, keyring: Keyring) -> Index:
    """Open `index.db`, or make it under the newest `index`.

    One that cannot be read is deleted, since the truth has everything.
    """
    file, keys = folder / "index.db", page_keys(keyring, classes.INDEX)
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


def page_keys(keyring: Keyring, of: str) -> list[PageKey]:
    """Every loaded generation of a kind, the newest first; StateError if there is none."""
    keyring.newest(of)
    return [PageKey(keyring.raw(name), name) for name in keyring.generations(of)]
