"""The ceremony desk of one register, put together over the parts of its key service."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon.clock import Clock
from hsm.ceremony.desk import Desk
from hsm.ceremony.giving import Giving
from hsm.ceremony.handler import CeremonyHandler
from hsm.ceremony.record import Shelf
from hsm.ceremony.transcript import State
from hsm.ceremony.workers import WorkerBench, WorkerBenches
from hsm.files import Files
from hsm.pin import Pin, Pins, PinSource

SCRATCH = "dry-run"
"""Folder of the throw-away token, in the service's own."""


def assemble(
    *,
    register: str,
    home: str,
    pins: Pins,
    files: Files,
    state: State,
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: Path,
    clock: Clock,
    allow_short: bool = False,
) -> CeremonyHandler:
    """What answers on the socket "ceremony"; a PIN that it comes by goes to `pins`, and the token opens by itself."""

    async def kept(name: str) -> bytes | None:
        return await files.run(files.store.kept, name)

    async def keep(name: str, value: bytes) -> None:
        await files.run(files.store.keep, name, value)

    def opens(label: str, value: bytes) -> None:
        pins.put(label, Pin(PinSource.HOLDERS, value))

    shelf = Shelf(kept, keep)
    bench = WorkerBench(command, environ, files.settle)
    benches = WorkerBenches(command, environ, (folder / SCRATCH).resolve(), bench)
    desk = Desk(register, home, shelf, benches, clock, opens=opens, allow_short=allow_short)
    giving = Giving(shelf, has_pin=lambda label: pins.get(label) is not None, opens=opens)
    return CeremonyHandler(desk, giving, shelf, state)
