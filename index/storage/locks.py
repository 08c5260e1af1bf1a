"""Who may touch the derived indexes: one writer a home, and no reader in the middle of a write.

Two writers on one Chroma directory corrupt it silently, and a reader that opens it in mid-write reads half of it. So a
writer holds the home's writer lock for as long as it works, and the access lock, exclusively, for each short write;
readers hold the access lock, shared, for each query.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import portalocker

from kb.errors import StoreError, StoreLocked

_POLL = 0.1


@contextmanager
def writer(home: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the writer's lock of a home. Raises `StoreLocked`, naming the holder, after `wait` seconds."""
    path = home / "writer.lock"
    handle = _open(path)
    until = time.monotonic() + wait
    try:
        while True:
            try:
                portalocker.lock(handle, portalocker.LOCK_EX | portalocker.LOCK_NB)
                break
            except portalocker.exceptions.LockException:
                if time.monotonic() >= until:
                    raise StoreLocked(str(home), _holder(path)) from None
                time.sleep(_POLL)
        _sign(handle)
        yield
        handle.seek(0)
        handle.truncate()
    finally:
        # Closing gives the lock back, and so does the end of the process, however it ends.
        handle.close()


def holder(home: Path) -> str:
    """Who is writing to a home and since when; empty if nobody is.

    The lock itself is not tried, since that could turn a starting writer away: the name that a writer leaves is read,
    and whether its process still runs.
    """
    try:
        facts = json.loads((home / "writer.lock").read_text(encoding="utf-8"))
        os.kill(int(facts["pid"]), 0)
    except PermissionError:
        pass  # it runs, as somebody else
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return _holder(home / "writer.lock")


@contextmanager
def access(home: Path, exclusive: bool) -> Iterator[None]:
    """Hold the derived indexes still: shared for a query, exclusively for a write.

    The system's locks are unfair: readers that overlap would keep a writer out for ever. So everybody goes through a
    gate, one at a time; a writer keeps it while it waits, so that no new reader passes it.
    """
    handle = _open(home / "access.lock")
    try:
        with _open(home / "gate.lock") as gate:
            portalocker.lock(gate, portalocker.LOCK_EX)
            portalocker.lock(handle, portalocker.LOCK_EX if exclusive else portalocker.LOCK_SH)
        yield
    finally:
        handle.close()


def _open(path: Path) -> IO[str]:
    try:
        return open(path, "a+", encoding="utf-8")  # the caller closes it, and the lock with it
    except OSError as error:
        raise StoreError(f"{path} cannot be opened ({error.strerror}). Check who owns that folder.") from None


def _sign(handle: IO[str]) -> None:
    handle.seek(0)
    handle.truncate()
    command = " ".join(["kb", *sys.argv[1:3]])
    since = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    json.dump({"pid": os.getpid(), "command": command, "since": since}, handle)
    handle.flush()


def _holder(path: Path) -> str:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return f"process {facts['pid']} ({facts['command']}), since {facts['since']}"
    except (OSError, ValueError, KeyError):
        return "a process that did not leave its name"
