"""H7 通報・連絡調整: reports to municipalities, put down in the commit of what they tell of, fetched and acknowledged."""

from datetime import timedelta

from msgspec.structs import asdict, replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock
from daemon.contract.messages import text_of
from daemon.contract.reports import LAW, Acknowledge, Acknowledged, Report, ReportPage, ReportsAfter, Told
from daemon.errors import InputError
from daemon.store.draft import Draft
from daemon.store.letters import Kept, Letters
from daemon.store.writer import Writer

PLACE = 12  # bytes


class Reports:
    """Whoever must tell a municipality something does it here; and the municipality asks here."""

    def __init__(self, letters: Letters, writer: Writer, clock: Clock, *, days: int) -> None:
        """A report that was not acknowledged for `days` is overdue."""
        self._letters = letters
        self._writer = writer
        self._clock = clock
        self._patience = timedelta(days=days)

    def add(self, draft: Draft, to: str, report: Report, *, person: bytes = b"") -> None:
        """Tell the municipality `to`, within a piece of work; `person` is whose record it is about.

        With an empty `to` the report is for the prefecture alone.
        """
        self._letters.put(draft, draft.place(), Kept(to, report, person, draft.now))
        sealed = {"subject": report.subject, "reference": report.reference, "items": report.items}
        to_whom = {"to": int(to)} if to else {}
        draft.log(
            Act(Action.REPORT_MADE, "jukurad", counts={str(report.kind): 1, **to_whom}, sealed=dict(sealed))
        )

    def overdue(self) -> int:
        """How many reports their municipalities have left alone for too long."""
        return self._letters.open_since(self._clock.now() - self._patience)

    # What a municipality asks for.

    async def fetch(self, sender: str, asked: ReportsAfter) -> ReportPage:
        """Its own reports that it has not acknowledged, the oldest first; shown ones leave an entry."""
        held = await self._letters.open_to(sender, _place_of(asked.after), limit=asked.limit + 1)
        shown = held[: asked.limit]
        if shown:
            counts = {"reports": len(shown)}
            await self._writer.log(Act(Action.REPORT_FETCHED, f"CS:{sender}", counts=counts))
        return ReportPage([_told(place, kept) for place, kept in shown], len(held) > len(shown))

    async def acknowledge(self, sender: str, asked: Acknowledge) -> Acknowledged:
        """Note that it has taken them in."""
        places = [bytes.fromhex(each) for each in dict.fromkeys(asked.ids)]

        async def work(draft: Draft) -> Acknowledged:
            held = await self._letters.get(draft, places)
            own = {place: kept for place, kept in held.items() if kept.to == sender}
            fresh = {place: kept for place, kept in own.items() if kept.acknowledged is None}
            for place, kept in fresh.items():
                self._letters.put(draft, place, replace(kept, acknowledged=draft.now))
            if fresh:
                acted = {"reports": len(fresh)}
                draft.log(Act(Action.REPORT_ACKNOWLEDGED, f"CS:{sender}", counts=acted))
            return Acknowledged(len(fresh), [place.hex() for place in places if place not in own])

        return await self._writer.write(work)


def _told(place: bytes, kept: Kept) -> Told:
    report, text = kept.report, text_of(f"report.{kept.report.kind}")
    return Told(id=place.hex(), law=LAW[report.kind], at=kept.at, ja=text.ja, en=text.en, **asdict(report))


def _place_of(after: str) -> bytes:
    try:
        place = bytes.fromhex(after)
    except ValueError:
        raise InputError("report.bad_place", field="after") from None
    if len(place) not in {0, PLACE}:
        raise InputError("report.bad_place", field="after")
    return place
