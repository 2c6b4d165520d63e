"""Invented people for the console's tests and pictures. Nobody here lives or has lived."""

from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from daemon.contract.console import MASK, Hit, Version
from daemon.register.rows import RegisterDate


@dataclass(frozen=True)
class Invented:
    """One person, with the history that the register would hold, newest first."""

    reference: str
    kana: str
    code: str
    number: str
    versions: tuple[Version, ...]

    @property
    def hit(self) -> Hit:
        return self._hit(self.versions[0])

    def hit_on(self, day: str) -> Hit | None:
        """As they stood on a day, YYYYMMDD; today where empty."""
        then = (version for version in self.versions if not day or version.event_date.code <= day)
        return next(map(self._hit, then), None)

    def _hit(self, version: Version) -> Hit:
        return Hit(
            person=self.reference, name=version.name, kana=version.kana, birth=version.birth, sex=version.sex,
            address=version.address, municipality=version.municipality, standing=version.standing,
            serial=version.serial,
        )  # fmt: skip


def version(
    serial: int, *, name: str, kana: str, birth: RegisterDate, sex: str, municipality: str, address: str,
    standing: str = "present", reason: str = "11", event: RegisterDate | None = None, received: date = date(2026, 4, 2),
    former_name: str = "", former_name_kana: str = "", last_address: str = "", number: str = MASK * 12,
) -> Version:  # fmt: skip
    return Version(
        serial=serial, standing=standing, juminhyo_code=MASK * 11, name=name, kana=kana, birth=birth, sex=sex,
        address=address, municipality=municipality, former_name=former_name, former_name_kana=former_name_kana,
        last_address=last_address, kojin_bango=number, reason=reason,
        event_date=event or RegisterDate("20260401", "5"), received_on=received,
    )  # fmt: skip


Row = tuple[str, str, tuple[str, str], str, str, str, str]

_TABLE: tuple[Row, ...] = (
    ("住民　太郎", "じゅうみん　たろう", ("19890107", "3"), "1", "35203", "山口県山口市滝町１番１号", "present"),
    ("住民　花子", "じゅうみん　はなこ", ("19900315", "4"), "2", "35203", "山口県山口市滝町１番１号", "present"),
    ("山県　あおい", "やまがた　あおい", ("20010909", "4"), "2", "35204", "山口県萩市大字架空１２番地", "present"),
    ("山県　一", "やまがた　はじめ", ("19470000", "3"), "1", "35204", "山口県萩市大字架空１２番地", "present"),
    ("山﨑　光", "やまさき　ひかる", ("19770630", "3"), "1", "35210", "山口県光市見本１丁目２番３号", "present"),
    ("山下　澪", "やました　みお", ("20190501", "5"), "2", "35202", "山口県宇部市見本町４番５号", "present"),
    ("山田　栞", "やまだ　しおり", ("19980228", "4"), "2", "35206", "山口県防府市例示６丁目７番８号", "present"),
    ("山田　太一", "やまだ　たいち", ("19650712", "3"), "1", "35215", "山口県周南市見本９番１０号", "present"),
    ("山根　齋\U000e0101", "やまね　いつき", ("19560118", "3"), "1", "35201", "山口県下関市架空町１番１号", "present"),
    ("山本　和", "やまもと　なごみ", ("20230401", "5"), "2", "35208", "山口県岩国市例示１丁目１番", "present"),
    ("山本　実", "やまもと　みのる", ("19321105", "3"), "1", "35212", "山口県柳井市見本１２３番地", "present"),
    ("SAMPLE MARIA　（見本　真理）", "", ("19850420", "0"), "2", "35203", "山口県山口市例示町２番２号", "present"),
    ("山野　守", "やまの　まもる", ("19400303", "3"), "1", "35203", "山口県山口市見本町３番３号", "dead"),
)  # fmt: skip
_REASON = {"present": "11", "dead": "23"}


def _one(place: int, row: Row) -> Invented:
    name, kana, birth, sex, municipality, address, standing = row
    newest = version(
        1, name=name, kana=kana, birth=RegisterDate(*birth), sex=sex, municipality=municipality, address=address,
        standing=standing, reason=_REASON[standing],
    )  # fmt: skip
    return Invented(f"{place:032x}", kana, f"{24727059600 + place}", f"{123456789000 + place}", (newest,))


def _with_history(who: Invented) -> Invented:
    """太郎 moved in, took a house elsewhere in the city, and changed his name."""
    newest = who.versions[0]
    before = replace(newest, name="見本　太郎")
    versions = (
        replace(newest, serial=3, reason="32", former_name="見本", former_name_kana="みほん"),
        replace(
            before, serial=2, reason="31", event_date=RegisterDate("20240710", "5"), received_on=date(2024, 7, 11)
        ),
        replace(
            before, reason="11", address="山口県山口市例示１丁目１番１号", event_date=RegisterDate("20190501", "5"),
            received_on=date(2019, 5, 7),
        ),
    )  # fmt: skip
    return Invented(who.reference, who.kana, who.code, who.number, versions)


PEOPLE = tuple(
    _with_history(who) if place == 0 else who
    for place, who in enumerate(_one(*numbered) for numbered in enumerate(_TABLE))
)

ABROAD = (
    Invented("a" * 32, "たびの　そら", "", "", (
        version(
            2, name="旅野　空", kana="たびの　そら", birth=RegisterDate("19920811", "4"), sex="2", municipality="35203",
            address="国外転出者", standing="abroad", reason="3", last_address="山口県山口市例示町２番２号", number="",
        ),
    )),
)  # fmt: skip
"""国外転出者, for fuhyo."""
