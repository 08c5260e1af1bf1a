"""The digest: the new links in the order in which they are worth reading, with marks that take one key each."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from index.storage.links import LinkRecord, Mark
from kb.digest.items import Digest
from kb.errors import KbError
from kb.library import Library
from ui.render.html import action, is_web, link, notice, notices, words
from ui.render.panel import panel

_MOST = 200
_SHOWS = [("Latest digest", "digest"), ("Unread", "unread"), ("Best of", "best"), ("All links", "all")]
_STEPS = {"feeds": "Asking feeds", "passages": "Reading entries", "transcripts": "Asking for transcripts",
          "stories": "Putting stories together", "pages": "Reading pages"}  # fmt: skip
_KEYS = "Keys: j and k move, o opens, r marks as read, b as best, t adds a tag."
_LOOKED_EVERY = 0.3
Update = tuple[Any, ...]


class DigestPage:
    """The tab's parts and what they do."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._making = threading.Lock()

    def build(self) -> None:
        """Put the parts on the page, in the tab that is being built."""
        with gr.Row():
            self.show = gr.Radio(_SHOWS, value="digest", label="Show", elem_id="kb-show", scale=3)
            self.make = gr.Button("Make today's digest", variant="primary", elem_id="kb-make-digest")
        self.told = panel("", elem_id="kb-digest-told")
        self.list = panel(
            "",
            elem_id="kb-digest",
            part="digest",
            asked=[self.mark],
        )
        with gr.Accordion("Feeds", open=False, elem_id="kb-feeds"):
            with gr.Row():
                self.feed = gr.Textbox(
                    label="Follow", placeholder="https://example.org/feed.xml, or a page that names its feed",
                    max_lines=1, scale=3,
                )  # fmt: skip
                self.follow = gr.Button("Follow", min_width=80)
            self.feeds = panel("")

    def connect(self) -> None:
        """Connect the parts that belong to this tab."""
        settings: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self.show.change(self.shown, [self.show], [self.list], **settings)
        self.make.click(self._made, None, [self.told, self.list, self.show, self.feeds], **settings)
        gr.on(
            [self.follow.click, self.feed.submit], self._followed, [self.feed], [self.feeds, self.feed, self.told],
            **settings,
        )  # fmt: skip

    # What the page's script asks for

    def mark(self, link_id: str, what: str, value: str = "") -> dict[str, Any]:
        """Turn a mark over (`read`, `best`), add a tag or take one away; the link's marks after that."""
        try:
            record = self._library.link(str(link_id))
            (after,) = self._library.mark_links([record.id], _marking(record, what, str(value)))
        except KbError as error:
            return {"error": str(error)}
        said = {
            "read": "Marked as read." if after.state == "read" else "Marked as unread.",
            "best": "Marked as best of." if after.best else "No longer best of.",
        }.get(what, "Tags kept.")
        return {"read": after.state == "read", "best": after.best, "tags": _tags(after.tags), "said": said}

    # Lists

    def shown(self, which: str = "digest") -> str:
        """The list that was chosen."""
        try:
            if which == "digest":
                return self._latest()
            records = {
                "unread": lambda: self._library.links(state="unread"),
                "best": lambda: self._library.links(best=True),
            }.get(which, lambda: self._library.links(everything=True))()
        except KbError as error:
            return notice(str(error), "bad")
        if not records:
            return notice("There are no such links.")
        return _list([(record, "") for record in records[:_MOST]], len(records), which)

    def listed_feeds(self) -> str:
        """The feeds that are followed."""
        try:
            rows = self._library.feeds()
        except KbError as error:
            return notice(str(error), "bad")
        if not rows:
            return notice("No feed is followed yet. A list of feeds (OPML) is brought in by: kb feeds import FILE")
        items = []
        for row in rows:
            facts = f"{row.entries} entries" + (f" · asked {row.fetched[:10]}" if row.fetched else "")
            wrong = notice(row.error, "bad") if row.error else ""
            items.append(
                f'<li class="kb-entry"><div><p class="kb-title">{words(row.title or row.url)}</p>'
                f'<p class="kb-place">{link(row.url, row.url)}</p>'
                f'<p class="kb-quiet">{words(facts)}</p>{wrong}</div></li>'
            )
        return f'<ul class="kb-list">{"".join(items)}</ul>'

    def _latest(self) -> str:
        date, told = self._library.latest_digest()
        if not date:
            unread = self._library.links(state="unread")
            return notice(
                "No digest was made yet. Follow feeds below, then make one; each morning: kb digest (docs/daily.md)."
            ) + (_list([(record, "") for record in unread[:_MOST]], len(unread), "digest") if unread else "")
        head = f'<h2 class="kb-day">Digest of {words(date)}</h2>'
        return head + _list([(one.record, one.relation) for one in told], len(told), "digest")

    def _made(self) -> Iterator[Update]:
        """Fetch and make today's digest, telling how far it is."""
        skip = gr.skip()
        if not self._making.acquire(blocking=False):
            yield notice("A digest is being made already.", "warning"), skip, skip, skip
            return
        steps: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        outcome: list[Digest | KbError] = []

        def work() -> None:
            try:
                outcome.append(self._library.digest(wait=60, tell=lambda what, n, of: steps.put(_step(what, n, of))))
            except KbError as error:
                outcome.append(error)
            finally:
                self._making.release()
                steps.put(None)

        threading.Thread(target=work, name="kb-digest", daemon=True).start()
        while (step := steps.get()) is not None:
            while not steps.empty() and step is not None:
                step = steps.get()
            if step is None:
                break
            yield f'<p class="kb-wait" role="status">{words(step)}</p>', skip, skip, skip
        made = outcome[0] if outcome else _FAULT
        if isinstance(made, Digest):
            told = notice(f"{len(made.items)} new links." if made.items else "Nothing is new.", "good")
            told += notices([f"{feed}: {error}" for feed, error in made.failed], "bad")
            told += notices([f"{name}: {warning}" for name, warning in made.warnings[:20]], "warning")
            yield told, self.shown("digest"), "digest", self.listed_feeds()
        else:
            yield notice(str(made), "bad"), skip, skip, self.listed_feeds()

    def _followed(self, url: str) -> Iterator[Update]:
        if not url.strip():
            yield gr.skip(), gr.skip(), notice("Write the address of a feed first.")
            return
        yield gr.skip(), gr.skip(), '<p class="kb-wait" role="status">Asking for the feed…</p>'
        try:
            row, report = self._library.add_feed(url, wait=60)
        except KbError as error:
            yield gr.skip(), gr.skip(), notice(str(error), "bad")
            return
        yield self.listed_feeds(), "", notice(f"Following {row.title or row.url}: {report.entries} entries.", "good")


