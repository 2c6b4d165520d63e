"""`jukura-hsm` as a process of its own, as the tests start and ask it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hsm import frames
from hsm.protocol import (
    Answer,
    Refused,
    Request,
)
from tests.hsm.kit import LABEL, MODULE, PIN, listening_at

ROOT = os.geteuid() == 0
CALLER = 54321 if ROOT else os.geteuid()
"""The uid that may ask. Tests that run as root become it in a process of their own; others are it."""
URI = f"pkcs11:token={LABEL}?module-path={MODULE}"
ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
# The socket becomes descriptor 3 and the process id is its own: sd_listen_fds(3).
HAND_IN = 'exec 3<&"$0"; exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=keys "$@"'


@dataclass
class Program:
    """A running `jukura-hsm`."""

    process: subprocess.Popen[bytes]
    path: Path

    def worker(self) -> int:
        """The process id of its worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (pid,) = (int(child) for child in children)
        return pid

    def ask(self, request: Request, *, uid: int = CALLER) -> Answer:
        """The answer to `request` from a caller of that uid."""
        body = as_user(uid, lambda: exchange(self.path, frames.pack(request)))
        return frames.unpack(body, ANSWERS)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(20)


def exchange(path: Path, raw: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(raw)
        with connection.makefile("rb") as stream:
            return frames.read_blocking(stream) or b""


def as_user(uid: int, work: Callable[[], bytes]) -> bytes:
    """What `work` returns in a process of that uid: SO_PEERCRED is taken when a socket connects."""
    if uid == os.geteuid():
        return work()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(writing, work())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        raw = stream.read()
    os.waitpid(child, 0)
    return raw


def pin_file(home: Path, pin: bytes = PIN) -> Path:
    file = home / "pin"
    file.touch(0o600)
    file.write_bytes(pin + b"\n")
    return file


def options(home: Path, *, uid: int = CALLER, token: str = URI) -> list[str]:
    return [
        "--state", str(home / "state"), "--register", "honnin", "--token", token, "--allow-uid", str(uid),
        "--create-token",
    ]  # fmt: skip


@contextmanager
def program(home: Path, arguments: Sequence[str], *, pass_fds: tuple[int, ...] = ()) -> Iterator[Program]:
    """The program, ready; killed at the end if it has not ended by itself."""
    path = home / "keys"
    listening = listening_at(path)
    path.chmod(0o666)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, listening:
        (home / "notify").unlink(missing_ok=True)
        ready.bind(str(home / "notify"))
        ready.settimeout(20)
        process = subprocess.Popen(
            ["bash", "-c", HAND_IN, str(listening.fileno()), sys.executable, "-m", "hsm.cli", *arguments],
            pass_fds=(listening.fileno(), *pass_fds),
            env={**os.environ, "NOTIFY_SOCKET": str(home / "notify")},
            stderr=subprocess.DEVNULL,
        )
        try:
            assert b"READY=1" in ready.recv(1000)
            yield Program(process, path)
        finally:
            process.kill()
            process.wait(20)


def await_end(pid: int) -> None:
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.01)
    raise AssertionError(pid)


def recovered(program: Program, request: Request) -> Answer:
    """The answer once the service is over what was done to it: at most 2 s."""
    started = time.monotonic()
    while isinstance(answer := program.ask(request), Refused):
        assert answer.away
        assert time.monotonic() - started < 5
        time.sleep(0.1)
    return answer
