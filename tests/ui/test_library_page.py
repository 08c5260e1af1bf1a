"""The library in a real browser: what is in it, files dropped, addresses, removal, failures by name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kb.library import Library
from tests import speech
from tests.site import Page, Site
from tests.ui.conftest import Watched

Tutor = Callable[..., Watched]
NOTE = "# Pipeline\n\nThe pipeline bubble is the time in which stages wait for their first micro-batch.\n"


def dropped(watched: Watched, *files: Path) -> None:
    watched.tab("Library")
    watched.page.set_input_files("#kb-files input[type=file]", [str(file) for file in files])
    watched.page.wait_for_selector("#kb-files .file-preview, #kb-files table", timeout=60_000)
    watched.page.click("#kb-add")


def test_every_source_is_listed_with_its_state(tutor: Tutor) -> None:
    watched = tutor({"a.md": NOTE, "b.md": "# Other\n\nAnother note about something else.\n"})
    watched.tab("Library")
    expect(watched.page.locator("#kb-source-list .kb-entry")).to_have_count(2)
    expect(watched.page.locator("#kb-source-list")).to_contain_text("1 passages · ready")


def test_a_source_is_found_by_its_name(tutor: Tutor) -> None:
    watched = tutor({"a.md": NOTE, "b.md": "# Other\n\nAnother note about something else.\n"})
    watched.tab("Library")
    watched.page.fill('#kb-find input[name="words"]', "other")
    expect(watched.page.locator("#kb-source-list .kb-entry")).to_have_count(1)
    expect(watched.page.locator("#kb-source-list")).to_contain_text("1 of 2 sources")


def test_a_dropped_file_is_added_and_answers(tutor: Tutor, tmp_path: Path) -> None:
    file = tmp_path / "dropped.md"
    file.write_text(NOTE)
    watched = tutor()
    dropped(watched, file)
    expect(watched.page.locator("#kb-added")).to_contain_text("Done: added 1", timeout=30_000)
    expect(watched.page.locator("#kb-source-list .kb-title")).to_have_text("Pipeline")
    watched.tab("Chat")
    watched.ask("What is the pipeline bubble?")
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("stages wait")


@pytest.mark.usefixtures("hears")
def test_a_dropped_recording_is_heard_and_plays_at_the_words(tutor: Tutor, tmp_path: Path) -> None:
    sound, said = speech.recording(speech.SENTENCES[:8])
    file = speech.encoded(sound, tmp_path / "workshop.mp3", "libmp3lame")
    watched = tutor()
    dropped(watched, file)
    expect(watched.page.locator("#kb-added")).to_contain_text("Done: added 1", timeout=60_000)
    watched.tab("Chat")
    watched.ask("What does quantization keep?")
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card mark").first).to_contain_text("four bits")
    at = next(one.start for one in said if "Quantization" in one.text)
    watched.page.wait_for_function(
        "at => Math.abs(document.querySelector('#kb-card audio').currentTime - Math.max(at - 2, 0)) < 1", arg=at
    )


def test_a_dropped_file_is_kept_in_the_home(tutor: Tutor, library: Library, tmp_path: Path) -> None:
    file = tmp_path / "dropped.md"
    file.write_text(NOTE)
    watched = tutor()
    dropped(watched, file)
    expect(watched.page.locator("#kb-added")).to_contain_text("Done", timeout=30_000)
    kept = list((library.home / "inbox").rglob("dropped.md"))
    assert [path.read_text() for path in kept] == [NOTE]


def test_the_same_file_dropped_twice_is_one_source(tutor: Tutor, library: Library, tmp_path: Path) -> None:
    file = tmp_path / "dropped.md"
    file.write_text(NOTE)
    watched = tutor()
    dropped(watched, file)
    expect(watched.page.locator("#kb-added")).to_contain_text("Done: added 1", timeout=30_000)
    dropped(watched, file)
    expect(watched.page.locator("#kb-added")).to_contain_text("unchanged 1", timeout=30_000)
    assert len(library.sources()) == 1


def test_a_program_and_a_broken_paper_are_named_and_cost_nothing_else(tutor: Tutor, tmp_path: Path) -> None:
    good, program, broken = tmp_path / "good.md", tmp_path / "setup.exe", tmp_path / "broken.pdf"
    good.write_text(NOTE)
    program.write_bytes(b"MZ\x90\x00" + os.urandom(2000))
    broken.write_bytes(b"%PDF-1.4 and no more")
    watched = tutor()
    dropped(watched, good, program, broken)
    told = watched.page.locator("#kb-added")
    expect(told).to_contain_text("Done: added 1", timeout=30_000)
    expect(told).to_contain_text("setup.exe")
    expect(told).to_contain_text("broken.pdf")


def test_three_hundred_files_at_once_are_all_added(tutor: Tutor, library: Library, tmp_path: Path) -> None:
    files = []
    for n in range(300):
        files.append(tmp_path / f"note-{n:03}.md")
        files[-1].write_text(f"# Note {n}\n\nThe value of number {n} is {n * 7}.\n")
    watched = tutor()
    dropped(watched, *files)
    expect(watched.page.locator("#kb-added")).to_contain_text("Done: added 300", timeout=120_000)
    assert len(library.sources()) == 300
    expect(watched.page.locator("#kb-source-list .kb-entry")).to_have_count(50)


def test_a_file_that_is_too_large_is_refused_in_words(tutor: Tutor, library: Library, tmp_path: Path) -> None:
    large = tmp_path / "film.mp4"
    with large.open("wb") as file:
        file.truncate(2_000_000_000)
    watched = tutor()
    watched.tab("Library")
    watched.page.set_input_files("#kb-files input[type=file]", str(large))
    expect(watched.page.locator(".toast-wrap")).to_contain_text(
        "exceed the maximum allowed size of 100", timeout=60_000
    )
    assert library.sources() == []


def test_an_address_is_added(tutor: Tutor, site: Site) -> None:
    words = "<p>" + "The pipeline bubble is the time in which stages wait for a micro-batch. " * 8 + "</p>"
    site.pages["/post"] = Page(
        f"<html><head><title>A post</title></head><body><article><h1>A post</h1>{words}</article>"
    )
    watched = tutor()
    watched.tab("Library")
    watched.page.fill("#kb-places textarea", f"{site.url}/post")
    watched.page.click("#kb-add")
    expect(watched.page.locator("#kb-added")).to_contain_text("Done: added 1", timeout=30_000)


def test_an_address_that_is_not_there_is_named_and_stays_in_the_list(tutor: Tutor, site: Site) -> None:
    watched = tutor()
    watched.tab("Library")
    watched.page.fill("#kb-places textarea", f"{site.url}/missing")
    watched.page.click("#kb-add")
    expect(watched.page.locator("#kb-added")).to_contain_text("Failed: missing", timeout=30_000)
    expect(watched.page.locator("#kb-source-list .kb-failed")).to_contain_text("404")


def test_nothing_to_add_is_said(tutor: Tutor) -> None:
    watched = tutor()
    watched.tab("Library")
    watched.page.click("#kb-add")
    expect(watched.page.locator("#kb-added")).to_contain_text("Drop a file or write an address first")


def test_a_source_is_removed_only_after_a_yes(tutor: Tutor, library: Library) -> None:
    watched = tutor({"a.md": NOTE})
    watched.tab("Library")
    watched.page.click('[data-act="remove-source"]')
    expect(watched.page.locator("#kb-confirm")).to_contain_text("Pipeline")
    watched.page.click('#kb-confirm button:has-text("Keep it")')
    assert len(library.sources()) == 1
    watched.page.click('[data-act="remove-source"]')
    watched.page.click('#kb-confirm button:has-text("Take it out")')
    expect(watched.page.locator("#kb-source-list")).to_contain_text("Nothing is in this knowledge base yet")
    assert library.sources() == []


def test_an_empty_base_explains_itself_and_offers_the_sample(tutor: Tutor) -> None:
    watched = tutor()
    expect(watched.page.locator("#kb-welcome")).to_contain_text("Nothing is in this knowledge base yet")
    watched.page.click('[data-act="sample"]')
    expect(watched.page.locator('[data-act="example"]')).to_be_visible(timeout=30_000)
    watched.page.click('[data-act="example"]')
    expect(watched.page.locator("#kb-now .kb-cite").first).to_be_visible()


def test_what_another_kb_ingests_is_answered_without_a_restart(tutor: Tutor, library: Library, tmp_path: Path) -> None:
    watched = tutor({"a.md": NOTE})
    watched.ask("What is the capital of Atlantis?")
    other = tmp_path / "late.md"
    other.write_text("# Atlantis\n\nThe capital of Atlantis is the city of Poseidonis.\n")
    done = subprocess.run(
        [sys.executable, "-m", "kb.cli", "ingest", str(other), "--home", str(library.home)],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    watched.ask("What is the capital of Atlantis then?")
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("Poseidonis")


def test_an_ingest_waits_for_another_kb_that_is_writing(tutor: Tutor, library: Library, tmp_path: Path) -> None:
    from index.storage import locks

    file = tmp_path / "late.md"
    file.write_text(NOTE)
    watched = tutor({"a.md": "# Other\n\nAnother note.\n"})
    with locks.writer(library.home):
        dropped(watched, file)
        watched.page.wait_for_timeout(1000)
        expect(watched.page.locator("#kb-added .kb-progress")).to_be_visible()
    expect(watched.page.locator("#kb-added")).to_contain_text("Done: added 1", timeout=30_000)


def test_a_running_ingest_can_be_stopped_and_keeps_what_was_done(
    tutor: Tutor, library: Library, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(400):
        (notes / f"n{n:03}.md").write_text(f"# Note {n}\n\n" + f"The value of number {n} is {n * 7}. " * 40)
    watched = tutor()
    watched.tab("Library")
    watched.page.fill("#kb-places textarea", str(notes))
    watched.page.click("#kb-add")
    watched.page.wait_for_selector("#kb-added .kb-progress")
    watched.page.click("#kb-stop-adding")
    expect(watched.page.locator("#kb-added")).to_contain_text("Stopped; kept so far", timeout=60_000)
    assert len([row for row in library.sources() if row.state == "ok"]) < 400


def test_files_that_were_dropped_while_something_is_added_can_be_added_after_it(
    tutor: Tutor, library: Library, tmp_path: Path
) -> None:
    from index.storage import locks

    first, second = tmp_path / "first.md", tmp_path / "second.md"
    first.write_text(NOTE)
    second.write_text("# Second\n\nAnother note.\n")
    watched = tutor({"a.md": "# Other\n\nA note that is there.\n"})
    with locks.writer(library.home):
        dropped(watched, first)
        watched.page.wait_for_selector("#kb-added .kb-progress")
        watched.page.reload()
        watched.page.wait_for_selector("body.kb-ready")
        dropped(watched, second)
        expect(watched.page.locator("#kb-added")).to_contain_text("being added already")
    for _ in range(100):  # what was running goes on without its page
        if len(library.sources()) == 2 and not locks.holder(library.home):
            break
        watched.page.wait_for_timeout(200)
    watched.page.wait_for_timeout(500)
    watched.page.click("#kb-add")
    expect(watched.page.locator("#kb-source-list")).to_contain_text("Second", timeout=30_000)
    assert len(library.sources()) == 3
