"""The real benches: for each call a worker of its own, the only process that loads the token's library.

A dry run works at a SoftHSM token in a folder that goes with it, and at the latest at the next start.
"""

import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from daemon.errors import StateError
from hsm import softhsm
from hsm.ceremony.bench import Bench
from hsm.oneshot import errand
from hsm.orders import Find, Found, Initialise, Initialised, Login, Opened, Survey, Surveyed, TokenFacts
from hsm.uri import TokenUri, parse

DEADLINE = 50.0  # seconds; a token of the network may take that long to be initialised
FACTORY: Mapping[str, bytes] = {"IBM": b"87654321"}
"""The SO PIN that every new token of a make has, by the beginning of its manufacturer's name (opencryptoki)."""
Settle = Callable[[], Awaitable[None]]
SOFTHSM = ("softhsm/libsofthsm2.so", "*/softhsm/libsofthsm2.so")
"""Where Debian keeps SoftHSM, below /usr/lib."""


class WorkerBench:
    """A bench over `command`. `settle` pushes the token's own files to the disk, where it has any."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], settle: Settle | None = None
    ) -> None:
        self._command = command
        self._environ = environ
        self._settle = settle

    async def survey(self, module: str) -> list[TokenFacts]:
        async with errand(self._command, self._environ, deadline=DEADLINE) as worker:
            return (await worker.ask(Survey(module), Surveyed)).tokens

    async def initialise(
        self, module: str, token: TokenFacts, *, label: str, so_pin: bytes, pin: bytes
    ) -> str:
        factory = next((value for make, value in FACTORY.items() if token.model.startswith(make)), b"")
        order = Initialise(
            module=module, criteria={"slot-id": token.slot}, label=label, so_pin=so_pin, pin=pin, factory_so_pin=factory
        )  # fmt: skip
        async with errand(self._command, self._environ, deadline=DEADLINE) as worker:
            made = await worker.ask(order, Initialised)
        if self._settle is not None:
            await self._settle()
        return made.serial

    async def open(self, place: TokenUri, pin: bytes) -> str:
        async with errand(self._command, self._environ, deadline=DEADLINE) as worker:
            await worker.ask(Find(place.module, dict(place.criteria)), Found)
            return (await worker.ask(Login(pin), Opened)).model


class WorkerBenches:
    """The service's own bench, and one for dry runs in `scratch`, a folder that is nobody else's."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], scratch: Path, bench: Bench
    ) -> None:
        self._command = command
        self._environ = environ
        self._scratch = scratch
        self._bench = bench

    def at(self, uri: str, *, dry_run: bool) -> tuple[Bench, TokenUri]:
        if not dry_run:
            return self._bench, parse(uri)
        if not self._scratch.exists():
            softhsm.token_folder(self._scratch).mkdir(mode=0o700, parents=True)
        conf = str(softhsm.configure(self._scratch))
        bench = WorkerBench(self._command, {**self._environ, "SOFTHSM2_CONF": conf})
        return bench, TokenUri(module(), {})

    def clear(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)


def module(root: Path = Path("/usr/lib")) -> str:
    """SoftHSM's module on this machine."""
    found = next((str(path) for pattern in SOFTHSM for path in sorted(root.glob(pattern))), "")
    if not found:
        raise StateError("ceremony.no_softhsm")
    return found
