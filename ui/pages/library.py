"""The library: what is in it and how each source stands; files dropped, addresses pasted; sources taken out."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ingest.remote import is_remote
from kb.errors import KbError, StoreError, StoreLocked, UsageError
from kb.library import Library, sample
from kb.library.browse import SourceRow
from kb.sync.report import Report
from kb.text.markdown import name_of
from kb.types.documents import KINDS
from ui.jobs import Ingests, State
from ui.render.html import action, link, notice, notices, words
from ui.render.panel import panel

_ON_A_PAGE = 50
_MOST_TOLD = 30
_LOOKED_EVERY = 0.4  # seconds
_STATES = {
    "ok": "ready",
    "failed": "failed",
    "queued": "waits to be read",
    "gone": "its file is gone",
}
Update = tuple[Any, ...]


class LibraryPage:
    """The library's parts and what they do. `folders`: whether paths of this machine may be named."""

    def __init__(self, library: Library, ingests: Ingests, folders: bool) -> None:
        self._library = library
        self._ingests = ingests
        self._folders = folders

    def build(self) -> None:
        """Put the parts on the page, in the tab that is being built."""
        most = self._library.config.max_file_mb
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self.files = gr.File(
                    file_count="multiple",
                    label=f"Files (text to {most:g} MB, others to {most * 5:g} MB)",
                    elem_id="kb-files",
                    height=140,
                )
            with gr.Column(scale=1, min_width=300):
                what = "Addresses, files or folders of this machine" if self._folders else "Addresses"
                self.places = gr.Textbox(
                    label=f"{what}, one a line",
                    placeholder="https://example.org/post\narxiv:2407.21783" + ("\n~/notes" if self._folders else ""),
                    lines=3,
                    elem_id="kb-places",
                )
                with gr.Row():
                    self.add = gr.Button("Add", variant="primary", elem_id="kb-add")
                    self.stop = gr.Button("Stop adding", elem_id="kb-stop-adding")
        self.told = panel("", elem_id="kb-added")
        self.list = panel(
            _LIST,
            elem_id="kb-sources",
            part="sources",
            asked=[self.listed, self.remove],
        )

    def connect(self) -> None:
        """Connect the parts that belong to this tab."""
        outputs = [self.told, self.files, self.places]
        added = self.add.click(
            self._added, [self.files, self.places], outputs, show_progress="hidden", api_visibility="private",
            concurrency_limit=4,
        )  # fmt: skip
        added.then(None, None, None, js="() => window.kb.listSources()")
        self.stop.click(self._stopped, None, None, queue=False, api_visibility="private")

    def watched(self) -> Iterator[str]:
        """What a running ingest says of itself; nothing where none runs. For pages that are opened meanwhile."""
        if self._ingests.state.running:
            yield from self._watch(self._ingests.state)
        else:
            yield gr.skip()

    def add_sample(self) -> Iterator[str]:
        """Add the sample, and tell of it. Raises `gr.Error` where something else is being added."""
        try:
            yield from self._watch(self._ingests.start([sample.folder()]))
        except KbError as error:
            raise gr.Error(words(error), print_exception=False) from None

    def _added(self, dropped: Sequence[str] | None, named: str) -> Iterator[Update]:
        try:
            addresses = self._named(named)
            places: list[str | Path] = [*self._kept(dropped or []), *addresses]
            if not places:
                raise UsageError("Drop a file or write an address first.")
            state = self._ingests.start(places)
        except KbError as error:
            yield notice(str(error), "bad"), gr.skip(), gr.skip()
            return
        yield notice("Starting…"), None, ""
        for told in self._watch(state):
            yield told, gr.skip(), gr.skip()

    def _watch(self, state: State) -> Iterator[str]:
        while state.running:
            self._ingests.wait(_LOOKED_EVERY)
            yield _progress(state)
        yield _outcome(state)

    def _stopped(self) -> None:
        self._ingests.stop()

    def _named(self, text: str) -> list[str]:
        """The places that a person wrote, a line each. Raises `UsageError` for what may not be named here."""
        places = [line.strip() for line in text.splitlines() if line.strip()]
        for place in places:
            if not self._folders and not is_remote(place):
                raise UsageError(f"“{place}” is no address. Files of the server are not read from here; drop yours.")
        return places

    def _kept(self, dropped: Sequence[str]) -> list[Path]:
        """Dropped files, kept in the home's inbox under their own names. Raises `StoreError` if they cannot be."""
        kept = []
        for name in dropped:
            there = Path(name)
            try:
                with there.open("rb") as opened:
                    digest = hashlib.file_digest(opened, "sha256").hexdigest()[:12]
                place = self._library.home / "inbox" / digest / there.name
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    draft = place.with_name(place.name + ".part")
                    shutil.copyfile(there, draft)
                    draft.replace(place)
            except OSError as error:
                raise StoreError(f"{there.name} could not be kept in the home's inbox ({error.strerror}).") from None
            kept.append(place)
        return kept

    # What the page's script asks for

    def listed(self, wanted: str = "", state: str = "", kind: str = "", page: int = 0) -> str:
        """A page of the sources that fit."""
        try:
            rows = self._library.sources()
        except KbError as error:
            return notice(str(error), "bad")
        folded = wanted.casefold().strip()
        found = [
            row
            for row in rows
            if (not folded or folded in row.title.casefold() or folded in name_of(row.uri).casefold())
            and (not state or row.state == state)
            and (not kind or row.kind == kind)
        ]
        if not rows:
            return notice("Nothing is in this knowledge base yet.")
        # What needs a person's eye comes first.
        found.sort(key=lambda row: (row.state == "ok", row.title.casefold()))
        first = max(0, min(int(page), (len(found) - 1) // _ON_A_PAGE)) * _ON_A_PAGE
        shown = found[first : first + _ON_A_PAGE]
        failed = sum(row.state == "failed" for row in rows)
        count = f"{len(found):,} of {len(rows):,} sources" if len(found) != len(rows) else f"{len(rows):,} sources"
        head = f'<p class="kb-quiet">{words(count)}{words(f", {failed} failed") if failed else ""}</p>'
        table = "".join(_row(row) for row in shown)
        return f'{head}<ul class="kb-list">{table}</ul>{_pages(first, len(found))}'

    def remove(self, source: str) -> str:
        """Take a source out, by its id or uri; what is said of it."""
        try:
            gone = self._library.remove([source], wait=20)
        except StoreLocked:
            return "Not taken out: sources are being added just now. Try again when that is done."
        except KbError as error:
            return str(error)
        return f"Taken out: {', '.join(name_of(uri) for uri in gone)}"


def _row(row: SourceRow) -> str:
    path = name_of(row.uri)
    named = link(row.uri, path) if row.uri.startswith("http") else words(path)
    facts = [row.kind or "", f"{row.chunks:,} passages" if row.chunks else "", _STATES.get(row.state, row.state)]
    error = notice(row.error, "bad") if row.error else ""
    gone = action("remove-source", "Remove", f"Remove {row.title}", source=row.document_id or row.uri, title=row.title)
    return (
        f'<li class="kb-entry kb-{words(row.state)}"><div><p class="kb-title">{words(row.title)}</p>'
        f'<p class="kb-place">{named}</p><p class="kb-quiet">{words(" · ".join(f for f in facts if f))}</p>'
        f"{error}</div>{gone}</li>"
    )


def _pages(first: int, count: int) -> str:
    if count <= _ON_A_PAGE:
        return ""
    page = first // _ON_A_PAGE
    before = action("page", "Before", "The page before", page=page - 1) if first else ""
    after = action("page", "Next", "The next page", page=page + 1) if first + _ON_A_PAGE < count else ""
    told = f"{first + 1:,}–{min(first + _ON_A_PAGE, count):,}"
    return f'<div class="kb-row">{before}<span class="kb-quiet">{words(told)}</span>{after}</div>'


def _progress(state: State) -> str:
    share = f' value="{state.done}" max="{state.total}"' if state.total else ""
    return (
        f'<div class="kb-progress" role="status"><progress{share} aria-label="Adding sources"></progress>'
        f"<span>{words(state.said)}</span></div>"
    )


def _outcome(state: State) -> str:
    """What came of an ingest, each failed item by name."""
    report = state.report or Report()
    done = f"added {report.added}, updated {report.updated}, unchanged {report.unchanged}, "
    done += f"skipped {len(report.skipped)}, failed {len(report.failed)} in {report.seconds:.1f} s"
    mood = "warning" if report.failed or state.stopped else "good"
    parts = [notice(("Stopped; kept so far: " if state.stopped else "Done: ") + done, mood)]
    if state.error:
        parts = [notice(state.error, "bad")] + (parts if report.added or report.updated else [])
    for label, items, tone in (("Failed", report.failed, "bad"), ("Skipped", report.skipped, "quiet")):
        told = [f"{label}: {name_of(uri).rsplit('/', 1)[-1]}: {reason}" for uri, reason in items[:_MOST_TOLD]]
        if len(items) > _MOST_TOLD:
            told.append(f"{label}: and {len(items) - _MOST_TOLD} more; the list below has them.")
        parts.append(notices(told, tone))
    parts.append(notices([f"{name_of(u).rsplit('/', 1)[-1]}: {w}" for u, w in report.warnings[:_MOST_TOLD]], "warning"))
    return "".join(parts)


_OPTIONS = "".join(f'<option value="{state}">{told}</option>' for state, told in _STATES.items())
_KINDS = "".join(f'<option value="{kind}">{kind}</option>' for kind in KINDS)
_LIST = f"""
<form id="kb-find" class="kb-row" role="search">
<label>Find <input name="words" type="search" autocomplete="off"></label>
<label>State <select name="state"><option value="">all</option>{_OPTIONS}</select></label>
<label>Kind <select name="kind"><option value="">all</option>{_KINDS}</select></label>
</form>
<div id="kb-source-list" aria-live="polite"></div>
<dialog id="kb-confirm" aria-labelledby="kb-confirm-title">
<h3 id="kb-confirm-title">Take this source out?</h3><p class="kb-what"></p>
<p class="kb-quiet">Its passages are no longer found or cited. The file itself stays where it is.</p>
<div class="kb-row">{action("removal", "Take it out", go=1)}{action("removal", "Keep it")}</div></dialog>
"""
