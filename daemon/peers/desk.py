"""What peers may ask for, once the register is open: one act per endpoint. Who asks has been made sure of before."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.contract.endpoint import Endpoint

Act = Callable[[str, Any], Awaitable[Any]]
"""Of the sender and the request: the response."""
Stream = Callable[[str, AsyncIterator[bytes]], Awaitable[Any]]
"""Of the sender and the lines of the body, as they come: the response."""
Reader = Callable[[bytes], Any]
"""Of a body: the request. Raises what the caller did wrong."""


def admit_all(_: Endpoint) -> None:
    """Keep nobody out."""


@dataclass(frozen=True)
class PeerDesk:
    """The acts of one kind of peer. A sender is the 5-digit code of a municipality, or what else names such a peer."""

    acts: Mapping[Endpoint, Act]
    streams: Mapping[Endpoint, Stream] = field(default_factory=dict)
    readers: Mapping[Endpoint, Reader] = field(default_factory=dict)
    """Where a body is not simply the endpoint's request in strict JSON."""
    admit: Callable[[Endpoint], None] = admit_all
    """Raises StateError while the service is stopped, TooFastError while too much waits to be written."""
    still: Callable[[Endpoint], None] = admit_all
    """Raises StateError where one that was taken in must end: the service was stopped meanwhile. What was busy then is no reason."""
