"""Keeping a process's secrets in its own memory: no swap, no core dump, no reading by others of the same uid.

Each step is best effort and says whether it held; the caller logs it. Constants: mman.h, prctl.h (Linux, all
architectures that Debian has).
"""

import ctypes
import resource
import signal

_MCL_CURRENT_FUTURE_ONFAULT = 1 | 2 | 4
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_ENOUGH = 1 << 30  # bytes; below this a locked process would run out of memory instead of being safe


def seal_process() -> dict[str, bool]:
    """Take every step for this process; each one's name with whether it held."""
    return {"undumpable": _forbid_dumps(), "locked": _lock()}


def die_with_parent() -> bool:
    """Have the kernel kill this process when the one that started it ends (prctl(2) PR_SET_PDEATHSIG)."""
    return _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _forbid_dumps() -> bool:
    """No core dump, no ptrace, and /proc/PID belongs to root (prctl(2) PR_SET_DUMPABLE)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _prctl(_PR_SET_DUMPABLE, 0)


def _lock() -> bool:
    """Keep every page out of swap (mlockall(2)), where the limit leaves room to go on working."""
    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if hard != resource.RLIM_INFINITY and hard < _ENOUGH:
        return False
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
    return bool(_libc().mlockall(_MCL_CURRENT_FUTURE_ONFAULT) == 0)


def _prctl(option: int, value: int) -> bool:
    return bool(_libc().prctl(option, value, 0, 0, 0) == 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
