"""What the commands about keys, tokens and proposals print."""

from datetime import datetime
from hashlib import sha256

from rich.console import Group, RenderableType
from rich.text import Text

from daemon.contract.keys import KeyList, MadeKeys, Proposal, Proposed, Statements, TokenList
from tui import formats, key_formats
from tui.output import paired, titled
from tui.words import Words


def keys(listed: KeyList, words: str, say: Words) -> RenderableType:
    """Keys that fit the filter, and rotations under way."""
    rows = [row for row in key_formats.key_rows(listed, say) if key_formats.fits(row, words)]
    if not rows:
        return Text(say("keys.empty"))
    table = titled([say(f"keycolumn.{column}") for column in key_formats.KEY_COLUMNS])
    for row in rows:
        table.add_row(*map(formats.cell, row.cells))
    running = [Text(key_formats.rotation(each, say)) for each in listed.rotations]
    return Group(table, *running)


def made(made: MadeKeys, say: Words) -> RenderableType:
    """What was made."""
    if not made.names:
        return Text(say("keys.made_none"))
    return Group(Text(say("keys.made", count=len(made.names))), *(Text(f"  {name}") for name in made.names))


def proposals(proposed: Proposed, now: datetime, say: Words, *, closed: bool) -> RenderableType:
    """Those that are open, or all; and who the custodians are."""
    names = "、".join(f"{each.id} {each.name}" for each in proposed.custodians)
    below = Text(say("proposal.custodians", names=names) if names else say("proposal.no_custodians"))
    shown = [each for each in proposed.proposals if closed or key_formats.is_open(each)]
    if not shown:
        return Group(Text(say("proposal.none")), below)
    table = titled([say("proposal.id"), *(say(f"proposal.{name}") for name in key_formats.PROPOSAL_COLUMNS)])
    for each in key_formats.newest_first(shown):
        table.add_row(each.id[:8], *map(formats.cell, key_formats.proposal_row(each, now, say)))
    return Group(table, below)


def proposal(proposal: Proposal, now: datetime, say: Words) -> RenderableType:
    """One proposal with the text that is signed."""
    cells = key_formats.proposal_row(proposal, now, say)
    rows = [(say("proposal.id"), proposal.id)]
    rows += [
        (say(f"proposal.{name}"), cell)
        for name, cell in zip(key_formats.PROPOSAL_COLUMNS, cells, strict=True)
    ]
    return Group(paired(rows), Text(""), text(proposal.text, say("proposal.text")))


def text(signed: str, title: str) -> RenderableType:
    """A text that is signed, as it is."""
    return Group(Text(title, style="bold"), *(formats.cell(f"  {line}") for line in signed.splitlines()))


def custodians(proposed: Proposed, say: Words) -> RenderableType:
    """Who they are, with the digest of each one's public key."""
    if not proposed.custodians:
        return Text(say("proposal.no_custodians"))
    table = titled([say("proposal.custodian"), say("hit.name"), say("proposal.fingerprint")])
    for each in proposed.custodians:
        table.add_row(*map(formats.cell, (each.id, each.name, sha256(each.public).hexdigest())))
    return table


def tokens(listed: TokenList, say: Words) -> RenderableType:
    """The tokens with their URIs, what has to be done, and the key service's clock."""
    clock = Text(say("token.clock", when=formats.moment(listed.clock)))
    at_rest = Text(say.of("at_rest", listed.at_rest))
    alarms = [Text(f"{say.of('alarm', alarm)}: {say.of('alarm_means', alarm)}") for alarm in listed.alarms]
    if not listed.tokens:
        return Group(Text(say("token.none")), clock, at_rest, *alarms)
    table = titled([*(say(f"token.{name}") for name in key_formats.TOKEN_COLUMNS), say("token.uri")])
    for each in listed.tokens:
        table.add_row(*map(formats.cell, (*key_formats.token_row(each, say), each.uri)))
    return Group(table, clock, at_rest, *alarms)


def statements(listed: Statements) -> RenderableType:
    """Each signed note, as it is."""
    notes = [formats.cell(line) for each in listed.statements for line in (*each.note.splitlines(), "")]
    return Group(*notes)
