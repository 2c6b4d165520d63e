"""`jukura-hsm` as a process with both sockets handed in, and callers of another user than root."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hsm import frames
from hsm.ceremony import protocol as desk
from hsm.protocol import Answer, Request
from tests.hsm.kit import MODULE, listening_at
from tests.hsm.program import CALLER, as_user, exchange

LABEL = "ceremonial"
URI = f"pkcs11:token={LABEL}?module-path={MODULE}"
ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
PICTURES: msgspec.msgpack.Decoder[desk.Answer] = msgspec.msgpack.Decoder(desk.Answer)
# Both sockets become descriptors 3 and 4, and the process id is its own: sd_listen_fds(3).
HAND_IN = 'exec 3<&"$0" 4<&"$1"; shift; exec env LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=keys:ceremony "$@"'
ABOVE = 10
"""Descriptors from here on are out of the way of those two."""


@dataclass
class Program:
    """A running key service."""

    process: subprocess.Popen[bytes]
    home: Path

    def ask(self, request: Request, *, uid: int = CALLER) -> Answer:
        """On the socket "keys"."""
        return frames.unpack(
            as_user(uid, lambda: exchange(self.home / "keys", frames.pack(request))), ANSWERS
        )

    def at_desk(self, request: desk.Request, *, uid: int = CALLER) -> desk.Answer:
        """On the socket "ceremony"."""
        body = as_user(uid, lambda: exchange(self.home / "ceremony", frames.pack(request)))
        return frames.unpack(body, PICTURES)

    def picture(self, request: desk.Request) -> desk.Picture:
        """On the socket "ceremony"; a refusal fails the test."""
        answer = self.at_desk(request)
        assert isinstance(answer, desk.Picture), answer
        return answer

    def paper(self, picture: desk.Picture) -> list[str]:
        """The share of the holder in turn."""
        answer = self.at_desk(desk.Show(picture.ceremony, picture.turn))
        assert isinstance(answer, desk.Sheet), answer
        return answer.words

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@contextmanager
def key_service(home: Path, *more: str, log: Path | None = None) -> Iterator[Program]:
    """Waiting for holders, ready; killed at the end if it has not ended by itself."""
    arguments = [
        "--state", str(home / "state"), "--register", "honnin", "--token", URI, "--allow-uid", str(CALLER),
        "--allow-ceremony-uid", str(CALLER), "--create-token", "--pin-holders", *more,
    ]  # fmt: skip
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready,
        (log or Path(os.devnull)).open("ab") as stderr,
    ):
        (home / "notify").unlink(missing_ok=True)
        ready.bind(str(home / "notify"))
        ready.settimeout(20)
        with _high(home / "keys") as keys, _high(home / "ceremony") as ceremony:
            process = subprocess.Popen(
                [
                    "bash",
                    "-c",
                    HAND_IN,
                    str(keys),
                    str(ceremony),
                    sys.executable,
                    "-m",
                    "hsm.cli",
                    *arguments,
                ],
                pass_fds=(keys, ceremony),
                env={**os.environ, "NOTIFY_SOCKET": str(home / "notify")},
                stderr=stderr,
            )
        try:
            assert b"READY=1" in ready.recv(1000)
            yield Program(process, home)
        finally:
            process.kill()
            process.wait(20)


@contextmanager
def _high(path: Path) -> Iterator[int]:
    listening = listening_at(path)
    path.chmod(0o666)
    descriptor = fcntl.fcntl(listening, fcntl.F_DUPFD, ABOVE)
    listening.close()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def first_round(
    service: Program, holders: Sequence[str], *, threshold: int = 2, dry_run: bool = False
) -> tuple[desk.Picture, list[list[str]]]:
    """Begin, and have every holder write down and enter their share; the papers."""
    picture = service.picture(
        desk.Begin(uri=URI, label=LABEL, threshold=threshold, holders=list(holders), dry_run=dry_run)
    )
    papers = []
    while picture.phase is desk.Phase.SHARING:
        papers.append(service.paper(picture))
        picture = service.picture(desk.Enter(picture.ceremony, papers[-1]))
    return picture, papers


def second_round(service: Program, papers: Sequence[list[str]]) -> desk.Picture:
    """Every holder enters theirs once more."""
    picture = service.picture(desk.Look())
    for paper in papers:
        picture = service.picture(desk.Enter(picture.ceremony, paper))
    return picture
