"""The way out: limits, redirects, and what is refused."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.net.connections import public_address
from ingest.net.errors import FetchError
from ingest.net.http import Http
from tests.site import Page, Site


@pytest.fixture
def http() -> Iterator[Http]:
    made = Http(max_mb=0.1, seconds=1.0, pause=0.0)
    yield made
    made.close()


def refusal(http: Http, url: str, named: bool = True) -> str:
    with pytest.raises(FetchError) as caught:
        http.get(url, named=named)
    return str(caught.value)


def test_an_address_that_the_person_typed_may_be_on_this_machine(http: Http, site: Site) -> None:
    site.pages["/a"] = Page("words")
    assert http.get(f"{site.url}/a", named=True).content == b"words"


def test_an_address_that_a_source_names_may_not(http: Http, site: Site) -> None:
    assert "no public address" in refusal(http, f"{site.url}/a", named=False)
    assert site.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://[::1]:9/",
        "http://0.0.0.0/",
        "http://[::ffff:10.0.0.1]/",
    ],
)
def test_a_redirect_inside_is_refused(http: Http, site: Site, target: str) -> None:
    site.pages["/a"] = Page(status=302, headers={"Location": target})
    assert "no public address" in refusal(http, f"{site.url}/a")


def test_a_redirect_to_another_program_on_this_machine_is_refused(http: Http, site: Site) -> None:
    with Site() as other:
        site.pages["/a"] = Page(status=302, headers={"Location": f"{other.url}/secret"})
        assert "no public address" in refusal(http, f"{site.url}/a")
        assert other.requests == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/"])
def test_a_redirect_out_of_the_web_is_refused(http: Http, site: Site, target: str) -> None:
    site.pages["/a"] = Page(status=302, headers={"Location": target})
    assert "no http(s) address" in refusal(http, f"{site.url}/a")


def test_a_name_that_leads_inside_is_refused(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.1.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    with pytest.raises(FetchError, match="no public address"):
        public_address("looks-fine.example", 80)


def test_a_redirect_to_its_own_host_is_followed_and_a_permanent_one_is_told(http: Http, site: Site) -> None:
    site.pages["/a"] = Page(status=301, headers={"Location": "/b"})
    site.pages["/b"] = Page("words")
    answer = http.get(f"{site.url}/a", named=True)
    assert (answer.content, answer.moved) == (b"words", f"{site.url}/b")


def test_a_circle_of_redirects_ends(http: Http, site: Site) -> None:
    site.pages["/a"] = Page(status=302, headers={"Location": "/a"})
    assert "redirects more than" in refusal(http, f"{site.url}/a")


def test_what_never_ends_is_cut_by_its_size(http: Http, site: Site) -> None:
    def flood(out: Any) -> None:
        while True:
            out.write(b"x" * 10_000)

    site.pages["/a"] = Page(flood)
    assert refusal(http, f"{site.url}/a") == "it is larger than 0.1 MB; not read"


def test_what_drips_without_end_is_cut_by_time(http: Http, site: Site) -> None:
    def drip(out: Any) -> None:
        for _ in range(100):
            out.write(b"x")
            out.flush()
            time.sleep(0.1)

    site.pages["/a"] = Page(drip)
    assert refusal(http, f"{site.url}/a") == "it did not end within 1 seconds; not read"


@pytest.mark.parametrize(("status", "words"), [(404, "no such page"), (410, "gone for good"), (500, "status 500")])
def test_a_status_is_told_in_words(http: Http, site: Site, status: int, words: str) -> None:
    site.pages["/a"] = Page(status=status)
    assert words in refusal(http, f"{site.url}/a")


def test_what_a_busy_server_asks_for_is_kept(http: Http, site: Site) -> None:
    site.pages["/a"] = Page(status=429, headers={"Retry-After": "120"})
    with pytest.raises(FetchError) as caught:
        http.get(f"{site.url}/a", named=True)
    assert (caught.value.status, caught.value.retry_after) == (429, 120.0)


def test_a_server_that_is_down_is_one_line(http: Http) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "cannot be fetched" in refusal(http, f"http://127.0.0.1:{port}/")


def test_a_host_is_asked_once_a_second(site: Site) -> None:
    site.pages["/a"] = Page("words")
    slept: list[float] = []
    http = Http(pause=1.0, now=lambda: 100.0, sleep=slept.append)
    for _ in range(3):
        http.get(f"{site.url}/a", named=True)
    http.close()
    assert slept == [1.0, 2.0]


def test_a_redirect_to_nonsense_is_one_line(http: Http, site: Site) -> None:
    site.pages["/a"] = Page(status=302, headers={"Location": "http://[bad/"})
    assert "no address" in refusal(http, f"{site.url}/a")


def test_headers_that_never_end_are_cut_by_time(http: Http) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def drip() -> None:
            connection, _ = server.accept()
            # The client hangs up when its time is over.
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for n in range(200):
                    connection.sendall(b"X-%d: y\r\n" % n)
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        said = refusal(http, f"http://127.0.0.1:{server.getsockname()[1]}/")
    assert said == "it did not end within 1 seconds; not read"
    assert time.monotonic() - began < 3