_FAULT = "The digest could not be made; the server's window says why."


def _step(what: str, n: int, of: int) -> str:
    told = _STEPS.get(what, what)
    return f"{told}: {n:,} of {of:,}" if of else f"{told}: {n:,}"


def _marking(record: LinkRecord, what: str, value: str) -> Mark:
    if what == "read":
        return Mark(state="unread" if record.state == "read" else "read")
    if what == "best":
        return Mark(best=not record.best)
    tags = tuple(tag for part in value.replace(",", " ").split() if (tag := part.strip().lstrip("#"))[:60])
    return Mark(untag=tags) if what == "untag" else Mark(tags=tags)


def _list(links: Sequence[tuple[LinkRecord, str]], count: int, which: str) -> str:
    rows = "".join(_link(record, relation) for record, relation in links)
    more = notice(f"{len(links)} of {count} are shown.") if count > len(links) else ""
    return f'<p class="kb-quiet">{_KEYS}</p><div class="kb-links" data-list="{words(which)}">{rows}</div>{more}'


def _link(record: LinkRecord, relation: str) -> str:
    read, best = record.state == "read", record.best
    title = link(record.url, record.title) if is_web(record.url) else words(record.title)
    facts = " · ".join(part for part in (record.date[:10], _host(record.url), relation) if part)
    return (
        f'<article class="kb-link" tabindex="0" data-id="{words(record.id)}" data-read="{int(read)}" '
        f'data-best="{int(best)}" aria-label="{words(record.title)}"><h3>{title}</h3>'
        f'<p>{words(record.summary)}</p><p class="kb-quiet">{words(facts)}</p>'
        f'<div class="kb-row">{_pressed("link-read", "Read", read)}{_pressed("link-best", "Best of", best)}'
        f'{action("link-tag", "Tag")}<span class="kb-tags">{_tags(record.tags)}</span></div>'
        '<form class="kb-tag-form" hidden><label>Add tags <input name="tag" type="text" autocomplete="off"></label>'
        '<button type="submit" class="kb-button">Add</button></form></article>'
    )


def _pressed(name: str, label: str, on: bool) -> str:
    return (
        f'<button type="button" class="kb-button" data-act="{name}" aria-pressed="{str(on).lower()}">{label}</button>'
    )


def _tags(tags: Sequence[str]) -> str:
    return "".join(
        f'<button type="button" class="kb-tag" data-act="untag" data-tag="{words(tag)}" '
        f'aria-label="Take the tag {words(tag)} away">#{words(tag)}</button>'
        for tag in tags
    )


def _host(url: str) -> str:
    return url.split("/")[2].removeprefix("www.") if url.count("/") >= 2 else ""
