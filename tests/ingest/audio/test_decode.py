"""Sound is decoded from whatever holds it, block by block, at the times of the file; what is none is named."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from ingest.audio import decode
from ingest.audio.decode import RATE, Heard, NoAudio
from tests import speech


def a_tone(seconds: float, hertz: float = 440.0) -> decode.Sound:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def decoded(path: Path) -> tuple[decode.Sound, Heard]:
    heard = Heard()
    return np.concatenate(list(decode.blocks(path, heard))), heard


FORMS = [
    ("a.mp3", "libmp3lame", False),
    ("a.m4a", "aac", False),
    ("a.ogg", "libopus", False),
    ("a.opus", "libopus", False),
    ("a.flac", "flac", False),
    ("a.wav", "pcm_s16le", False),
    ("a.mp4", "aac", True),
    ("a.webm", "libopus", True),
    ("a.mkv", "pcm_s16le", True),
]


@pytest.mark.parametrize(("name", "codec", "video"), FORMS, ids=[name for name, _, _ in FORMS])
def test_every_form_gives_the_same_seconds(tmp_path: Path, name: str, codec: str, video: bool) -> None:
    path = speech.encoded(a_tone(7.0), tmp_path / name, codec, video=video)
    whole, _ = decoded(path)
    assert len(whole) / RATE == pytest.approx(7.0, abs=0.12)


@pytest.mark.parametrize(("name", "codec", "video"), FORMS, ids=[name for name, _, _ in FORMS])
def test_what_every_form_says_of_its_length_is_what_it_has(tmp_path: Path, name: str, codec: str, video: bool) -> None:
    path = speech.encoded(a_tone(7.0), tmp_path / name, codec, video=video)
    _, heard = decoded(path)
    assert decode.broken(decode.facts(path), heard) == ""


def test_a_tone_keeps_its_pitch(tmp_path: Path) -> None:
    whole, _ = decoded(speech.encoded(a_tone(4.0, 1000.0), tmp_path / "a.mp3", "libmp3lame"))
    spectrum = np.abs(np.fft.rfft(whole[RATE : 3 * RATE]))
    assert np.argmax(spectrum) / 2 == pytest.approx(1000.0, abs=2)


def test_a_file_of_8_khz_keeps_its_seconds(tmp_path: Path) -> None:
    path = tmp_path / "phone.wav"
    path.write_bytes(speech.wav(a_tone(6.0)[::2], rate=8000))
    whole, _ = decoded(path)
    assert len(whole) / RATE == pytest.approx(6.0, abs=0.05)


def test_five_channels_become_one(tmp_path: Path) -> None:
    path = tmp_path / "five.wav"
    path.write_bytes(speech.wav(a_tone(3.0), channels=5))
    whole, _ = decoded(path)
    assert np.abs(whole[RATE : 2 * RATE]).max() > 0.1


def test_a_long_file_comes_in_blocks_of_about_half_a_minute(tmp_path: Path) -> None:
    path = speech.encoded(a_tone(150.0), tmp_path / "a.flac", "flac")
    sizes = [len(block) / RATE for block in decode.blocks(path, Heard())]
    assert max(sizes) < 35


def test_a_hole_in_the_times_of_a_file_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "hole.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=RATE)
        stream.layout = "mono"
        for begin in (0.0, 8.0):
            for n in range(3):
                frame = av.AudioFrame.from_ndarray(
                    (a_tone(1.0) * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
                )
                frame.sample_rate, frame.pts = RATE, round((begin + n) * RATE)
                out.mux(stream.encode(frame))
        out.mux(stream.encode())
    whole, _ = decoded(path)
    loud = np.flatnonzero(np.abs(whole) > 0.2) / RATE
    assert loud[loud > 4][0] == pytest.approx(8.0, abs=0.05)


def test_a_recording_that_breaks_off_says_where(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    whole = speech.encoded(a_tone(60.0, 300.0) + a_noise(60.0), tmp_path / "whole.flac", "flac").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    _, heard = decoded(path)
    assert "breaks off" in decode.broken(decode.facts(path), heard)


def test_an_mp3_that_breaks_off_is_known_by_its_count_of_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    whole = speech.encoded(a_tone(60.0), tmp_path / "whole.mp3", "libmp3lame").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    _, heard = decoded(path)
    assert "breaks off" in decode.broken(decode.facts(path), heard)


def a_noise(seconds: float) -> decode.Sound:
    return np.random.default_rng(1).normal(0, 0.05, round(seconds * RATE)).astype(np.float32)


def test_a_text_that_is_named_mp3_is_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_text("This is a note about audio.\n" * 50)
    with pytest.raises(NoAudio, match="no sound can be read"):
        decoded(path)


def test_a_film_without_sound_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    with av.open(str(path), "w") as out:
        film = out.add_stream("mpeg4", rate=1)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        out.mux(film.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")))
        out.mux(film.encode())
    with pytest.raises(NoAudio, match="no sound track"):
        decode.facts(path)


def test_chapters_and_names_of_a_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.mkv"
    with av.open(str(path), "w") as out:
        out.metadata["title"] = "On retrieval"
        out.metadata["artist"] = "A. Speaker"
        stream = out.add_stream("pcm_s16le", rate=RATE)
        stream.layout = "mono"
        out.set_chapters(
            [
                {"id": 1, "start": 0, "end": 2000, "time_base": speech.MILLI, "metadata": {"title": "Opening"}},
                {"id": 2, "start": 2000, "end": 4000, "time_base": speech.MILLI, "metadata": {"title": "Questions"}},
            ]
        )
        frame = av.AudioFrame.from_ndarray((a_tone(4.0) * 32767).astype(np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    found = decode.facts(path)
    assert (found.title, found.author, list(found.chapters)) == (
        "On retrieval",
        "A. Speaker",
        [{"start": 0.0, "title": "Opening"}, {"start": 2.0, "title": "Questions"}],
    )


def test_a_film_that_goes_on_after_its_sound_is_not_broken(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        film, stream = out.add_stream("mpeg4", rate=1), out.add_stream("aac", rate=RATE)
        film.width, film.height, film.pix_fmt, stream.layout = 64, 48, "yuv420p", "mono"
        for n in range(40):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")
            frame.pts = n
            out.mux(film.encode(frame))
        out.mux(film.encode())
        heard = av.AudioFrame.from_ndarray(
            (a_tone(10.0) * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
        )
        heard.sample_rate = RATE
        for piece in av.AudioResampler("fltp", "mono", RATE).resample(heard):
            out.mux(stream.encode(piece))
        out.mux(stream.encode())
    _, state = decoded(path)
    assert decode.broken(decode.facts(path), state) == ""


def test_what_follows_a_damaged_place_keeps_its_time(tmp_path: Path) -> None:
    whole = np.concatenate([a_tone(60.0, 300.0), a_tone(30.0, 1000.0)])
    path = speech.encoded(whole, tmp_path / "a.m4a", "aac")
    data = bytearray(path.read_bytes())
    at = len(data) // 3
    data[at : at + len(data) // 15] = bytes(np.random.default_rng(6).integers(0, 256, len(data) // 15, np.uint8))
    path.write_bytes(data)
    heard, _ = decoded(path)
    spectrum = np.abs(np.fft.rfft(heard[75 * RATE : 77 * RATE]))
    assert np.argmax(spectrum) / 2 == pytest.approx(1000.0, abs=3)


def test_a_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part1:intro.wav").write_bytes(speech.wav(a_tone(2.0)))
    monkeypatch.chdir(tmp_path)
    assert decode.facts(Path("part1:intro.wav")).seconds == pytest.approx(2.0, abs=0.05)
