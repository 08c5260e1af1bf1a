"""From a recording to its transcript: heard once, kept for good, taken up where it was left.

The transcript is a Whisper JSON in the home, named by the recording's content. While a recording is being heard, what
was heard so far lies beside it, a line for each group of windows; an interruption loses the group that it meets.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from ingest.audio import decode, vad_windows
from ingest.audio.engines import BEAM, TEMPERATURES, Engine, EngineName, SpokenSegment
from ingest.audio.journal import Journal, Row, Transcript, write, writing
from ingest.audio.vad_windows import Window
from kb.types.locators import clock

T = TypeVar("T")
# Goes up when the same sound would be written down otherwise.
VERSION = 1
_LONGEST_PROMPT = 500  # characters; its window of 448 tokens holds the prompt and the words
# An interruption is noticed within this many seconds, however long a group of windows takes.
_TICK = 0.25


@dataclass(frozen=True, slots=True)
class TranscriptionSettings:
    """What decides the words of a transcript beside the sound. `language` is empty where it is to be found out."""

    engine: EngineName
    model: str
    language: str = ""
    prompt: str = ""

    @property
    def key(self) -> str:
        """A short name for all of them."""
        said = [asdict(self), BEAM, TEMPERATURES, vad_windows.VERSION, VERSION]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]


def prompt_of(names: Iterable[str]) -> str:
    """What Whisper is told to expect: the glossary's names, as many as its prompt holds beside a window's words."""
    told = ""
    for name in dict.fromkeys(names):
        longer = f"{told}, {name}" if told else f"Glossary: {name}"
        if len(longer) > _LONGEST_PROMPT:
            break
        told = longer
    return told and told + "."


@dataclass(frozen=True, slots=True)
class TranscriptionProgress:
    """How far the hearing of one recording is: seconds of it, of how many (0: not known), and at what speed.

    `speed` is seconds of the recording in a second of time; 0 while it is not known.
    """

    name: str
    at: float
    seconds: float
    speed: float

    @property
    def left(self) -> float:
        """Seconds that it will take from now; 0 where that cannot be said."""
        return max(self.seconds - self.at, 0.0) / self.speed if self.speed and self.seconds else 0.0

    @property
    def told(self) -> str:
        """`12:30 of 55:00 · 3.1 × real time · 14 min left`."""
        parts = [clock(self.at) + (f" of {clock(self.seconds)}" if self.seconds else "")]
        if self.speed:
            parts.append(f"{self.speed:.1f} × real time")
        if self.left:
            parts.append(f"{self.left / 60:.0f} min left" if self.left >= 90 else f"{self.left:.0f} s left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class TranscriptionResult:
    """A transcript; how long its recording is, and the seconds that hearing it took now (0: it was there)."""

    transcript: Transcript
    seconds: float
    took: float
    broken: str = ""


@dataclass(slots=True)
class Transcriber:
    """Hears recordings, one after the other, with one loaded model.

    `engine` opens it when it is first needed and raises `WhisperError`; `folder` is where transcripts are kept;
    `anew` does not take a transcript that was made with other settings. `tell` is called often, and what it raises
    ends the work.
    """

    engine: Callable[[], Engine]
    folder: Path
    settings: TranscriptionSettings
    anew: bool = False
    tell: Callable[[TranscriptionProgress], None] = lambda _: None

    def transcript(self, path: Path, digest: str, facts: decode.MediaInfo, name: str = "") -> TranscriptionResult:
        """The transcript of a recording whose content has a sha256 (hex) `digest`; `name` is what people call it.

        Raises `NoSound`, `WhisperError`, and `StoreError` or `StoreFull` where the home cannot be written.
        """
        kept = self._kept(digest)
        if kept is not None:
            return self._made_before(kept)
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone(name or path.name, digest, facts.about):
                kept = self._kept(digest)  # whoever was at it may have ended
                return (
                    self._made_before(kept) if kept is not None else self._heard(path, digest, facts, name or path.name)
                )

    def _made_before(self, kept: Transcript) -> TranscriptionResult:
        return TranscriptionResult(kept, float(kept["kb"].get("seconds", 0.0)), 0.0, str(kept["kb"].get("broken", "")))

    @contextmanager
    def _alone(self, name: str, digest: str, seconds: float) -> Iterator[None]:
        """Wait until no other process or thread hears the same recording."""
        import portalocker

        path = self.folder / f".{digest[:16]}.lock"
        with path.open("ab") as handle:
            while True:
                try:
                    portalocker.lock(handle, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
                    break
                except portalocker.AlreadyLocked:
                    self.tell(TranscriptionProgress(name, 0.0, seconds, 0.0))
                    time.sleep(_TICK)
            try:
                yield
            finally:
                portalocker.unlock(handle)

    def _kept(self, digest: str) -> Transcript | None:
        """What was heard of it before: by these settings, else (the person did not ask anew) by the latest others."""
        exact = self.folder / f"{digest[:16]}-{self.settings.key}.json"
        others = [p for p in self.folder.glob(f"{digest[:16]}-*.json") if p != exact and not self.anew]
        for place in [exact, *sorted(others, key=lambda p: p.stat().st_mtime, reverse=True)]:
            with suppress(OSError, ValueError, KeyError, TypeError):
                found: Transcript = json.loads(place.read_text(encoding="utf-8"))
                if found["kb"]["sha256"] == digest and isinstance(found["segments"], list):
                    return found
        return None

    def _heard(self, path: Path, digest: str, facts: decode.MediaInfo, called: str) -> TranscriptionResult:
        began = time.monotonic()
        name = f"{digest[:16]}-{self.settings.key}"
        # A name that was added to the glossary meanwhile does not make what was heard worth less.
        key = replace(self.settings, prompt="").key
        journal = Journal(self.folder / f"{digest[:16]}-{key}.partial.jsonl", digest)
        state = decode.Heard()
        # A file without speech needs no model, and one that cannot be read must not wait for it.
        # What was heard before is decoded again, so that what is left is cut as if there had been no interruption.
        coming = (w for w in vad_windows.windows(decode.blocks(path, state)) if w.end > journal.until)
        first = next(coming, None)
        if first is not None:
            engine = self.engine()
            language = self.settings.language or journal.language
            language = language or _Work(lambda: engine.language(first.sound)).result(lambda: None)
            self._all(called, engine, language, _groups(first, coming, engine.together), journal, facts, began)
        else:
            language = self.settings.language or journal.language
        journal.close()
        seconds = state.seconds
        broken = decode.broken(facts, state)
        made = self._whole(journal, language, digest, seconds, broken)
        write(self.folder / f"{name}.json", made)
        for left in self.folder.glob(f"{digest[:16]}-*.partial.jsonl"):
            left.unlink(missing_ok=True)
        return TranscriptionResult(made, seconds, time.monotonic() - began, broken)

    def _all(
        self,
        name: str,
        engine: Engine,
        language: str,
        groups: Iterator[list[Window]],
        journal: Journal,
        facts: decode.MediaInfo,
        began: float,
    ) -> None:
        """Hear group after group; the next one is decoded and cut while the engine is at one."""

        def tick() -> None:
            self.tell(TranscriptionProgress(name, journal.until, facts.about, journal.speed))

        def begun(group: list[Window]) -> _Work[list[list[SpokenSegment]]]:
            sounds = [window.sound for window in group]
            return _Work(lambda: engine.hear(sounds, language, self.settings.prompt))

        group: list[Window] | None = next(groups)
        while group is not None:
            tick()
            work = begun(group)
            coming = next(groups, None)
            heard = work.result(tick)
            said = [_placed(window, one) for window, found in zip(group, heard, strict=True) for one in found]
            journal.add(group[-1].end, language, said)
            journal.speed = (journal.until - journal.resumed) / (time.monotonic() - began)
            group = coming
        tick()

    def _whole(self, journal: Journal, language: str, digest: str, seconds: float, broken: str) -> Transcript:
        segments: list[Row] = []
        dropped: list[Row] = []
        for row in journal.rows:
            if not row["text"].strip():
                continue
            if row.get("reason"):
                dropped.append(row)
            else:
                segments.append({"id": len(segments), **row})
        return {
            "text": "".join(row["text"] for row in segments).strip(),
            "language": language,
            "segments": segments,
            "dropped": dropped,
            "kb": {"sha256": digest, "seconds": round(seconds, 3), "broken": broken, **asdict(self.settings)},
        }


def _groups(first: Window, coming: Iterator[Window], size: int) -> Iterator[list[Window]]:
    group = [first]
    for window in coming:
        if len(group) == size:
            yield group
            group = []
        group.append(window)
    yield group


def _placed(window: Window, said: SpokenSegment) -> Row:
    """A segment at the recording's own times."""
    start = window.at(said.start)
    row: Row = {
        "start": round(start, 3),
        "end": round(max(window.at(said.end, True), start), 3),
        "text": said.text,
        "avg_logprob": round(said.avg_logprob, 4),
        "no_speech_prob": round(said.no_speech_prob, 4),
        "compression_ratio": round(said.compression_ratio, 3),
        "temperature": said.temperature,
    }
    if said.doubt:
        row["reason"] = said.doubt
    return row


class _Work(Generic[T]):
    """Work in a thread of its own, since it cannot be interrupted: Ctrl-C and a stop are noticed meanwhile."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._done = threading.Event()
        self._out: list[T] = []
        self._failed: list[BaseException] = []

        def run() -> None:
            try:
                self._out.append(work())
            except BaseException as error:
                self._failed.append(error)
            finally:
                self._done.set()

        threading.Thread(target=run, name="kb-whisper", daemon=True).start()

    def result(self, tick: Callable[[], None]) -> T:
        """What it gave, or raises what it raised; `tick` is called while it is waited for."""
        while not self._done.wait(_TICK):
            tick()
        if self._failed:
            raise self._failed[0]
        return self._out[0]
