"""The projection for search (`index.db`): plain columns and ordinary indexes, inside encrypted pages.

It is not the truth. It knows up to which commit it has come, it may be thrown away at any time, and whoever reads
it checks each hit against the truth. Why it is no set of keyed labels in the truth: docs/adr/0001. Why the newest
versions lie in memory: docs/adr/0005.
"""

from daemon.store.index.index import SHAPE, Index
from daemon.store.index.mentions import UNCHANGED, Labelled, LogChange
from daemon.store.index.version import (
    Known,
    Latest,
    Version,
    former_codes,
    known_of,
    latest_of,
    projected,
    spans,
    with_former,
)

__all__ = [
    "SHAPE",
    "UNCHANGED",
    "Index",
    "Known",
    "Labelled",
    "Latest",
    "LogChange",
    "Version",
    "former_codes",
    "known_of",
    "latest_of",
    "projected",
    "spans",
    "with_former",
]
