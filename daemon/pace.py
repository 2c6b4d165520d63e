"""How one process shares its time: the interpreter between its threads, and the event loop with Python's collector.

Whoever hosts a register calls `settle` once everything is imported.
"""

import gc
import sys

SWITCH = 0.0005  # seconds
"""For so long a thread computes before it lets another have the interpreter (5 ms by default).

A connection's thread waits that long behind a busy event loop whenever it has found or written something, and whoever searches waits with it.
"""


def settle() -> None:
    """Take short turns, and leave what is imported out of every later search for garbage: it stays to the end."""
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()
