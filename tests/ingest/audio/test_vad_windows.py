"""Speech is cut at pauses into windows of at most half a minute, which give back the recording's own times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.audio.decode import RATE, Sound
from ingest.audio.vad_windows import LONGEST, Window, windows
from tests import speech

pytestmark = pytest.mark.usefixtures("spoken")


def a_talk(count: int, gaps: tuple[float, ...] = (0.5,)) -> tuple[Sound, list[speech.Spoken]]:
    texts = [speech.SENTENCES[n % len(speech.SENTENCES)] for n in range(count)]
    return speech.recording(texts, gaps)


def in_blocks(sound: Sound, seconds: float = 30.0) -> list[Sound]:
    size = round(seconds * RATE)
    return [sound[at : at + size] for at in range(0, len(sound), size)]


def test_no_window_is_longer_than_whisper_hears_at_once() -> None:
    sound, _ = a_talk(30)
    assert max(window.seconds for window in windows(in_blocks(sound))) <= LONGEST


def test_every_sentence_lies_within_some_part_of_a_window() -> None:
    sound, said = a_talk(30, (0.4, 1.5, 6.0))
    parts = [part for window in windows(in_blocks(sound)) for part in window.parts]
    # A sentence may be cut at a pause of its own; nearly all of it must be there.
    for one in said:
        covered = sum(max(0.0, min(end, one.end) - max(start, one.start)) for start, end in parts)
        assert covered > 0.9 * (one.end - one.start), one


def test_long_pauses_are_left_out() -> None:
    sound, said = a_talk(6, (20.0,))
    heard = sum(window.seconds for window in windows(in_blocks(sound)))
    assert heard < sum(one.end - one.start for one in said) + 6 * 1.0


def test_silence_has_no_windows() -> None:
    assert list(windows(in_blocks(speech.silence(90)))) == []


def test_noise_has_no_windows() -> None:
    noise = np.random.default_rng(2).normal(0, 0.05, 60 * RATE).astype(np.float32)
    assert list(windows(in_blocks(noise))) == []


def test_a_recording_longer_than_one_look_loses_nothing_where_the_looks_meet() -> None:
    sound, said = a_talk(50, (0.3, 0.8))
    sound = np.concatenate([sound] * 4)  # about twelve minutes
    length = len(sound) / 4 / RATE
    parts = [part for window in windows(in_blocks(sound)) for part in window.parts]
    starts = [round(one.start + n * length, 2) for n in range(4) for one in said]
    missed = [at for at in starts if not any(start - 0.2 <= at <= end for start, end in parts)]
    assert missed == []


def test_windows_come_in_order_and_never_overlap() -> None:
    sound, _ = a_talk(50)
    parts = [part for window in windows(in_blocks(np.concatenate([sound] * 4))) for part in window.parts]
    assert all(a[1] <= b[0] + 1e-6 for a, b in pairwise(parts))


def test_how_it_comes_in_blocks_changes_nothing() -> None:
    sound, _ = a_talk(10)
    one = [window.parts for window in windows(in_blocks(sound, 7.0))]
    assert one == [window.parts for window in windows([sound])]


@given(
    st.lists(st.tuples(st.floats(0.1, 8), st.floats(0.05, 20)), min_size=1, max_size=8),
    st.lists(st.floats(0, 40), min_size=2, max_size=2),
)
def test_later_in_a_window_is_never_earlier_in_the_recording(
    lengths: list[tuple[float, float]], times: list[float]
) -> None:
    parts, at = [], 0.0
    for length, gap in lengths:
        parts.append((at, at + length))
        at += length + gap
    window = Window(np.zeros(1, dtype=np.float32), tuple(parts))
    first, second = sorted(times)
    assert window.at(first) <= window.at(second)


@given(st.lists(st.tuples(st.floats(0.1, 8), st.floats(0.05, 20)), min_size=1, max_size=8), st.floats(0, 1))
def test_a_time_within_a_part_is_given_back_exactly(lengths: list[tuple[float, float]], share: float) -> None:
    parts, at = [], 0.0
    for length, gap in lengths:
        parts.append((at, at + length))
        at += length + gap
    window = Window(np.zeros(1, dtype=np.float32), tuple(parts))
    start, end = parts[-1]
    before = sum(b - a for a, b in parts[:-1])
    assert window.at(before + share * 0.99 * (end - start)) == pytest.approx(start + share * 0.99 * (end - start))
