"""Both engines hear the tiny Whisper's sentences, at speeds, pitches and in a voice that it never heard in training."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.audio import engines
from ingest.audio.decode import Heard, Sound, blocks
from ingest.audio.engines import Engine, EngineName, SpokenSegment, open_engine
from ingest.audio.models import Models
from ingest.audio.vad_windows import windows
from kb.errors import WhisperError
from tests import speech
from tests.whisper_model import TinyWhisper

NAMES: list[EngineName] = ["faster-whisper", "openai-whisper"]
# Windows as they come of a recording of all sentences: about seven each.
HELD_OUT = [("en-us", 150, 52), ("en-gb", 170, 68), ("en-gb-scotland", 150, 50)]


@pytest.fixture(scope="module", params=NAMES)
def engine(request: pytest.FixtureRequest, tiny: TinyWhisper) -> Engine:
    name: EngineName = request.param
    return open_engine(name, tiny.faster if name == "faster-whisper" else tiny.openai, "cpu", 2)


def all_said(voice: str, speed: int, pitch: int) -> tuple[Sound, list[speech.Spoken]]:
    texts = list(speech.SENTENCES)
    random.Random(7).shuffle(texts)
    return speech.recording(texts, (0.5, 0.2, 0.9), voice, speed, pitch)


@pytest.mark.parametrize(("voice", "speed", "pitch"), HELD_OUT)
def test_at_most_one_word_in_twenty_is_wrong(engine: Engine, voice: str, speed: int, pitch: int) -> None:
    sound, said = all_said(voice, speed, pitch)
    heard = engine.hear([window.sound for window in windows([sound])], "en", "")
    text = " ".join(one.text for window in heard for one in window)
    wanted = speech.words(" ".join(one.text for one in said))
    assert speech.word_errors(wanted, speech.words(text)) <= 0.05


def test_words_that_are_told_to_expect_change_none_that_is_heard(engine: Engine) -> None:
    # Of words that the tiny model knows: others are to it what no real Whisper has, tokens without a meaning.
    sound, _ = speech.recording(speech.SENTENCES[:5])
    plain, told = (engine.hear([sound], "en", prompt) for prompt in ("", "The cache of the agent"))
    assert [speech.words(one.text) for one in told[0]] == [speech.words(one.text) for one in plain[0]]


def test_a_window_of_silence_gives_nothing_that_is_trusted(engine: Engine) -> None:
    hiss = np.random.default_rng(3).normal(0, 0.003, 20 * 16_000).astype(np.float32)
    heard = engine.hear([hiss], "en", "")[0]
    assert [one.text for one in heard if one.text.strip() and not one.doubt] == []


def test_an_english_model_hears_english(engine: Engine) -> None:
    assert engine.language(speech.silence(3)) == "en"


def test_several_windows_at_once_are_heard_as_each_by_itself(tiny: TinyWhisper) -> None:
    engine = open_engine("faster-whisper", tiny.faster, "cpu", 2)
    sounds = [speech.recording(speech.SENTENCES[n : n + 4])[0] for n in (0, 10, 20)]
    together = engine.hear(sounds, "en", "")
    alone = [engine.hear([sound], "en", "")[0] for sound in sounds]
    assert [[one.text for one in window] for window in together] == [[one.text for one in w] for w in alone]


def said(text: str, logprob: float = -0.2, no_speech: float = 0.1) -> SpokenSegment:
    return SpokenSegment(0.0, 2.0, text, logprob, no_speech)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (said("The retriever reads."), ""),
        (said("Thank you for watching.", -1.4, 0.9), "no speech"),
        (said("Okay. " * 60), "said over and over"),
        (said("Qua zor bletch.", -1.2), "too unsure"),
        (said("Thank you.", -0.3, 0.9), ""),
    ],
)
def test_a_segment_is_doubted_by_whispers_own_thresholds(one: SpokenSegment, why: str) -> None:
    assert one.doubt == why


def test_speech_at_the_end_of_a_window_that_was_not_written_down_is_heard_again() -> None:
    assert engines._is_bad(speech.silence(20), [said("The first words.")])


def test_a_loop_of_many_segments_is_heard_again() -> None:
    assert engines._is_bad(speech.silence(30), [replace(said("Thank you."), end=n) for n in range(1, 30)])


def test_a_window_in_which_nothing_was_written_is_heard_again() -> None:
    assert engines._is_bad(speech.silence(20), [])


def test_a_folder_without_a_tokenizer_is_named_before_a_hub_is_asked(tmp_path: Path, tiny: TinyWhisper) -> None:
    for name in ("model.bin", "config.json"):
        (tmp_path / name).write_bytes((tiny.faster / name).read_bytes())
    with pytest.raises(WhisperError, match=r"tokenizer\.json missing"):
        Models("faster-whisper", str(tmp_path), tmp_path).find()


def test_a_model_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(WhisperError, match=r"faster-whisper-small.*kb models get small"):
        Models("faster-whisper", "small", tmp_path / "whisper").find()


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_model_is_named(tmp_path: Path, tiny: TinyWhisper, name: EngineName) -> None:
    if name == "faster-whisper":
        for file in tiny.faster.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / "model.bin").write_bytes(b"no model at all")
        path = tmp_path
    else:
        path = tmp_path / "tiny.pt"
        path.write_bytes(b"no model at all")
    with pytest.raises(WhisperError, match="cannot be used"):
        open_engine(name, path, "cpu", 1)


@pytest.mark.data
def test_real_voices_go_through_decoder_detector_and_engine(data: Path, tiny: TinyWhisper) -> None:
    """The tiny model knows none of their words; that each file gives windows, and times within it, is all."""
    engine = open_engine("faster-whisper", tiny.faster, "cpu", 2)
    folder = data / "data" / "audio"
    for name in json.loads((folder / "texts.json").read_text()):
        state = Heard()
        found = list(windows(blocks(folder / name, state)))
        spoken = sum(window.seconds for window in found)
        assert 0.5 * state.seconds <= spoken <= state.seconds + 0.1, name
        for window, heard in zip(found, engine.hear([w.sound for w in found], "en", ""), strict=True):
            assert all(0 <= window.at(one.start) <= window.at(one.end, True) <= state.seconds for one in heard), name
