"""Japanese names with readings that belong to the writing.

Surnames come with their real numbers of bearers, given names with the spellings in use for each reading
(japanese-personal-name-dataset). It knows no frequency of given names: a reading counts by its number of spellings,
a spelling by how usual its rarest character is, and endings follow the fashion of the generation.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from japanese_personal_name_dataset import FirstNameEntry, load_dataset

from daemon.register.names import GETA
from daemon.rehearsal.ages import MAN, WOMAN
from daemon.rehearsal.dice import Dice, Table

FORMER_NAME_SHARE = 0.01
RARE_WRITING_SHARE = 0.004
GAIJI_SHARE = 0.001

_COMMON_READING = 8  # spellings; rarer readings are left out
_COMMON_CHARACTER = 150  # uses; rarer ones are left out
_GENERATIONS = ((1955, 0), (1985, 1))  # born before, index into the weights below
_FASHION = {
    WOMAN: (("子江代枝", (8.0, 2.0, 0.1)), ("美香恵", (0.5, 2.0, 0.7)), ("奈菜咲愛月花音", (0.05, 0.7, 4.0))),
    MAN: (("雄男夫", (4.0, 1.0, 0.05)), ("一二三司治", (3.0, 1.5, 0.4)), ("斗翔太大真", (0.1, 0.8, 4.0))),
}
"""Last characters, and how much likelier each generation makes them."""

_WRITINGS = (
    ("高", "髙"), ("崎", "﨑"), ("渡辺", "渡邉"), ("渡辺", "渡邉\U000e0106"), ("吉", "𠮷"), ("浜", "濵"),
    ("斎", "齋\U000e0104"), ("斉", "斉\U000e0103"), ("辻", "辻\U000e0100"), ("葛", "葛\U000e0100"),
    ("羽", "羽\U000e0100"), ("桑", "桒"), ("橋", "槗"),
)  # fmt: skip
"""Usual characters and a rare writing of them: outside JIS X 0208, outside the BMP, with a variation selector."""


@dataclass(frozen=True)
class Part:
    """A surname or a given name, as written and as read (hiragana)."""

    written: str
    read: str


@dataclass(frozen=True)
class Name:
    """A Japanese name."""

    family: Part
    given: Part

    @property
    def written(self) -> str:
        return f"{self.family.written}　{self.given.written}"

    @property
    def read(self) -> str:
        return f"{self.family.read}　{self.given.read}"


class Names:
    """Where names are drawn from."""

    def __init__(self) -> None:
        men, women, families = load_dataset("org", include_last_names=True)
        bearers = [(Part(written, entry["reading"]), entry["count"]) for written, entry in families.items()]
        self._families = Table(bearers)
        self._rare = Table(pair for pair in bearers if _rare_writings(pair[0].written))
        self._writings = Table(
            (
                (self.family, 1 - RARE_WRITING_SHARE - GAIJI_SHARE),
                (self.rare_family, RARE_WRITING_SHARE),
                (self.gaiji_family, GAIJI_SHARE),
            )
        )
        self._given = {
            (sex, generation): Table(_weighed(spellings, sex, generation))
            for sex, spellings in ((MAN, _spellings(men)), (WOMAN, _spellings(women)))
            for generation in range(len(_GENERATIONS) + 1)
        }

    def family(self, dice: Dice) -> Part:
        """A surname."""
        return self._families.draw(dice)

    def rare_family(self, dice: Dice) -> Part:
        """A surname in a rare writing."""
        family = self._rare.draw(dice)
        return replace(family, written=dice.pick(_rare_writings(family.written)))

    def gaiji_family(self, dice: Dice) -> Part:
        """A surname with a character that no code has (外字): 〓 stands for it."""
        family = self._families.draw(dice)
        place = dice.between(0, len(family.written) - 1)
        return replace(family, written=family.written[:place] + GETA + family.written[place + 1 :])

    def given(self, dice: Dice, sex: str, year: int) -> Part:
        """A given name for somebody of this sex, born in this year."""
        generation = next((index for before, index in _GENERATIONS if year < before), len(_GENERATIONS))
        return self._given[sex, generation].draw(dice)

    def name(self, dice: Dice, sex: str, year: int) -> Name:
        """A whole name."""
        return Name(self._writings.draw(dice)(dice), self.given(dice, sex, year))


def _rare_writings(written: str) -> list[str]:
    return [written.replace(usual, rare) for usual, rare in _WRITINGS if usual in written]


def _spellings(readings: Mapping[str, FirstNameEntry]) -> list[tuple[Part, int]]:
    common = {
        read: entry["kanji"] for read, entry in readings.items() if len(entry["kanji"]) >= _COMMON_READING
    }
    uses = Counter(character for written in common.values() for character in "".join(written))
    weighed = (
        (spelling, read, len(written), min(map(uses.__getitem__, spelling)))
        for read, written in common.items()
        for spelling in written
    )
    return [
        (Part(spelling, read), many * use**2)
        for spelling, read, many, use in weighed
        if use >= _COMMON_CHARACTER
    ]


def _weighed(
    spellings: Iterable[tuple[Part, int]], sex: str, generation: int
) -> Iterator[tuple[Part, float]]:
    fashion = {
        character: times[generation] for characters, times in _FASHION[sex] for character in characters
    }
    return ((part, weight * fashion.get(part.written[-1], 1.0)) for part, weight in spellings)
