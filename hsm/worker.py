"""The worker: the only process that loads a PKCS#11 module, one thread, no policy, no socket.

Orders come in on standard input and replies leave on what was standard output, as frames. What a CKR calls for, a
new session or a module initialised anew, it does by itself, each at most once per order; what that does not cure is
reported (`hsm.ckr`). A login is tried once and never again for the same order. The PIN lives here as long as a lost
session may need it. The worker ends when its input ends, and is killed when it hangs.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import BinaryIO

import msgspec

from daemon import memory
from daemon.errors import JukuraError, StateError
from hsm import frames
from hsm.ckr import Cure
from hsm.orders import (
    Check,
    Create,
    Created,
    Derive,
    Destroy,
    Done,
    Failed,
    Find,
    Found,
    Initialise,
    Initialised,
    Labels,
    Login,
    MakePair,
    MakeSecret,
    Names,
    Order,
    Public,
    Reply,
    SelfTest,
    Sign,
    Survey,
    Surveyed,
    Told,
    Value,
)
from hsm.pkcs import deriving, making, signing, trial
from hsm.pkcs.device import Device
from hsm.pkcs.fault import FaultError

_ORDERS = msgspec.msgpack.Decoder(Order)
_ONCE = Find | Login | Initialise | Create | Survey
"""Orders that nothing is cured for: the supervisor decides about another try."""


class Worker:
    """Carries out orders on the one token that `Find` found."""

    def __init__(self) -> None:
        self._found: Device | None = None
        self._pin = b""
        self._cures: Mapping[Cure, Callable[[Device], None]] = {
            Cure.RETRY: lambda _: None,
            Cure.LOGIN: lambda device: device.login_again(self._pin),
            Cure.REINITIALISE: self._reinitialise,
        }

    def execute(self, order: Order) -> Told:
        """What comes of `order`; an error of ours becomes Failed, any other ends the process."""
        cured: dict[Cure, str] = {}
        try:
            while (reply := self._tried(order, cured)) is None:
                pass
        except JukuraError as error:
            reply = Failed(error.code, error.field)
        renewed = not isinstance(reply, Failed) and not cured.keys() <= {Cure.RETRY}
        return Told(reply, list(cured.values()), renewed)

    def close(self) -> None:
        """Log out, if the token still lets us."""
        found, self._found = self._found, None
        if found is not None:
            with suppress(JukuraError):
                found.close()

    def _tried(self, order: Order, cured: dict[Cure, str]) -> Reply | None:
        """The reply to `order`, or None where it may be tried again."""
        try:
            return self._act(order)
        except FaultError as fault:
            if isinstance(order, _ONCE):
                raise
            self._cure(fault, cured)
            return None

    def _cure(self, fault: FaultError, cured: dict[Cure, str]) -> None:
        """Do what the fault calls for, and what the faults of doing so call for; raise what nothing cures."""
        device = self._device()
        while fault.cure in self._cures and fault.cure not in cured:
            cured[fault.cure] = fault.field
            try:
                self._cures[fault.cure](device)
            except FaultError as worse:
                fault = worse
            else:
                return
        raise fault

    def _reinitialise(self, device: Device) -> None:
        device.reinitialise()
        device.login_again(self._pin)

    def _device(self) -> Device:
        if self._found is None:
            raise StateError("hsm.token_away", field="login")
        return self._found

    def _act(self, order: Order) -> Reply:
        match order:
            case Survey(module):
                return Surveyed(making.survey(module))
            case Initialise():
                return Initialised(making.initialise(order))
            case Create():
                return Created(making.create(order))
            case Find(module, criteria):
                self.close()
                self._found = Device(module, criteria)
                return Found(self._found.facts)
            case Login(pin):
                self._pin = pin
                return self._device().login(pin)
            case _:
                return self._use(self._device(), order)

    def _use(self, device: Device, order: Order) -> Reply:
        match order:
            case Derive(label, data):
                return Value(deriving.derive(device.objects, label, data))
            case Sign(label, digest):
                return Value(signing.sign(device.objects, device.kind, label, digest))
            case Public(label):
                return Value(signing.public(device.objects, device.kind, label))
            case Labels(start):
                return Names(*device.objects.labels(start))
            case SelfTest(full):
                return trial.run(device.objects, device.kind, full=full)
            case MakeSecret(label):
                deriving.make(device.objects, label)
            case MakePair(label):
                signing.make(device.objects, device.kind, label)
            case Destroy(label):
                device.objects.destroy(label)
            case Check():
                device.check()
            case _:
                raise StateError("hsm.token_away", field="order")
        return Done()


def serve(orders: BinaryIO, replies: BinaryIO) -> None:
    """Carry out `orders` until they end."""
    worker = Worker()
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
