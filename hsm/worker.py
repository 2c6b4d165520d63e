"""The worker: the only process that loads a PKCS#11 module, one thread, no policy, no socket.

Orders come in on standard input and replies leave on what was standard output, as frames; the first frame is the
PIN, which lives here as long as the login needs it. It ends when its input ends, and is killed when it hangs.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import BinaryIO

import msgspec

from daemon import memory
from daemon.errors import InputError, JukuraError, StateError
from hsm import _pkcs11, frames
from hsm.orders import (
    Check,
    Derive,
    Destroy,
    Done,
    Failed,
    Labels,
    MakePair,
    MakeSecret,
    Names,
    Open,
    Opened,
    Order,
    Public,
    Reply,
    Sign,
    Value,
)

_ORDERS = msgspec.msgpack.Decoder(Order)


class Worker:
    """Carries out orders on the one token that `Open` found."""

    def __init__(self, pin: str) -> None:
        self._pin = pin
        self._device: _pkcs11.Device | None = None

    def execute(self, order: Order) -> Reply:
        """The reply to `order`; an error of ours becomes Failed, any other ends the process."""
        try:
            return self._open(order) if isinstance(order, Open) else self._act(self._opened(), order)
        except JukuraError as error:
            return Failed(error.code, error.field)

    def close(self) -> None:
        """Log out, if the token still lets us."""
        if self._device is not None:
            with suppress(JukuraError):
                self._device.close()

    def _opened(self) -> _pkcs11.Device:
        if self._device is None:
            raise StateError("hsm.token_away")
        return self._device

    def _open(self, order: Open) -> Opened:
        if self._device is not None:
            raise InputError("hsm.request_malformed", field="open")
        if order.create:
            _pkcs11.create(order.module, order.criteria.get("token", ""), self._pin)
        self._device = _pkcs11.Device(order.module, order.criteria, self._pin)
        self._pin = ""
        return Opened(serial=self._device.serial, model=self._device.model)

    def _act(self, device: _pkcs11.Device, order: Order) -> Reply:
        match order:
            case Derive(label, data):
                return Value(device.derive(label, data))
            case Sign(label, digest):
                return Value(device.sign(label, digest))
            case Public(label):
                return Value(device.public(label))
            case Labels():
                return Names(device.labels())
            case MakeSecret(label):
                device.make_secret(label)
            case MakePair(label):
                device.make_pair(label)
            case Destroy(label):
                device.destroy(label)
            case Check():
                device.check()
            case Open():
                raise InputError("hsm.request_malformed", field="open")
        return Done()


def serve(orders: BinaryIO, replies: BinaryIO) -> None:
    """Carry out `orders` until they end."""
    pin = frames.read_blocking(orders)
    if pin is None:
        return
    worker = Worker(pin.decode("utf-8"))
    while (body := frames.read_blocking(orders)) is not None:
        replies.write(frames.pack(worker.execute(frames.unpack(body, _ORDERS))))
        replies.flush()
    worker.close()


def main() -> None:
    """Run as `python -m hsm.worker`; the supervisor alone does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the supervisor says when, by ending our input
    memory.die_with_parent()
    memory.seal_process()
    # A module that prints must not speak into our replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
