"""Whether everybody is found in `fuhyo` as the model says, and stands as they do."""

from collections import Counter

from daemon.clock import day_of
from daemon.register.rows import FuhyoRow
from daemon.register.transitions import Standing
from tests.commands.world.fuhyo_rules import stand
from tests.commands.world.model import Model
from tests.commands.world.rules import Stand, number
from tests.conftest import Bench
from tests.store.turning import rows

STATUS = {Stand.PRESENT: "1", Stand.ABROAD: "2", Stand.STRUCK: "9"}


async def found(bench: Bench, model: Model) -> None:
    """Everybody by each code that they ever had, as they are today, and counted once; each version says how they stand."""
    today = day_of(bench.clock.now())
    for person in model.people:
        version = person.on(today)
        for code in person.codes:
            held = await bench.open.reader.by_code(code, on=number(today))
            assert [one.row.serial for one in held] == ([version.serial] if version else []), code
    standings = Counter(
        stand(version.record).name.lower() for one in model.people if (version := one.on(today))
    )
    for standing in (Standing.PRESENT, Standing.ABROAD, Standing.STRUCK):
        assert await bench.open.index.count((standing,), number(today)) == standings[standing.value]
    told = {
        (one.record.juminhyo_code, one.serial): STATUS[stand(one.record)]
        for person in model.people
        for one in person.versions
    }
    lying = [stored.row for stored in (await rows(bench)).values()]
    assert {(row.juminhyo_code, row.serial): row.status for row in lying if isinstance(row, FuhyoRow)} == told
