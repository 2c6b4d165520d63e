"""A kind of peer: by which rule its certificate names it, how the log calls it, and what it may ask for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from daemon.contract.endpoint import Endpoint
from daemon.peers.identity import municipality

STRANGER = "peer"
"""What the log calls whoever did not get so far as to be known."""


@dataclass(frozen=True)
class Kind:
    """Each kind has a listener, a CA store and a list of endpoints of its own."""

    identify: Callable[[dict[str, Any] | None], str]
    """The sender that a certificate (as ssl.getpeercert gives it) names; AuthenticationError or AuthorityError."""
    actor: Callable[[str], str]
    """The sender as the log calls it."""
    endpoints: tuple[Endpoint, ...]


def municipalities(allowed: Iterable[str], endpoints: tuple[Endpoint, ...]) -> Kind:
    """市町村CS: those of `allowed`, by their 5-digit codes."""
    return Kind(partial(municipality, allowed=frozenset(allowed)), "CS:{}".format, endpoints)
