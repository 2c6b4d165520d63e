"""The program `jukura-hsm`: the key service of one register.

    jukura-hsm --state DIR --register honnin --token 'pkcs11:token=honnin?module-path=/usr/lib/...' \
        --allow-uid jukurad-honnin --pin-fd 4

Its listening sockets come from the service manager under the names "keys" and, where there are to be ceremonies,
"ceremony"; it opens no other. Where the PIN comes from: `hsm.pin`.
"""

import asyncio
import logging
import os
import pwd
import signal
import socket
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daemon import callers, logs, memory, service
from daemon.clock import SystemClock
from daemon.contract.messages import text_of
from daemon.errors import InputError, JukuraError
from hsm import pin, uri
from hsm.composition import Service, Settings
from hsm.supervisor import Supervisor, by_uid

log = logging.getLogger(__name__)

# -I: neither the environment nor the working folder can put other code into the process that gets the PIN.
WORKER = (sys.executable, "-I", "-m", "hsm.worker")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Register(StrEnum):
    """Which of the two registers."""

    HONNIN = "honnin"
    FUHYO = "fuhyo"


@app.command()
def run(
    *,
    state: Annotated[Path, typer.Option(readable=False, help="Folder of the service's own file keys.db.")],
    register: Annotated[Register, typer.Option(help="Which register's keys.")],
    token: Annotated[str, typer.Option(help="The token: a pkcs11: URI (RFC 7512) with module-path.")],
    allow_uid: Annotated[list[str], typer.Option(help="User (name or uid) that may ask; repeatable.")],
    pin_file: Annotated[
        Path | None, typer.Option(readable=False, help="File with the PIN, mode 0600 or less.")
    ] = None,
    pin_fd: Annotated[int | None, typer.Option(help="Open descriptor to read the PIN from.")] = None,
    pin_holders: Annotated[
        bool, typer.Option(help='Start without a PIN: M holders give it on the socket "ceremony".')
    ] = False,
    pin_at_token: Annotated[
        bool, typer.Option(help="The token asks for its PIN itself: at its own pad, or by its own quorum.")
    ] = False,
    allow_ceremony_uid: Annotated[
        list[str] | None,
        typer.Option(help='User (name or uid) that may ask on the socket "ceremony"; repeatable.'),
    ] = None,
    create_token: Annotated[
        bool, typer.Option(help="SoftHSM only: make the token on the first start.")
    ] = False,
    custodians: Annotated[
        Path | None, typer.Option(readable=False, help="JSON file with the first custodians; read once.")
    ] = None,
    module: Annotated[
        list[Path] | None,
        typer.Option(readable=False, help="PKCS#11 module of a further token; repeatable."),
    ] = None,
) -> None:
    """Serve the keys of one register on the socket "keys" that the service manager hands in."""
    os.umask(0o077)
    logs.start()
    try:
        uri.parse(token)
        pins = pin.gather(
            file=pin_file,
            descriptor=pin_fd,
            holders=pin_holders,
            at_token=pin_at_token,
            credentials=service.credentials(),
        )
        users = {
            "keys": frozenset(_uid(user) for user in allow_uid),
            "ceremony": frozenset(_uid(user) for user in allow_ceremony_uid or ()),
        }
        settings = Settings(
            state,
            register,
            token,
            pins,
            create_token,
            custodians,
            frozenset(str(path) for path in module or ()),
        )
        steps = memory.seal_process()
        log.info("memory", extra={"reasons": [step for step, held in steps.items() if not held]})
        sockets = service.handed_in()
        service.take(sockets, "keys")
        asyncio.run(_serve(settings, users, sockets))
    except JukuraError as error:
        text = text_of(error.code)
        print(f"jukura-hsm: {error}\n{text.ja}\n{text.en}", file=sys.stderr)
        raise typer.Exit(2 if isinstance(error, InputError) else 1) from None


async def _serve(
    settings: Settings, allowed: Mapping[str, frozenset[int]], sockets: Mapping[str, socket.socket]
) -> None:
    """Put the parts together and run until a signal."""
    parts = Service(settings, SystemClock(), WORKER)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    keys = Supervisor(sockets["keys"], parts.handler, by_uid(allowed["keys"])).run(stop)
    if "ceremony" not in sockets:
        await keys
        return
    desk = Supervisor(
        sockets["ceremony"], parts.ceremony, by_uid(allowed["ceremony"]), notify=lambda **_: None
    )
    await asyncio.gather(keys, desk.run(stop))


def _uid(user: str) -> int:
    try:
        uid = int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise InputError("hsm.user_unknown") from None
    if uid in callers.NEVER:
        raise InputError("hsm.user_never")
    return uid


def main() -> None:
    """Entry point of `jukura-hsm`."""
    app()


if __name__ == "__main__":
    main()
