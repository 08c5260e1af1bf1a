"""What hearing costs over the engine alone, how the engines compare, memory of eight hours, times, kills."""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.tools import Row, table
from ingest.audio import decode
from ingest.audio.engines import BEAM, FasterWhisper, OpenaiWhisper, open_engine
from ingest.audio.transcribe import Transcriber, TranscriptionSettings
from ingest.audio.vad_windows import windows
from tests import speech
from tests.whisper_model import TinyWhisper, as_both, tiny_whisper

CACHE = Path(os.environ.get("KB_CACHE", Path(__file__).parents[1] / ".cache"))
# base.en's.
BASE = {
    "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 512, "n_audio_head": 8, "n_audio_layer": 6, "n_vocab": 51864,
    "n_text_ctx": 448, "n_text_state": 512, "n_text_head": 8, "n_text_layer": 6,
}  # fmt: skip
TOKENS = 100  # of each window; half a minute of talk has about as many
KILLS = 20


def a_recording(path: Path, minutes: float, codec: str = "libmp3lame", seed: int = 3) -> list[speech.Spoken]:
    """Sentences in changing order, pauses and voices, for so long."""
    rng = random.Random(seed)
    parts, said, at = [], [], 0.0
    while at < minutes * 60:
        texts = rng.sample(speech.SENTENCES, 10)
        gaps = [rng.choice((0.2, 0.4, 0.8, 1.5)) for _ in texts]
        whole, spoken = speech.recording(texts, gaps, rng.choice(("en-us", "en-gb")), rng.choice((140, 160)), 50)
        said += [speech.Spoken(one.text, at + one.start, at + one.end) for one in spoken]
        parts.append(whole)
        at += len(whole) / speech.RATE
    speech.encoded(np.concatenate(parts), path, codec)
    return said


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def over_the_engine(folder: Path, model: Path, rounds: int = 5) -> tuple[float, float]:
    """Our way over faster-whisper's own on 20 minutes of MP3: the median of paired ratios; seconds of the latter."""
    path = folder / "twenty.mp3"
    a_recording(path, 20)
    engine = open_engine("faster-whisper", model, "cpu", os.cpu_count() or 1)
    assert isinstance(engine, FasterWhisper)
    facts = decode.facts(path)

    def bare() -> None:
        found, _ = engine._several.transcribe(
            str(path), language="en", beam_size=BEAM, temperature=0.0, without_timestamps=False,
            batch_size=engine.together,
        )  # fmt: skip
        list(found)

    def ours() -> None:
        with tempfile.TemporaryDirectory() as kept:
            Transcriber(lambda: engine, Path(kept), TranscriptionSettings("faster-whisper", "m", "en")).transcript(
                path, "0" * 64, facts
            )

    bare(), ours()
    pairs = [(timed(ours), timed(bare)) for _ in range(rounds)]
    return statistics.median(a / b for a, b in pairs), statistics.median(b for _, b in pairs)


def two_engines(folder: Path) -> list[Row]:
    """Seconds a window at base's dimensions with random weights, for a fixed number of tokens; ratios in one run."""
    import ctranslate2
    import torch
    import whisper
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(1)
    made = Whisper(ModelDimensions(**BASE))
    both = as_both(made.state_dict(), BASE, folder / "base")
    threads = os.cpu_count() or 1
    theirs = OpenaiWhisper(both.openai, "cpu", threads)
    ours = FasterWhisper(both.faster, "cpu", threads)
    heard = np.random.default_rng(1).normal(0, 0.1, 30 * speech.RATE).astype(np.float32)
    mel = whisper.log_mel_spectrogram(heard)
    eot = whisper.tokenizer.get_tokenizer(False).eot
    never = [eot, *range(eot + 1, BASE["n_vocab"])]
    features = ours.model.feature_extractor(heard)[:, :3000]

    def openai() -> None:
        options = whisper.DecodingOptions(
            language="en", beam_size=BEAM, sample_len=TOKENS, suppress_tokens=never, without_timestamps=True, fp16=False
        )
        whisper.decode(theirs.model, mel, options)

    def faster(together: int) -> Callable[[], None]:
        batch = ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack([features] * together)))
        prompt = [[eot + 1]] * together

        def run() -> None:
            encoded = ours.model.model.encode(batch)
            ours.model.model.generate(
                encoded, prompt, beam_size=BEAM, max_length=TOKENS + 1, suppress_tokens=never, suppress_blank=False
            )

        return run

    rows = []
    for name, together in (("faster-whisper, one window at a time", 1), ("faster-whisper, four at once (as here)", 4)):
        run = faster(together)
        run(), openai()
        pairs = [(timed(openai), timed(run) / together) for _ in range(5)]
        ratio = statistics.median(a / b for a, b in pairs)
        rows.append((name, f"{statistics.median(b for _, b in pairs):.2f} s", f"{ratio:.1f} ×"))
    return [("openai-whisper", f"{statistics.median(a for a, _ in pairs):.2f} s", "1"), *rows]


def run_kb(*arguments: str | Path, home: Path, model: Path) -> tuple[dict[str, Any], float, int]:
    """What `kb ingest --json` says, its seconds, the most memory it held in MB."""
    # A small process between: a child begins with the memory of the one that starts it, and that one holds sounds.
    small = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    kb = [sys.executable, "-m", "kb.cli", *map(str, arguments), "--json", "--home", str(home)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", small, *kb],
        stdout=subprocess.PIPE,
        env={**os.environ, "KB_WHISPER": str(model)},
        encoding="utf-8",
    )
    said, used = done.stdout.strip().splitlines()
    return json.loads(said), time.perf_counter() - began, round(int(used) / 1000)


