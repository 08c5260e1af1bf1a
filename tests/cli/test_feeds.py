"""Feeds, links and the digest as a person types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kb.cli.__main__ import run
from tests.builders import a_feed, an_entry
from tests.site import Page, Site

XML = "application/rss+xml"
DIGEST = {
    "type": "object",
    "required": ["date", "since", "items", "failed"],
    "properties": {
        "items": {
            "items": {
                "required": ["id", "url", "title", "summary", "date", "tags", "relation", "also"],
                "properties": {
                    "date": {"pattern": r"^\d{4}-\d{2}-\d{2}$"},
                    "relation": {
                        "required": ["type", "document_id", "title"],
                        "properties": {"type": {"enum": ["new", "repeats"]}},
                    },
                    "also": {"items": {"required": ["feed", "url"]}},
                },
            }
        },
        "failed": {"items": {"required": ["feed", "error"]}},
    },
}
LINKS = {
    "properties": {
        "links": {
            "items": {
                "required": ["id", "url", "title", "summary", "date", "origin", "state", "best", "tags"],
                "properties": {
                    "origin": {"enum": ["digest", "feed", "note"]},
                    "state": {"enum": ["unread", "read"]},
                    "best": {"type": "boolean"},
                },
            }
        }
    }
}


@pytest.fixture(autouse=True)
def _quick(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback servers need no rest, and their pages are not read."""
    monkeypatch.setenv("KB_FULL_TEXT", "0")
    monkeypatch.setattr("ingest.net.http.Http._wait", lambda self, host: self._last.setdefault(host, 0.0))


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(list(arguments)) == code, capsys.readouterr().err
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(said(capsys, *arguments, "--json", code=code))
    return row


def garden(site: Site) -> str:
    moss = an_entry("Moss drinks fog", f"{site.url}/moss", summary="Moss takes its water from the morning fog.")
    site.pages["/feed"] = Page(a_feed(moss, title="Garden"), XML)
    return f"{site.url}/feed"


def test_a_feed_is_added_listed_and_removed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Garden: 1 new of 1 entries" in said(capsys, "feeds", "add", garden(site), "--tag", "green")
    (row,) = told(capsys, "feeds", "list")["feeds"]
    assert (row["title"], row["tags"], row["state"], row["entries"]) == ("Garden", ["green"], "ok", 1)
    assert "#green" in said(capsys, "feeds", "list")
    assert told(capsys, "feeds", "remove", row["id"][:6])["removed"] == [row["url"]]
    assert "No feeds are followed yet" in said(capsys, "feeds", "list")


def test_a_feed_that_is_none_is_one_plain_line_and_fails(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["feeds", "add", f"{site.url}/none", garden(site)]) == 1
    out = capsys.readouterr()
    assert "there is no such page (404)" in out.err
    assert "Garden: 1 new" in out.out


def test_a_list_goes_in_and_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "subs.opml"
    rows = "<outline text='A' xmlUrl='http://a.example/f'/><outline xmlUrl='file:///x'/>"
    file.write_text(f"<opml><body>{rows}</body></opml>")
    row = told(capsys, "feeds", "import", str(file), code=1)
    assert (row["added"], [f["error"] for f in row["failed"]]) == (["http://a.example/f"], ["it is no http(s) address"])
    assert "http://a.example/f" in said(capsys, "feeds", "export")
    said(capsys, "feeds", "export", str(tmp_path / "out.opml"))
    assert "http://a.example/f" in (tmp_path / "out.opml").read_text()
    assert run(["feeds", "import", str(tmp_path / "none.opml")]) == 2


def test_the_digest_has_four_forms_and_is_kept(
    site: Site, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "feeds", "import", str(subscriptions(tmp_path, garden(site))))
    text = said(capsys, "digest")
    assert "## Moss drinks fog\nSummary: Moss takes its water from the morning fog.\n\nLink: " in text
    kept = next((home / "digests").glob("*.md")).read_text(encoding="utf-8")
    assert kept == text
    row = told(capsys, "digest", "--no-fetch")
    jsonschema.validate(row, DIGEST)
    assert len(row["items"]) == 1
    assert "<article" in said(capsys, "digest", "--no-fetch", "--format", "html")
    assert "<entry" in said(capsys, "digest", "--no-fetch", "--format", "atom")
    jsonschema.validate(json.loads(said(capsys, "digest", "--no-fetch", "--format", "json")), DIGEST)
    assert said(capsys, "digest", "--no-fetch", "-o", str(tmp_path / "d.md")) == ""
    assert (tmp_path / "d.md").read_text(encoding="utf-8") == text


def subscriptions(folder: Path, *urls: str) -> Path:
    file = folder / "subs.opml"
    rows = "".join(f"<outline text='{re.sub(r'.*/', '', url)}' xmlUrl='{url}'/>" for url in urls)
    file.write_text(f"<opml><body>{rows}</body></opml>")
    return file


def test_a_failed_feed_is_told_and_ends_with_1(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "feeds", "import", str(subscriptions(tmp_path, garden(site), f"{site.url}/broken")))
    row = told(capsys, "digest", code=1)
    assert row["failed"] == [{"feed": "broken", "error": "there is no such page (404)"}]
    assert len(row["items"]) == 1


def test_nothing_new_is_said_and_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No feeds are followed yet" in said(capsys, "digest")
    assert told(capsys, "digest")["items"] == []


def test_wrong_arguments_of_a_digest_are_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["digest", "--format", "pdf"]) == 2
    assert run(["digest", "--since", "soon"]) == 2
    assert run(["digest", "-o", str(tmp_path / "none" / "d.md")]) == 2


def test_links_are_listed_and_marked(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "feeds", "add", garden(site))
    row = told(capsys, "links", "list")
    jsonschema.validate(row, LINKS)
    (link,) = row["links"]
    for _ in range(2):
        (marked,) = told(capsys, "links", "mark", link["id"], "best", "read", "+to keep")["links"]
        assert (marked["state"], marked["best"], marked["tags"]) == ("read", True, ["to keep"])
    assert told(capsys, "links", "list", "--unread")["links"] == []
    assert "best read" in said(capsys, "links", "list", "--best", "--tag", "to keep")
    (marked,) = told(capsys, "links", "mark", link["url"], "unread", "notbest")["links"]
    assert (marked["state"], marked["best"]) == ("unread", False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["lnone", "read"],
        ["read"],
        ["lnone"],
        ["lnone", "read", "unread"],
        ["lnone", "best", "notbest"],
    ],
)
def test_what_cannot_be_marked_is_said_in_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["links", "mark", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_command_that_ends_at_once_ends_well(home: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "kb.cli", "search", "--since", "soon", "x"], capture_output=True)
    assert (done.returncode, b"Aborted" in done.stderr) == (2, False)
