"""A ceremony desk over a token in memory, with a store that outlives it and a switch that kills it at any step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from daemon.clock import ManualClock
from daemon.contract.statement import Lines
from daemon.errors import StateError
from hsm.ceremony.bench import Bench
from hsm.ceremony.desk import Desk
from hsm.ceremony.giving import Giving
from hsm.ceremony.handler import CeremonyHandler
from hsm.ceremony.protocol import (
    Answer,
    Begin,
    Enter,
    Initialise,
    Look,
    Phase,
    Picture,
    Request,
    Sheet,
    Show,
)  # fmt: skip
from hsm.ceremony.record import Shelf
from hsm.orders import TokenFacts
from hsm.pin import Pin, Pins, PinSource
from hsm.protocol import Refused
from hsm.uri import TokenUri, parse

URI = "pkcs11:token=honnin?module-path=/usr/lib/some.so"
LABEL = "honnin"
NAMES = ["山田 花子", "佐藤 一郎", "鈴木 次郎", "Tanaka 3", "高橋 四郎"]
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class KilledError(BaseException):
    """The process ended here."""


@dataclass
class Fuse:
    """Kills at the n-th effect from now; None never does."""

    left: int | None = None

    def burn(self) -> None:
        """An effect is about to happen, or has just happened."""
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = None
                raise KilledError


@dataclass
class FakeToken:
    """A token that behaves as PKCS#11 says: C_InitToken sets the SO PIN, C_InitPIN the user's."""

    label: str = ""
    so_pin: bytes = b""
    pin: bytes = b""
    min_pin: int = 4
    max_pin: int = 255
    protected_path: bool = False
    wrong_tries: int = 0
    away: bool = False


@dataclass
class FakeBench:
    """A bench whose token's state survives a kill between any two of its effects."""

    token: FakeToken
    fuse: Fuse

    async def survey(self, module: str) -> list[TokenFacts]:
        if self.token.away:
            raise StateError("hsm.token_away")
        token = self.token
        return [
            TokenFacts(
                slot="7", label=token.label, serial="S1" if token.label else "", model="Fake 1",
                initialised=bool(token.label), user_pin_set=bool(token.pin), final_try=False, locked=False,
                protected_path=token.protected_path, min_pin=token.min_pin, max_pin=token.max_pin,
            )
        ]  # fmt: skip

    async def initialise(
        self, module: str, token: TokenFacts, *, label: str, so_pin: bytes, pin: bytes
    ) -> str:
        here = self.token
        self.fuse.burn()
        if not here.label:
            here.label, here.so_pin = label, so_pin
        elif here.so_pin != so_pin:
            here.wrong_tries += 1
            raise StateError("hsm.pin_wrong")
        self.fuse.burn()
        here.pin = pin
        self.fuse.burn()
        return "S1"

    async def open(self, place: TokenUri, pin: bytes) -> str:
        self.fuse.burn()
        if pin != self.token.pin:
            self.token.wrong_tries += 1
            raise StateError("hsm.pin_wrong")
        return "Fake 1"


@dataclass
class World:
    """What outlives the process: the disk, the token, and what was stated."""

    token: FakeToken = field(default_factory=FakeToken)
    disk: dict[str, bytes] = field(default_factory=dict)
    stated: list[Lines] = field(default_factory=list)
    fuse: Fuse = field(default_factory=Fuse)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    allow_short: bool = False
    forget: float = 600.0
    no_seal: bool = False

    async def started(self) -> "Process":
        """A new process over it."""
        process = Process(self)
        await process.handler.start()
        return process

    async def kept(self, name: str) -> bytes | None:
        return self.disk.get(name)

    async def keep(self, name: str, value: bytes) -> None:
        self.fuse.burn()
        self.disk[name] = value
        self.fuse.burn()

    async def state(self, lines: Lines) -> None:
        if self.no_seal:
            raise StateError("hsm.store_failed")
        self.stated.append(lines)


class Process:
    """One run of the key service, as far as ceremonies go."""

    def __init__(self, world: World) -> None:
        self.pins = Pins(expected=PinSource.HOLDERS)
        self.opened: dict[str, bytes] = {}
        self.throw_away: FakeToken | None = None
        self._world = world
        shelf = Shelf(world.kept, world.keep)
        desk = Desk(
            "honnin", URI, shelf, self, world.clock, opens=self._opens, allow_short=world.allow_short
        )  # fmt: skip
        giving = Giving(
            shelf,
            has_pin=lambda label: self.pins.get(label) is not None,
            opens=self._opens,
            forget=world.forget,
        )
        self.handler = CeremonyHandler(desk, giving, shelf, world.state)

    def at(self, uri: str, *, dry_run: bool) -> tuple[Bench, TokenUri]:
        if not dry_run:
            return FakeBench(self._world.token, self._world.fuse), parse(uri)
        if self.throw_away is None:
            self.throw_away = FakeToken()
        return FakeBench(self.throw_away, self._world.fuse), parse(URI)

    def clear(self) -> None:
        self.throw_away = None

    def _opens(self, label: str, value: bytes) -> None:
        self.opened[label] = value
        self.pins.put(label, Pin(PinSource.HOLDERS, value))

    async def ask(self, request: Request) -> Answer:
        return await self.handler.answer(request, 1000)

    async def does(self, request: Request) -> Picture:
        """What it answers; a refusal fails the test."""
        answer = await self.ask(request)
        assert isinstance(answer, Picture), answer
        return answer

    async def looks(self) -> Picture:
        """How it stands."""
        return await self.does(Look())

    async def refuses(self, request: Request) -> tuple[str, str]:
        """The code and the field of its refusal."""
        answer = await self.ask(request)
        assert isinstance(answer, Refused), answer
        return answer.code, answer.field

    async def shows(self, picture: Picture) -> list[str]:
        """The share of the holder in turn."""
        answer = await self.ask(Show(picture.ceremony, picture.turn))
        assert isinstance(answer, Sheet), answer
        return answer.words


def beginning(
    *, threshold: int = 2, names: Sequence[str] = NAMES[:3], dry_run: bool = False, label: str = LABEL
) -> Begin:
    """A request to begin."""
    return Begin(uri=URI, label=label, threshold=threshold, holders=list(names), dry_run=dry_run)


async def first_round(desk: Process, request: Begin) -> tuple[Picture, list[list[str]]]:
    """Begin, and have every holder write down and enter their share; the papers."""
    picture = await desk.does(request)
    papers = []
    while picture.phase is Phase.SHARING:
        papers.append(await desk.shows(picture))
        picture = await desk.does(Enter(picture.ceremony, papers[-1]))
    return picture, papers


async def second_round(desk: Process, picture: Picture, papers: list[list[str]]) -> Picture:
    """Every holder enters theirs once more."""
    for paper in papers:
        picture = await desk.does(Enter(picture.ceremony, paper))
    return picture


async def whole(desk: Process, request: Begin) -> tuple[Picture, list[list[str]]]:
    """The whole ceremony."""
    picture, papers = await first_round(desk, request)
    picture = await second_round(desk, picture, papers)
    assert (picture.phase, picture.ready) == (Phase.CHECKED, True)
    return await desk.does(Initialise(picture.ceremony)), papers
