"""The whole of it as processes: a service that waits for holders, a ceremony on its socket, kills, and a new start."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from daemon.contract.statement import Kind, lines_of
from hsm.ceremony import pins, shares
from hsm.ceremony.protocol import Begin, Enter, Give, Initialise, Look, Phase, Picture
from hsm.protocol import (
    Alarm,
    Made,
    Make,
    Ping,
    Pong,
    Refused,
    Statements,
    StatementsAfter,
    Unwrap,
    Unwrapped,
)
from tests.hsm.ceremony.program import LABEL, URI, Program, first_round, key_service, second_round
from tests.hsm.kit import folder
from tests.hsm.program import CALLER, ROOT
from tests.processes import mentioning

NAMES = ["山田 花子", "佐藤 一郎", "鈴木 次郎"]
PATIENCE = 10.0  # seconds


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as path:
        path.chmod(0o755)
        yield path


def pong(service: Program) -> Pong:
    answer = service.ask(Ping())
    assert isinstance(answer, Pong)
    return answer


def opened(service: Program) -> float:
    """How many seconds it takes the token to open by itself."""
    begun = time.monotonic()
    while not pong(service).token:
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.02)
    return time.monotonic() - begun


def test_a_ceremony_and_a_start_by_holders(home: Path) -> None:
    log = home / "log"
    with key_service(home, log=log) as service:
        assert Alarm.PIN_AWAITED in pong(service).alarms
        assert isinstance(service.ask(Make(["live.1"])), Refused)
        _, papers = first_round(service, NAMES)
        picture = second_round(service, papers)
        assert (picture.phase, picture.ready) == (Phase.CHECKED, True)
        picture = service.picture(Initialise(picture.ceremony))
        assert (picture.phase, picture.model) == (Phase.DONE, "SoftHSM project SoftHSM v2")
        assert opened(service) < 2
        assert service.ask(Make(["live.1", "seal.1"])) == Made(["live.1", "seal.1"])
        keys = service.ask(Unwrap(["live.1"]))
        assert isinstance(keys, Unwrapped)
        head, kind, fields = lines_of(transcript(service).split("\n\n")[0].encode() + b"\n")
        assert (head, kind) == ("jukura.jp/honnin/statement", "ceremony")
        assert (fields["ceremony"], fields["threshold"]) == ([picture.ceremony], ["2 of 3"])
        assert [line.split(" ", 2)[2] for line in fields["holder"]] == NAMES
        assert fields["step"][-1].endswith(" done")
        assert service.end() == 0
    with key_service(home, log=log) as service:
        waiting = service.picture(Look()).waiting
        assert [(each.label, each.given, each.threshold) for each in waiting] == [(LABEL, 0, 2)]
        assert not pong(service).token
        service.picture(Give(papers[2]))
        assert not pong(service).token
        assert service.picture(Give(papers[0])).waiting == []
        assert opened(service) < 2
        assert service.ask(Unwrap(["live.1"])) == keys
    said = log.read_text("utf-8")
    for secret in (*NAMES, *(f" {word} " for paper in papers for word in paper[4:])):
        assert secret not in said


def transcript(service: Program) -> str:
    """The note of the ceremony's statement, once the service has had the time to sign it."""
    begun = time.monotonic()
    while True:
        answer = service.ask(StatementsAfter(0))
        assert isinstance(answer, Statements)
        if notes := [each.note for each in answer.statements if each.kind == Kind.CEREMONY]:
            return notes[0]
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.05)


