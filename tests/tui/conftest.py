"""A fake register in a short folder of its own (a unix socket's path has 108 bytes at most, unix(7))."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.fake_daemon import FakeDaemon
from tui.client import socket_of


@pytest.fixture
def states() -> Iterator[Path]:
    """A folder for state folders."""
    with tempfile.TemporaryDirectory(prefix="jukura-") as folder:
        yield Path(folder)


@pytest.fixture
def fake(states: Path) -> Iterator[FakeDaemon]:
    """The register `honnin`."""
    with FakeDaemon(socket_of(states / "honnin")) as daemon:
        yield daemon


@pytest.fixture
def fuhyo(states: Path) -> Iterator[FakeDaemon]:
    """The register `fuhyo`."""
    with FakeDaemon(socket_of(states / "fuhyo"), register="fuhyo") as daemon:
        yield daemon
