"""Nothing is contacted but what was asked for, and nothing written outside home, cache and temp: seen from the kernel.

strace follows every thread and child process, so that native code is seen too.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kb import telemetry
from tests.builders import AN_OUTLINE, a_feed, write
from tests.site import Page, Site

ROOT = Path(__file__).parents[1]
_WATCHED = (
    "connect,sendto,sendmsg,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,"
    "link,linkat,symlink,symlinkat"
)
_INTERNET = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"')
_WRITING = re.compile(
    r"O_WRONLY|O_RDWR|O_CREAT|^\w+ +(?:creat|mkdir|mkdirat|rename|renameat|renameat2|unlink\w*|\w*link\w*)\("
)
_MADE_BY_THE_TEST = {"user", "tmp", "home", "cache", "notes", *(f"log{n}" for n in range(9)), "log"}
_FAILED = re.compile(r"= -1 E[A-Z]+")
_PATH = re.compile(r'(?:<([^<>"]*)>, )?"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Seen:
    """What a process and all that it started did: addresses that it connected or sent to, paths that it wrote."""

    contacted: frozenset[tuple[str, int]]
    written: frozenset[str]


def seen_in(log: Path) -> Seen:
    contacted, written = set(), set()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        contacted |= {(host, int(port)) for port, host in _INTERNET.findall(line)}
        if _WRITING.search(line) and not _FAILED.search(line):
            # A relative path starts at the folder that its descriptor stands for, else at the working folder.
            written |= {os.path.join(folder or log.parent, path) for folder, path in _PATH.findall(line)}
    return Seen(frozenset(contacted), frozenset(written))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A user's folder, an empty home and cache, and a folder for temporary files."""
    for name in ("user", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def strace(place: Path) -> Callable[..., list[str]]:
    """Gives a command that is run under strace into a log of its own."""
    if shutil.which("strace") is None:
        if os.environ.get("KB_NEEDS_STRACE"):
            pytest.fail("strace is not installed, and this test was not to be skipped")
        pytest.skip("strace is not installed (Debian: apt install strace)")

    def command(log: str, *arguments: str) -> list[str]:
        return ["strace", "-f", "-y", "-qq", "-s", "500", "-o", str(place / log), "-e", f"trace={_WATCHED}", *arguments]

    return command


def environment(place: Path) -> dict[str, str]:
    """As a new user has it; no variable of this test run that switches something off."""
    kept = {key: value for key, value in os.environ.items() if key not in telemetry.SWITCHES}
    kept |= {"HOME": str(place / "user"), "KB_HOME": str(place / "home"), "KB_CACHE": str(place / "cache")}
    return kept | {"TMPDIR": str(place / "tmp"), "KB_ALLOW_HOSTS": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1"}


def assert_kept_to_itself(seen: Seen, place: Path, allowed: set[tuple[str, int]]) -> None:
    assert seen.contacted <= allowed
    own = tuple(str(place / name) for name in ("home", "cache", "tmp"))
    assert {path for path in seen.written if not path.startswith((*own, "/dev/", "/proc/"))} == set()
    assert list((place / "user").iterdir()) == []
    assert [path.name for path in place.iterdir() if path.name not in _MADE_BY_THE_TEST] == []


def test_the_commands_contact_only_what_is_named_and_write_only_their_own(
    place: Path, strace: Callable[..., list[str]], site: Site
) -> None:
    notes = place / "notes"
    notes.mkdir()
    write(notes, serving=AN_OUTLINE)
    entry = "<item><title>On bubbles</title><guid>1</guid><description>Cards wait in the bubble.</description></item>"
    site.pages["/feed.xml"] = Page(a_feed(entry), "application/rss+xml")
    for n, arguments in enumerate(
        [
            ["ingest", str(notes)],
            ["ask", "What is the pipeline bubble?"],
            ["quiz", "pipeline bubble", "-n", "1"],
            ["feeds", "add", f"{site.url}/feed.xml"],
            ["digest"],
            ["reindex"],
        ]
    ):
        command = strace(f"log{n}", sys.executable, "-P", "-m", "kb", *arguments)
        variables = {**environment(place), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", env=variables, cwd=place, timeout=240, input=""
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        assert_kept_to_itself(seen_in(place / f"log{n}"), place, {("127.0.0.1", int(site.url.rsplit(":", 1)[1]))})
    assert site.requests


def test_the_pages_contact_nobody_and_write_only_their_own(place: Path, strace: Callable[..., list[str]]) -> None:
    command = strace("log", sys.executable, "-P", "-m", "kb", "ui", "--port", "0", "--json")
    variables = {**environment(place), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env=variables, cwd=place, start_new_session=True
    )
    try:
        assert process.stdout is not None
        url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert url is not None
        assert httpx.get(url.group()).status_code == 200
        time.sleep(2)  # what reports in the background is given the time to do it
    finally:
        os.killpg(process.pid, signal.SIGINT)  # strace itself passes none on
        process.wait(60)
    assert_kept_to_itself(seen_in(place / "log"), place, set())


def test_the_watch_sees_a_connection_and_a_file(place: Path, strace: Callable[..., list[str]]) -> None:
    """A guard that could not fail would prove nothing."""
    code = (
        "import socket, pathlib; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('127.0.0.1', 9));"
        f"pathlib.Path({str(place / 'user' / 'left')!r}).write_text('x'); pathlib.Path('beside').write_text('x')"
    )
    subprocess.run(strace("log", sys.executable, "-c", code), check=True, env=environment(place), cwd=place)
    seen = seen_in(place / "log")
    assert ("127.0.0.1", 9) in seen.contacted
    assert {str(place / "user" / "left"), str(place / "beside")} <= seen.written


def test_every_switch_is_set_by_the_first_import(place: Path) -> None:
    code = "import kb, os; print({name: os.environ.get(name) for name in kb.telemetry.SWITCHES})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=environment(place), cwd=ROOT
    )
    assert done.stdout.strip() == str(telemetry.SWITCHES)


def test_every_switch_is_on_the_page_of_privacy() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert [name for name in telemetry.SWITCHES if name not in page] == []
