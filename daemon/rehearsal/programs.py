"""Programs as children: sockets handed in as systemd would (sd_listen_fds(3)), state heard as systemd would (sd_notify(3)).

A program that dies is started again, on the same sockets; nothing that connects sees more than a pause.
"""

import asyncio
import fcntl
import logging
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.tasks import Tasks

log = logging.getLogger(__name__)

FIRST_FD = 3  # SD_LISTEN_FDS_START
PARKED = 64  # where a socket waits until the shell moves it to its number
AGAIN = 0.2  # seconds before a program that died is started again
STOP = 25.0  # seconds for a program to stop by itself


@dataclass(frozen=True)
class Recipe:
    """How to start one program."""

    name: str
    argv: Sequence[str]
    sockets: Mapping[str, socket.socket]
    log: Path
    notify: Path


class Program:
    """One child that is kept running."""

    def __init__(self, recipe: Recipe, tasks: Tasks) -> None:
        self.recipe = recipe
        self.status = ""
        """The last STATUS= it sent; empty while it is not running."""
        self.starts = 0
        self._tasks = tasks
        self._changed = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._ears = _listen(recipe.notify)

    @property
    def pid(self) -> int | None:
        """The running child's process id."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        """Keep it running from now on."""
        self._tasks.start(self._keep(), name=f"keep.{self.recipe.name}")
        self._tasks.start(self._hear(), name=f"hear.{self.recipe.name}")

    async def wait_for(self, *states: str, within: float) -> str:
        """Wait until the first word of its STATUS is one of `states`; the whole STATUS."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: self.status.split(" ")[0] in states)
            return self.status

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL for one that does not end in time."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP):
                    await process.wait()
            except TimeoutError:
                log.warning("program did not stop", extra={"task": self.recipe.name})
                process.kill()
                await process.wait()
        for item in (self._ears, *self.recipe.sockets.values()):
            item.close()
        self.recipe.notify.unlink(missing_ok=True)

    async def _keep(self) -> None:
        while not self._stopping:
            self._process = await _spawn(self.recipe)
            self.starts += 1
            code = await self._process.wait()
            await self._say("")
            if not self._stopping:
                log.warning("program ended, starts again", extra={"task": self.recipe.name, "code": code})
                await self._rest()

    async def _rest(self) -> None:
        """What lies between its end and its next start."""
        await asyncio.sleep(AGAIN)

    async def _hear(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = await loop.sock_recv(self._ears, 4096)
            for line in message.decode("utf-8", "replace").splitlines():
                if line.startswith("STATUS="):
                    await self._say(line.removeprefix("STATUS="))

    async def _say(self, status: str) -> None:
        async with self._changed:
            self.status = status
            self._changed.notify_all()


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ears.bind(str(path))
    path.chmod(0o666)
    ears.setblocking(False)  # noqa: FBT003
    return ears


async def _spawn(recipe: Recipe) -> asyncio.subprocess.Process:
    """Start the child with its sockets as descriptors 3, 4, …"""
    parked = [fcntl.fcntl(item.fileno(), fcntl.F_DUPFD, PARKED) for item in recipe.sockets.values()]
    moves = " ".join(f"{FIRST_FD + number}<&{fd} {fd}<&-" for number, fd in enumerate(parked))
    # LISTEN_PID must be the program's own: the shell becomes the program.
    script = f'{"exec " + moves if moves else ":"}; LISTEN_PID=$$ exec "$@"'
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "LISTEN_FDS": str(len(parked)),
        "LISTEN_FDNAMES": ":".join(recipe.sockets),
        "NOTIFY_SOCKET": str(recipe.notify),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    output = os.open(recipe.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        return await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            "bash",
            *recipe.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=parked,
            # Ctrl-C at the terminal is for us alone; we stop the children in order.
            start_new_session=True,
        )
    finally:
        os.close(output)
        for fd in parked:
            os.close(fd)


def kill(pid: int) -> None:
    """SIGKILL, for drills."""
    os.kill(pid, signal.SIGKILL)
