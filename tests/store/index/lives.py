"""Invented lives for the projection, and a scan over all of them that knows no index.

The alphabets are tiny, so that names begin alike, people share houses, and searches meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from daemon.register.dates import Span
from daemon.register.transitions import Standing
from daemon.register.wanted import Keys, Named, Wanted, fits
from daemon.store.engine import PLACE, place_of
from daemon.store.index import Version, known_of, with_former
from daemon.store.index.version import Alias, Kind
from daemon.store.rows import OF_PERSON, OWN, ROW_ID, row_id

DAYS = st.integers(20200101, 20200112)
KANA = st.text("あいか", min_size=1, max_size=3)
NAMES = st.text("山田Zz", min_size=1, max_size=3)
ADDRESSES = st.text("滝町1-", min_size=1, max_size=4)
BIRTHS = st.sampled_from(
    [
        (19890107, 19890107),
        (19890108, 19890108),
        (19890101, 19890101),
        (19890115, 19890115),
        (19890101, 19890131),
        (19890101, 19890107),
        (19890108, 19891231),
        (19890101, 19891231),
        (19261225, 19890107),
        (19890108, 20190430),
        (0, 99991231),
        (19881231, 19881231),
    ]
)
ASKED_BIRTHS = BIRTHS | st.sampled_from(
    [(19890105, 19890120), (19890601, 19890630), (19800101, 19891231), (19890101, 20001231)]
)
STANDINGS = st.sampled_from([Standing.PRESENT, Standing.OUT, Standing.DEAD, Standing.ABROAD])
MUNICIPALITIES = st.sampled_from(["35201", "35203"])
TOWNS = st.sampled_from(["000000", "001000", "001001", "010000", ""])


def named(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Named]:
    """What a form may make of a name: one key, or several."""
    several = st.lists(keys, min_size=1, max_size=2, unique=True).map(tuple)
    return st.builds(Named, several, whole=st.booleans())


SEARCHES = st.builds(
    Wanted,
    on=DAYS | st.just(20191231) | st.just(20300101),
    standings=st.lists(STANDINGS, min_size=1, max_size=3, unique=True).map(tuple),
    kana=st.none() | named(KANA),
    name=st.none() | named(NAMES),
    former=st.booleans(),
    birth=st.none() | ASKED_BIRTHS,
    sex=st.sampled_from(["", "", "1", "2", "9"]),
    municipality=st.just("") | MUNICIPALITIES,
    address=st.just("") | ADDRESSES,
) | st.builds(
    Wanted,
    on=DAYS,
    standings=st.just((Standing.PRESENT, Standing.OUT)),
    birth=st.none() | ASKED_BIRTHS,
    municipality=MUNICIPALITIES,
    town=st.sampled_from(["0", "001", "000", "001001"]),
    kana=st.none() | named(KANA),
)


@dataclass(frozen=True)
class Fact:
    """One version as a test states it."""

    keys: Keys
    standing: Standing
    since: int
    delay: int
    """Days from the last notice of the person to this one's."""
    number: str
    code: int = 0
    """Which of the person's 住民票コード: they have several, one after the other, and may get one back."""


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    """One version of somebody, with further names now and then."""
    kana, names = (
        draw(st.lists(KANA, min_size=1, max_size=2, unique=True)),
        draw(st.lists(NAMES, min_size=1, max_size=2, unique=True)),
    )
    birth: Span = draw(BIRTHS)
    keys = Keys(
        kana=("", *kana[1:]) if draw(st.integers(0, 9)) == 0 else tuple(kana),
        names=tuple(names),
        birth=birth,
        sex=draw(st.sampled_from("129")),
        municipality=draw(MUNICIPALITIES),
        town=draw(TOWNS),
        address=draw(ADDRESSES),
    )
    return Fact(
        keys,
        draw(STANDINGS),
        draw(DAYS),
        draw(st.integers(0, 3)),
        draw(st.sampled_from(["", "111111111111", "222222222222"])),
        draw(st.sampled_from([0, 0, 0, 1, 2])),
    )


LIVES = st.lists(st.lists(facts(), min_size=1, max_size=4), min_size=2, max_size=7)


