"""通知区分 of 附票本人確認情報: the transition table (住基法30条の41, 施行令30条の12の3; our codes, domain.md §2.5).

A 附票 notice states no cause: only that it was written, struck or changed, and when. Item 13 (旧住民票コード) is named by 4 alone
and, like item 18, belongs to the notice, not to the person: it is not compared, and the versions after a 4 have it empty
again (domain.md §3.2). A 4 changes no address, so whoever is abroad stays so.
"""

from daemon.register.transitions import CODE, EventDate, Sender, Standing, Transition, items

CODE_CHANGED = "4"
"""住民票コードの修正."""

_NEW = frozenset({Standing.NONE, Standing.STRUCK})
_STANDS = frozenset({Standing.PRESENT, Standing.ABROAD})

_ALL_BUT_CODE = frozenset(range(2, 19))
_NOTHING = items()
_CODE = items(CODE)
_STATED = items(2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_FOLLOWING = items(16, 17)

_ROWS = (
    Transition(
        code="1", title="記載", law="施行令30条の12の3第1号", before=_NEW, sender=Sender.ANYBODY,
        may=_ALL_BUT_CODE, must=_NOTHING, after=Standing.PRESENT, date=EventDate.VAGUE,
    ),
    Transition(
        code="2", title="消除", law="施行令30条の12の3第2号", before=_STANDS,
        may=_NOTHING, must=_NOTHING, after=Standing.STRUCK, date=EventDate.VAGUE,
    ),
    Transition(
        code="3", title="修正", law="施行令30条の12の3第3号", before=_STANDS,
        may=_STATED | _FOLLOWING, must=_STATED, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code=CODE_CHANGED, title="住民票コードの修正", law="施行令30条の12の3第4号", before=_STANDS,
        may=_CODE, must=_CODE, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
)  # fmt: skip

FUHYO_REASONS = {row.code: row for row in _ROWS}
