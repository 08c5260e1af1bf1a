"""The only way out to the network: GET with limits of size and time, one request a host a second, no way inside.

An address that a source names (a redirect, a feed's entry) must be public: nothing that was read can make this
program ask a router, a metadata service or another program on this machine. An address that the person typed is theirs
to choose; a redirect from it must stay there or be public. Hosts that the settings allow (`KB_ALLOW_HOSTS`) may be
anywhere.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from ingest.net.connections import Deadline, GuardedBackend, public_address
from ingest.net.errors import FetchError

USER_AGENT = "kb (a personal knowledge base)"
# https://info.arxiv.org/help/api/tou.html asks for one request in three seconds.
_PAUSES = {"export.arxiv.org": 3.0, "arxiv.org": 3.0}
_MOST_HOPS = 8
_MOST_CONNECTIONS = 128  # of feeds on as many hosts; each host still gets one request at a time
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
_REASONS = {
    401: "it asks for a login",
    402: "it asks for money",
    403: "the server refuses it to programs",
    404: "there is no such page (404)",
    410: "it is gone for good (410)",
    429: "the server asks to come more slowly (429); try again later",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: the address it came from after redirects, status (200 or 304), headers, decoded content.

    `moved` is the address to use from now on, where the server said so (301, 308).
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    moved: str = ""

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The encoding that the server names; empty if it names none."""
        match = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        return match[1] if match else ""


@dataclass(frozen=True, slots=True)
class _Into:
    """A file that an answer is written to as it comes, and how much of it and for how long."""

    file: IO[bytes]
    max_mb: float
    seconds: float


