"""What a version can be found by: its names, birth, sex and address as search keys. Pure.

The projection holds these, and whoever answers makes them again from the opened row, so both mean the same.
"""

from daemon.register.addresses import address_key
from daemon.register.dates import span
from daemon.register.fold import folded
from daemon.register.kana import search_key
from daemon.register.parts import is_plain, read, with_former, written
from daemon.register.rows import FuhyoRow, Row
from daemon.register.wanted import Keys

RULES = 2
"""Another number whenever the projection is to hold something else for the same row: an older one is made anew then."""


def keys_of(row: Row) -> Keys:
    """The keys of one version.

    Of its names and readings the whole comes first, then the parts of a foreigner's name, then that with a 旧氏, each
    once. In `fuhyo` the municipality is the one that keeps the 附票 (item 14), and the address of a 国外転出者 is their
    last one in Japan (item 10): items 7 and 8 say of them only that they are abroad.
    """
    if isinstance(row, FuhyoRow):
        town, address = "", address_key(row.last_address or row.address, "")
        former = former_kana = ""
    else:
        town, address = row.town, address_key(row.address, row.municipality)
        former, former_kana = row.former_name, row.former_name_kana
    names = [folded(row.name)]
    kana = [search_key(row.kana)]
    if not is_plain(row.name):
        names += map(folded, written(row.name))
        kana += map(search_key, read(row.kana, row.name))
    if former:
        names.append(folded(with_former(former, row.name)))
    if former_kana:
        kana.append(search_key(with_former(former_kana, row.kana)))
    return Keys(
        kana=_distinct(kana),
        names=_distinct(names),
        birth=span(row.birth),
        sex=row.sex,
        municipality=row.municipality,
        town=town,
        address=address,
    )


def _distinct(keys: list[str]) -> tuple[str, ...]:
    """The first, then whatever else says something, each once."""
    return (
        tuple(keys)
        if len(keys) == 1
        else (keys[0], *(key for key in dict.fromkeys(keys[1:]) if key not in ("", keys[0])))
    )
