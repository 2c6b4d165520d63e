"""Whom notices are about: what is known of each, read in a few questions, and kept up while a piece of work goes on."""

from collections.abc import Collection, Iterable

from daemon.commands.notices.arrivals import old_code
from daemon.contract.peer import Notice
from daemon.crypto.fresh import Fresh
from daemon.register.admission import Known
from daemon.register.order import counted
from daemon.register.reasons import Boundary, Code, changes_code
from daemon.register.rows import Record, Row
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.index import Known as Keys
from daemon.store.index import Latest, known_of, projected
from daemon.store.rows import OWN, ROW_ID, RowCodec, Stored, row_id

_PEOPLE, _OWN = Fresh(ROW_ID), Fresh(OWN)


Where = dict[str, Latest]
"""By 住民票コード."""


class Subjects:
    """The people of one piece of work, by 住民票コード."""

    def __init__(self, draft: Draft, codec: RowCodec) -> None:
        self._draft = draft
        self._codec = codec
        self._people: dict[str, Stored] = {}
        self._formerly: dict[str, Stored] = {}
        """By a code that they have no more."""
        self._keys: dict[bytes, Keys] = {}
        """Of each person all keys so far."""
        self._asked: set[str] = set()

    async def fetch(self, notices: Iterable[Notice]) -> None:
        """Read and open everybody whom `notices` name and who is not known yet."""
        latest, formerly, rows = await self.read(notices)
        for found, kept in ((latest, self._people), (formerly, self._formerly)):
            kept.update(
                {code: self._codec.open(at.row, rows[at.row]) for code, at in found.items() if at.row in rows}
            )
        self._keys |= {where.person: where.known for where in latest.values()}

    async def read(self, notices: Iterable[Notice]) -> tuple[Where, Where, dict[bytes, bytes]]:
        """Of whom they name and who is not known yet: the newest version of who has a code, and of who had it; their sealed rows."""
        named = {code for one in notices for code in (one.record.juminhyo_code, old_code(one)) if code}
        codes = named - self._asked
        self._asked |= codes
        latest = await self._draft.latest(list(codes)) if codes else {}
        unknown = [code for code in codes if code not in latest]
        formerly = await self._draft.formerly(unknown) if unknown else {}
        ids = [where.row for found in (latest, formerly) for where in found.values()]
        return latest, formerly, await self._draft.get_many(Table.ROWS, ids)

    def known(self, record: Record, old: str, announced: Collection[Boundary]) -> Known:
        """What is known of the person whom `record` is about; `old` is the code that its notice names beside it."""
        under = self._under(record, old)
        last = self._people.get(under)
        holder = None if last and under == record.juminhyo_code else self._holder(record.juminhyo_code)
        return Known(
            last=last.row if last else None,
            counts=last.counts if last else {},
            code=Code(old, holder.row if holder else None),
            announced=announced,
        )

    async def before(self, code: str, sender: str, seq: int) -> Row | None:
        """Of whoever has this code the newest version before `sender` told what it counted as `seq`."""
        ids = await self._draft.history(self._people[code].person)
        held = await self._draft.get_many(Table.ROWS, ids)
        versions = [self._codec.open(row, sealed) for row, sealed in held.items()]
        before = [one.row for one in versions if one.counts.get(int(sender), 0) < seq]
        return max(before, key=lambda row: row.serial, default=None)

    def store(self, row: Row, record: Record, old: str, seq: int) -> Stored:
        """What is stored: `row` is the newest version of its person from now on; `seq` is the count of the municipality that sent it."""
        under = self._under(record, old)
        last = self._people.pop(under, None)
        person = last.person if last else _PEOPLE()
        counts = counted(last.counts if last else {}, row.municipality, seq)
        new = Stored(row_id(person, _OWN()), person, row, counts=counts)
        self._draft.add(Table.ROWS, new.id, self._codec.seal(new))
        version = projected(new, self._keys.get(person))
        self._keys[person] = known_of(version)
        self._draft.index(version)
        if last is not None:
            # In the same commit the superseded version leaves `live` for the class of the year that ends its term.
            superseded = Stored(last.id, person, last.row, row.received_on, last.counts)
            self._draft.put(Table.ROWS, last.id, self._codec.seal(superseded))
        if under != row.juminhyo_code:
            self._formerly[under] = new
        self._people[row.juminhyo_code] = new
        return new

    def _holder(self, code: str) -> Stored | None:
        return self._people.get(code) or self._formerly.get(code)

    def _under(self, record: Record, old: str) -> str:
        """The code under which its person is known until it is applied: the old one where it changes that and has not yet."""
        if not old or not changes_code(record):
            return record.juminhyo_code
        new, before = self._people.get(record.juminhyo_code), self._formerly.get(old)
        told = new is not None and before is not None and new.person == before.person
        return record.juminhyo_code if told else old