def test_killed_while_it_initialises_holders_carry_it_on(home: Path) -> None:
    with key_service(home) as service:
        picture, papers = first_round(service, NAMES)
        second_round(service, papers)
        child = os.fork()
        if child == 0:
            try:
                service.at_desk(Initialise(picture.ceremony))
            finally:
                os._exit(0)
        time.sleep(0.15)
        service.kill()
        os.waitpid(child, 0)
    with key_service(home) as service:
        after = service.picture(Look())
        if after.phase is Phase.CHECKING:
            after = second_round(service, papers)
        elif after.phase is Phase.INITIALISING:
            service.picture(Enter(after.ceremony, papers[1]))
            after = service.picture(Enter(after.ceremony, papers[2]))
        if after.phase is not Phase.IDLE:
            assert service.picture(Initialise(after.ceremony)).phase is Phase.DONE
        else:
            service.picture(Give(papers[0]))
            service.picture(Give(papers[1]))
        opened(service)
        assert service.ask(Make(["live.1"])) == Made(["live.1"])


def test_a_dry_run_leaves_nothing_behind(home: Path) -> None:
    with key_service(home) as service:
        picture, papers = first_round(service, NAMES, dry_run=True)
        assert (home / "state" / "dry-run").is_dir()
        second_round(service, papers)
        done = service.picture(Initialise(picture.ceremony))
        assert (done.phase, done.dry_run) == (Phase.DONE, True)
        assert not (home / "state" / "dry-run").exists()
        assert not pong(service).token
        first_round(service, NAMES, dry_run=True)
        service.kill()
    with key_service(home) as service:
        assert service.picture(Look()).phase is Phase.IDLE
        assert not (home / "state" / "dry-run").exists()


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
@pytest.mark.parametrize("uid", [0, 65534, CALLER + 1])
def test_only_those_who_may_are_served(home: Path, uid: int) -> None:
    with key_service(home) as service:
        begin = Begin(uri=URI, label=LABEL, threshold=2, holders=NAMES, dry_run=False)
        assert service.at_desk(begin, uid=uid) == Refused(code="caller.refused")
        assert isinstance(service.at_desk(Look()), Picture)


REGISTER = """
import asyncio, sys
from pathlib import Path
from hsm.client import KeyClient

async def main() -> None:
    client = KeyClient(Path(sys.argv[1]))
    await client.make(["live.1", "seal.1"])
    await client.unwrap(["live.1"])
    print("there", flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""
"""What a register does with its key service, and then waits."""


@contextmanager
def register(home: Path) -> Iterator[int]:
    """A process that uses the keys as a register does; its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", REGISTER, str(home / "keys")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=CALLER if ROOT else None
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        yield process.pid
        process.kill()


def memory(pid: int) -> Iterator[bytes]:
    """The writable memory of a process, piece by piece."""
    with Path(f"/proc/{pid}/mem").open("rb", 0) as held:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(bound, 16) for bound in bounds.split("-"))
                with suppress(OSError, ValueError):
                    held.seek(start)
                    yield held.read(end - start)


def held_by(pid: int, hidden: Sequence[bytes]) -> set[bytes]:
    return {value for piece in memory(pid) for value in hidden if value in piece}


def test_pin_and_shares_are_nowhere_but_in_the_service(home: Path) -> None:
    """Not in argv, environment or memory of any other process, not in any file of the state, and no core is left."""
    with key_service(home) as service:
        picture, papers = first_round(service, NAMES)
        second_round(service, papers)
        service.picture(Initialise(picture.ceremony))
        opened(service)
        secret = shares.combine([" ".join(paper) for paper in papers[:2]])
        pin, so_pin = (pins.derive(secret, picture.ceremony, role, pins.LONGEST) for role in pins.Role)
        hidden = [secret, pin, so_pin, *(" ".join(paper).encode() for paper in papers)]
        for entry in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                with suppress(OSError):
                    held = (entry / name).read_bytes()
                    assert not [value for value in hidden if value in held]
        for file in (path for path in (home / "state").rglob("*") if path.is_file()):
            held = file.read_bytes()
            assert not [value for value in hidden if value in held], file
        limits = Path(f"/proc/{service.process.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits)
        with register(home) as pid:
            if ROOT:
                assert pin in held_by(service.process.pid, hidden)  # the search is one that finds
                assert held_by(pid, hidden) == set()
            else:
                with pytest.raises(PermissionError):
                    next(memory(service.process.pid))
    assert mentioning(home / "state") == []
