"""What `jukura-hsm` is told of custodians, modules and the time, and what of it outlives the process."""

import json
import signal
import sqlite3
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from hsm.protocol import (
    Alarm,
    Custodian,
    EnrolToken,
    Make,
    Ping,
    Pong,
    Proposal,
    Proposals,
    Propose,
    Proposed,
    Refused,
    Statements,
    StatementsAfter,
)
from tests.hsm.kit import CUSTODIANS, MODULE, folder
from tests.hsm.program import options, pin_file, program


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every user may enter, for the socket; the state lies below, closed."""
    with folder() as path:
        path.chmod(0o755)
        yield path


def custodians_file(home: Path, chosen: Sequence[Custodian] = CUSTODIANS) -> Path:
    file = home / "custodians.json"
    entries = [
        {"id": each.id, "name": each.name, "public": b64encode(each.public).decode()} for each in chosen
    ]
    file.write_text(json.dumps(entries), "utf-8")
    return file


def test_the_first_custodians_come_from_the_file_once(home: Path) -> None:
    arguments = [*options(home), "--pin-file", str(pin_file(home))]
    with program(home, [*arguments, "--custodians", str(custodians_file(home))]) as first:
        first.ask(Make(["seal.1"]))
        assert first.ask(Proposals()) == Proposed([], list(CUSTODIANS))
        told = first.ask(StatementsAfter(0))
        assert isinstance(told, Statements)
        assert [each.kind for each in told.statements] == ["custodians_set"]
        first.end()
    with program(home, [*arguments, "--custodians", str(custodians_file(home, [*CUSTODIANS[:2]]))]) as second:
        assert second.ask(Proposals()) == Proposed([], list(CUSTODIANS))


def test_only_a_module_that_is_configured_can_be_proposed(home: Path) -> None:
    arguments = [*options(home), "--pin-file", str(pin_file(home)), "--module", "/usr/lib/other.so"]
    with program(home, arguments) as started:
        for module, expected in ((MODULE, Proposal), ("/usr/lib/other.so", Proposal), ("/x.so", Refused)):
            answer = started.ask(Propose(EnrolToken(f"pkcs11:token=second?module-path={module}")))
            assert isinstance(answer, expected)
            assert getattr(answer, "code", "hsm.module_unknown") == "hsm.module_unknown"


def test_the_record_of_the_time_outlives_the_process(home: Path) -> None:
    arguments = [*options(home), "--pin-file", str(pin_file(home))]
    clocks = []
    for _ in range(2):
        with program(home, arguments) as started:
            pong = started.ask(Ping())
            assert isinstance(pong, Pong)
            assert Alarm.CLOCK_JUMPED not in pong.alarms
            clocks.append(pong.clock)
            time.sleep(0.5)  # on the disk by then
            started.end(signal.SIGKILL)
    with sqlite3.connect(home / "state" / "keys.db") as db:
        db.execute("UPDATE clock SET time = ?", ((clocks[1] - timedelta(days=2)).isoformat(),))
    db.close()
    with program(home, arguments) as third:
        pong = third.ask(Ping())
        assert isinstance(pong, Pong)
        assert Alarm.CLOCK_JUMPED in pong.alarms
        assert pong.clock < clocks[1] - timedelta(days=1)