def kept(home: Path) -> dict[str, Any]:
    return json.loads(next((home / "transcripts").glob("*.json")).read_text(encoding="utf-8"))


def times(folder: Path, model: Path) -> float:
    """The largest difference, in seconds, between when 30 sentences are said and when their segments say so."""
    home, path = folder / "home-times", folder / "thirty.mp3"
    texts = random.Random(9).sample(speech.SENTENCES, 30)
    whole, said = speech.recording(texts, (0.3, 0.9, 2.5, 0.5))
    speech.encoded(whole, path, "libmp3lame")
    run_kb("ingest", path, home=home, model=model)
    rows = kept(home)["segments"]
    off = []
    for one in said:
        near = [
            max(abs(r["start"] - one.start), abs(r["end"] - one.end))
            for r in rows
            if speech.words(r["text"]) == speech.words(one.text)
        ]
        off.append(min(near, default=99.0))
    return max(off)


def kills(folder: Path, model: Path) -> tuple[int, bool]:
    """How many kills at random moments one recording survived, and whether its words are those of a run left alone."""
    path = folder / "killed.mp3"
    a_recording(path, 20, seed=4)
    run_kb("ingest", path, home=folder / "home-alone", model=model)
    home, rng, survived = folder / "home-killed", random.Random(1), 0
    command = [sys.executable, "-m", "kb.cli", "ingest", str(path), "--home", str(home)]
    for _ in range(KILLS):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "KB_WHISPER": str(model)}
        )
        time.sleep(rng.uniform(1.5, 4.0))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        survived += 1
    run_kb("ingest", path, home=home, model=model)
    return survived, kept(home)["text"] == kept(folder / "home-alone")["text"]


def section(folder: Path) -> str:
    tiny = tiny_whisper(CACHE)
    rows = [*speed(folder, tiny), *long_files(folder, tiny), *exactness(folder, tiny)]
    how = "`python bench/run.py recordings`: the tests' tiny Whisper on speech of espeak-ng, int8, two cores."
    return (
        f"## Recordings\n\n{how}\n\n"
        + table(("what", "measured", "asked"), rows)
        + f"\nThe engines at the dimensions of `base` with random weights, {TOKENS} tokens a window, beam {BEAM} "
        "(int8 and fp32):\n\n"
        + table(("engine", "a window of 30 s", "times as fast"), two_engines(folder))
        + "\nWord errors of the tests' tiny Whisper on the sentences that it knows (of people they say nothing):\n\n"
        + table(("spoken by espeak-ng", "faster-whisper", "openai-whisper"), wrong_words(tiny))
    )


def speed(folder: Path, tiny: TinyWhisper) -> Iterator[Row]:
    ratio, alone = over_the_engine(folder, tiny.faster)
    what = "our way ÷ the bare engine, 20 minutes of MP3, the tests' tiny model"
    yield told(what, f"{ratio:.3f} × ({alone:.1f} s bare)", "≤ 1.05 ×")


def long_files(folder: Path, tiny: TinyWhisper) -> Iterator[Row]:
    """A working day in one file, and the same file again."""
    long, part = folder / "eight.mp3", folder / "part.mp3"
    a_recording(part, 48, seed=5)
    long.write_bytes(part.read_bytes() * 10)
    report, took, mb = run_kb("ingest", long, home=folder / "home-long", model=tiny.faster)
    hours = report["transcribed"][0]["seconds"] / 3600
    yield told(f"most memory, a file of {hours:.1f} hours", f"{mb:,} MB, in {took:.0f} s", "≤ 1,500 MB")
    again, took, _ = run_kb("ingest", long, home=folder / "home-long", model=tiny.faster)
    heard = sum(row["took"] for row in again["transcribed"])
    yield told("the same file again", f"{heard:.0f} s of Whisper, {took:.1f} s in all", "0 s of Whisper")


def exactness(folder: Path, tiny: TinyWhisper) -> Iterator[Row]:
    """Whether times are those of the speech, and words those that an undisturbed run hears."""
    what = "30 sentences of known times in an MP3: the largest error of a segment's start or end"
    yield told(what, f"{times(folder, tiny.faster):.2f} s", "≤ 1 s")
    survived, same = kills(folder, tiny.faster)
    what = f"kill -9 at random moments of one recording's hearing, {survived} times, then left alone"
    yield told(what, "the same words" if same else "OTHER WORDS", "the same words")


def told(*row: object) -> Row:
    """A row of the table, shown as soon as it is measured."""
    print(row, flush=True)
    return row


def wrong_words(tiny: TinyWhisper) -> Iterator[Row]:
    """Word errors of both engines, by how the sentences were spoken."""
    for label, voice, rate, pitch in (
        ("speed and pitch never heard", "en-us", 150, 52),
        ("speed and pitch never heard, the other voice", "en-gb", 170, 68),
        ("a voice never heard (Scotland)", "en-gb-scotland", 150, 50),
    ):
        texts = list(speech.SENTENCES)
        random.Random(7).shuffle(texts)
        whole, _ = speech.recording(texts, (0.5, 0.2, 0.9), voice, rate, pitch)
        cut = [window.sound for window in windows([whole])]
        found = []
        for name, model in (("faster-whisper", tiny.faster), ("openai-whisper", tiny.openai)):
            engine = open_engine(name, model, "cpu", os.cpu_count() or 1)  # type: ignore[arg-type]
            text = " ".join(one.text for window in engine.hear(cut, "en", "") for one in window)
            found.append(f"{speech.word_errors(speech.words(' '.join(texts)), speech.words(text)):.3f}")
        yield label, *found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(section(Path(place)))
