"""One endpoint of an interface: server and client are both derived from this, so they cannot drift apart."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct


class Empty(Struct, frozen=True, forbid_unknown_fields=True):
    """A message without fields."""


class Text(Struct, frozen=True):
    """A body that is no JSON: `text/plain` in UTF-8, as it stands."""

    text: str


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was refused. `code` is stable; texts are in `daemon.contract.messages`. Never holds a value."""

    code: str
    field: str = ""
    ja: str
    en: str


@dataclass(frozen=True)
class Endpoint:
    """A method and a path, with the types of what goes in and what comes back."""

    method: str
    path: str
    request: Any
    response: Any
    session: bool = True
    """Whether a signed-in session is needed (console only)."""
    stream: bool = False
    """Whether the request is NDJSON that is taken in line by line as it comes."""
    sealed: bool = False
    """Whether it also answers before the keys are there."""

    @property
    def content_type(self) -> str:
        """Of the body that goes in."""
        if self.stream:
            return "application/x-ndjson"
        return "text/plain" if self.request is Text else "application/json"
