"""Reading many keys in few steps gives what reading them one by one gives, whatever keys and values hold."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from daemon.store import statements
from daemon.store.engine import Table

KEYS = st.binary(min_size=1, max_size=3)
VALUES = st.one_of(st.binary(max_size=4), st.sampled_from([b"", b": ", b"\x00", b"x" * 5_000]))


@given(
    held=st.dictionaries(KEYS, VALUES, max_size=40),
    asked=st.lists(KEYS, max_size=300),
    other=st.dictionaries(KEYS, VALUES, max_size=3),
)
def test_many_together_are_the_same(
    held: dict[bytes, bytes], asked: list[bytes], other: dict[bytes, bytes]
) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for table in (Table.ROWS, Table.RUNS):
        connection.execute(f"CREATE TABLE {table} (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
    statements.apply(connection, changes={Table.ROWS: held, Table.RUNS: other})
    keys = [*asked, *held]
    for read in (statements.get, statements.get_together):
        assert read(connection, table=Table.ROWS, keys=keys) == held
        assert read(connection, table=Table.ROWS, keys=asked) == {k: held[k] for k in asked if k in held}
    assert not connection.in_transaction
    connection.close()
