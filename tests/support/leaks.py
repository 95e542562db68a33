"""What a test may not leave behind: tasks, threads, sockets, child processes."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass, field
from pathlib import Path

#: Classes of threads that a third party keeps for the whole process on purpose: tqdm, which faster-whisper uses.
RESIDENT_THREADS = frozenset({"TMonitor"})

#: Real seconds that a thread told to stop may take to be gone.
GRACE = 2.0

#: Turns of the loop that a cancelled task may take to end.
TURNS = 20


@dataclass(frozen=True)
class Footprint:
    """Threads, socket inodes and children of this process at one moment."""

    threads: frozenset[threading.Thread] = field(default_factory=frozenset)
    sockets: frozenset[str] = field(default_factory=frozenset)
    children: frozenset[int] = field(default_factory=frozenset)


def _sockets() -> frozenset[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:  # the descriptor of this very listing, or one closed meanwhile
            continue
        if target.startswith("socket:"):
            found.add(target)
    return frozenset(found)


def _children() -> frozenset[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found.update(int(pid) for pid in (task / "children").read_text().split())
        except OSError:  # the thread ended meanwhile, or the kernel has no such file
            continue
    return frozenset(found)


def footprint() -> Footprint:
    """What this process holds now."""
    return Footprint(frozenset(threading.enumerate()), _sockets(), _children())


def leaks_since(before: Footprint) -> list[str]:
    """One line for each thing that stands now and did not stand then; threads get a moment to end."""
    faults = []
    for thread in threading.enumerate():
        if thread in before.threads or type(thread).__name__ in RESIDENT_THREADS:
            continue
        thread.join(GRACE)
        if thread.is_alive():
            faults.append(f"thread {thread.name!r} still runs")
    if _sockets() - before.sockets:
        gc.collect()  # a socket in a reference cycle is closed here, and its ResourceWarning is an error
        faults += [f"{name} still open" for name in sorted(_sockets() - before.sockets)]
    faults += [f"child process {pid} still there" for pid in sorted(_children() - before.children)]
    return faults


async def leaked_tasks() -> list[str]:
    """One line for each task, apart from the one that asks, that does not end by itself."""
    here = asyncio.current_task()
    for _ in range(TURNS):
        if not [task for task in asyncio.all_tasks() if task is not here]:
            return []
        await asyncio.sleep(0)
    return [f"{task!r} still runs" for task in asyncio.all_tasks() if task is not here]
