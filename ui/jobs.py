"""Long work of the server: an ingest that goes on when its page is closed, that every page sees, and that stops."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import KbError, UsageError
from kb.library import Library
from kb.sync.report import Progress, Report

# Seconds that an ingest waits for another program that is writing.
PATIENCE = 120.0


class Stopped(BaseException):
    """The person stopped the work. No error, so that nothing on its way takes it for a bad file."""


@dataclass(slots=True)
class State:
    """Where the work is: running, what it says of itself, what came of it."""

    running: bool = False
    said: str = ""
    done: int = 0
    total: int = 0
    report: Report | None = None
    error: str = ""
    stopped: bool = False
    places: tuple[str, ...] = ()


@dataclass
class Ingests:
    """The ingests of one server, one at a time."""

    library: Library
    state: State = field(default_factory=State)
    _stop: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def start(self, places: Sequence[str | Path]) -> State:
        """Begin to add places. Raises `UsageError` if another ingest of this server is running."""
        with self._turn:
            if self.state.running:
                raise UsageError("Something is being added already. Wait for it, or stop it first.")
            self._stop.clear()
            self.state = State(running=True, said="Starting…", places=tuple(str(place) for place in places))
        threading.Thread(target=self._run, args=(self.state, list(places)), name="kb-ingest", daemon=True).start()
        return self.state

    def stop(self) -> None:
        """Stop the work at its next step; what was acknowledged before is kept."""
        self._stop.set()

    def wait(self, seconds: float) -> State:
        """The state, when it changes or after some seconds."""
        with self._changed:
            self._changed.wait(seconds)
        return self.state

    def _run(self, state: State, places: list[str | Path]) -> None:
        report = Report()

        def told(progress: Progress) -> None:
            if self._stop.is_set():
                raise Stopped
            state.done, state.total = progress.done, progress.total
            name = progress.current.rstrip("/").rsplit("/", 1)[-1]
            if progress.hearing is not None:
                state.said = f"{progress.done} of {progress.total} · {name} · {progress.hearing.told}"
                self._tell()
                return
            state.said = f"{progress.done} of {progress.total} · {progress.embedded:,} passages · {name}"
            self._tell()

        try:
            self.library.ingest(places, wait=PATIENCE, on_progress=told, report=report)
        except Stopped:
            state.stopped = True
        except KbError as error:
            state.error = str(error)
        except Exception as error:
            state.error = f"a fault in kb itself ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        finally:
            state.report = report
            state.running = False
            self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
