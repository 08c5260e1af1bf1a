"""Sound of any file that PyAV decodes, as mono at 16 kHz, block by block: hours of it never lie in memory at once.

Times are those of the file, so that a player finds them: where a part of it cannot be decoded there is silence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.types.documents import Chapter

RATE = 16_000  # samples a second, Whisper's own
Sound = npt.NDArray[np.float32]
_BLOCK = 30 * RATE
# A hole in the file's times is silence from this length on; shorter ones are how containers count.
_HOLE = 0.25
_LONGEST_HOLE = 6 * 3600.0
# Bad packets in a row after which the rest is given up: a minute or two.
_MOST_BAD = 5_000
# What is missing at the end and is no rounding of the container's.
_MISSING = 2.0
_NO_SOUND = "no sound can be read from it; it may be damaged, protected (DRM), or no recording at all"
# Containers that say how long they are without having counted it.
_GUESSED = frozenset({"mp3", "aac"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class NoAudio(Exception):
    """A file without sound that can be decoded; the message says why."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file says of itself; `seconds` is 0 where it does not say how long it is, `about` is then a guess."""

    seconds: float = 0.0
    about: float = 0.0
    title: str = ""
    author: str = ""
    published: str = ""
    chapters: tuple[Chapter, ...] = ()


@dataclass(slots=True)
class Heard:
    """What came of decoding, true once it has ended: how far it got, and why no further."""

    seconds: float = 0.0
    broken: str = ""


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import av
    from av.error import FFmpegError

    try:
        container = av.open(os.path.abspath(path), mode="r", metadata_errors="ignore")
    except (FFmpegError, OSError, ValueError):
        raise NoAudio(_NO_SOUND) from None
    with container:
        if not container.streams.audio:
            raise NoAudio("it has no sound track" if container.streams.video else _NO_SOUND)
        yield container


def facts(path: Path) -> MediaInfo:
    """Length, names and chapters of a recording. Raises `NoAudio` for a file that is none."""
    with _opened(path) as container:
        tags = {str(name).casefold(): str(value).strip() for name, value in container.metadata.items()}
        found = container.chapters() if callable(container.chapters) else container.chapters
        chapters: list[Chapter] = []
        for chapter in found or []:
            named = chapter.get("metadata", {}).get("title", "")
            if named:
                start = float(chapter["start"] * chapter["time_base"])
                chapters.append({"start": round(start, 3), "title": " ".join(named.split())})
        date = tags.get("date", tags.get("creation_time", ""))[:10]
        return MediaInfo(
            seconds=_length(container, path),
            about=float(container.duration or 0) / 1_000_000,
            title=" ".join(tags.get("title", "").split()),
            author=tags.get("artist", ""),
            published=date if _DATE.fullmatch(date) else "",
            chapters=tuple(chapters),
        )


