"""Hearing that is stopped, killed, crowded or out of room: no word is lost and none is heard twice."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from index.models.embedder import Embedder
from kb.errors import StoreFull
from kb.library import Library
from kb.sync.report import Progress
from tests import speech
from tests.recordings import a_talk, long_talk, run_kb, transcripts

pytestmark = pytest.mark.usefixtures("hears")
Talk = tuple[Path, list[speech.Spoken]]


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
