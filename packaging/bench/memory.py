"""What memory a process holds, as Linux says."""

from pathlib import Path

_SELF = Path("/proc/self")


def resident() -> int:
    """Bytes in memory now."""
    return _status("VmRSS")


def peak(pid: int | None = None) -> int:
    """The most bytes in memory since the start, or since `forget_peak`; of this process, or of another."""
    return _status("VmHWM", Path(f"/proc/{pid}") if pid else _SELF)


def forget_peak() -> None:
    """Count the peak from now on."""
    (_SELF / "clear_refs").write_text("5")


def _status(field: str, process: Path = _SELF) -> int:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
