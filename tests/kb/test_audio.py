"""From a recording to a citation at its second: heard once, kept, taken up again; what cannot be heard is named."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from index.embed import Embedder
from ingest.audio.engines import Engine
from kb.documents import TimeSpan
from kb.errors import StoreFull
from kb.library import Library
from kb.report import Progress
from tests import speech
from tests.site import Page, Site
from tests.whisper_model import TinyWhisper

pytestmark = pytest.mark.usefixtures("hears")
Talk = tuple[Path, list[speech.Spoken]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "talks"
    place.mkdir()
    return place


def a_talk(path: Path, *texts: str, gaps: tuple[float, ...] = (0.5,)) -> list[speech.Spoken]:
    """A WAV file of some sentences."""
    sound, said = speech.recording(texts, gaps)
    path.write_bytes(speech.wav(sound))
    return said


def long_talk(path: Path, times: int = 5) -> None:
    """All sentences, several times: about three minutes each."""
    sound, _ = speech.recording(speech.SENTENCES * times, (0.4, 0.7))
    path.write_bytes(speech.wav(sound))


def run_kb(*arguments: str | Path, home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "kb.cli", *map(str, arguments), "--home", str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def transcripts(home: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((home / "transcripts").glob("*.json"))]


def deaf(library: Library) -> None:
    """A base whose Whisper fails the test when it is asked for."""

    def asked() -> Engine:
        pytest.fail("Whisper was asked for")

    library._hearer = asked  # type: ignore[method-assign]


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
    library.config = library.config.model_copy(update={"whisper": "small"})
    report = library.ingest([folder / "talk.wav", notes])
    assert report.added == 1
    assert "kb models get small" in report.failed[0][1]


def test_the_second_engine_hears_the_same(library: Library, folder: Path, tiny: TinyWhisper) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:5])
    other = {"whisper": str(tiny.openai), "whisper_engine": "openai-whisper"}
    library.config = library.config.model_copy(update=other)
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


def test_others_may_write_while_a_recording_is_heard(library: Library, folder: Path, notes: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:6])
    (notes / "a.md").write_text("# A\n\nRetrieval beats memory.\n")
    codes: list[int] = []

    def another(progress: Progress) -> None:
        if progress.hearing is not None and not codes:
            other = run_kb("ingest", notes, home=library.home)
            codes.append(other.wait(60))

    library.ingest([folder / "talk.wav"], on_progress=another)
    assert codes == [0]


def wait_for_the_first_words(home: Path, running: subprocess.Popen[str]) -> Path:
    until = time.monotonic() + 120
    while time.monotonic() < until and running.poll() is None:
        for path in (home / "transcripts").glob("*.partial.jsonl"):
            if path.read_bytes().count(b"\n") >= 1:
                return path
        time.sleep(0.02)
    pytest.fail("no words were kept while it was heard")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_hearing_goes_on_where_it_was(
    library: Library, home: Path, folder: Path, how: signal.Signals
) -> None:
    long_talk(folder / "talk.wav", 4)
    running = run_kb("ingest", folder / "talk.wav", home=home)
    partial = wait_for_the_first_words(home, running)
    running.send_signal(how)
    code = running.wait(30)
    assert code == (-9 if how == signal.SIGKILL else 130)
    first = json.loads(partial.read_bytes().splitlines()[0])
    seen: list[Progress] = []
    library.ingest([folder / "talk.wav"], on_progress=seen.append)
    begun = next(one.hearing.at for one in seen if one.hearing is not None)
    assert begun >= first["until"]
    kept = transcripts(home)[0]
    whole = Library(library.config.model_copy(update={"home": home.parent / "other"}), None, library.embedder())
    whole.ingest([folder / "talk.wav"])
    assert kept["text"] == transcripts(home.parent / "other")[0]["text"]


def test_words_that_were_half_written_when_it_was_killed_are_heard_again(library: Library, folder: Path) -> None:
    long_talk(folder / "talk.wav", 2)
    library.ingest([folder / "talk.wav"])
    path = next((library.home / "transcripts").glob("*.json"))
    wanted = json.loads(path.read_text())["text"]
    path.with_name(f"{path.stem}.partial.jsonl").write_text('{"sha256": "' + "half a li")
    path.unlink()
    library.ingest([folder / "talk.wav"], force=True)
    assert transcripts(library.home)[0]["text"] == wanted


def test_a_disk_that_fills_while_it_is_heard_is_named_and_loses_no_word(
    library: Library, tmp_path: Path, folder: Path, embedder: Embedder
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted as root")
    try:
        long_talk(folder / "talk.wav", 4)
        small = Library(library.config.model_copy(update={"home": disk / "home"}), None, embedder)

        def fill(progress: Progress) -> None:
            if progress.hearing is not None and progress.hearing.at and not (disk / "full").exists():
                # Until there is no room for another page.
                with (disk / "full").open("wb") as file, suppress(OSError):
                    while True:
                        file.write(b"x" * 4096)
                        file.flush()

        with pytest.raises(StoreFull, match="disk"):
            small.ingest([folder / "talk.wav"], on_progress=fill)
        assert list((disk / "home" / "transcripts").glob("*.partial.jsonl"))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def a_feed(site: Site, *episodes: str) -> str:
    items = "".join(
        f"<item><title>{name}</title><link>{site.url}/{name}</link><guid>{name}</guid>"
        f"<pubDate>Mon, 0{n + 1} Jun 2026 08:00:00 GMT</pubDate>{more}"
        f'<enclosure url="{site.url}/{name}.mp3" type="audio/mpeg" length="1"/>'
        f"<description>About {name}.</description></item>"
        for n, (name, more) in enumerate(episode.partition("|")[::2] for episode in episodes)
    )
    text = (
        '<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>A podcast</title>'
        f"<link>{site.url}</link>{items}</channel></rss>"
    )
    site.pages["/feed.xml"] = Page(text, "application/rss+xml")
    return f"{site.url}/feed.xml"


def mp3(tmp_path: Path, *texts: str) -> Page:
    path = speech.encoded(speech.recording(texts)[0], tmp_path / "episode.mp3", "libmp3lame")
    return Page(path.read_bytes(), "audio/mpeg")


def test_the_episodes_of_a_feed_are_heard_and_cited_at_their_second(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:4])
    library.ingest([a_feed(site, "one")], audio=True)
    hit = library.search("quantization four bits").hits[0]
    assert (hit.kind, hit.title, hit.uri) == ("audio", "one", f"{site.url}/one")
    assert hit.link.startswith(f"{site.url}/one.mp3#t=")


def test_an_episode_is_neither_fetched_nor_heard_again(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:4])
    feed = a_feed(site, "one")
    library.ingest([feed], audio=True)
    deaf(library)
    report = library.ingest([feed], audio=True)
    assert (report.unchanged, [path for path, _ in site.requests].count("/one.mp3")) == (1, 1)


def test_a_feed_is_fetched_once_to_hear_its_episodes_and_to_read_them(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    library.ingest([a_feed(site, "one")], audio=True)
    assert sorted(path for path, _ in site.requests) == ["/feed.xml", "/one.mp3"]


def test_only_the_latest_episodes_are_heard(library: Library, site: Site, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        site.pages[f"/{name}.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    library.ingest([a_feed(site, "one", "two", "three")], audio=True, episodes=2)
    kinds = {row.title: row.kind for row in library.sources()}
    assert kinds == {"one": "link", "two": "audio", "three": "audio"}


def test_a_new_episode_does_not_bring_the_old_ones_with_it(library: Library, site: Site, tmp_path: Path) -> None:
    for name in ("one", "two", "three", "four"):
        site.pages[f"/{name}.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    library.ingest([a_feed(site, "one", "two", "three")], audio=True, episodes=2)
    library.ingest([a_feed(site, "one", "two", "three", "four")], audio=True, episodes=2)
    assert {row.title: row.kind for row in library.sources()}["one"] == "link"


def test_reading_a_feed_again_by_force_keeps_the_words_of_its_episodes(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    feed = a_feed(site, "one")
    library.ingest([feed], audio=True)
    library.ingest([feed], force=True)
    assert [row.kind for row in library.sources()] == ["audio"]


def test_an_empty_recording_costs_only_its_episode(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    site.pages["/two.mp3"] = Page(b"", "audio/mpeg")
    report = library.ingest([a_feed(site, "one", "two")], audio=True)
    assert [uri for uri, _ in report.failed] == [f"{site.url}/two"]
    assert {row.title: row.kind for row in library.sources()} == {"one": "audio", "two": "link"}


def test_a_failed_episode_is_still_listed_as_failed(library: Library, site: Site) -> None:
    library.ingest([a_feed(site, "one")], audio=True)
    assert [failure.uri for failure in library.status().failures] == [f"{site.url}/one"]


def test_episodes_that_all_lead_to_the_page_of_the_show_are_heard_each(
    library: Library, site: Site, tmp_path: Path
) -> None:
    for n, name in enumerate(("one", "two")):
        site.pages[f"/{name}.mp3"] = mp3(tmp_path, *speech.SENTENCES[n * 2 : n * 2 + 2])
    feed = a_feed(site, "one", "two")
    page = site.pages["/feed.xml"]
    assert isinstance(page.body, str)
    page.body = page.body.replace(f"<link>{site.url}/one</link>", f"<link>{site.url}</link>")
    page.body = page.body.replace(f"<link>{site.url}/two</link>", f"<link>{site.url}</link>")
    library.ingest([feed], audio=True)
    assert sorted((row.title, row.uri) for row in library.sources()) == [
        ("one", f"{site.url}/one.mp3"),
        ("two", f"{site.url}/two.mp3"),
    ]


def test_a_recording_whose_address_does_not_look_so_is_heard(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/play"] = mp3(tmp_path, *speech.SENTENCES[:3])
    library.ingest([f"{site.url}/play?id=3"])
    assert [row.kind for row in library.sources()] == ["audio"]


def test_a_page_whose_address_looks_like_a_recording_is_read(library: Library, site: Site) -> None:
    words = "This page is about a recording of a speech, and it says much about the owls that are heard in it. " * 5
    site.pages["/wiki/File:Speech.ogg"] = Page(
        f"<html><body><article><h1>Owls</h1><p>{words}</p></article></body></html>"
    )
    library.ingest([f"{site.url}/wiki/File:Speech.ogg"])
    assert [row.kind for row in library.sources()] == ["web"]


def test_notes_beside_a_recording_that_is_named_are_not_read(library: Library, folder: Path) -> None:
    a_talk(folder / "talk.wav", *speech.SENTENCES[:2])
    (folder / "talk.txt").write_text("# Private\n\n- what I think of the speaker\n")
    library.ingest([folder / "talk.wav"])
    assert [row.kind for row in library.sources()] == ["audio"]


def test_a_published_transcript_is_read_instead_of_hearing(library: Library, site: Site) -> None:
    site.pages["/one.vtt"] = Page("WEBVTT\n\n00:01.000 --> 00:04.000\nWe speak of owls tonight.\n", "text/vtt")
    deaf(library)
    more = f'<podcast:transcript url="{site.url}/one.vtt" type="text/vtt"/>'
    library.ingest([a_feed(site, f"one|{more}")], audio=True)
    hit = library.search("owls").hits[0]
    assert (hit.kind, hit.link) == ("transcript", f"{site.url}/one.mp3#t=1,4")


def test_an_episode_whose_recording_is_gone_is_named_and_stays_a_link(library: Library, site: Site) -> None:
    report = library.ingest([a_feed(site, "one")], audio=True)
    assert (report.added, [uri for uri, _ in report.failed]) == (1, [f"{site.url}/one"])


def test_a_recording_at_an_address_is_heard(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/talk.mp3"] = mp3(tmp_path, *speech.SENTENCES[:3])
    library.ingest([f"{site.url}/talk.mp3"])
    hit = library.search("forty passages").hits[0]
    assert (hit.kind, hit.title) == ("audio", "talk")
    assert not list((library.home / "recordings").glob("*"))


def test_the_chapters_of_show_notes_say_where_in_an_episode_a_passage_stands(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:8])
    feed = a_feed(site, "one")
    notes = "<p>We talk for a while about many things.</p>" * 4
    notes += "<p>00:00 Opening</p><p>00:10 The cache</p><p>00:20 The middle</p><p>Thanks to all.</p><p>See you.</p>"
    page = site.pages["/feed.xml"]
    assert isinstance(page.body, str)
    page.body = page.body.replace("About one.", notes.replace("<", "&lt;").replace(">", "&gt;"))
    library.ingest([feed], audio=True)
    entry, _ = library.source(library.sources()[0].document_id or "")
    assert [chapter["title"] for chapter in entry.metadata["chapters"]] == ["Opening", "The cache", "The middle"]


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


def test_two_processes_that_are_given_the_same_recording_hear_it_once(home: Path, folder: Path) -> None:
    long_talk(folder / "talk.wav", 2)
    both = [run_kb("ingest", folder / "talk.wav", "--json", "--wait", "60", home=home) for _ in range(2)]
    said = [json.loads(one.communicate(timeout=120)[0]) for one in both]
    assert sorted(one["took"] > 0 for row in said for one in row["transcribed"]) == [False, True]


def test_two_threads_may_hear_with_one_engine(library: Library, folder: Path) -> None:
    for n in range(2):
        a_talk(folder / f"talk{n}.wav", *speech.SENTENCES[n * 3 : n * 3 + 3])
    failed: list[BaseException] = []

    def one(n: int) -> None:
        try:
            library.ingest([folder / f"talk{n}.wav"], wait=60)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, len(library.sources())) == ([], 2)
