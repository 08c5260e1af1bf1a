"""The digest in a real browser: made, marked by one key each, kept."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from kb.library import Library
from tests.site import Page, Site
from tests.ui.conftest import Watched

Tutor = Callable[..., Watched]
DIGEST = """\
# Links

## A faster tokenizer
Summary: It reads a gigabyte in ten seconds.

Link: https://example.org/tokenizer

5/2/2026 #tools

## Sparse attention at last
Summary: Long documents become cheaper.

Link: https://example.org/sparse

5/2/2026
"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://example.org</link>
<item><title>A new model</title><link>https://example.org/model</link><guid>1</guid>
<pubDate>Sun, 03 May 2026 08:00:00 GMT</pubDate><description>It has two billion weights.</description></item>
</channel></rss>"""


def shown(watched: Watched, which: str) -> None:
    watched.tab("Digest")
    watched.page.check(f'#kb-show input[value="{which}"]')
    # The list before it has links too: what is done to those is done to a page that goes away.
    watched.page.wait_for_selector(f'#kb-digest [data-list="{which}"] .kb-link')


def test_a_link_is_marked_by_one_key_each(tutor: Tutor, library: Library) -> None:
    watched = tutor({"links.md": DIGEST})
    shown(watched, "unread")
    watched.page.locator(".kb-link").first.focus()
    watched.page.keyboard.press("r")
    expect(watched.page.locator(".kb-link").first.locator('[data-act="link-read"]')).to_have_attribute(
        "aria-pressed", "true"
    )
    watched.page.keyboard.press("j")
    watched.page.keyboard.press("b")
    expect(watched.page.locator(".kb-link").nth(1).locator('[data-act="link-best"]')).to_have_attribute(
        "aria-pressed", "true"
    )
    assert len(library.links(state="read")) == 1
    assert len(library.links(best=True)) == 1


def test_the_same_key_takes_a_mark_back(tutor: Tutor, library: Library) -> None:
    watched = tutor({"links.md": DIGEST})
    shown(watched, "unread")
    button = watched.page.locator('.kb-link [data-act="link-read"]').first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert library.links(state="read") == []


def test_a_tag_is_added_by_key_and_taken_away_by_a_click(tutor: Tutor, library: Library) -> None:
    watched = tutor({"links.md": DIGEST})
    shown(watched, "unread")
    row = watched.page.locator(".kb-link").first
    row.focus()
    watched.page.keyboard.press("t")
    watched.page.keyboard.type("attention later")
    watched.page.keyboard.press("Enter")
    expect(row.locator(".kb-tag", has_text="later")).to_be_visible()
    row.locator(".kb-tag", has_text="later").click()
    expect(row.locator(".kb-tag", has_text="later")).to_have_count(0)
    assert any("attention" in link.tags for link in library.links())


def test_a_key_that_is_typed_into_a_field_marks_nothing(tutor: Tutor, library: Library) -> None:
    watched = tutor({"links.md": DIGEST})
    shown(watched, "unread")
    watched.page.locator(".kb-link").first.focus()
    watched.page.keyboard.press("t")
    watched.page.keyboard.type("rbbr")
    assert library.links(state="read") == []


def test_a_feed_is_followed_and_todays_digest_made(tutor: Tutor, library: Library, site: Site) -> None:
    site.pages["/feed.xml"] = Page(FEED, "application/rss+xml")
    watched = tutor({"links.md": "# Notes\n\nSomething of my own about models.\n"})
    watched.tab("Digest")
    watched.page.click("#kb-feeds button")
    watched.page.get_by_label("Follow", exact=True).first.fill(f"{site.url}/feed.xml")
    watched.page.get_by_role("button", name="Follow", exact=True).click()
    expect(watched.page.locator("#kb-digest-told")).to_contain_text("Following News: 1 entries")
    watched.page.click("#kb-make-digest")
    expect(watched.page.locator("#kb-digest-told")).to_contain_text("1 new links", timeout=30_000)
    expect(watched.page.locator("#kb-digest h3")).to_have_text("A new model")
    expect(watched.page.locator("#kb-digest")).to_contain_text("New to you")
    assert (library.home / "digests").is_dir()


def test_an_address_without_a_feed_is_told(tutor: Tutor, site: Site) -> None:
    site.pages["/page"] = Page("<p>no feed here</p>")
    watched = tutor({"links.md": DIGEST})
    watched.tab("Digest")
    watched.page.click("#kb-feeds button")
    watched.page.get_by_label("Follow", exact=True).first.fill(f"{site.url}/page")
    watched.page.get_by_role("button", name="Follow", exact=True).click()
    expect(watched.page.locator("#kb-digest-told .kb-bad")).to_contain_text("feed")


def test_without_a_digest_the_page_says_how_to_make_one(tutor: Tutor) -> None:
    watched = tutor({"note.md": "# A note\n\nWith a line.\n"})
    watched.tab("Digest")
    expect(watched.page.locator("#kb-digest")).to_contain_text("No digest was made yet")
