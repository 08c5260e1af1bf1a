"""From a recording to a citation at its second: heard once, kept; what cannot be heard is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kb.library import Library
from kb.sync.report import Progress
from kb.types.documents import TimeSpan
from tests import speech
from tests.recordings import a_talk, deaf, long_talk, transcripts
from tests.whisper_model import TinyWhisper

pytestmark = pytest.mark.usefixtures("hears")
Talk = tuple[Path, list[speech.Spoken]]


def test_a_question_is_answered_with_the_second_of_the_recording(library: Library, folder: Path) -> None:
    said = a_talk(folder / "workshop.wav", *speech.SENTENCES[:8])
    library.ingest([folder / "workshop.wav"])
    answer = library.ask("What does quantization keep?")
    cited = answer.citations[0]
    wanted = next(one for one in said if "Quantization" in one.text)
    assert isinstance(cited.locator, TimeSpan)
    assert cited.link.startswith((folder / "workshop.wav").as_uri() + "#t=")
    assert abs(cited.locator.start - wanted.start) <= 1.0


def test_thirty_sentences_are_cited_within_a_second(library: Library, folder: Path) -> None:
    said = a_talk(folder / "talk.wav", *speech.SENTENCES[:30], gaps=(0.3, 0.9, 2.5, 0.5))
    library.ingest([folder / "talk.wav"])
    row = library.sources()[0]
    assert row.kind == "audio"
    spans = [
        (segment["text"].strip(), segment["start"], segment["end"])
        for segment in transcripts(library.home)[0]["segments"]  # type: ignore[attr-defined]
    ]
    off = []
    for one in said:
        near = [(start, end) for words, start, end in spans if words == one.text]
        best = min((max(abs(a - one.start), abs(b - one.end)) for a, b in near), default=99.0)
        off.append((round(best, 2), one.text))
    assert max(off)[0] <= 1.0, sorted(off)[-3:]


def test_the_same_recording_is_never_heard_twice(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:4])
    library.ingest([folder / "talk.wav"])
    deaf(library)
    again = library.ingest([folder / "talk.wav"])
    assert (again.unchanged, again.failed, again.heard) == (1, [], [])


def test_a_copy_of_a_recording_takes_the_transcript_that_is_there(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:4])
    library.ingest([folder / "talk.wav"])
    shutil.copy(folder / "talk.wav", folder / "copy.wav")
    deaf(library)
    report = library.ingest([folder / "copy.wav"])
    assert (report.added, [one.took for one in report.heard]) == (1, [0.0])


def test_reading_everything_again_hears_nothing_again(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:4])
    library.ingest([folder / "talk.wav"])
    deaf(library)
    assert library.ingest([folder / "talk.wav"], force=True).updated == 1


def test_a_moved_recording_keeps_its_document_and_its_link(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:4])
    library.ingest([folder / "talk.wav"])
    before = library.sources()[0].document_id
    (folder / "talk.wav").rename(folder / "renamed.wav")
    deaf(library)
    library.ingest([folder / "renamed.wav"])
    hit = library.search("forty passages").hits[0]
    assert hit.chunk.document_id == before
    assert hit.link.startswith((folder / "renamed.wav").as_uri())


def test_recordings_in_a_folder_are_heard_only_when_that_is_asked_for(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    report = library.ingest([folder])
    assert [reason for _, reason in report.skipped] == [
        "a recording; --audio transcribes those that are met in folders"
    ]


def test_recordings_in_a_folder_are_heard_with_audio(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    assert library.ingest([folder], audio=True).added == 1


def test_a_transcript_beside_a_recording_is_read_instead(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    (folder / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:04,000\nWe speak of owls and of nothing else.\n")
    deaf(library)
    library.ingest([folder / "talk.wav"])
    hit = library.search("owls").hits[0]
    assert (hit.kind, hit.link) == ("transcript", (folder / "talk.wav").as_uri() + "#t=1,4")


def test_to_say_what_would_be_done_hears_nothing(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    deaf(library)
    assert library.ingest([folder / "talk.wav"], dry_run=True).added == 1


def music() -> np.ndarray:
    """Chords of a few seconds each, with their overtones."""
    rate, parts = speech.RATE, []
    for root in (220.0, 174.6, 261.6, 196.0) * 6:
        at = np.arange(3 * rate) / rate
        tones = [np.sin(2 * np.pi * root * step * at) / (n + 2) for n, step in enumerate((1, 1.25, 1.5, 2, 3))]
        parts.append(0.2 * np.sum(tones, axis=0) * np.exp(-at))
    return np.concatenate(parts).astype(np.float32)


def truncated(path: Path) -> None:
    speech.encoded(speech.recording(speech.SENTENCES[:6])[0], path, "aac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BAD: dict[str, Callable[[Path], object]] = {
    "empty.mp3": lambda path: path.write_bytes(b""),
    "cut.m4a": truncated,
    "noise.wav": lambda path: path.write_bytes(
        speech.wav(np.random.default_rng(4).normal(0, 0.1, 20 * speech.RATE).astype(np.float32))
    ),
    "silence.wav": lambda path: path.write_bytes(speech.wav(speech.silence(30))),
    "music.wav": lambda path: path.write_bytes(speech.wav(music())),
    "text.mp3": lambda path: path.write_text("These are words, and no sound at all.\n" * 40),
    "bytes.ogg": lambda path: path.write_bytes(bytes(np.random.default_rng(5).integers(0, 256, 40_000, np.uint8))),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_heard_is_named_and_the_rest_goes_on(library: Library, folder: Path, name: str) -> None:
    BAD[name](folder / name)
    a_talk(folder / "well.wav", *speech.SENTENCES[:3])
    report = library.ingest([folder / name, folder / "well.wav"])
    assert ([uri for uri, _ in report.failed], report.added) == ([(folder / name).as_uri()], 1)


def test_a_recording_that_breaks_off_gives_what_was_said_and_a_failure(library: Library, folder: Path) -> None:
    whole, _ = speech.recording(speech.SENTENCES[:12])
    path = speech.encoded(whole, folder / "cut.flac", "flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = library.ingest([path])
    assert (report.added, len(report.failed)) == (1, 1)
    assert "breaks off" in report.failed[0][1]


@pytest.mark.parametrize("form", ["talk.mp3", "talk.m4a", "talk.opus", "film.mp4", "film.webm"])
def test_sound_and_film_of_every_form_are_heard(library: Library, folder: Path, form: str) -> None:
    codec = {"mp3": "libmp3lame", "m4a": "aac", "mp4": "aac"}.get(form.rpartition(".")[2], "libopus")
    sound, _ = speech.recording(speech.SENTENCES[:3])
    speech.encoded(sound, folder / form, codec, video=form.startswith("film"))
    report = library.ingest([folder / form])
    assert (report.added, report.failed) == (1, [])


def test_without_a_model_each_recording_fails_by_name_and_notes_are_read(
    library: Library, folder: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    (notes / "a.md").write_text("# A\n\nRetrieval beats memory.\n")
    library.context.config = library.config.model_copy(update={"whisper": "small"})
    report = library.ingest([folder / "talk.wav", notes])
    assert report.added == 1
    assert "kb models get small" in report.failed[0][1]


def test_the_second_engine_hears_the_same(library: Library, folder: Path, tiny: TinyWhisper) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:5])
    other = {"whisper": str(tiny.openai), "whisper_engine": "openai-whisper"}
    library.context.config = library.config.model_copy(update=other)
    library.ingest([folder / "talk.wav"])
    assert transcripts(library.home)[0]["text"] == " ".join(speech.SENTENCES[:5])


def test_the_transcript_is_kept_as_whispers_json(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:3])
    library.ingest([folder / "talk.wav"])
    kept = transcripts(library.home)[0]
    assert set(kept["segments"][0]) >= {  # type: ignore[index]
        "id", "start", "end", "text", "avg_logprob", "no_speech_prob", "compression_ratio", "temperature",
    }  # fmt: skip


def test_what_whisper_doubts_is_left_out_and_can_be_looked_at(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:3])
    library.ingest([folder / "talk.wav"])
    path = next((library.home / "transcripts").glob("*.json"))
    kept = json.loads(path.read_text())
    kept["dropped"] = [{**kept["segments"].pop(), "reason": "too unsure"}]
    path.write_text(json.dumps(kept))
    library.ingest([folder / "talk.wav"], force=True)
    entry, text = library.source(library.sources()[0].document_id or "")
    assert entry.metadata["dropped"][0]["reason"] == "too unsure"
    assert speech.SENTENCES[2] not in text


def test_progress_says_how_far_it_is_and_how_fast(library: Library, folder: Path) -> None:
    long_talk(folder / "talk.wav", 2)
    seen: list[Progress] = []
    library.ingest([folder / "talk.wav"], on_progress=seen.append)
    told = [one.hearing.told for one in seen if one.hearing is not None and one.hearing.speed]
    assert "× real time" in told[0]


def test_notes_beside_a_recording_that_is_named_are_not_read(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    (folder / "talk.txt").write_text("# Private\n\n- what I think of the speaker\n")
    library.ingest([folder / "talk.wav"])
    assert [row.kind for row in library.sources()] == ["audio"]


def test_the_doctor_says_which_model_hears(library: Library, tiny: TinyWhisper) -> None:
    seen = next(finding.seen for finding in library.doctor() if finding.name == "whisper")
    assert str(tiny.faster) in seen


def test_models_lists_the_one_that_is_set(library: Library, tiny: TinyWhisper) -> None:
    assert [row.name for row in library.models() if row.role == "whisper" and row.used] == [str(tiny.faster)]


def test_a_model_that_cannot_be_downloaded_is_one_plain_line(home: Path, tmp_path: Path) -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kb.cli", "models", "get", "tiny", "--home", str(home)],
        env={**os.environ, **nowhere, "KB_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert [line[:34] for line in done.stderr.splitlines()] == ["kb: The Whisper model tiny cannot "]
