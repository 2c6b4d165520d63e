"""Reading many keys in few steps gives what reading them one by one gives, whatever keys and values hold."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from daemon.store import statements
from daemon.store.engine import Table
from daemon.store.migrations import TRUTH

KEYS = st.binary(min_size=1, max_size=3).filter(lambda key: not key.endswith(b"\0"))
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
    for step in TRUTH:
        for statement in step:
            connection.execute(statement)
    tables = {Table.ROWS: held, Table.SENT: held, Table.RUNS: other}
    statements.apply(connection, changes=tables)
    keys = [*asked, *held]
    for table in (Table.ROWS, Table.SENT):
        for read in (statements.get, statements.get_together):
            assert read(connection, table=table, keys=keys) == held
            assert read(connection, table=table, keys=asked) == {k: held[k] for k in asked if k in held}
    assert not connection.in_transaction
    connection.close()
