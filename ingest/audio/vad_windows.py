"""Stretches of speech in a sound, found by Silero's voice detector, put together to windows that Whisper hears at once.

Whisper hears 30 seconds at a time, however much of them is speech; so pauses are left out and speech is packed. A
window remembers where its parts stood, and gives back the recording's own times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ingest.audio.decode import RATE, Sound

LONGEST = 30.0  # seconds
# How the detector is set; a change changes windows, and so transcripts.
VERSION = 1
_PAUSE_MS = 160
_PAD_MS = 400
# The detector looks at so much at once, and again at what reaches over its end; the first look is short, so that the
# engine need not wait for it.
_FIRST_LOOK = 120 * RATE
_LOOK = 600 * RATE


@dataclass(frozen=True, slots=True)
class Window:
    """At most 30 seconds of speech; `parts` are the stretches it is made of, in seconds of the recording."""

    sound: Sound
    parts: tuple[tuple[float, float], ...]

    @property
    def end(self) -> float:
        """The second of the recording at which its last stretch ends."""
        return self.parts[-1][1]

    @property
    def seconds(self) -> float:
        """How long it is itself."""
        return len(self.sound) / RATE

    def at(self, seconds: float, is_end: bool = False) -> float:
        """The recording's time of a time in the window; an end that falls between two parts is the earlier's."""
        before = 0.0
        for start, end in self.parts:
            length = end - start
            if seconds < before + length or (is_end and seconds <= before + length + 1e-6):
                return start + max(seconds - before, 0.0)
            before += length
        return self.end


def windows(blocks: Iterable[Sound]) -> Iterator[Window]:
    """The windows of a sound, in order; the same sound always has the same."""
    most = int(LONGEST * RATE)
    held: list[tuple[int, Sound]] = []
    size = 0
    for at, sound in _stretches(blocks):
        if held and size + len(sound) > most:
            yield _window(held)
            held, size = [], 0
        held.append((at, sound))
        size += len(sound)
    if held:
        yield _window(held)


def _window(held: list[tuple[int, Sound]]) -> Window:
    parts = tuple((at / RATE, (at + len(sound)) / RATE) for at, sound in held)
    return Window(np.concatenate([sound for _, sound in held]), parts)


def _stretches(blocks: Iterable[Sound]) -> Iterator[tuple[int, Sound]]:
    """Where each stretch of speech begins (a sample of the whole), and its sound."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(max_speech_duration_s=LONGEST, min_silence_duration_ms=_PAUSE_MS, speech_pad_ms=_PAD_MS)
    held: Sound = np.zeros(0, dtype=np.float32)
    first, look = 0, _FIRST_LOOK  # where `held` begins, how much of it is looked at
    for block in blocks:
        held = np.concatenate([held, block])
        if len(held) < look:
            continue
        look = _LOOK
        found = get_speech_timestamps(held, options)
        # What reaches near the end may go on; a word that begins there is heard with what follows.
        keep = len(held) - RATE
        if found and found[-1]["end"] > keep:
            keep = found.pop()["start"]
        for span in found:
            yield first + span["start"], held[span["start"] : span["end"]]
        held = held[keep:].copy()
        first += keep
    if len(held):
        for span in get_speech_timestamps(held, options):
            yield first + span["start"], held[span["start"] : span["end"]]
