"""The keys that sign a register's log, as the prefecture names them to its witnesses: read from the key service, not from the log."""

import asyncio
import sys
from base64 import b64decode, b64encode
from pathlib import Path

from daemon.errors import StateError
from daemon.rehearsal.layout import RegisterFolder
from daemon.rehearsal.users import Users
from hsm.client import KeyClient

DEADLINE = 30.0  # seconds


async def log_keys(folder: RegisterFolder, users: Users) -> list[bytes]:
    """The public keys (SubjectPublicKeyInfo) of every `seal` that there is, asked for as the one user who may."""
    argv = [sys.executable, "-m", "daemon.rehearsal.log_keys", str(folder.keys_socket)]
    program = await asyncio.create_subprocess_exec(
        *users.command(folder.user("jukurad"), argv), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(DEADLINE):
            told, _ = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode:
        raise StateError("hsm.unreachable")
    return [b64decode(line) for line in told.splitlines()]


async def _tell(socket: Path) -> None:
    client = KeyClient(socket)
    try:
        pairs = (await client.keys()).pairs
    finally:
        await client.close()
    for pair in pairs:
        if pair.name.startswith("seal."):
            sys.stdout.write(f"{b64encode(pair.public).decode()}\n")


if __name__ == "__main__":
    asyncio.run(_tell(Path(sys.argv[1])))
