"""How keys, proposals and tokens look on the screen: pure, in one language each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.contract.keys import (
    LAPSED,
    Custodian,
    Deed,
    DestroyedKey,
    Key,
    KeyList,
    OpenEpoch,
    Proposal,
    Rotation,
    TokenInfo,
    TokenState,
)
from tui.formats import JST, moment
from tui.words import Words

KEY_COLUMNS = ("name", "kind", "made", "ends", "uses", "dependents", "tokens")
PROPOSAL_COLUMNS = ("state", "deed", "signed_by", "asked", "target")
TOKEN_COLUMNS = ("state", "label", "serial", "lacking", "signature", "model", "enrolled")
NOTHING = "—"


def day(value: datetime | None) -> str:
    """A day in Japan; a dash where there is none."""
    return value.astimezone(JST).strftime("%Y-%m-%d") if value else NOTHING


@dataclass(frozen=True)
class KeyRow:
    """One line of the table of keys: a key that exists or one that was destroyed."""

    key: Key | DestroyedKey
    cells: tuple[str, ...]
    """By `KEY_COLUMNS`."""


def key_rows(keys: KeyList, say: Words) -> list[KeyRow]:
    """Keys that exist by kind and generation, then those destroyed, the newest first."""
    alive = sorted(keys.keys, key=lambda key: order(key.name))
    gone = sorted(keys.destroyed, key=lambda key: key.at, reverse=True)
    return [KeyRow(key, _key_cells(key, say)) for key in alive] + [
        KeyRow(key, _destroyed_cells(key, say)) for key in gone
    ]


def order(name: str) -> tuple[str, int, str]:
    """Sorts live.9 before live.10, and dates by themselves."""
    kind, _, generation = name.partition(".")
    return kind, int(generation) if generation.isdecimal() else 0, generation


def fits(row: KeyRow, words: str) -> bool:
    """Whether the row holds every word of the filter."""
    whole = " ".join(row.cells).lower()
    return all(word in whole for word in words.lower().split())


def _key_cells(key: Key, say: Words) -> tuple[str, ...]:
    sort = say("keys.lawful") if key.lawful else say("keys.operational")
    return (
        key.name, sort, day(key.made), day(key.ends), f"{key.uses:,}", f"{key.dependents:,}", str(len(key.tokens)),
    )  # fmt: skip


def _destroyed_cells(key: DestroyedKey, say: Words) -> tuple[str, ...]:
    sort = say("keys.destroyed") if key.complete else say("keys.partial")
    return key.name, sort, NOTHING, day(key.at), NOTHING, NOTHING, NOTHING


def key_detail(key: Key | DestroyedKey, say: Words) -> list[str]:
    """What the table has no room for."""
    if isinstance(key, DestroyedKey):
        return [] if key.complete else [say("keys.missing", serials=" ".join(key.missing))]
    used = "  ".join(say("keys.used_by", uid=uid, count=f"{count:,}") for uid, count in key.used_by.items())
    return [used or NOTHING, say("keys.in_tokens", serials=" ".join(key.tokens) or NOTHING)]


def rotation(running: Rotation, say: Words) -> str:
    """How far it has come, how fast it goes and how long it will take."""
    left = (
        say("keys.unknown_left")
        if running.seconds_left is None
        else span(timedelta(seconds=running.seconds_left), say)
    )
    line = say(
        "keys.rotating", old=running.old, new=running.new, done=f"{running.done:,}", total=f"{running.total:,}",
        speed=f"{running.per_second:,.0f}", left=left,
    )  # fmt: skip
    return line + (say("keys.paused") if running.paused else "")


def span(left: timedelta, say: Words) -> str:
    """A length of time, rounded up, in its largest unit of which there is more than one."""
    seconds = max(int(-(-left.total_seconds() // 1)), 0)
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return say(f"keys.{unit}", count=-(-seconds // size))
    return say("keys.seconds", count=seconds)


def deed_name(deed: Deed, say: Words) -> str:
    """What the deed is called."""
    return say.of("deed", str(deed.__struct_config__.tag))


def target(deed: Deed) -> str:
    """What it is done to: all of the deed's fields, but of an epoch what a person can read."""
    if isinstance(deed, OpenEpoch):
        return f"{deed.size:,} → {deed.kept:,} ({deed.reason})"
    values = [_value(getattr(deed, name)) for name in deed.__struct_fields__]
    return " → ".join(values) or NOTHING


def _value(value: str | datetime | Sequence[Custodian]) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return value if isinstance(value, str) else " ".join(each.id for each in value)


def in_short(deed: Deed, say: Words) -> str:
    """The deed and what it is done to, on one line."""
    to = target(deed)
    return deed_name(deed, say) if to == NOTHING else f"{deed_name(deed, say)} {to}"


def is_open(proposal: Proposal) -> bool:
    """Whether it can still be signed, cancelled or carried out."""
    return proposal.done is None and not proposal.cancelled_by


def is_ripe(proposal: Proposal, now: datetime) -> bool:
    """Whether it may be carried out now, by what is known here; the key service decides."""
    return is_open(proposal) and proposal.ripe is not None and proposal.ripe <= now


def state(proposal: Proposal, now: datetime, say: Words) -> str:
    """Where the proposal is in its life."""
    if proposal.done is not None:
        return say("proposal.done")
    if proposal.cancelled_by:
        lapsed = proposal.cancelled_by == LAPSED
        return say("proposal.lapsed") if lapsed else say("proposal.cancelled", who=proposal.cancelled_by)
    if proposal.steps:
        return f"{say('proposal.running')} {proposal.steps_done}/{proposal.steps}"
    if proposal.ripe is None:
        return say("proposal.unsigned", count=len(proposal.signed_by))
    if proposal.ripe > now:
        return say("proposal.waiting", left=span(proposal.ripe - now, say))
    return say("proposal.ripe")


def proposal_row(proposal: Proposal, now: datetime, say: Words) -> tuple[str, ...]:
    """By `PROPOSAL_COLUMNS`."""
    return (
        state(proposal, now, say), deed_name(proposal.deed, say), " ".join(proposal.signed_by) or NOTHING,
        moment(proposal.asked), target(proposal.deed),
    )  # fmt: skip


def token_line(token: TokenState, say: Words) -> str:
    """A token as the status says it."""
    return f"{token_state(token, say)}  {token.label}  {token.model}"


def token_state(token: TokenInfo | TokenState, say: Words) -> str:
    """In use, there, or away."""
    return (
        say("token.active") if token.active else say("token.present") if token.present else say("token.away")
    )


def token_row(token: TokenInfo, say: Words) -> tuple[str, ...]:
    """By `TOKEN_COLUMNS`."""
    return (
        token_state(token, say), token.label, token.serial, str(token.lacking),
        say.of("signature", token.signature), token.model, day(token.enrolled),
    )  # fmt: skip


def newest_first(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Open ones before closed ones, each the newest first."""
    newest = sorted(proposals, key=lambda each: each.asked, reverse=True)
    return sorted(newest, key=lambda each: not is_open(each))
