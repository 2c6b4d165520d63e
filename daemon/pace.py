"""How one process shares its time: the interpreter between its threads, and the event loop with Python's collector.

Whoever hosts a register calls `settle` once everything is imported, and `keep` once the register is open.
"""

import gc
import sys

SWITCH = 0.0005  # seconds
"""For so long a thread computes before it lets another have the interpreter (5 ms by default).

A connection's thread waits that long behind a busy event loop whenever it has found or written something, and whoever searches waits with it.
"""

COLLECTED = (10_000, 20, 50)
"""Objects made until the youngest are looked through, such looks until one at the middle ones, and such until one at all.

By default (700, 10, 10): on a day with many notices that took the event loop a tenth of its time, and found next to nothing.
"""


def settle() -> None:
    """Take short turns, look for garbage seldom, and leave what is imported out of that: it stays to the end."""
    sys.setswitchinterval(SWITCH)
    gc.set_threshold(*COLLECTED)
    gc.collect()
    gc.freeze()


def keep() -> None:
    """Leave an open register out of every later search for garbage, too: tables, connections and what is in memory stay to the end.

    Otherwise whoever asks at that moment waits until all of it was looked through. Takes that long itself.
    """
    gc.collect()
    gc.freeze()
