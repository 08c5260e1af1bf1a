"""Feeds and the digest against their bars: `python bench/run.py feeds`.

500 feeds (the real feed files of the shared material) are served on 100 addresses of this machine, each answer 20 ms
late, with validators; `kb` keeps to one request a host a second as it does anywhere.
"""

from __future__ import annotations

import hashlib
import json
import time
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import kb
from bench.tools import SHARED, Row, table

_LATENCY = 0.02
_HOSTS, _A_HOST = 100, 5


class Served:
    """A web server on every loopback address; `pages` by host and path."""

    def __init__(self, pages: dict[tuple[str, str], bytes]) -> None:
        self.requests = self.not_modified = 0
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                served.requests += 1
                time.sleep(_LATENCY)
                body = pages.get((self.headers["Host"].partition(":")[0], self.path))
                tag = hashlib.sha256(body or b"").hexdigest()[:16]
                same = body is not None and self.headers.get("If-None-Match") == f'"{tag}"'
                served.not_modified += same
                self.send_response(304 if same else 404 if body is None else 200)
                sent = b"" if same or body is None else body
                self.send_header("ETag", f'"{tag}"')
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def hosts(count: int) -> list[str]:
    return [f"127.0.1.{n}" for n in range(1, count + 1)]


def subscriptions(served: Served, places: list[tuple[str, str]]) -> str:
    rows = "".join(f"<outline text='{h}{p}' xmlUrl='http://{h}:{served.port}{p}'/>" for h, p in places)
    return f"<opml><body>{rows}</body></opml>"


def many(folder: Path, files: list[Path]) -> list[Row]:
    """500 feeds twice."""
    places = [(host, f"/{n}.xml") for host in hosts(_HOSTS) for n in range(_A_HOST)]
    served = Served({place: files[n % len(files)].read_bytes() for n, place in enumerate(places)})
    rows: list[Row] = []
    try:
        with kb.open(folder / "many") as library:
            library.embedder().embed(["warm up"])
            library.import_feeds(subscriptions(served, places))
            first = library.fetch_feeds()
            asked, served.requests = served.requests, 0
            second = library.fetch_feeds()
    finally:
        served.close()
    share = 100 * second.not_modified / second.feeds
    rows.append(("500 feeds on 100 hosts, first fetch", f"{first.seconds:.1f} s ({asked} requests)", "≤ 15 s"))
    rows.append(("second fetch, unchanged", f"{second.seconds:.1f} s", "–"))
    rows.append(("– entries parsed, passages embedded", f"{second.entries}, {second.embedded}", "0, 0"))
    rows.append(("– answered 304", f"{share:.1f} %", "≥ 95 %"))
    return rows


def digest(folder: Path, texts: list[tuple[str, str]]) -> list[Row]:
    """A digest of a thousand entries, against a base that knows some notes."""
    pages: dict[tuple[str, str], bytes] = {}
    places = []
    for n, host in enumerate(hosts(50)):
        items = "".join(
            f"<item><title>{escape(title)}</title><link>http://{host}/{n}-{m}</link><guid>{n}-{m}</guid>"
            f"<description>{escape(words)}</description></item>"
            for m, (title, words) in enumerate(texts[20 * n : 20 * n + 20])
        )
        places.append((host, "/feed"))
        pages[(host, "/feed")] = f"<rss><channel><title>Feed {n}</title>{items}</channel></rss>".encode()
    served = Served(pages)
    notes = folder / "notes"
    notes.mkdir()
    for n, (title, words) in enumerate(texts[1000:1200]):
        (notes / f"{n}.md").write_text(f"# {title}\n\n{words}\n", encoding="utf-8")
    try:
        with kb.open(folder / "digest", full_text=0) as library:
            library.ingest([notes])
            library.import_feeds(subscriptions(served, places))
            began = time.monotonic()
            made = library.digest()
            took = time.monotonic() - began
            entries = sum(row.entries for row in library.feeds())
    finally:
        served.close()
    return [(f"digest of {entries} new entries ({len(made.items)} stories), no full text", f"{took:.1f} s", "≤ 60 s")]


def section(folder: Path) -> str:
    from bench import stories

    told = "\n\n".join((stories.table(), stories.narrow(), stories.repeated()))
    files = sorted((SHARED / "data/feeds/podcastparser").glob("*.rss"))
    files += [SHARED / "data/feeds/podcast-namespace/example.xml"]
    corpus = (SHARED / "data/qa/cranfield/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [(row.get("title") or "Untitled", row["text"][:600]) for row in map(json.loads, corpus)]
    rows = many(folder, files) + digest(folder, [(title, words) for title, words in texts if words.strip()])
    return (
        "## Feeds and the digest\n\n"
        "`python bench/run.py feeds`: the feed files of the SHARED material on 100 loopback addresses, each answer "
        "20 ms late, one request a host a second; a digest of 50 feeds of 20 entries each, real abstracts, fetched, "
        "embedded, grouped, ordered, summarised and written.\n\n"
        + table(("what", "measured", "asked"), rows)
        + "\n### Stories\n\n"
        "`python bench/stories.py`: tests/data/stories is made for this, 210 items of 100 stories in 1 to 4 feeds, "
        f"with families of look-alikes. Asked: pairwise F1 ≥ 0.9.\n\n{told}\n"
    )
