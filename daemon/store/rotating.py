"""The rotations of one register, put together from what is open."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.clock import Clock
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Sealer
from daemon.register.rows import Register
from daemon.store.catchup import Sources
from daemon.store.engine import Table
from daemon.store.entries import Entries
from daemon.store.files import Free
from daemon.store.index import Index
from daemon.store.labels import Labels
from daemon.store.merging import Merger
from daemon.store.plans import IndexFile, TruthFile, Values
from daemon.store.record import Records
from daemon.store.rotations import Rotations
from daemon.store.rows import RowCodec
from daemon.store.sqlite import SqliteEngine
from daemon.store.tally import Tally
from daemon.store.touched import Touched
from daemon.store.truth import Truth
from daemon.store.work import Plan
from daemon.store.writer import Writer
from hsm.client import KeyService

SEALED = {classes.LIVE: Table.ROWS, classes.SECRET: Table.PEOPLE}
"""Which table's values lie under which kind that is rotated by sealing anew."""


@dataclass(frozen=True)
class Store:
    """The open store of one register."""

    register: Register
    engine: SqliteEngine
    index: Index
    merger: Merger
    truth: Truth
    sealer: Sealer
    codec: RowCodec
    tally: Tally
    touched: Touched
    writer: Writer


def rotations(
    store: Store, keyring: Keyring, service: KeyService, clock: Clock, *, free: Free, floor: int, share: float
) -> Rotations:
    """Rotations of everything in `store`; `floor` bytes stay free on its disk, `share` of the time is worked."""
    records = Records(store.engine, store.writer)
    plans = {**_values(store, keyring), **_files(store, keyring, free, floor)}
    return Rotations(plans, records, keyring, service, clock, share=share)


def _values(store: Store, keyring: Keyring) -> Mapping[str, Plan]:
    return {
        of: Values(of, table, store.register, store.engine, store.writer, store.sealer, keyring, store.tally)
        for of, table in SEALED.items()
    }


def _files(store: Store, keyring: Keyring, free: Free, floor: int) -> Mapping[str, Plan]:
    entries = Entries(store.engine, Labels(store.register, store.sealer))
    sources = Sources(store.engine, store.truth, store.codec, entries)
    return {
        classes.STORE: TruthFile(
            classes.STORE,
            keyring,
            store.writer,
            free,
            floor,
            store.engine,
            store.truth,
            store.touched,
            store.tally,
        ),
        classes.INDEX: IndexFile(
            classes.INDEX, keyring, store.writer, free, floor, store.index, store.merger, sources, store.tally
        ),
    }