@dataclass
class Http:
    """Fetches addresses. Usable from several threads; `now` and `sleep` stand in for the clock.

    `hosts` are those that may be reached though they are not public.
    """

    max_mb: float = 20.0
    seconds: float = 30.0
    pause: float = 1.0
    hosts: frozenset[str] = frozenset()
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _pauses: dict[str, float] = field(default_factory=lambda: dict(_PAUSES))
    _allowed: set[tuple[str, int]] = field(default_factory=set)
    _last: dict[str, float] = field(default_factory=dict)
    _deadline: Deadline = field(default_factory=Deadline)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _client: httpx.Client | None = None

    def close(self) -> None:
        """Let go of open connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def get(self, url: str, headers: Mapping[str, str] | None = None, named: bool = False, tries: int = 1) -> Fetched:
        """Fetch an address; `named` says that the person typed it, `tries` how often what may pass is tried.

        Gives answers with status 200 and 304. Raises `FetchError` for every other end.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

        again = Retrying(
            sleep=self.sleep,
            stop=stop_after_attempt(tries),
            wait=wait_exponential_jitter(multiplier=0.5, max=8),
            retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.passing),
            reraise=True,
        )
        answer: Fetched = again(self._followed, url, headers or {}, named)
        return answer

    def save(self, url: str, path: Path, named: bool, max_mb: float, seconds: float) -> Fetched:
        """Fetch an address into a file, which is there only if all of it came; the answer has no content.

        Raises `FetchError`, and `OSError` where the file cannot be written.
        """
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            with draft.open("wb") as file:
                answer = self._followed(url, {}, named, _Into(file, max_mb, seconds))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return answer

    def _followed(self, url: str, headers: Mapping[str, str], named: bool, into: _Into | None = None) -> Fetched:
        origin = origin_of(url)
        if named:
            self._allowed.add(origin)
        self._deadline.at = time.monotonic() + (into.seconds if into else self.seconds)
        moved = ""
        permanent = True
        for _ in range(_MOST_HOPS):
            self._check(url, origin if named else None)
            self._wait(origin_of(url)[0])
            try:
                answer = self._one(url, headers, into)
            finally:
                # From the end of one request to the beginning of the next: opening a connection takes time too.
                self._last[origin_of(url)[0]] = max(self._last[origin_of(url)[0]], self.now())
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return self._final(answer, moved)
            permanent = permanent and answer.status in _PERMANENT
            try:
                url = urljoin(url, answer.headers["location"]).partition("#")[0]
            except ValueError:
                raise FetchError("it redirects to what is no address") from None
            moved = url if permanent else moved
        raise FetchError(f"it redirects more than {_MOST_HOPS} times")

    def slow_down(self, host: str, pause: float) -> None:
        """Leave a host this many seconds between two requests, where it asks for more than `pause`."""
        self._pauses[host] = max(pause, self._pauses.get(host, 0.0))

    def _check(self, url: str, origin: tuple[str, int] | None) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise FetchError("its address cannot be understood") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FetchError(f"it leads to {url[:100]}, which is no http(s) address; refused")
        if "@" in parts.netloc and origin is None:
            raise FetchError("it leads to an address with a name and a password in it; refused")
        host, port = origin_of(url)
        if (host, port) != origin and host not in self.hosts and not self._proxied():
            public_address(host, port)

    def _proxied(self) -> bool:
        return any(os.environ.get(name) for name in _PROXIES)

    def _wait(self, host: str) -> None:
        with self._turn:
            now = self.now()
            ready = self._last[host] + max(self.pause, self._pauses.get(host, 0.0)) if host in self._last else now
            delay = ready - now
            self._last[host] = max(now, ready)
        if delay > 0:
            self.sleep(delay)
            # Waiting for its turn is no part of a request's time.
            self._deadline.at += delay

    def _opened(self) -> httpx.Client:
        with self._turn:
            if self._client is None:
                timeout = httpx.Timeout(min(self.seconds, 10.0))
                if self._proxied():
                    # The proxy looks names up and decides what may be reached.
                    self._client = httpx.Client(timeout=timeout, follow_redirects=False)
                else:
                    transport = httpx.HTTPTransport()
                    # httpx has no public way to say how connections are opened; httpcore, below it, has.
                    transport._pool = httpcore.ConnectionPool(
                        ssl_context=httpx.create_ssl_context(),
                        max_connections=_MOST_CONNECTIONS,
                        max_keepalive_connections=_MOST_CONNECTIONS,
                        network_backend=GuardedBackend(self._allowed, self.hosts, self._deadline),
                    )
                    self._client = httpx.Client(timeout=timeout, follow_redirects=False, transport=transport)
            return self._client

    def _one(self, url: str, headers: Mapping[str, str], into: _Into | None = None) -> Fetched:
        max_mb = into.max_mb if into else self.max_mb
        sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **headers}
        try:
            with self._opened().stream("GET", url, headers=sent) as answer:
                media = answer.headers.get("content-type", "").lower().startswith(("audio/", "video/"))
                if into is None and answer.status_code == 200 and media:
                    raise FetchError("it is a recording and no page", recording=True)
                content = bytearray()
                size = 0
                if answer.status_code not in _REDIRECTS:
                    for part in answer.iter_bytes():
                        size += len(part)
                        if into is not None and answer.status_code == 200:
                            into.file.write(part)
                        elif len(content) <= self.max_mb * 1_000_000:
                            content += part
                        if size > max_mb * 1_000_000:
                            raise FetchError(f"it is larger than {max_mb:g} MB; not read")
                        if time.monotonic() > self._deadline.at:
                            raise FetchError(self._too_long(into))
                return Fetched(url, answer.status_code, dict(answer.headers), bytes(content))
        except httpx.TimeoutException:
            if time.monotonic() >= self._deadline.at - 0.01:
                raise FetchError(self._too_long(into)) from None
            raise FetchError(f"{urlsplit(url).hostname} does not answer", unreachable=True) from None
        except httpx.ConnectError as error:
            reason = f"it cannot be fetched ({str(error) or type(error).__name__})"
            raise FetchError(reason, passing=True, unreachable=True) from None
        except httpx.RemoteProtocolError as error:
            raise FetchError(f"it cannot be fetched ({str(error) or type(error).__name__})", passing=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise FetchError(f"it cannot be fetched ({str(error) or type(error).__name__})") from None

    def _too_long(self, into: _Into | None) -> str:
        return f"it did not end within {into.seconds if into else self.seconds:g} seconds; not read"

    def _final(self, answer: Fetched, moved: str) -> Fetched:
        if answer.status in (200, 203, 304):
            return Fetched(answer.url, answer.status, answer.headers, answer.content, moved)
        reason = _REASONS.get(answer.status, f"the server answers with status {answer.status}")
        raise FetchError(reason, answer.status, _retry_after(answer.headers.get("retry-after", "")))


def origin_of(url: str) -> tuple[str, int]:
    """The host and port of an address. Raises `FetchError` if it cannot be understood."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise FetchError("its address cannot be understood") from None


def _retry_after(value: str) -> float | None:
    """Seconds until a server wants to be asked again, given as such or as a date; None where it says nothing."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
