"""What a bench ran on."""

import os
import platform
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher


def machine() -> dict[str, str | int]:
    """Processor, memory, kernel, and the versions that figures depend on."""
    cpu = Path("/proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name")]
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(kib / 2**20),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "python": platform.python_version(),
        "sqlite": sqlcipher.sqlite_version,
    }