def _length(container: Any, path: Path) -> float:
    """Seconds that the file says it has; 0 where that is only guessed from its size."""
    name = str(container.format.name).partition(",")[0]
    if name in _GUESSED:
        return _counted_mp3(path) or 0.0
    stream = container.streams.audio[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    # The container is as long as the longest of its streams.
    return 0.0 if container.streams.video else float(container.duration or 0) / 1_000_000


def _counted_mp3(path: Path) -> float:
    """The length of an MP3 by the count of frames in its Xing or Info header; 0 where it has none."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":  # its size is written in four times seven bits
            file.seek(10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)))
        else:
            file.seek(0)
        frame = file.read(512)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 12 or frame[0] != 0xFF or not frame[at + 7] & 1:
        return 0.0
    version, index = frame[1] >> 3 & 3, frame[2] >> 2 & 3
    if version == 1 or index == 3:
        return 0.0
    rate = (44_100, 48_000, 32_000)[index] / {3: 1, 2: 2, 0: 4}[version]
    return int.from_bytes(frame[at + 8 : at + 12]) * (1152 if version == 3 else 576) / rate


@dataclass(slots=True)
class _Mixer:
    """Frames to mono at 16 kHz; of a layout that the library cannot mix, the mean of its channels."""

    resampler: Any = None
    by_hand: bool = False
    shape: tuple[Any, ...] = field(default=())

    def mixed(self, frame: Any) -> list[Sound]:
        import av
        from av.error import FFmpegError

        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        out: list[Sound] = []
        if shape != self.shape:  # radio streams change in the middle
            out += self.rest()
            self.shape, self.by_hand = shape, False
            self.resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        if not self.by_hand:
            try:
                return out + [_samples(piece) for piece in self.resampler.resample(frame)]
            except (FFmpegError, ValueError):
                self.by_hand = True
                self.resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        return out + [_samples(piece) for piece in self.resampler.resample(_mean(frame))]

    def rest(self) -> list[Sound]:
        """What the resampler still holds."""
        return [_samples(piece) for piece in self.resampler.resample(None)] if self.resampler is not None else []


def _samples(frame: Any) -> Sound:
    return np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1)


def _mean(frame: Any) -> Any:
    import av

    data = frame.to_ndarray()
    kind = data.dtype
    channels = len(frame.layout.channels) or 1
    flat = data if frame.format.is_planar else data.reshape(-1, channels).T
    scale = 1.0 if kind.kind == "f" else float(np.iinfo(kind).max)
    mono = (flat.astype(np.float32) / scale).mean(axis=0, dtype=np.float32)
    made = av.AudioFrame.from_ndarray(mono[None, :], format="flt", layout="mono")
    made.sample_rate = frame.sample_rate
    return made


def blocks(path: Path, heard: Heard) -> Iterator[Sound]:
    """The sound in blocks of about half a minute; `heard` says afterwards how far it got and what was broken.

    Raises `NoAudio` if nothing of it can be decoded.
    """
    held: list[Sound] = []
    size = total = 0
    for piece in _pieces(path, heard):
        held.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            total += size
            heard.seconds = total / RATE
            yield np.concatenate(held)
            held, size = [], 0
    total += size
    heard.seconds = total / RATE
    if not total:
        raise NoAudio(_NO_SOUND)
    if size:
        yield np.concatenate(held)


def _pieces(path: Path, heard: Heard) -> Iterator[Sound]:
    from av.error import FFmpegError

    with _opened(path) as container:
        stream = container.streams.audio[0]
        stream.thread_type = "AUTO"
        begins = float(container.start_time or 0) / 1_000_000
        mixer = _Mixer()
        at = 0.0  # seconds of the file that were given
        run = 0
        packets = container.demux(stream)
        while run < _MOST_BAD:
            try:
                packet = next(packets, None)
            except FFmpegError:
                run, packets = run + 1, container.demux(stream)  # it is ended by an error; what follows may be well
                continue
            if packet is None:
                break
            try:
                frames = packet.decode()
                run = 0
            except FFmpegError:
                run += 1
                continue
            for frame in frames:
                when = frame.time - begins if frame.time is not None else at
                if _HOLE < when - at < _LONGEST_HOLE:
                    missing = round((when - at) * RATE)
                    yield from (np.zeros(min(_BLOCK, missing - n), np.float32) for n in range(0, missing, _BLOCK))
                    at = when
                at += frame.samples / frame.sample_rate
                yield from mixer.mixed(frame)
        if run >= _MOST_BAD:
            heard.broken = "most of what follows cannot be decoded"
        yield from mixer.rest()


def broken(said: MediaInfo, heard: Heard) -> str:
    """What is wrong with a file's end, from what it says of its length and how far it could be decoded; else empty."""
    if heard.broken:
        return heard.broken
    if said.seconds and heard.seconds < said.seconds - max(_MISSING, said.seconds * 0.01):
        return f"it breaks off after {heard.seconds:.0f} of {said.seconds:.0f} seconds"
    return ""
