"""Two processes on one home: one writes, the other sees it; two writers, one is told who; killed, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import kb
from index.models.embedder import Embedder
from index.storage import locks
from index.storage.catalog import Catalog
from kb.errors import StoreLocked
from kb.library import Library
from tests.builders import AN_OUTLINE, write


def run_kb(*arguments: str | Path, home: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kb.cli", *map(str, arguments), "--home", str(home)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, **options)  # type: ignore[call-overload,no-any-return]


def test_an_open_reader_sees_what_another_process_writes(library: Library, home: Path, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    assert library.search("zebra", 1).hits[0].title == "Serving"
    write(notes, b="# Zebra\n\nThe zebra is striped.\n")
    done = run_kb("ingest", notes, home=home)
    assert done.returncode == 0, done.stderr
    assert library.search("zebra", 1).hits[0].title == "Zebra"


def test_a_second_writer_is_told_who_writes_and_since_when(home: Path, notes: Path, embedder: Embedder) -> None:
    write(notes, a=AN_OUTLINE)
    home.mkdir()
    with locks.writer(home):
        done = run_kb("ingest", notes, home=home)
    assert done.returncode == 3
    assert f"process {os.getpid()}" in done.stderr
    assert "since 20" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_writer_waits_as_long_as_it_is_told(home: Path) -> None:
    home.mkdir()
    with locks.writer(home):
        began = time.monotonic()
        with pytest.raises(StoreLocked), locks.writer(home, wait=0.3):
            pass
        assert time.monotonic() - began >= 0.3


def test_reading_goes_on_while_another_process_holds_the_writers_lock(
    library: Library, home: Path, notes: Path
) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    with locks.writer(home):
        assert run_kb("search", "bubble", home=home).returncode == 0


def test_readers_that_never_stop_do_not_keep_a_writer_out(library: Library, home: Path, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            library.search("bubble", 3)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        write(notes, b="# Zebra\n\nThe zebra is striped.\n")
        done = run_kb("ingest", notes, home=home)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert done.returncode == 0, done.stderr
    assert library.search("zebra", 1).hits[0].title == "Zebra"


def _chunks_in_all_three(home: Path, embedder: Embedder) -> tuple[set[str], set[str], set[str]]:
    from index.writer import Indexes

    catalog = Catalog(home / "catalog.sqlite", write=False)
    indexes = Indexes(home, "all-MiniLM-L6-v2")
    try:
        return catalog.chunk_ids(), indexes.store.ids(), indexes.lexical.ids()
    finally:
        indexes.close()
        catalog.close()


@pytest.mark.parametrize("after", [0.9, 1.6, 2.1, 2.6, 3.2])
def test_a_killed_ingest_loses_and_doubles_nothing(home: Path, notes: Path, embedder: Embedder, after: float) -> None:
    for n in range(120):
        write(
            notes, **{f"n{n}": f"# Note {n}\n\n" + "".join(f"## Part {m}\n\nFact {n}.{m} is so.\n\n" for m in range(8))}
        )
    command = [sys.executable, "-m", "kb.cli", "ingest", str(notes), "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with kb.open(home, embedder=embedder) as library:
        report = library.ingest([notes])
        assert report.added + report.unchanged + report.updated == 120
        assert library.status().documents == 120
        assert library.search("Fact 77.3", 1).hits[0].title == "Note 77"
    catalog, store, lexical = _chunks_in_all_three(home, embedder)
    assert len(catalog) == 960
    assert catalog == store == lexical


def test_ctrl_c_ends_an_ingest_with_one_line_and_130(home: Path, notes: Path) -> None:
    for n in range(300):
        write(notes, **{f"n{n}": f"# Note {n}\n\n" + "words of a long note, again. " * 150})
    command = [sys.executable, "-m", "kb.cli", "ingest", str(notes), "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped" in err
    assert "Traceback" not in err
    assert out.startswith("added ")


def test_a_full_disk_is_named_and_what_was_added_stays(tmp_path: Path, notes: Path, embedder: Embedder) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted as root")
    try:
        home = disk / "home"
        write(notes, first="# First\n\nThe zebra is striped.\n")
        with kb.open(home, embedder=embedder) as library:
            library.ingest([notes])
        for n in range(400):
            write(notes, **{f"n{n}": f"# Note {n}\n\n" + f"words {n} of a long note, again. " * 150})
        done = run_kb("ingest", notes, home=home)
        assert done.returncode == 3, done.stderr
        assert "disk" in done.stderr
        assert "full" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
        found = run_kb("search", "zebra", home=home)
        assert found.returncode == 0, found.stderr
        assert "First" in found.stdout
        for path in notes.glob("n*.md"):
            path.unlink()
        write(notes, n1="# Again\n\nThe giraffe is tall.\n")
        assert run_kb("ingest", notes, home=home).returncode == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
