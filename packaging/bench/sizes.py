"""What lies in an encrypted SQLite file and how large it is, table by table and index by index.

The library with encrypted pages is built without `dbstat`, so the file is decrypted page by page into another one, which
SQLite itself then measures. Pages keep their places, so the figures are those of the file as it lies.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from daemon.store.connection import PAGE

RESERVED = 48  # bytes at the end of a page: initialisation vector (16), HMAC-SHA-256 (32)
VECTOR = 16
MAGIC = b"SQLite format 3\x00"
"""Stands at the beginning of a file where an encrypted one has its salt."""


def by_name(file: Path, key: bytes, scratch: Path) -> dict[str, int]:
    """Bytes of each table and index of `file`, the largest first. Everything must be in the file, nothing in its WAL."""
    try:
        with file.open("rb") as source, scratch.open("wb") as target:
            for page in _decrypted(source.read, key):
                target.write(page)
        with closing(sqlite3.connect(f"{scratch.as_uri()}?mode=ro&immutable=1", uri=True)) as plain:
            found = plain.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY 2 DESC")
            sizes = {name.replace("sqlite_autoindex_", "key of "): size for name, size in found}
            (free,) = plain.execute("PRAGMA freelist_count").fetchone()
    finally:
        scratch.unlink(missing_ok=True)
    return sizes | ({"free": free * PAGE} if free else {})


def with_companions(file: Path) -> dict[str, int]:
    """Bytes of `file` and its WAL."""
    wal = file.with_name(f"{file.name}-wal")
    return {one.name: one.stat().st_size for one in (file, wal) if one.exists()}


def _decrypted(read: Callable[[int], bytes], key: bytes) -> Iterator[bytes]:
    algorithm, first = AES(key), True
    while page := read(PAGE):
        skipped = len(MAGIC) if first else 0
        body, vector = page[skipped:-RESERVED], page[-RESERVED : VECTOR - RESERVED]
        decryptor = Cipher(algorithm, CBC(vector)).decryptor()
        yield (MAGIC if first else b"") + decryptor.update(body) + decryptor.finalize() + bytes(RESERVED)
        first = False
