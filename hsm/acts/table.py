"""The shape of an act: a request, and the uid that asks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hsm.protocol import Answer, Request

Act = Callable[[Any, str], Awaitable[Answer]]
Table = Mapping[type[Request], Act]
