"""What turns sound into words: faster-whisper, and openai-whisper where it is installed, behind one protocol.

Both are given windows of at most 30 seconds that begin and end in pauses, so neither needs the words of the window
before, which is how Whisper gets caught in loops. faster-whisper hears several windows at once; a window that came out
badly is heard again by itself, at rising temperatures, as Whisper does it.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from ingest.audio.decode import RATE, Sound
from kb.errors import WhisperError, first_line, install_extra

EngineName = Literal["faster-whisper", "openai-whisper"]
Device = Literal["auto", "cpu", "cuda"]
BEAM = 5
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Whisper's own thresholds.
NO_SPEECH, LOGPROB, COMPRESSION = 0.6, -1.0, 2.4
# Speech that goes on so long after the last words of a window was not written down.
_LOST = 1.5
_PAD = 0.4  # of a window's sound, silence that the detector adds


@dataclass(frozen=True, slots=True)
class SpokenSegment:
    """A segment that an engine heard: seconds in its window, words, and how sure it was of them."""

    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0

    @property
    def compression_ratio(self) -> float:
        """How well its words can be compressed: what is said over and over can be very well."""
        data = self.text.encode("utf-8")
        return len(data) / len(zlib.compress(data)) if data else 1.0

    @property
    def doubt(self) -> str:
        """Why its words are not to be trusted, by Whisper's thresholds; empty where they are."""
        if self.no_speech_prob > NO_SPEECH and self.avg_logprob < LOGPROB:
            return "no speech"
        if self.compression_ratio > COMPRESSION:
            return "said over and over"
        return "too unsure" if self.avg_logprob < LOGPROB else ""


class Engine(Protocol):
    """Hears windows. `together` is how many it is best given at once."""

    name: EngineName
    together: int

    def language(self, sound: Sound) -> str:
        """The language that is spoken, as Whisper names it (`en`)."""
        ...

    def hear(self, sounds: Sequence[Sound], language: str, prompt: str) -> list[list[SpokenSegment]]:
        """What is said in each of some windows; `prompt` are words that are likely to be said."""
        ...


