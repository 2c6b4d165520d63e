"""Every proposal before the custodians, open ones first; Enter shows one with its text."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.keys import Proposal
from tui import formats, key_formats
from tui.desk import Desk, Sitting
from tui.screens.key_page import KeyPage
from tui.screens.proposal import ProposalScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class ProposalsScreen(KeyPage):
    """Reads anew each time it is come back to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f4", "app.keys", "keys", key_display="F4"),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._proposals: list[Proposal] = []

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Listing(
            [self.say(f"proposal.{name}") for name in key_formats.PROPOSAL_COLUMNS], id="proposal-list"
        )
        yield Static(id="custodians", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()

    def on_screen_resume(self) -> None:
        self.action_reload()

    def action_reload(self) -> None:
        """Read them anew."""
        self._load()

    @work(exclusive=True, group="proposals")
    async def _load(self) -> None:
        there = await self.asked(self.calls.proposals())
        if there is None:
            return
        say, status = self.say, self.sitting.at.status
        self._proposals = key_formats.newest_first(there.proposals)
        rows = [
            key_formats.proposal_row(each, status.now if status else each.asked, say)
            for each in self._proposals
        ]
        self.query_one(Listing).fill(rows)
        names = "、".join(f"{each.id} {each.name}" for each in there.custodians)
        words = say("proposal.custodians", names=names) if names else say("proposal.no_custodians")
        self.query_one("#custodians", Static).update(formats.cell(words))
        if rows:
            self.notice.show("info", say("proposal.ready", count=len(rows)))
        else:
            self.notice.show("empty", say("proposal.none"), say("proposal.none_means"))

    @on(DataTable.RowSelected, "#proposal-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self._proposals):
            self.app.push_screen(ProposalScreen(self.desk, self.sitting, self._proposals[event.cursor_row]))
