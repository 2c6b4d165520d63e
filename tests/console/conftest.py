"""The served console as a fixture."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.commands import setup
from daemon.console.server import ConsoleServer, Desk
from daemon.contract.console import Reason, State, Status
from daemon.errors import StateError
from tests.conftest import NOON, Bench, affair
from tests.console.room import ACCOUNTS, Room, account


@pytest.fixture
async def room(honnin: Bench, tmp_path: Path) -> AsyncIterator[Room]:
    parts = honnin.open
    filled = setup.Setup(
        [affair("plain"), affair("number", number=True)], [account(*one) for one in ACCOUNTS]
    )
    await setup.take_in(filled, parts.engine, parts.writer, parts.people)
    path = tmp_path / "c.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    listening.setblocking(False)  # noqa: FBT003
    made = Room(honnin, path)

    async def status() -> Status:
        return Status(
            register="honnin", state=State.SEALED, reasons=[Reason.TOKEN_AWAY], at_rest="unprotected", started=NOON,
            now=NOON, version="0", terminal="T01", municipalities=19, connections=[], counts=None,
        )  # fmt: skip

    def desk() -> Desk:
        if made.refusal:
            raise StateError(made.refusal)
        return honnin.open.desk

    server = ConsoleServer(status, desk, identify=lambda _: made.uid)
    await server.start(listening)
    yield made
    await server.stop()
    listening.close()
