"""The key service's file: what it keeps, for how long, and for whom."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.contract.statement import Kind
from daemon.errors import InputError, StateError
from hsm.checkpoints import Last
from hsm.keystore import Keystore
from hsm.protocol import SignatureKind
from hsm.tables.tokens import TokenRow, TokenState
from hsm.timekeeper import Record
from tests.hsm.kit import CUSTODIANS

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
COPY = b"a wrapped copy"
LAST = Last(1, 5, b"r" * 32, "note", 1)
KIND = SignatureKind.ECDSA_P256


def token(serial: str, *, joined: datetime = NOW, state: TokenState = TokenState.ENROLLED) -> TokenRow:
    return TokenRow(serial, f"pkcs11:token={serial}", serial, "model", KIND, state, joined, joined)


def filled(path: Path | None) -> Keystore:
    store = Keystore(path)
    store.tokens.add(token("one"))
    store.keys.add("live.1", NOW)
    store.keys.wrap("one", {"live.1": COPY})
    store.keys.add("seal.1", NOW)
    store.pairs.add("seal.1", "one", made=NOW, kind=KIND, public=b"public", statement=None)
    return store


def test_everything_is_there_after_it_is_opened_again(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    store.keys.used(["live.1", "live.1"], "1000")
    store.keys.used(["live.1"], "1001")
    store.witness.keep(LAST)
    store.graves.bury("log.2018", NOW)
    store.custodians.replace(CUSTODIANS)
    store.clock.put(Record(NOW, HOUR, jumped=True))
    store.keep("pin:x", b"mark")
    store.statements.add(Kind.CLOCK_SET, NOW, [("before", "a")])
    store.close()
    again = Keystore(tmp_path / "keys.db")
    assert again.tokens.all() == [token("one")]
    assert again.keys.wrapped("live.1", "one") == COPY
    assert [pair.public for pair in again.pairs.usable("one")] == [b"public"]
    assert again.witness.last() == LAST
    assert again.graves.names() == {"log.2018"}
    assert again.keys.uses() == {"live.1": {"1000": 2, "1001": 1}}
    assert again.custodians.all() == list(CUSTODIANS)
    assert again.clock.get() == Record(NOW, HOUR, jumped=True)
    assert again.kept("pin:x") == b"mark"
    assert [each.lines for each in again.statements.pending()] == [[("before", "a")]]
    again.close()


def test_what_another_token_made_is_not_given_out() -> None:
    store = filled(None)
    assert store.keys.wrapped("live.1", "other") is None
    assert store.pairs.usable("other") == []
    assert store.inventory().held("other") == frozenset()
    assert store.inventory().held("one") == {"live.1", "seal.1"}


def test_a_removed_key_leaves_no_copy_on_the_disk(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    store.keys.remove("live.1")
    assert store.keys.names() == ["seal.1"]
    assert store.keys.wrapped("live.1", "one") is None
    store.close()
    assert COPY not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_transaction_is_all_or_nothing() -> None:
    store = filled(None)

    def half() -> None:
        with store.transaction():
            store.keys.add("live.2", NOW)
            store.keys.add("live.1", NOW)

    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        half()
    assert store.keys.names() == ["live.1", "seal.1"]
    store.keys.add("live.2", NOW)
    assert "live.2" in store.keys.names()


def test_a_pair_counts_when_its_statement_is_signed() -> None:
    store = filled(None)
    store.tokens.add(token("two"))
    number = store.statements.add(Kind.ENDORSEMENT, NOW, [("name", "seal.1")])
    store.pairs.add("seal.1", "two", made=NOW, kind=KIND, public=b"second", statement=number)
    assert store.pairs.usable("two") == []
    assert store.pairs.waiting("two") == {"seal.1"}
    assert [pair.serial for pair in store.pairs.listed()] == ["one"]
    store.statements.signed(number, "signed")
    assert [pair.public for pair in store.pairs.usable("two")] == [b"second"]
    assert [pair.endorsement for pair in store.pairs.listed()] == ["", "signed"]


def test_a_public_key_is_kept_when_its_token_and_its_name_are_gone() -> None:
    store = filled(None)
    store.tokens.retire("one", NOW)
    store.keys.remove("seal.1")
    assert [(pair.name, pair.public) for pair in store.pairs.listed()] == [("seal.1", b"public")]
    assert store.pairs.usable("one") == []
    assert store.keys.wrapped("live.1", "one") is None


def test_statements_have_no_gap_and_none_is_given_out_before_those_before_it() -> None:
    store = filled(None)
    numbers = [store.statements.add(Kind.CLOCK_SET, NOW, [("n", str(n))]) for n in range(4)]
    assert numbers == [1, 2, 3, 4]
    with pytest.raises(InputError, match=r"statement\.malformed"):
        store.statements.add(Kind.CLOCK_SET, NOW, [("n", "a\nb")])
    for number in (1, 2, 4):
        store.statements.signed(number, f"note {number}")
    assert [each.number for each in store.statements.after(0, 1000)] == [1, 2]
    store.statements.signed(3, "note 3")
    store.statements.signed(3, "another")
    assert [each.note for each in store.statements.after(1, 1000)] == ["note 2", "note 3", "note 4"]
    assert [each.number for each in store.statements.after(0, 13)] == [1, 2]
    assert [each.number for each in store.statements.after(0, 1)] == [1]
    assert store.statements.add(Kind.CLOCK_SET, NOW, []) == 5


def test_a_destroyed_name_waits_for_every_token_that_could_hold_it() -> None:
    store = filled(None)
    store.tokens.add(token("two"))
    store.tokens.add(token("gone", state=TokenState.RETIRED))
    store.graves.bury("live.1", NOW + HOUR)
    store.tokens.add(token("later", joined=NOW + 2 * HOUR))
    assert store.graves.missing() == {"live.1": ["one", "two"]}
    store.graves.confirm("one", ["live.1"], NOW)
    assert store.graves.missing_from("one") == frozenset()
    assert store.graves.missing_from("two") == {"live.1"}
    assert store.graves.partial()
    store.graves.confirm("two", ["live.1"], NOW)
    assert (store.graves.missing(), store.graves.partial()) == ({}, False)
    assert store.graves.confirmed("live.1") == ["one", "two"]


def test_what_was_confirmed_since_the_certificate_needs_another() -> None:
    store = filled(None)
    store.graves.bury("live.1", NOW)
    assert store.graves.uncertified() == ["live.1"]
    store.graves.certify("live.1", store.statements.add(Kind.DESTRUCTION, NOW, []), partial=True)
    assert store.graves.uncertified() == []
    store.graves.confirm("one", ["live.1"], NOW)
    assert store.graves.uncertified() == ["live.1"]
    store.graves.certify("live.1", store.statements.add(Kind.DESTRUCTION, NOW, []), partial=True)
    assert (store.graves.uncertified(), store.graves.certificates(["live.1"])) == ([], [2])


def test_the_list_of_the_destroyed_keeps_the_newest_and_the_partial() -> None:
    store = filled(None)
    for hour in range(5):
        name = f"log.{2010 + hour}"
        store.graves.bury(name, NOW + hour * HOUR)
        number = store.statements.add(Kind.DESTRUCTION, NOW, [])
        store.graves.certify(name, number, partial=hour == 1)
    assert [each.name for each in store.graves.listed(2)] == ["log.2011", "log.2013", "log.2014"]
    assert store.graves.among(["log.2010", "log.2011", "x"]) == {"log.2010", "log.2011"}


def test_all_its_files_are_for_its_owner_only(tmp_path: Path) -> None:
    loose = tmp_path / "keys.db"
    loose.touch(0o666)
    loose.chmod(0o666)
    store = filled(loose)
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert set(modes.values()) == {"0o600"}
    assert "keys.db-wal" in modes
    store.close()


def test_two_services_cannot_hold_one_file(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    with pytest.raises(StateError, match=r"hsm\.store_in_use"):
        Keystore(tmp_path / "keys.db")
    store.close()
    Keystore(tmp_path / "keys.db").close()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "keys.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        Keystore(tmp_path / "keys.db")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_of_another_version_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "keys.db"
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StateError, match=r"hsm\.store_version"):
        Keystore(file)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.db"
    file.write_bytes(b"something else, and not short at all" * 100)
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        Keystore(file)


VERSION_1 = """
CREATE TABLE token (serial TEXT PRIMARY KEY, model TEXT NOT NULL, enrolled TEXT NOT NULL) STRICT;
CREATE TABLE key (name TEXT PRIMARY KEY, lawful INTEGER NOT NULL, made TEXT NOT NULL, uses INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE wrapped (name TEXT NOT NULL REFERENCES key ON DELETE CASCADE, serial TEXT NOT NULL REFERENCES token,
    wrapped BLOB NOT NULL, PRIMARY KEY (name, serial)) STRICT;
CREATE TABLE pair (name TEXT NOT NULL REFERENCES key ON DELETE CASCADE, serial TEXT NOT NULL REFERENCES token,
    public BLOB NOT NULL, PRIMARY KEY (name, serial)) STRICT;
CREATE TABLE destroyed (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
CREATE TABLE witness (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, size INTEGER NOT NULL,
    root BLOB NOT NULL, key TEXT NOT NULL, note TEXT NOT NULL) STRICT;
INSERT INTO token VALUES ('one', 'model', '2026-01-01T00:00:00+00:00');
INSERT INTO key VALUES ('live.1', 0, '2026-01-01T00:00:00+00:00', 3), ('seal.1', 0, '2026-01-02T00:00:00+00:00', 0);
INSERT INTO wrapped VALUES ('live.1', 'one', x'0102');
INSERT INTO pair VALUES ('seal.1', 'one', x'0304');
INSERT INTO destroyed VALUES ('log.2018', '2026-04-01T00:00:00+00:00');
INSERT INTO witness VALUES (1, 1, 7, x'05', 'seal.1', 'note');
PRAGMA user_version = 1;
"""


def test_a_file_of_version_1_lives_on(tmp_path: Path) -> None:
    file = tmp_path / "keys.db"
    db = sqlite3.connect(file)
    db.executescript(VERSION_1)
    db.close()
    for _ in range(2):  # once migrated it is one of ours
        store = Keystore(file)
        (row,) = store.tokens.all()
        assert (row.serial, row.uri, row.state, row.enrolled) == (
            "one",
            "",
            TokenState.ENROLLED,
            datetime(2026, 1, 1, tzinfo=UTC),
        )
        assert store.keys.names() == ["live.1", "seal.1"]
        assert store.keys.wrapped("live.1", "one") == b"\x01\x02"
        assert store.keys.uses() == {"live.1": {"": 3}}
        (pair,) = store.pairs.usable("one")
        assert (pair.name, pair.public) == ("seal.1", b"\x03\x04")
        assert store.witness.last() == Last(1, 7, b"\x05", "note", pair.number)
        assert store.graves.names() == {"log.2018"}
        store.keys.remove("live.1")
        assert store.keys.wrapped("live.1", "one") is None
        store.keys.add("live.1", datetime(2026, 1, 1, tzinfo=UTC))
        store.keys.wrap("one", {"live.1": b"\x01\x02"})
        store.keys.used(["live.1"] * 3, "")
        store.close()


def test_a_migration_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.db"
    db = sqlite3.connect(file)
    db.executescript(VERSION_1 + "ALTER TABLE witness DROP COLUMN note;")
    db.close()
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        Keystore(file)
    db = sqlite3.connect(file)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert db.execute("SELECT wrapped FROM wrapped").fetchone() == (b"\x01\x02",)
    db.close()


def test_a_full_disk_undoes_the_whole_and_passes(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    found = store._db.one("PRAGMA page_count")
    assert found is not None
    store._db.one(f"PRAGMA max_page_count = {found[0]}")
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        store.witness.keep(Last(1, 6, b"s" * 32, "x" * 200_000, 1))
    assert store.witness.last() is None
    store._db.one("PRAGMA max_page_count = 100000")
    store.witness.keep(LAST)
    assert store.witness.last() == LAST
    store.close()


def test_a_write_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    """A copy of the files taken at that moment, as after a power cut, holds it."""
    store = filled(tmp_path / "keys.db")
    store.witness.keep(LAST)
    assert store._db.one("PRAGMA synchronous") == (2,)  # FULL
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("keys.db*"):
        (copy / file.name).write_bytes(file.read_bytes())
    cut = Keystore(copy / "keys.db")
    assert cut.witness.last() == LAST
    cut.close()
    store.close()


def test_a_value_is_kept_and_deleted() -> None:
    store = Keystore(None)
    store.keep("a", b"1")
    store.keep("a", b"2")
    assert (store.kept("a"), store.kept("b")) == (b"2", None)
    store.keep("a", None)
    store.keep("a", None)
    assert store.kept("a") is None