@st.composite
def aimed(draw: st.DrawFn, lives: Sequence[Sequence[Fact]]) -> Wanted:
    """A search for somebody who is there: each criterion is theirs, or not asked; the names may be of any of their versions."""
    life = draw(st.sampled_from(lives))
    at, named_at = draw(st.sampled_from(life)), draw(st.sampled_from(life))
    keys, names, asked = at.keys, named_at.keys, draw(st.sets(st.integers(0, 6), max_size=3))
    whole, cut = draw(st.booleans()), draw(st.integers(1, 3))
    kana, name = draw(st.sampled_from(names.kana)), draw(st.sampled_from(names.names))
    if not asked & {0, 1}:
        asked |= {draw(st.sampled_from([0, 1, 2, 3]))}
    return Wanted(
        on=draw(st.sampled_from([at.since, max(fact.since for fact in life), 20200104, 20200115])),
        standings=draw(st.sampled_from([(at.standing,), tuple(Standing)])),
        kana=Named((kana if whole else kana[:cut],), whole=whole) if 0 in asked and kana else None,
        name=Named((name if whole else name[:cut],), whole=whole) if 1 in asked else None,
        former=draw(st.booleans()),
        birth=keys.birth if 2 in asked else None,
        address=keys.address[:cut] if 3 in asked else "",
        sex=keys.sex if 4 in asked else "",
        municipality=keys.municipality if asked & {5, 6} else "",
        town=keys.town[: 3 * draw(st.integers(1, 2))] if 6 in asked else "",
    )


def person_id(person: int) -> bytes:
    """Somebody's id; two of a kind lie in one place."""
    return (person // 2).to_bytes(OF_PERSON, "big") + person.to_bytes(ROW_ID - OF_PERSON, "big")


def row_at(place: int) -> bytes:
    """The row that lies at a place."""
    return (place - place_of(b"")).to_bytes(PLACE, "big") + bytes(ROW_ID - PLACE)


def code_of(person: int, which: int) -> str:
    """One of somebody's 住民票コード."""
    return f"{person * 10 + which:011}"


@dataclass
class People:
    """Everyone who was taken in so far, and the answers that a scan gives."""

    lives: dict[int, list[tuple[Version, Keys]]] = field(default_factory=dict)
    made: int = 0
    """Versions so far."""

    def next(self, person: int, fact: Fact) -> Version:
        """One more version of a person, as the notices would have made it."""
        life = self.lives.setdefault(person, [])
        before = life[-1][0] if life else None
        told = before.told + fact.delay if before else max(fact.since, 20200105)
        keys = fact.keys
        self.made += 1
        version = Version(
            row=row_id(person_id(person), self.made.to_bytes(OWN, "little")),
            person=person_id(person),
            serial=before.serial + 1 if before else 1,
            code=code_of(person, fact.code),
            number=fact.number,
            standing=fact.standing,
            since=fact.since,
            told=told,
            kana=keys.kana[0],
            name=keys.names[0],
            birth_min=keys.birth[0],
            birth_max=keys.birth[1],
            sex=keys.sex,
            municipality=keys.municipality,
            town=keys.town,
            address=keys.address,
            aliases=(
                *(Alias(Kind.KANA, key, former=False) for key in keys.kana[1:]),
                *(Alias(Kind.NAME, key, former=False) for key in keys.names[1:]),
            ),
        )
        if before is not None:
            version = with_former(version, known_of(before))
        life.append((version, keys))
        return version

    def remove(self, person: int) -> bytes:
        """The oldest row of a person leaves the truth, and with it what only it held; which it was."""
        (gone, _), *left = self.lives.pop(person)
        known = None
        for version, keys in left:
            own = version._replace(aliases=tuple(alias for alias in version.aliases if not alias.former))
            life = self.lives.setdefault(person, [])
            life.append((with_former(own, known) if known else own, keys))
            known = known_of(life[-1][0])
        return gone.row

    def found(self, wanted: Wanted) -> set[bytes]:
        """The rows that a search must find."""
        hits = (self._hit(life, wanted) for life in self.lives.values())
        return {hit.row for hit in hits if hit is not None}

    def count(self, standings: Sequence[Standing], on: int) -> int:
        """How many people stand so on a day."""
        return len(self.found(Wanted(on=on, standings=tuple(standings))))

    def newest(self) -> dict[str, Version]:
        """Everyone's newest version, by 住民票コード."""
        return {life[-1][0].code: life[-1][0] for life in self.lives.values() if life}

    def formerly(self) -> dict[str, Version]:
        """The newest version of everyone, by each 住民票コード that they had before and have no more."""
        return {
            before.code: life[-1][0]
            for life in self.lives.values()
            for before, _ in life
            if before.code != life[-1][0].code
        }

    def history(self, person: int) -> list[bytes]:
        """Their rows, the newest first."""
        return [version.row for version, _ in reversed(self.lives[person])]

    def _hit(self, life: list[tuple[Version, Keys]], wanted: Wanted) -> Version | None:
        at = max((n for n, (version, _) in enumerate(life) if version.since <= wanted.on), default=None)
        if at is None or life[at][0].standing not in wanted.standings:
            return None
        return life[at][0] if fits(life[at][1], wanted, [keys for _, keys in life[:at]]) else None
