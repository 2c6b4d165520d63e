"""A ceremony on a token of another make: RSA only, PINs of 8 letters, and a maker's SO PIN that must go first."""

import os
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.contract.statement import Lines
from hsm.card import WORKER
from hsm.ceremony.assembly import assemble
from hsm.ceremony.handler import CeremonyHandler
from hsm.ceremony.protocol import Begin, Enter, Give, Initialise, Look, Phase, Picture, Request, Sheet, Show
from hsm.files import Files
from hsm.keystore import Keystore
from hsm.oneshot import errand
from hsm.orders import Find, Found, Login, Opened
from hsm.pin import Pins, PinSource
from hsm.protocol import Refused, SignatureKind
from tests.hsm import opencryptoki
from tests.hsm.kit import folder

LABEL = "ceremonial"
NAMES = ["A", "B", "C"]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root"),
    pytest.mark.skipif(opencryptoki.module() is None, reason="no opencryptoki"),
]


class Desk:
    """A ceremony desk over opencryptoki."""

    def __init__(self, slotd: opencryptoki.Slotd, files: Files, state: Path, *, short: bool) -> None:
        self.uri = f"pkcs11:token={LABEL}?module-path={slotd.module}"
        self.pins = Pins(expected=PinSource.HOLDERS)
        self.stated: list[Lines] = []
        self.handler: CeremonyHandler = assemble(
            register="honnin", home=self.uri, pins=self.pins, files=files, state=self._state,
            command=[*slotd.prefix, *WORKER], environ={"PATH": os.environ["PATH"]}, folder=state,
            clock=SystemClock(), allow_short=short,
        )  # fmt: skip

    async def _state(self, lines: Lines) -> None:
        self.stated.append(lines)

    async def does(self, request: Request) -> Picture:
        answer = await self.handler.answer(request, 1000)
        assert isinstance(answer, Picture), answer
        return answer

    def beginning(self) -> Begin:
        return Begin(uri=self.uri, label=LABEL, threshold=2, holders=NAMES, dry_run=False)


async def test_a_ceremony_on_a_token_with_short_pins_and_a_factory_so_pin() -> None:
    with opencryptoki.slotd() as slotd, folder() as state:
        files = Files(Keystore(None))
        try:
            strict = Desk(slotd, files, state, short=False)
            await strict.handler.start()
            refused = await strict.handler.answer(strict.beginning(), 1000)
            assert refused == Refused(code="ceremony.pin_too_short")

            desk = Desk(slotd, files, state, short=True)
            await desk.handler.start()
            picture, papers = await desk.does(desk.beginning()), []
            while picture.phase is Phase.SHARING:
                sheet = await desk.handler.answer(Show(picture.ceremony, picture.turn), 1000)
                assert isinstance(sheet, Sheet)
                papers.append(sheet.words)
                picture = await desk.does(Enter(picture.ceremony, sheet.words))
            for paper in papers:
                picture = await desk.does(Enter(picture.ceremony, paper))
            picture = await desk.does(Initialise(picture.ceremony))
            assert picture.phase is Phase.DONE
            assert "IBM" in picture.model
            pin = desk.pins.value(LABEL)
            assert pin is not None
            assert len(pin) == 8
            assert ("outcome", "done") in desk.stated[0]

            later = Desk(slotd, files, state, short=True)
            await later.handler.start()
            assert [each.label for each in (await later.does(Look())).waiting] == [LABEL]
            await later.does(Give(papers[2]))
            await later.does(Give(papers[1]))
            assert later.pins.value(LABEL) == pin
            async with errand([*slotd.prefix, *WORKER], {"PATH": os.environ["PATH"]}, deadline=20) as worker:
                await worker.ask(Find(slotd.module, {"token": LABEL}), Found)
                opened = await worker.ask(Login(pin), Opened)
            assert opened.signature is SignatureKind.RSA_PSS_3072
        finally:
            await files.close()
