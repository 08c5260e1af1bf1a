"""What sites ask of programs is kept to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.net.errors import FetchError
from ingest.net.http import Http
from ingest.net.robots import Robots
from tests.site import Page, Site


@pytest.fixture
def http() -> Iterator[Http]:
    made = Http(pause=0.0, seconds=2.0)
    yield made
    made.close()


def rules(site: Site, text: str, status: int = 200) -> None:
    site.pages["/robots.txt"] = Page(text, "text/plain", status)


def test_a_rule_for_all_and_a_rule_for_us_hold(http: Http, site: Site) -> None:
    rules(site, "User-agent: *\nDisallow: /private\n\nUser-agent: kb\nDisallow: /notes*.html$\n")
    robots = Robots(http)
    assert robots.refusal(f"{site.url}/notes1.html", named=True)
    assert not robots.refusal(f"{site.url}/open", named=True)


def test_a_site_is_asked_for_its_rules_once(http: Http, site: Site) -> None:
    rules(site, "User-agent: *\nDisallow: /private\n")
    robots = Robots(http)
    assert [bool(robots.refusal(f"{site.url}/{path}", True)) for path in ("private/a", "a", "b")] == [
        True,
        False,
        False,
    ]
    assert len(site.requests) == 1


def test_a_site_without_rules_allows_all(http: Http, site: Site) -> None:
    assert not Robots(http).refusal(f"{site.url}/a", named=True)


def test_a_site_whose_rules_cannot_be_had_allows_nothing(http: Http, site: Site) -> None:
    rules(site, "", 500)
    assert "cannot be had" in Robots(http).refusal(f"{site.url}/a", named=True)


def test_a_pause_that_a_site_asks_for_is_kept(http: Http, site: Site) -> None:
    rules(site, "User-agent: *\nCrawl-delay: 7\n")
    waited: list[float] = []
    http.sleep = waited.append
    Robots(http).refusal(f"{site.url}/a", named=True)
    site.pages["/a"] = Page("words")
    http.get(f"{site.url}/a", named=True)
    assert waited
    assert 6 < waited[0] <= 7


def test_a_host_that_is_not_there_is_no_refusal(http: Http) -> None:
    with pytest.raises(FetchError):
        Robots(http).refusal("http://127.0.0.1:9/a", named=True)
