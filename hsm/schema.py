"""The tables of the key service's file, and how a file of an earlier version becomes one of this.

Version 1 knew one token without its URI, uses without who, and one pair per name; what it signed last, and every
key, lives on.
"""

from daemon.errors import StateError
from hsm.database import Database

VERSION = 2

_TABLES = """
CREATE TABLE token (serial TEXT PRIMARY KEY, uri TEXT NOT NULL, label TEXT NOT NULL, model TEXT NOT NULL,
    kind TEXT NOT NULL, state TEXT NOT NULL, joined TEXT NOT NULL, enrolled TEXT, retired TEXT) STRICT;
CREATE TABLE key (name TEXT PRIMARY KEY, made TEXT NOT NULL) STRICT;
CREATE TABLE use (name TEXT NOT NULL REFERENCES key ON DELETE CASCADE, uid TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (name, uid)) STRICT;
CREATE TABLE wrapped (name TEXT NOT NULL REFERENCES key ON DELETE CASCADE,
    serial TEXT NOT NULL REFERENCES token ON DELETE CASCADE, wrapped BLOB NOT NULL, PRIMARY KEY (name, serial)) STRICT;
CREATE TABLE statement (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, lines BLOB NOT NULL,
    note TEXT) STRICT;
CREATE TABLE pair (number INTEGER PRIMARY KEY, name TEXT NOT NULL, serial TEXT NOT NULL, made TEXT NOT NULL,
    kind TEXT NOT NULL, public BLOB NOT NULL, statement INTEGER REFERENCES statement, alive INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX pair_alive ON pair (name, serial) WHERE alive = 1;
CREATE TABLE destroyed (name TEXT PRIMARY KEY, at TEXT NOT NULL, statement INTEGER REFERENCES statement,
    partial INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE INDEX destroyed_at ON destroyed (at);
CREATE INDEX destroyed_unstated ON destroyed (name) WHERE statement IS NULL;
CREATE INDEX destroyed_partial ON destroyed (name) WHERE partial = 1;
CREATE TABLE confirmed (name TEXT NOT NULL REFERENCES destroyed, serial TEXT NOT NULL, at TEXT NOT NULL,
    stated INTEGER NOT NULL, PRIMARY KEY (name, serial)) STRICT;
CREATE INDEX confirmed_unstated ON confirmed (name) WHERE stated = 0;
CREATE TABLE witness (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, size INTEGER NOT NULL,
    root BLOB NOT NULL, note TEXT NOT NULL, pair INTEGER NOT NULL) STRICT;
CREATE TABLE proposal (id TEXT PRIMARY KEY, deed BLOB NOT NULL, text BLOB NOT NULL, cancel BLOB NOT NULL,
    asked TEXT NOT NULL, cancelled_by TEXT NOT NULL DEFAULT '', closed TEXT, done INTEGER NOT NULL DEFAULT 0,
    steps_done INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0, work TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE consent (proposal TEXT NOT NULL REFERENCES proposal, custodian TEXT NOT NULL, public BLOB NOT NULL,
    signature BLOB NOT NULL, at TEXT NOT NULL, PRIMARY KEY (proposal, custodian)) STRICT;
CREATE TABLE custodian (id TEXT PRIMARY KEY, name TEXT NOT NULL, public BLOB NOT NULL) STRICT;
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), time TEXT NOT NULL, slack REAL NOT NULL,
    jumped INTEGER NOT NULL) STRICT;
CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
"""

_OLD = ("token", "key", "wrapped", "pair", "destroyed", "witness")
_FROM_1 = """
INSERT INTO token SELECT serial, '', '', model, 'ecdsa_p256', 'enrolled', enrolled, enrolled, NULL FROM old_token;
INSERT INTO key SELECT name, made FROM old_key;
INSERT INTO use SELECT name, '', uses FROM old_key WHERE uses > 0;
INSERT INTO wrapped SELECT name, serial, wrapped FROM old_wrapped;
INSERT INTO pair SELECT NULL, name, serial, made, 'ecdsa_p256', public, NULL, 1
    FROM old_pair JOIN old_key USING (name) ORDER BY made, name;
INSERT INTO destroyed SELECT name, at, NULL, 1 FROM old_destroyed;
INSERT INTO witness SELECT one, epoch, size, root, note,
    coalesce((SELECT max(number) FROM pair WHERE pair.name = old_witness.key), 0) FROM old_witness;
"""


def level(db: Database) -> None:
    """Bring the file to this version, all of it or nothing; `hsm.store_version` for one that we do not know."""
    found = db.one("PRAGMA user_version")
    version = found[0] if found else 0
    if version not in (0, 1, VERSION):
        raise StateError("hsm.store_version")
    if version == VERSION:
        return
    with db.transaction():
        if version == 1:
            # What refers to another table first: a renamed one takes the references to it along.
            for table in reversed(_OLD):
                db.run(f"ALTER TABLE {table} RENAME TO old_{table}")
        _script(db, _TABLES)
        if version == 1:
            _script(db, _FROM_1)
            for table in reversed(_OLD):
                db.run(f"DROP TABLE old_{table}")
        db.run(f"PRAGMA user_version = {VERSION}")


def _script(db: Database, script: str) -> None:
    for statement in script.split(";\n"):
        db.run(statement)
