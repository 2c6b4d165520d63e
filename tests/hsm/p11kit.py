"""A token across a connection that can be cut: SoftHSM behind `p11-kit server`, reached through a line of our own.

`p11-kit-client.so` loads in the worker, speaks p11-kit's RPC over a unix socket, and finds SoftHSM's tokens at the far
end. Between the two lies `Line`, which carries bytes until it is cut (every connection ends at once and new ones are
closed as soon as they come) or stalled (nothing moves and nobody is told, as when a cable is pulled).

What p11-kit 0.24 does with it, tried: everything of ours passes, EC and PSS parameters too; once its connection is gone
every call of that process is CKR_DEVICE_ERROR until C_Finalize and C_Initialize; each connection is a process of its
own at the far end, so SoftHSM sees one application per worker.
"""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hsm import softhsm
from tests.hsm.kit import MODULE

START = 10.0  # seconds
CHUNK = 65536  # bytes


def module() -> str | None:
    """The PKCS#11 module at our end, if the package is there."""
    found = sorted(Path("/usr/lib").glob("*/pkcs11/p11-kit-client.so"))
    return str(found[0]) if found else None


class Line:
    """Carries every connection made at `near` to `far`, each piece after `lag` seconds, until it is cut or stalled."""

    def __init__(self, near: Path, far: Path) -> None:
        self.near = near
        self.lag = 0.0
        self._far = far
        self._whole = threading.Event()
        self._whole.set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(near))
        self._listening.listen(64)
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    def cut(self) -> None:
        """End every connection; new ones are closed as they come."""
        self._whole.clear()
        with self._guard:
            for end in self._open:
                _shut(end)

    def stall(self) -> None:
        """Carry nothing more, and tell nobody: connections stay open, new ones too."""
        self._flowing.clear()

    def mend(self) -> None:
        """Carry again, also what was held up."""
        self._whole.set()
        self._flowing.set()

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        self._flowing.set()
        _shut(self._listening)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            with suppress(OSError):
                far.connect(str(self._far))
            with self._guard:
                self._open |= {near, far}
                if not self._whole.is_set():
                    _shut(near)
                    _shut(far)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(CHUNK):
                self._flowing.wait()
                time.sleep(self.lag)
                other.sendall(data)
        _shut(other)
        _shut(one)
        with self._guard:
            self._open.discard(one)
        one.close()


@dataclass(frozen=True)
class Remote:
    """SoftHSM at the far end of a line."""

    module: str
    environ: dict[str, str]
    """For whatever loads `module`."""
    line: Line


def make_token(folder: Path, label: str, pin: bytes) -> None:
    """Make `folder`, and a SoftHSM token in it."""
    folder.mkdir(mode=0o755)
    softhsm.token_folder(folder).mkdir(mode=0o700)
    given = ("--init-token", "--free", "--label", label, "--so-pin", pin.decode(), "--pin", pin.decode())
    subprocess.run(
        ["softhsm2-util", *given],
        env={"PATH": "/usr/bin:/bin", "SOFTHSM2_CONF": str(softhsm.configure(folder))},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )


@contextmanager
def remote(folder: Path) -> Iterator[Remote]:
    """Serve the SoftHSM tokens in `folder` (see `make_token`) over a line; ends both."""
    found = module()
    assert found is not None
    far, near = folder / "p11-kit.far", folder / "p11-kit.near"
    for path in (far, near):
        path.unlink(missing_ok=True)
    command = ["p11-kit", "server", "--foreground", f"--name={far}", f"--provider={MODULE}", "pkcs11:"]
    environ = {"PATH": "/usr/bin:/bin", "SOFTHSM2_CONF": str(softhsm.configure(folder))}
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(server, far)
        line = Line(near, far)
        try:
            yield Remote(found, {"P11_KIT_SERVER_ADDRESS": f"unix:path={near}"}, line)
        finally:
            line.close()
    finally:
        server.kill()
        server.wait()


def _wait_for(server: "subprocess.Popen[bytes]", path: Path) -> None:
    until = time.monotonic() + START
    while not path.exists():
        assert server.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
