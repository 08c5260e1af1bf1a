"""Threads from their boards: 4chan's read-only API, then archives for what is gone. https://github.com/4chan/4chan-API

The API asks for one request a second and a look at a thread every ten seconds at most. What was seen is kept in the
home, so that a thread outlives its board: posts that vanish stay, marked, and so does a thread that is pruned.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingest.net.errors import FetchError
from ingest.net.http import Http
from ingest.text.decoding import decode
from ingest.threads import formats
from ingest.threads.posts import ThreadPost, merged

_BETWEEN_LOOKS = 10.0  # seconds
_ADDRESS = re.compile(
    r"https?://(?:boards\.4chan(?:nel)?\.org|a\.4cdn\.org|desuarchive\.org|archived\.moe|arch\.b4k\.\w+|warosu\.org|"
    r"archive\.4plebs\.org|archiveofsins\.com|archive\.palanq\.win|thebarchive\.com|[\w.-]*\.fireden\.net)"
    r"/(\w{1,6})/(?:thread|post|res)/S?(\d{1,12})(?:[/.#?].*)?",
    re.IGNORECASE,
)


def thread_at(address: str) -> tuple[str, int] | None:
    """The board and number of the thread at an address; None for any other address."""
    match = _ADDRESS.fullmatch(address.strip())
    return (match[1].lower(), int(match[2])) if match else None


def host_of(address: str) -> str:
    """The archive that an address is at; empty for the board itself."""
    parts = urlsplit(address.strip())
    return "" if "4chan" in parts.netloc or "4cdn" in parts.netloc else f"{parts.scheme}://{parts.netloc}"


def page_of(board: str, no: int) -> str:
    """The address by which a thread is known."""
    return f"https://boards.4chan.org/{board}/thread/{no}"


@dataclass(frozen=True, slots=True)
class Boards:
    """Where threads are fetched from and kept. `api` and `archives` are settings of the person's."""

    http: Http
    folder: Path
    now: Callable[[], dt.datetime]
    api: str
    archives: Sequence[str]

    def thread(self, board: str, no: int, archive: str = "") -> bytes:
        """A thread's JSON: what the board has now, with what it had before; `archive` is the one that was named.

        Raises `FetchError`.
        """
        path = self.folder / board / f"{no}.json"
        kept = _read(path)
        facts: dict[str, Any] = kept.get("_kb", {}) if kept else {}
        now = self.now().timestamp()
        if kept and 0 <= now - float(facts.get("fetched", 0)) < _BETWEEN_LOOKS:
            return path.read_bytes()
        headers = {"If-Modified-Since": facts["modified"]} if facts.get("modified") else {}
        try:
            answer = self.http.get(f"{self.api}/{board}/thread/{no}.json", headers, named=True)
        except FetchError as error:
            if error.status != 404:
                raise
            return self._gone(path, kept, board, no, [archive, *self.archives] if archive else list(self.archives))
        if answer.status == 304 and kept:
            return self._keep(path, kept, {**facts, "fetched": now})
        try:
            posts = json.loads(answer.content)["posts"]
            if not isinstance(posts, list):
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise FetchError("what the board answers is no thread") from None
        row = {"posts": _merged(kept, posts)}
        return self._keep(path, row, {"fetched": now, "modified": answer.headers.get("last-modified", "")})

    def _gone(self, path: Path, kept: dict[str, Any] | None, board: str, no: int, archives: Sequence[str]) -> bytes:
        """A thread that the board does not have any more: what was seen of it, with what an archive has."""
        facts = {"fetched": self.now().timestamp()}
        tried = []
        for archive in archives:
            address = f"{archive}/_/api/chan/thread/?board={board}&num={no}"
            try:
                found = formats.parse(decode(self.http.get(address, named=True).content).text, Path(), board)
            except (FetchError, ValueError):
                found = None
            if found is None:
                tried.append(archive)
                continue
            posts = [_row(post) for post in found.posts]
            seen = {"gone": True, "url": f"{archive}/{board}/thread/{no}/"}
            return self._keep(path, {"posts": _merged(kept, posts, keep=True), "_seen": seen}, facts)
        if kept:
            return self._keep(path, {**kept, "_seen": {**kept.get("_seen", {}), "gone": True}}, facts)
        asked = f", and none of {', '.join(tried)} has it" if tried else ""
        raise FetchError(f"the thread is gone from the board (404){asked}", 404)

    def _keep(self, path: Path, row: dict[str, Any], facts: dict[str, Any]) -> bytes:
        """Write a thread whole or not at all, with the times at which it was looked at."""
        data = json.dumps({**row, "_kb": facts}, ensure_ascii=False).encode("utf-8", "replace")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(draft).replace(path)
        except OSError as error:
            raise FetchError(f"it could not be kept in {path.parent} ({error.strerror})") from None
        return data


def _merged(kept: dict[str, Any] | None, posts: list[Any], keep: bool = False) -> list[dict[str, object]]:
    """The posts of two looks; with `keep`, what only the earlier one has is not taken for deleted."""
    before = [post for post in (kept or {}).get("posts", []) if isinstance(post, dict)]
    later = [post for post in posts if isinstance(post, dict)]
    if not keep:
        return merged(before, later)
    known = {post.get("no") for post in before}
    return merged([], [*before, *(post for post in later if post.get("no") not in known)])


def _row(post: ThreadPost) -> dict[str, object]:
    """A post of an archive in the form of the board's own, its text as text."""
    row: dict[str, object] = {
        "no": post.no,
        "time": post.time,
        "text": post.text,
        "sub": post.subject,
        "file": post.file,
    }
    return {**row, "deleted": 1} if post.deleted else row


def content_of(data: bytes) -> bytes:
    """A kept thread without the times at which it was looked at: the same posts are the same content."""
    row = json.loads(data)
    row.pop("_kb", None)
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        row = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("posts"), list) else None
