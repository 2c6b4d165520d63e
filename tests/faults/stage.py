"""One register whose token is far away: `jukurad`, `jukura-hsm`, national server, SoftHSM behind a line that can be cut."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import socket

from daemon.register.rows import Register
from daemon.rehearsal.layout import Layout, RegisterFolder
from daemon.rehearsal.programs import Program, Recipe, kill
from daemon.rehearsal.stage import Stage
from daemon.rehearsal.users import Users
from daemon.tasks import Tasks
from tests.faults.held import Held
from tests.hsm.p11kit import Line, make_token, remote

REGISTER = Register.HONNIN
LABEL = "jukura-far"


@dataclass(frozen=True)
class FarToken:
    """A token at the far end of a line."""

    uri: str
    environ: Mapping[str, str]
    line: Line


class FarStage(Stage):
    """`honnin` alone; after `set_up`, its key service is started over a token that is far away."""

    def __init__(self, layout: Layout, users: Users, *, now: Callable[[], datetime]) -> None:
        super().__init__(layout, users, now=now)
        self._far: FarToken | None = None
        self._kept = Tasks()

    @property
    def folder(self) -> RegisterFolder:
        """Of the one register."""
        return self.layout.register(REGISTER)

    @property
    def pin(self) -> str:
        """The token's PIN."""
        return self.folder.pin.read_text()

    @property
    def keys(self) -> Held:
        """The key service."""
        program = self.actors[REGISTER].keys
        assert isinstance(program, Held)
        return program

    async def start_over(self, far: FarToken) -> None:
        """Start every program, and wait until the register serves."""
        self._far = far
        actors = self.actors[REGISTER] = self._cast(REGISTER)
        for program in actors.programs:
            program.start()
        await self.serving(REGISTER)

    async def stop(self) -> None:
        if REGISTER in self.actors:
            self.keys.release()
        await super().stop()
        await self._kept.stop(within=5)

    @property
    def _token(self) -> FarToken:
        assert self._far is not None
        return self._far

    def kill_worker(self) -> None:
        """SIGKILL for the only process that has the token's library loaded, if there is one now."""
        if self.keys.pid is not None:
            for child in _children(self.keys.pid):
                kill(child)

    def _program(self, name: str, argv: list[str], sockets: dict[str, socket]) -> Program:
        if not name.startswith("jukura-hsm"):
            return super()._program(name, argv, sockets)
        log, notify = self.layout.logs / f"{name}.log", self.layout.notify / f"{name}.sock"
        return Held(Recipe(name, self._over_the_line(argv), sockets, log, notify), self._kept)

    def _hsm_options(self, register: Register, caller: int) -> list[str]:
        folder = self.layout.register(register)
        return [
            *("--state", str(folder.hsm), "--register", str(register), "--token", self._token.uri),
            *("--allow-uid", str(caller), "--pin-file", str(folder.pin)),
        ]

    def _over_the_line(self, argv: Sequence[str]) -> list[str]:
        """The same command, with the way to the far end in its environment."""
        at = argv.index(sys.executable)
        return [
            *argv[:at],
            "env",
            *(f"{name}={value}" for name, value in self._token.environ.items()),
            *argv[at:],
        ]


@contextmanager
def far_away(folder: Path, pin: str) -> Iterator[FarToken]:
    """A SoftHSM token at the far end of a line, in `folder`, which anyone may enter to reach the near end."""
    make_token(folder, LABEL, pin.encode())
    with remote(folder) as far:
        far.line.near.chmod(0o666)
        yield FarToken(f"pkcs11:token={LABEL}?module-path={far.module}", far.environ, far.line)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
