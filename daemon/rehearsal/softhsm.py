"""Tokens of SoftHSM for training, made as one does by hand: `softhsm2-util` asks for the PINs on a terminal of its own.

So no PIN stands in an argument or in the environment, where others on the machine could see it.
"""

import asyncio
import os
import pty
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from daemon.errors import StateError

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
CONF = "softhsm2.conf"
TIME = 60.0  # seconds for a program that makes a token or a key in it

Command = Callable[[Sequence[str]], list[str]]
"""Puts a command into the hands of the user that the token belongs to."""


def module() -> str:
    """SoftHSM's PKCS#11 module on this machine."""
    for path in MODULES:
        if Path(path).is_file():
            return path
    raise StateError("rehearsal.no_softhsm")


def uri(label: str) -> str:
    """The RFC 7512 URI of the token with this label."""
    return f"pkcs11:token={label}?module-path={module()}"


def configuration(folder: Path) -> str:
    """A configuration of SoftHSM that keeps its tokens below `folder`."""
    return f"directories.tokendir = {folder / 'token'}\nobjectstore.backend = file\nlog.level = ERROR\n"


async def init_token(conf: Path, label: str, pin: str, command: Command) -> None:
    """Make a token under `conf`; nobody keeps its SO PIN. StateError where the tool does not do it."""
    officer = secrets.token_urlsafe(18)
    answers = "".join(f"{answer}\n" for answer in (officer, officer, pin, pin))
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answers.encode())
        words = command(["softhsm2-util", "--init-token", "--free", "--label", label])
        code, _ = await told(words, environment(conf), stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    if code != 0:
        raise StateError("rehearsal.no_token", field=label)


async def told(
    words: Sequence[str], environ: Mapping[str, str], *, stdin: int = asyncio.subprocess.DEVNULL
) -> tuple[int, bytes]:
    """The exit code of a program and what it printed; one that does not end in time is ended."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environ,
            start_new_session=True,
        )
    except OSError:
        return -1, b""
    try:
        async with asyncio.timeout(TIME):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, b""
    return process.returncode or 0, printed


def environment(conf: Path) -> dict[str, str]:
    """What a program needs to find the tokens of `conf`."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "SOFTHSM2_CONF": str(conf)}
