"""One proposal: the text that custodians sign, who has, and what can be done with it now."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.keys import Deed, Proposal
from daemon.errors import JukuraError
from tui import formats, key_formats
from tui.desk import Desk, Sitting
from tui.screens.card import CardAnswer, CardScreen
from tui.screens.dialog import ConfirmScreen
from tui.screens.key_page import KeyPage
from tui.widgets.notice import Notice

SIGN, CANCEL = "sign", "cancel"


class ProposalScreen(KeyPage):
    """Signatures are made at this terminal, by the custodian's own card."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", f"card('{SIGN}')", "sign", key_display="F5"),
        Binding("f6", f"card('{CANCEL}')", "cancel", key_display="F6"),
        Binding("f7", "carry_out", "carry_out", key_display="F7"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
        Binding("f4", "app.keys", "keys", key_display="F4", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, proposal: Proposal, greeting: str = "") -> None:
        super().__init__(desk, sitting)
        self._proposal = proposal
        self._greeting = greeting

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Static(id="proposal-state")
        with VerticalScroll(id="proposal-text"):
            yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#proposal-text").focus()
        self.notice.show("info", self.say(self._greeting) if self._greeting else "")
        self._show(self._proposal)

    def condition_changed(self) -> None:
        super().condition_changed()
        self._show(self._proposal)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now, to those who may."""
        if action not in {"card", "carry_out"}:
            return True
        return self.sitting.decides_keys and key_formats.is_open(self._proposal)

    def _show(self, proposal: Proposal) -> None:
        self._proposal = proposal
        say = self.say
        names = (*key_formats.PROPOSAL_COLUMNS, "id")
        values = (*key_formats.proposal_row(proposal, self._now, say), proposal.id)
        state = Table.grid(padding=(0, 2))
        for name, value in zip(names, values, strict=True):
            state.add_row(Text(say(f"proposal.{name}"), style="dim"), formats.cell(value))
        self.query_one("#proposal-state", Static).update(state)
        text = Text.assemble((f"{say('proposal.text')}\n", "bold"), formats.cell_lines(proposal.text))
        self.query_one("#text", Static).update(text)
        self.refresh_bindings()

    @property
    def _now(self) -> datetime:
        status = self.sitting.at.status
        return status.now if status else self._proposal.asked

    def action_card(self, what: str) -> None:
        """Ask for card and PIN, then sign the proposal, or sign against it."""
        title, go = (
            self.say(f"card.{what}_title", deed=key_formats.in_short(self._proposal.deed, self.say)),
            self.say(f"card.{'sign' if what == SIGN else 'stop'}"),
        )
        dialog = CardScreen(
            self.say, title, go, custodian=self.sitting.session.operator, uri=self.desk.card_uri
        )

        def answered(answer: CardAnswer | None) -> None:
            if answer is not None:
                self.notice.show("info", self.say("card.signing"))
                self._sign(what, answer)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="card")
    async def _sign(self, what: str, by: CardAnswer) -> None:
        proposal = self._proposal
        text = proposal.text if what == SIGN else proposal.cancel_text
        try:
            signature = await self.desk.cards.sign(by.uri, by.pin.encode(), text.encode())
        except JukuraError as error:
            self.notice.error(self.say("card.failed"), error)
            return
        self.desk.card_uri = by.uri
        hand_in = self.calls.sign if what == SIGN else self.calls.cancel
        after = await self.asked(hand_in(proposal.id, by.custodian, signature))
        if after is not None:
            self._show(after)
            self.notice.show(
                "info", self.say("proposal.signed" if what == SIGN else "proposal.was_cancelled")
            )

    def action_carry_out(self) -> None:
        """Ask, then do it to the end."""
        title = self.say("confirm.carry_out_title", deed=key_formats.in_short(self._proposal.deed, self.say))
        dialog = ConfirmScreen(
            self.say, title, self.say("confirm.carry_out_means"), self.say("confirm.carry_out")
        )
        self.when_yes(dialog, self._carry_out)

    @work(exclusive=True, group="carry-out")
    async def _carry_out(self) -> None:
        self.notice.show("info", self.say("proposal.begun"))
        while self._proposal.done is None:
            after = await self.asked(self.calls.carry_out(self._proposal.id))
            if after is None:
                return
            self._show(after)
            self.notice.show("info", self.say("proposal.progress", done=after.steps_done, total=after.steps))
        self.notice.show("info", self.say("proposal.was_done"))


class ProposingPage(KeyPage):
    """A screen from which deeds are put before the custodians."""

    @work(exclusive=True, group="propose")
    async def propose(self, deed: Deed) -> None:
        """Propose, and show the proposal."""
        proposal = await self.asked(self.calls.propose(deed))
        if proposal is not None:
            self.app.push_screen(ProposalScreen(self.desk, self.sitting, proposal, "proposal.proposed"))

    def ask_first(self, words: str, deed: Deed, *, name: str, means: str = "") -> None:
        """Propose once the person says yes; `words` names the question's texts in the locale's group `confirm`."""
        say = self.say
        dialog = ConfirmScreen(
            say,
            say(f"confirm.{words}_title", name=name),
            say(f"confirm.{means or words}_means"),
            say(f"confirm.{words}"),
        )
        self.when_yes(dialog, lambda: self.propose(deed))
