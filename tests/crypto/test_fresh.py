"""Random bytes that are fetched many at a time are given out once each, whoever asks."""

import os
from concurrent.futures import ThreadPoolExecutor

from daemon.crypto.fresh import AT_ONCE, Fresh


def test_each_value_is_given_out_once_to_any_thread() -> None:
    source = Fresh(12)
    with ThreadPoolExecutor(8) as pool:
        given = [
            value
            for part in pool.map(lambda _: [source() for _ in range(AT_ONCE)], range(40))
            for value in part
        ]
    assert {len(value) for value in given} == {12}
    assert len(set(given)) == len(given) == 40 * AT_ONCE


def test_a_child_gives_out_nothing_that_its_parent_does() -> None:
    source = Fresh(16)
    source()
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.write(theirs, b"".join(source() for _ in range(AT_ONCE)))
        os._exit(0)
    os.waitpid(child, 0)
    told = os.read(ours, 16 * AT_ONCE)
    os.close(ours)
    os.close(theirs)
    assert len(told) == 16 * AT_ONCE
    values = {told[at : at + 16] for at in range(0, len(told), 16)}
    assert values.isdisjoint({source() for _ in range(2 * AT_ONCE)})
