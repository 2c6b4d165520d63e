"""Hypothesis strategies: invented people, valid by construction, written without the code under test where it matters."""

from datetime import date

from hypothesis import strategies as st

from daemon.register.codes import MUNICIPALITIES, juminhyo_digit, kojin_bango_digit
from daemon.register.rows import FuhyoRecord, HonninRecord, RegisterDate
from daemon.register.unified import unified

TODAY = date(2026, 11, 24)
HIRAGANA = [chr(code) for code in range(ord("ぁ"), ord("ゖ") + 1)]
KATAKANA = [chr(code) for code in range(ord("ァ"), ord("ヶ") + 1)]
# Plain kanji, 﨑 (compatibility), 𠮷 (outside the BMP), 葛 and 辻 with a variation selector (IVS).
KANJI = ["山", "田", "髙", "\ufa11", "𠮷", "葛\U000e0100", "辻\U000e0101", "々", "ヶ", "の"]
GETA = "〓"

municipalities = st.sampled_from(sorted(MUNICIPALITIES))


def _number(digits: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**digits - 1).map(lambda number: f"{number:0{digits}}")


juminhyo_codes = _number(10).map(lambda base: base + juminhyo_digit(base))
kojin_bango = _number(11).map(lambda base: base + kojin_bango_digit(base))
kana_words = st.text(st.sampled_from([*HIRAGANA, "ー"]), min_size=1, max_size=8)
kana_names = st.lists(kana_words, min_size=1, max_size=2).map("　".join)
words = st.lists(st.sampled_from([*KANJI, GETA]), min_size=1, max_size=6).map("".join)
names = st.lists(words, min_size=1, max_size=2).map("　".join)
addresses = words.map(lambda word: f"山口県{word}１番１号")
latin_names = st.sampled_from(["ZHANG YULIN　張　玉蓮（住民　花子）", "O'BRIEN MARY-ANN", "NGUYEN THI LAN"])

calendar_days = st.dates(date(1900, 1, 1), TODAY)
_ERA_STARTS = (
    ("5", date(2019, 5, 1)),
    ("4", date(1989, 1, 8)),
    ("3", date(1926, 12, 26)),
    ("2", date(1912, 7, 31)),
)


def era_of(day: date) -> str:
    """The era that an official calendar gives; written apart from the code under test."""
    return next((code for code, start in _ERA_STARTS if day >= start), "1")


def written(day: date, *, era: bool = False) -> RegisterDate:
    """A day of the calendar, in its era or western."""
    return RegisterDate(day.strftime("%Y%m%d"), era_of(day) if era else "0")


def _blurred(day: date, known: int, *, era: bool) -> RegisterDate:
    code = day.strftime("%Y%m%d")[:known].ljust(8, "0")
    return RegisterDate(code, era_of(day) if era and known else "0", "推定" if known else "年月日不詳")


days = st.builds(lambda day, era: written(day, era=era), calendar_days, st.booleans())
blurred_days = st.builds(
    lambda day, known, era: _blurred(day, known, era=era),
    calendar_days,
    st.sampled_from([0, 4, 6]),
    st.booleans(),
)
odd_days = st.sampled_from(
    [RegisterDate("19890229"), RegisterDate("19120730", "1"), RegisterDate("19261225", "2")]
)
births = st.one_of(days, days, blurred_days, odd_days)


def _codes(text: str) -> st.SearchStrategy[str]:
    """Unified codes as a sender may state them: all of them, or none."""
    return st.sampled_from(["", unified(text)])


@st.composite
def honnin_records(draw: st.DrawFn, *, reason: str = "11") -> HonninRecord:
    """A first notice of a person, dated `TODAY`."""
    name, address = draw(names | latin_names), draw(addresses)
    former = draw(st.just("") | words)
    return HonninRecord(
        juminhyo_code=draw(juminhyo_codes),
        name=name,
        name_gaiji=name.count(GETA),
        kana=draw(st.just("") | kana_names),
        birth=draw(births),
        sex=draw(st.sampled_from("0129")),
        address=address,
        address_gaiji=address.count(GETA),
        kojin_bango=draw(st.just("") | kojin_bango) if reason == "11" else "",
        reason=reason,
        event_date=written(TODAY),
        municipality=draw(municipalities),
        town=draw(_number(6)),
        name_gaiji_version=draw(st.integers(0, 9)),
        address_gaiji_version=draw(st.integers(0, 9)),
        former_name=former,
        former_name_gaiji=former.count(GETA),
        former_name_kana=draw(kana_words) if former else "",
        former_name_gaiji_version=draw(st.integers(0, 9)) if former else 0,
        name_unified=draw(_codes(name)),
        address_unified=draw(_codes(address)),
        former_name_unified=draw(_codes(former)),
    )


@st.composite
def fuhyo_records(draw: st.DrawFn) -> FuhyoRecord:
    """A first notice of a 附票, of someone in Japan or abroad."""
    name, address, abroad = draw(names), draw(addresses), draw(st.booleans())
    here, last = ("国外転出者", address) if abroad else (address, "")
    return FuhyoRecord(
        juminhyo_code=draw(juminhyo_codes),
        name=name,
        name_gaiji=name.count(GETA),
        kana=draw(st.just("") | kana_names),
        birth=draw(births),
        sex=draw(st.sampled_from("12")),
        address_municipality="99999" if abroad else draw(st.sampled_from(["13104", "27100", "35203"])),
        address=here,
        address_gaiji=here.count(GETA),
        last_address=last,
        last_address_gaiji=last.count(GETA),
        event_date=written(TODAY),
        former_code="",
        municipality=draw(municipalities),
        notice_kind="1",
        name_unified=draw(_codes(name)),
        address_unified=draw(_codes(here)),
        last_address_unified=draw(_codes(last)),
    )
