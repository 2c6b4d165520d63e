"""The register of the screens' tests goes away cleanly, however it is called meanwhile."""

import gc
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.tui.fake_daemon import FakeDaemon

ROUNDS = 300


@contextmanager
def called_without_end(path: Path) -> Iterator[None]:
    """A caller in a thread that connects, and connects again."""
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            with suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(path))

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)


def test_a_register_that_goes_away_while_it_is_called_leaves_no_connection(fake: FakeDaemon) -> None:
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        with called_without_end(fake.socket):
            for _ in range(ROUNDS):
                fake.stop()
                fake.start()
        gc.collect()
    assert [str(warning.message) for warning in left] == []
