"""The program `jukura-hsm`: the key service of one register.

    jukura-hsm --state DIR --register honnin --token 'pkcs11:token=honnin?module-path=/usr/lib/...' \
        --allow-uid jukurad-honnin --pin-fd 4

Its listening socket comes from the service manager under the name "keys"; it opens no other. The PIN comes from a
file, a descriptor, or the credential "pin".
"""

import asyncio
import logging
import os
import pwd
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from daemon import callers, logs, memory, service
from daemon.clock import SystemClock
from daemon.contract.messages import text_of
from daemon.errors import InputError, JukuraError
from hsm import pin, policy, softhsm, uri
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.orders import Open
from hsm.supervisor import Supervisor, by_uid
from hsm.token import Token
from hsm.vault import Vault

log = logging.getLogger(__name__)

# -I: neither the environment nor the working folder can put other code into the process that gets the PIN.
WORKER = (sys.executable, "-I", "-m", "hsm.worker")
_NOT_THE_WORKERS = frozenset(
    {"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"}
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Register(StrEnum):
    """Which of the two registers."""

    HONNIN = "honnin"
    FUHYO = "fuhyo"


@dataclass(frozen=True)
class Settings:
    """What the command line says."""

    state: Path
    register: Register
    token: uri.TokenUri
    allowed: frozenset[int]
    pin: pin.Pin
    create: bool


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
    create_token: Annotated[
        bool, typer.Option(help="SoftHSM only: make the token on the first start.")
    ] = False,
) -> None:
    """Serve the keys of one register on the socket "keys" that the service manager hands in."""
    os.umask(0o077)
    logs.start()
    try:
        given = pin.read(file=pin_file, descriptor=pin_fd, credential=service.credential("pin"))
        users = frozenset(_uid(user) for user in allow_uid)
        settings = Settings(state, register, uri.parse(token), users, given, create_token)
        steps = memory.seal_process()
        log.info("memory", extra={"reasons": [step for step, held in steps.items() if not held]})
        listening = service.take(service.handed_in(), "keys")
        asyncio.run(_serve(settings, listening))
    except JukuraError as error:
        text = text_of(error.code)
        print(f"jukura-hsm: {error}\n{text.ja}\n{text.en}", file=sys.stderr)
        raise typer.Exit(2 if isinstance(error, InputError) else 1) from None


async def _serve(settings: Settings, listening: socket.socket) -> None:
    """Put the parts together and run until a signal."""
    clock = SystemClock()
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Keystore(settings.state / "keys.db")
    environ, first = _environ(settings), settings.create and not store.tokens()
    if first:
        softhsm.token_folder(settings.state).mkdir(mode=0o700, exist_ok=True)
    opening = Open(module=settings.token.module, criteria=dict(settings.token.criteria), create=first)
    token = Token(WORKER, environ, opening, lambda: settings.pin.value, clock)
    settle = softhsm.Settle(softhsm.token_folder(settings.state)) if settings.create else lambda: None
    vault = Vault(settings.register, token, store, clock, settle=settle)
    at_rest = partial(policy.at_rest, settings.pin.source, settings.token.module)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    handler = Handler(settings.register, vault, at_rest)
    await Supervisor(listening, handler, by_uid(settings.allowed)).run(stop)


def _environ(settings: Settings) -> Mapping[str, str]:
    """The worker's environment: ours without what is the supervisor's own; with SoftHSM's file where we keep it."""
    environ = {name: value for name, value in os.environ.items() if name not in _NOT_THE_WORKERS}
    if settings.create:
        if not policy.is_softhsm(settings.token.module, ""):
            raise InputError("hsm.create_not_softhsm")
        environ["SOFTHSM2_CONF"] = str(softhsm.configure(settings.state.resolve()))
    return environ


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
