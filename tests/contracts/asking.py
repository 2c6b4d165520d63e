"""What the contract suites ask of a key service, and the names that may be made today."""

from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest

from daemon.clock import JST
from daemon.contract import note
from daemon.errors import JukuraError
from hsm.client import KeyService
from hsm.protocol import PairInfo
from hsm.signatures import verifies

ORIGIN = "jukura.jp/honnin/1"
STATEMENT = "jukura.jp/honnin/statement"
NOW = datetime.now(JST)  # noqa: TID251 - names near today, whichever day that is
THIS_MONTH = f"work.{NOW:%Y-%m}"
THIS_YEAR = f"expire.{NOW.year + 150}"
OVER = f"work.{NOW - timedelta(days=58):%Y-%m}"
"""In the window in which it may be made, and over on the days on which its date has passed."""


async def pair(keys: KeyService, name: str) -> PairInfo:
    """The one pair of that name."""
    (found,) = [each for each in (await keys.keys()).pairs if each.name == name]
    return found


async def public(keys: KeyService, name: str) -> bytes:
    return (await pair(keys, name)).public


async def code_of(call: Awaitable[object], kind: type[JukuraError]) -> str:
    with pytest.raises(kind) as caught:
        await call
    return caught.value.code


def signed_text(statement: str, public_der: bytes) -> str:
    """The text of a statement that the key has signed."""
    text, ((name, _, signature),) = note.split(statement)
    assert name == STATEMENT
    assert verifies(public_der, text, signature)
    return text.decode()
