"""What is known of a token, and which of several reasons is told."""

from datetime import UTC, datetime

import pytest

from daemon.errors import IntegrityError, JukuraError, StateError
from hsm.keystore import Inventory
from hsm.member import Member, row_of, weightiest
from hsm.protocol import SignatureKind
from hsm.softtoken import SoftToken
from hsm.tables.tokens import TokenState

NOW = datetime(2026, 11, 25, tzinfo=UTC)


async def member() -> Member:
    token = SoftToken("one")
    session = await token.opened()
    met = Member(row_of(session, token.uri, TokenState.ENROLLED, NOW), token.uri, token)
    met.met(session)
    return met


async def test_what_is_kept_counts_until_it_is_known_what_lies_in_the_token() -> None:
    one = await member()
    kept = Inventory((), ("live.1", "live.2", "live.3"), {"one": frozenset({"live.1", "live.2"})})
    assert (set(one.has(kept)), one.lacks(kept)) == ({"live.1", "live.2"}, ["live.3"])
    one.read(["live.2", "live.3"])
    assert (set(one.has(kept)), one.lacks(kept)) == ({"live.2"}, ["live.1", "live.3"])


async def test_what_was_done_while_a_slow_token_was_read_counts_as_it_is_now() -> None:
    one = await member()
    one.note("live.1", there=True)
    one.note("live.2", there=False)
    one.read(["live.2", "live.3"])
    assert one.labels == {"live.1", "live.3"}
    one.note("live.3", there=False)
    assert one.labels == {"live.1"}


async def test_a_new_session_is_looked_at_anew() -> None:
    one = await member()
    one.note("live.1", there=True)
    one.read([])
    one.met(await one.token.opened())
    one.read([])
    assert one.labels == set()
    one.failed(StateError("hsm.token_away"))
    assert one.session is None


async def test_what_a_token_says_of_itself_cannot_break_a_line() -> None:
    token = SoftToken("a\nb")
    row = row_of(await token.opened(), token.uri, TokenState.JOINING, NOW)
    assert (row.label, row.enrolled, row.kind) == ("a?b", None, SignatureKind.ECDSA_P256)


AWAY, PIN, DAMAGE = StateError("hsm.token_away"), StateError("hsm.pin_wrong"), IntegrityError("hsm.damaged")


@pytest.mark.parametrize(
    ("reasons", "told"),
    [([], "hsm.token_away"), ([AWAY, PIN], "hsm.pin_wrong"), ([AWAY, PIN, DAMAGE], "hsm.damaged"), ([AWAY], "hsm.token_away")],
)  # fmt: skip
def test_the_weightiest_reason_is_told(reasons: list[JukuraError], told: str) -> None:
    assert weightiest(reasons).code == told
