"""The moment at which the tests of the register take place, and days seen from it."""

from datetime import UTC, datetime

from daemon.register.rows import RegisterDate

NOON = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
"""Noon in Japan on `strategies.TODAY`."""
TOMORROW = RegisterDate("20261125")
LEAP = RegisterDate("20250229")
PARTLY = RegisterDate("20261100")
UNKNOWN = RegisterDate("00000000", text="年月日不詳")
