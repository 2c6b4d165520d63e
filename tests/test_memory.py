"""What a process that holds secrets does with its memory."""

import json
import subprocess
import sys
import time
from pathlib import Path

LOOK = """
import ctypes, json, re, resource
from daemon import memory
steps = memory.seal_process()
held = bytearray(10_000_000)
status = open('/proc/self/status').read() if not steps['undumpable'] or __import__('os').geteuid() == 0 else ''
locked = re.search(r'VmLck:\\s*(\\d+)', status)
print(json.dumps({
    'steps': steps,
    'dumpable': ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    'core': resource.getrlimit(resource.RLIMIT_CORE),
    'locked': int(locked[1]) if locked else None,
}))
"""
ORPHAN = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'from daemon import memory; import time, sys; assert memory.die_with_parent(); '
    'print("ready", flush=True); time.sleep(60)'], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_sealed_process_leaves_no_dump_and_no_page_in_swap() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, check=True, timeout=20)
    seen = json.loads(done.stdout)
    assert seen["steps"]["undumpable"]
    assert (seen["dumpable"], seen["core"]) == (0, [0, 0])
    if seen["steps"]["locked"] and seen["locked"] is not None:
        assert seen["locked"] > 1000  # kB


def test_a_process_tied_to_its_parent_ends_with_it() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, timeout=20, check=False)
    pid = int(done.stdout)
    for _ in range(500):
        if not alive(pid):
            return
        time.sleep(0.01)
    raise AssertionError("the child outlived its parent")


def alive(pid: int) -> bool:
    """Whether it runs; one that is dead and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
