"""The key service's file: what it keeps, for how long, and for whom."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.errors import StateError
from hsm.keystore import Keystore
from hsm.policy import Last

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
COPY = b"a wrapped copy"
LAST = Last(1, 5, b"r" * 32, "seal.1", "note")


def filled(path: Path | None) -> Keystore:
    store = Keystore(path)
    store.enrol("serial", "model", NOW)
    store.add("serial", [("live.1", COPY), ("seal.1", b"public")], NOW)
    return store


def test_everything_is_there_after_it_is_opened_again(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    store.used(["live.1"])
    store.signed(LAST)
    store.bury("log.2018", NOW)
    store.close()
    again = Keystore(tmp_path / "keys.db")
    assert again.tokens() == {"serial": "model"}
    assert again.wrapped("serial") == {"live.1": COPY}
    assert again.public("seal.1", "serial") == b"public"
    assert again.last_signed() == LAST
    assert again.destroyed() == {"log.2018"}
    assert [(key.name, key.uses, key.made) for key in again.keys("serial")] == [
        ("live.1", 1, NOW),
        ("seal.1", 1, NOW),
    ]
    again.close()


def test_what_another_token_made_is_not_given_out(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    assert store.wrapped("other") == {}
    assert store.public("seal.1", "other") is None
    store.close()


def test_a_buried_key_is_gone_and_its_name_kept(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    store.bury("live.1", NOW)
    store.bury("live.1", NOW)
    assert store.names() == {"seal.1"}
    assert store.wrapped("serial") == {}
    assert store.destroyed() == {"live.1"}
    store.close()
    assert COPY not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_one_wrong_key_adds_none_of_its_neighbours() -> None:
    store = filled(None)
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        store.add("serial", [("live.2", b"new"), ("live.1", b"again")], NOW)
    assert store.wrapped("serial") == {"live.1": COPY}
    store.add("serial", [("live.2", b"new")], NOW)
    assert store.names() == {"live.1", "live.2", "seal.1"}


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


def test_a_full_disk_undoes_the_whole_and_passes(tmp_path: Path) -> None:
    store = filled(tmp_path / "keys.db")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        store.signed(Last(1, 6, b"s" * 32, "seal.1", "x" * 100_000))
    assert store.last_signed() is None
    store._db.execute("PRAGMA max_page_count = 100000")
    store.signed(LAST)
    assert store.last_signed() == LAST
    store.close()


def test_a_write_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    """A copy of the files taken at that moment, as after a power cut, holds it."""
    store = filled(tmp_path / "keys.db")
    store.signed(LAST)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("keys.db*"):
        (copy / file.name).write_bytes(file.read_bytes())
    cut = Keystore(copy / "keys.db")
    assert cut.last_signed() == LAST
    cut.close()
    store.close()
