"""What a version can be found by: its names, birth, sex and address as search keys. Pure.

The projection holds these, and whoever answers makes them again from the opened row, so both mean the same.
"""

from daemon.register.dates import span
from daemon.register.kana import search_key
from daemon.register.rows import FuhyoRow, Row
from daemon.register.wanted import Keys


def keys_of(row: Row) -> Keys:
    """The keys of one version.

    In `fuhyo` the municipality is the one that keeps the 附票 (item 14), and the address of a 国外転出者 is their last
    one in Japan (item 10): item 7 and 8 say of them only that they are abroad.
    """
    if isinstance(row, FuhyoRow):
        town, address = "", row.last_address or row.address
    else:
        town, address = row.town, row.address
    return Keys(
        kana=(search_key(row.kana),),
        names=(row.name,),
        birth=span(row.birth),
        sex=row.sex,
        municipality=row.municipality,
        town=town,
        address=address,
    )
