"""`jukura rows accept`, and what the status says of the look at all rows."""

from datetime import timedelta

from msgspec.structs import replace

from daemon.contract.console import Reason
from daemon.contract.verification import Verification
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon


def test_the_first_of_two_is_told_so_and_the_second_that_it_counts(jukura: Jukura, fake: FakeDaemon) -> None:
    first, second = (jukura("rows", "accept", "--reason", "復元した", signed=True) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert "一人目として記録" in first.out
    assert "再開します" in second.out
    assert [asked.reason for asked in fake.asked("POST /v1/rows/acceptances")] == ["復元した"] * 2
    assert jukura("rows", "accept", "--reason", "x", "--json", signed=True).json == {"done": True}


def test_the_status_says_when_all_rows_were_looked_at_and_what_came_of_it(
    jukura: Jukura, fake: FakeDaemon
) -> None:
    def out(verification: Verification | None, *reasons: Reason) -> str:
        fake.status = replace(fake.status, verification=verification, reasons=list(reasons))
        return jukura("status").out

    began = fake.status.now - timedelta(hours=9)
    looked = Verification(last=began, rows=4_500_000)
    assert "記録全件の検査" not in out(None)
    assert "まだ行われていません" in out(Verification())
    assert "4,500,000件すべて一致" in out(looked)
    assert "検査中 500／4,500,001件" in out(replace(looked, done=500, total=4_500_001))
    differs = out(replace(looked, differs=True), Reason.ROWS_DIFFER)
    assert "記録の不一致" in differs
    assert "4,500,000件を検査、不一致あり" in differs
