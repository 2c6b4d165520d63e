"""The whole stage: both registers with key service, daemon and national server, started in order and stopped in order."""

import asyncio
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from daemon.clock import day_of
from daemon.errors import StateError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal import custodians, softhsm, training
from daemon.rehearsal.calls import Calls
from daemon.rehearsal.certificates import Pair
from daemon.rehearsal.custodians import Card
from daemon.rehearsal.equipment import Given, equip
from daemon.rehearsal.layout import Layout, RegisterFolder
from daemon.rehearsal.listeners import tcp, unix
from daemon.rehearsal.municipality import Door, MunicipalityClient
from daemon.rehearsal.peer_line import PeerLine
from daemon.rehearsal.pki import PEER_NAMES, Pki, make_pki
from daemon.rehearsal.programs import Program, Recipe
from daemon.rehearsal.tls import client_context
from daemon.rehearsal.users import Users
from daemon.rehearsal.watching import MANNERS
from daemon.rehearsal.witness import Witness
from daemon.tasks import Tasks

UNSEAL = 60.0  # seconds until a register serves; a rebuild of the index is part of it
STOP = 60.0  # seconds for everything to stop


@dataclass
class Actors:
    """The programs of one register."""

    folder: RegisterFolder
    keys: Program
    daemon: Program
    national: Program
    timestamps: Program
    port: int
    national_port: int
    """Where the national server calls."""

    @property
    def programs(self) -> tuple[Program, ...]:
        """In the order in which they start."""
        return self.keys, self.national, self.timestamps, self.daemon


class Stage:
    """Everything that runs."""

    def __init__(self, layout: Layout, users: Users, *, now: Callable[[], datetime]) -> None:
        self.layout = layout
        self.users = users
        self._now = now
        self._tasks = Tasks()
        self.actors: dict[Register, Actors] = {}
        self.passwords: dict[str, Path] = {}
        self.witnesses: list[Witness] = []
        self.cards: list[Card] = []
        self._pki: Pki | None = None

    @property
    def pki(self) -> Pki:
        """The rehearsal's certificates, once it has been set up."""
        if self._pki is None:
            raise StateError("rehearsal.not_set_up")
        return self._pki

    def set_up(self) -> None:
        """Make folders, certificates, PINs, configuration: whatever is not there yet."""
        self.layout.make(self.users)
        self._pki = make_pki(self.layout.pki, now=self._now())
        self.passwords = training.passwords(self.layout.training)
        for file in self.passwords.values():
            self.users.own(file, "jukura-console", mode=0o600)
        self.witnesses = [Witness(self.layout.witnesses, code) for code in MANNERS]
        given = Given(self.users, self._pki, self.passwords, self.witnesses, day_of(self._now()))
        for register in Register:
            folder = self.layout.register(register)
            folder.make(self.users)
            equip(register, folder, given)

    async def start(self) -> None:
        """Make the custodians' cards, start every program and wait until both registers serve."""
        self.cards = await custodians.cards(self.layout, self.users)
        for register in Register:
            self.actors[register] = actors = self._cast(register)
            for program in actors.programs:
                program.start()
        for register in Register:
            await self.serving(register)

    async def serving(self, register: Register) -> str:
        """Wait until the register serves; its status line. StateError names the log where it does not."""
        daemon = self.actors[register].daemon
        try:
            return await daemon.wait_for("ready", "degraded", within=UNSEAL)
        except TimeoutError as error:
            raise StateError("rehearsal.not_serving", field=str(daemon.recipe.log)) from error

    async def stop(self) -> None:
        """Stop the daemons, then what they lean on."""
        for layer in ("daemon", "keys", "national", "timestamps"):
            async with asyncio.timeout(STOP):
                await asyncio.gather(*(getattr(actors, layer).stop() for actors in self.actors.values()))
        await self._tasks.stop(within=5)

    def clients(self, register: Register) -> dict[str, MunicipalityClient]:
        """One client per municipality, each with its own certificate."""
        door = Door("127.0.0.1", self.actors[register].port, PEER_NAMES[register])
        return {
            code: MunicipalityClient(
                code, door, client_context(self.pki.municipality(code), self.pki.register_ca)
            )
            for code in MUNICIPALITIES
        }

    def agency(self, register: Register) -> Calls:
        """The line of the register's national server to it."""
        return self._line(register, self.actors[register].national_port, self.pki.national_client(register))

    def correspondence(self, register: Register, code: str) -> PeerLine:
        """The line on which a municipality reads what it is told, and compares its records."""
        return self._line(register, self.actors[register].port, self.pki.municipality(code))

    def _line(self, register: Register, port: int, pair: Pair) -> PeerLine:
        return PeerLine(
            Door("127.0.0.1", port, PEER_NAMES[register]), client_context(pair, self.pki.register_ca)
        )

    def _cast(self, register: Register) -> Actors:
        folder, users = self.layout.register(register), self.users
        peers, national_in = tcp(), tcp()
        daemon_user, hsm_user = folder.user("jukurad"), folder.user("jukura-hsm")
        python = (sys.executable, "-m")
        keys = self._program(
            f"jukura-hsm-{register}",
            users.command(
                hsm_user, [*python, "hsm.cli", *self._hsm_options(register, users.ids[daemon_user])]
            ),
            {
                "keys": unix(users, folder.keys_socket, hsm_user, daemon_user),
                "ceremony": unix(users, folder.ceremony_socket, hsm_user, "jukura-console"),
            },
        )
        national = self._program(
            f"zenkoku-{register}",
            users.command(
                "zenkoku", [*python, "daemon.rehearsal.national", *_national_options(register, folder)]
            ),
            {"national": unix(users, folder.national_socket, "zenkoku", daemon_user)},
        )
        timestamps = self._program(
            f"jikoku-{register}",
            users.command(
                "jikoku", [*python, "daemon.rehearsal.authority", "--folder", str(folder.timestamp_files)]
            ),
            {"timestamps": unix(users, folder.timestamp_socket, "jikoku", daemon_user)},
        )
        daemon = self._program(
            f"jukurad-{register}",
            users.command(
                daemon_user,
                [*python, "daemon.cli", "--state", str(folder.store), "--config", str(folder.config)],
            ),
            {
                "console": unix(users, folder.console_socket, daemon_user, "jukura-console"),
                "peers": peers,
                "national-in": national_in,
            },
        )
        ports = peers.getsockname()[1], national_in.getsockname()[1]
        return Actors(folder, keys, daemon, national, timestamps, *ports)

    def _hsm_options(self, register: Register, caller: int) -> list[str]:
        folder, token = self.layout.register(register), softhsm.uri(f"jukura-{register}")
        return [
            *("--state", str(folder.hsm), "--register", str(register), "--token", token),
            *("--allow-uid", str(caller), "--pin-file", str(folder.pin), "--create-token"),
            *("--custodians", str(self.layout.custodians)),
            *("--allow-ceremony-uid", str(self.users.ids["jukura-console"])),
        ]

    def _program(self, name: str, argv: list[str], sockets: dict[str, socket.socket]) -> Program:
        log, notify = self.layout.logs / f"{name}.log", self.layout.notify / f"{name}.sock"
        return Program(Recipe(name, argv, sockets, log, notify), self._tasks)


def _national_options(register: Register, folder: RegisterFolder) -> list[str]:
    files = ("--pki", str(folder.national_tls), "--ledger", str(folder.ledger_file))
    return ["--register", str(register), *files]
