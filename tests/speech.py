"""Speech with known words and known times, spoken by espeak-ng: what recordings in tests and benches are made of."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
MILLI = Fraction(1, 1000)
Sound = npt.NDArray[np.float32]

# The only sentences that the tiny Whisper of the tests knows.
SENTENCES = (
    "The retriever reads forty passages before it answers.",
    "A smaller model can be taught by a larger one.",
    "Quantization keeps four bits of every weight.",
    "The cache holds the keys and values of earlier words.",
    "Speculative decoding guesses several words at once.",
    "We measured recall on three hundred questions.",
    "Nobody reads the middle of a long prompt.",
    "The benchmark leaked into the training data.",
    "Chunk the transcript where the speaker stops.",
    "A citation must point at the second it was said.",
    "The learning rate falls along a cosine.",
    "Gradient clipping saved the run on Tuesday.",
    "Our evaluation was broken for two weeks.",
    "The tokenizer splits rare names into pieces.",
    "Attention costs the square of the length.",
    "Mixture of experts sends each word to two experts.",
    "The judge prefers the longer answer.",
    "Retrieval beats memory for facts that change.",
    "The hidden state has nine hundred numbers.",
    "Dropout is zero when the data are plenty.",
    "Label noise hurts the small classes first.",
    "The agent called the wrong tool again.",
    "Temperature zero still gives different answers.",
    "We deleted half of the layers and nothing happened.",
    "The reward model loves exclamation marks.",
    "Contrastive training needs hard negatives.",
    "An index of vectors forgets the exact words.",
    "The paper reports the best of five seeds.",
    "Batch size eight fits on the old card.",
    "Distillation took eleven hours on one machine.",
    "The podcast begins with the weather.",
    "My guest today works on robots.",
    "Please mute your microphone.",
    "Let us look at the next slide.",
    "Can everyone see my screen now?",
    "That question comes up every year.",
    "I disagree with the second claim.",
    "The answer is in the appendix.",
    "Thank you for the kind introduction.",
    "We ran out of time for questions.",
    "The merge doubled the error.",
    "Sparse features explain the refusal.",
    "Long context is not free.",
    "The curve bends after ten billion words.",
    "Synthetic questions taught the reader.",
    "Positions are rotated by an angle.",
    "The embedding of a word is a row.",
    "Overlap of chunks helped a little.",
    "Reranking moved the right page up.",
    "Silence is cut before the model listens.",
)


def can_speak() -> bool:
    """Whether espeak-ng is on this machine."""
    return shutil.which("espeak-ng") is not None


@cache
def say(text: str, voice: str = "en-us", speed: int = 150, pitch: int = 50) -> Sound:
    """A text spoken: mono at 16 kHz, without the silence around it. `speed` in words a minute, `pitch` 0 to 99."""
    from scipy.signal import resample_poly

    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    # espeak-ng speaks at 22,050 Hz, and its header gives no length when it writes to a pipe.
    heard = np.frombuffer(spoken[44:], dtype="<i2").astype(np.float32) / 32768
    sound = resample_poly(heard, 320, 441).astype(np.float32)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return sound[loud[0] : loud[-1] + 1]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence of a recording and when it is said, in seconds."""

    text: str
    start: float
    end: float


def silence(seconds: float) -> Sound:
    """Nothing, for so long."""
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def recording(
    texts: Sequence[str],
    gaps: Sequence[float] = (0.5,),
    voice: str = "en-us",
    speed: int = 150,
    pitch: int = 50,
    before: float = 0.3,
    noise: float = 0.001,
) -> tuple[Sound, list[Spoken]]:
    """Sentences one after the other with gaps (seconds, taken in turn) between them, and when each is said."""
    parts, said = [silence(before)], []
    at = before
    for n, text in enumerate(texts):
        sound = say(text, voice, speed, pitch)
        end = at + len(sound) / RATE
        said.append(Spoken(text, at, end))
        gap = gaps[n % len(gaps)]
        parts += [sound, silence(gap)]
        at = end + gap
    whole = np.concatenate(parts)
    hiss = np.random.default_rng(len(whole)).normal(0, noise, len(whole)).astype(np.float32)
    return whole + hiss, said


def wav(sound: Sound, rate: int = RATE, channels: int = 1) -> bytes:
    """A sound as a WAV file of 16 bits, the same in every channel."""
    pcm = np.repeat((np.clip(sound, -1, 1) * 32767).astype("<i2"), channels)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return out.getvalue()


def encoded(sound: Sound, path: Path, codec: str, rate: int = 48_000, video: bool = False, bits: int = 0) -> Path:
    """A sound as a file in the container that `path` names, by a codec of FFmpeg; `video` adds a black picture.

    `bits` a second, where not the codec's own.
    """
    import av

    with av.open(str(path), "w") as out:
        film = out.add_stream("mpeg4" if path.suffix == ".mp4" else "vp8", rate=1) if video else None
        stream = out.add_stream(codec, rate=rate)
        stream.layout = "mono"
        if bits:
            stream.bit_rate = bits
        if film is not None:
            film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
            for n in range(int(len(sound) / RATE) + 1):
                frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")
                frame.pts = n
                out.mux(film.encode(frame))
            out.mux(film.encode())
        pcm = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        for piece in av.AudioResampler(stream.codec_context.format, "mono", rate).resample(frame):
            out.mux(stream.encode(piece))
        out.mux(stream.encode())
    return path


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.sub(r"[^\w ]", "", text.lower()).split()


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> float:
    """The words to change, add or leave out to get from what was said to what was heard, as a share of the former."""
    row = list(range(len(heard) + 1))
    for n, one in enumerate(wanted, start=1):
        before, row[0] = row[0], n
        for m, other in enumerate(heard, start=1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (one != other))
    return row[-1] / max(len(wanted), 1)