class FasterWhisper:
    """Whisper by CTranslate2: int8 on a CPU, float16 on CUDA."""

    name: EngineName = "faster-whisper"

    def __init__(self, folder: Path, device: Device, threads: int) -> None:
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        found = device if device != "auto" else "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        kind = "float16" if found == "cuda" else "int8"
        try:
            self.model = WhisperModel(str(folder), found, compute_type=kind, cpu_threads=threads, local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise WhisperError(f"The Whisper model in {folder} cannot be used ({first_line(error)}).") from None
        self.together = 16 if found == "cuda" else 4
        self._several = BatchedInferencePipeline(self.model)

    def language(self, sound: Sound) -> str:
        """The language that is spoken; of a model of English that."""
        if not self.model.model.is_multilingual:
            return "en"
        return str(self.model.detect_language(sound)[0])

    def hear(self, sounds: Sequence[Sound], language: str, prompt: str) -> list[list[SpokenSegment]]:
        """All windows together; those that came out badly again, each by itself."""
        heard = self._at_once(sounds, language, prompt)
        return [
            self._again(sound, language, prompt, said) if _is_bad(sound, said) else said
            for sound, said in zip(sounds, heard, strict=True)
        ]

    def _at_once(self, sounds: Sequence[Sound], language: str, prompt: str) -> list[list[SpokenSegment]]:
        starts = np.cumsum([0, *(len(sound) for sound in sounds)]) / RATE
        found, _ = self._several.transcribe(
            np.concatenate(sounds),
            language=language,
            beam_size=BEAM,
            temperature=TEMPERATURES[0],
            initial_prompt=prompt or None,
            without_timestamps=False,
            clip_timestamps=[{"start": float(a), "end": float(b)} for a, b in pairwise(starts)],
            batch_size=len(sounds),
        )
        heard: list[list[SpokenSegment]] = [[] for _ in sounds]
        for segment in found:
            # A segment knows the beginning of its window, in hundredths of a second.
            n = int(np.searchsorted(starts, segment.seek / 100 + 0.02, side="right")) - 1
            heard[n].append(_said(segment, float(starts[n])))
        return heard

    def _again(self, sound: Sound, language: str, prompt: str, before: list[SpokenSegment]) -> list[SpokenSegment]:
        found, _ = self.model.transcribe(
            sound,
            language=language,
            beam_size=BEAM,
            temperature=list(TEMPERATURES),
            compression_ratio_threshold=COMPRESSION,
            log_prob_threshold=LOGPROB,
            no_speech_threshold=NO_SPEECH,
            condition_on_previous_text=False,
            initial_prompt=prompt or None,
        )
        # Where it says less the second time, what it said the first time stands: as words, or as what was dropped.
        again = [_said(segment, 0.0) for segment in found]
        whole = not any(said.doubt for said in before) and _end(before) >= _end(again)
        return before if whole or not again else again


class OpenaiWhisper:
    """Whisper by its authors' own program, an extra."""

    name: EngineName = "openai-whisper"
    together = 1

    def __init__(self, weights: Path, device: Device, threads: int) -> None:
        try:
            import torch
            import whisper
        except ImportError:
            raise WhisperError(
                f"openai-whisper is not installed. {install_extra('whisper')} "
                "Or set KB_WHISPER_ENGINE to faster-whisper."
            ) from None
        self._alone = threading.Lock()
        self._device = device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        if self._device == "cpu":
            torch.set_num_threads(threads)
        try:
            self.model: Any = whisper.load_model(str(weights), self._device)
        except Exception as error:  # torch says in many ways that a file is no checkpoint
            raise WhisperError(f"The Whisper model {weights} cannot be used ({first_line(error)}).") from None

    def language(self, sound: Sound) -> str:
        """The language that is spoken; of a model of English that."""
        if not self.model.is_multilingual:
            return "en"
        import whisper

        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(sound), self.model.dims.n_mels).to(self._device)
        _, likely = self.model.detect_language(mel)
        return str(max(likely, key=likely.get))

    def hear(self, sounds: Sequence[Sound], language: str, prompt: str) -> list[list[SpokenSegment]]:
        """One window after the other, as the program does it; it keeps what it is at in the model itself."""
        with self._alone:
            return [self._heard(sound, language, prompt) for sound in sounds]

    def _heard(self, sound: Sound, language: str, prompt: str) -> list[SpokenSegment]:
        import whisper

        found = whisper.transcribe(
            self.model,
            sound,
            language=language,
            beam_size=BEAM,
            temperature=TEMPERATURES,
            compression_ratio_threshold=COMPRESSION,
            logprob_threshold=LOGPROB,
            no_speech_threshold=NO_SPEECH,
            condition_on_previous_text=False,
            initial_prompt=prompt or None,
            fp16=self._device == "cuda",
        )
        return [
            SpokenSegment(s["start"], s["end"], s["text"], s["avg_logprob"], s["no_speech_prob"], s["temperature"])
            for s in found["segments"]
        ]


def open_engine(name: EngineName, model: Path, device: Device, threads: int) -> Engine:
    """An engine with its model loaded. Raises `WhisperError` if either is not there or cannot be used."""
    made = FasterWhisper if name == "faster-whisper" else OpenaiWhisper
    return made(model, device, threads)


def _said(segment: Any, begin: float) -> SpokenSegment:
    return SpokenSegment(
        max(segment.start - begin, 0.0),
        segment.end - begin,
        segment.text,
        segment.avg_logprob,
        segment.no_speech_prob,
        segment.temperature or 0.0,
    )


def _is_bad(sound: Sound, said: list[SpokenSegment]) -> bool:
    """Whether a window is to be heard again: words in doubt, or speech at its end that was not written down."""
    if any(one.doubt for one in said):
        return True
    if said and replace(said[0], text="".join(one.text for one in said)).compression_ratio > COMPRESSION:
        return True  # a loop, a segment a round
    return len(sound) / RATE - _PAD - _end(said) > _LOST


def _end(said: list[SpokenSegment]) -> float:
    return max((one.end for one in said), default=0.0)
